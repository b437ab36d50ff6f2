// Everything but CUDA: rotary position embedding kernels over Eigen maps.
#ifndef ROPEWALK_ROPEWALK_HPP
#define ROPEWALK_ROPEWALK_HPP

#include "ropewalk/apply.hpp"
#include "ropewalk/build.hpp"
#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/frequencies.hpp"
#include "ropewalk/isa.hpp"
#include "ropewalk/model.hpp"
#include "ropewalk/models/models.hpp"
#include "ropewalk/norm.hpp"
#include "ropewalk/options.hpp"
#include "ropewalk/positions.hpp"
#include "ropewalk/rotate.hpp"
#include "ropewalk/shards.hpp"
#include "ropewalk/shift.hpp"
#include "ropewalk/storage.hpp"
#include "ropewalk/table.hpp"
#include "ropewalk/table_layouts.hpp"
#include "ropewalk/table_view.hpp"
#include "ropewalk/version.hpp"
#include "ropewalk/view.hpp"

#endif  // ROPEWALK_ROPEWALK_HPP
