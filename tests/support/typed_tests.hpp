// The types that tests are repeated for, and what such tests are called.
#ifndef ROPEWALK_TESTS_SUPPORT_TYPED_TESTS_HPP
#define ROPEWALK_TESTS_SUPPORT_TYPED_TESTS_HPP

#include <gtest/gtest.h>

#include <Eigen/Core>
#include <string>

#include "reference.hpp"

namespace ropewalk_test {

using Dtypes = testing::Types<float, double, Eigen::half, Eigen::bfloat16>;
using SixteenBitDtypes = testing::Types<Eigen::half, Eigen::bfloat16>;

struct DtypeNames {
  template <class T>
  static std::string GetName(int) {
    return name_of(dtype_of<T>());
  }
};

/// The types of one rotation.
template <class XType, class TabType, class OutType = XType>
struct Mix {
  using X = XType;
  using Tab = TabType;
  using Out = OutType;
};

/// The mixes of a suite; the mutation test names one of them and compiles no other.
#if defined(ROPEWALK_TESTS_MIX)
template <class...>
using MixesOf = testing::Types<Mix<ROPEWALK_TESTS_MIX>>;
#else
template <class... All>
using MixesOf = testing::Types<All...>;
#endif

/// Those of x and table, every combination.
using Mixes = MixesOf<
    Mix<double, double>, Mix<double, float>, Mix<double, Eigen::half>, Mix<double, Eigen::bfloat16>,
    Mix<float, double>, Mix<float, float>, Mix<float, Eigen::half>, Mix<float, Eigen::bfloat16>,
    Mix<Eigen::half, double>, Mix<Eigen::half, float>, Mix<Eigen::half, Eigen::half>,
    Mix<Eigen::half, Eigen::bfloat16>, Mix<Eigen::bfloat16, double>, Mix<Eigen::bfloat16, float>,
    Mix<Eigen::bfloat16, Eigen::half>, Mix<Eigen::bfloat16, Eigen::bfloat16>>;

struct MixNames {
  template <class T>
  static std::string GetName(int) {
    return DtypeNames::GetName<typename T::X>(0) + "_" + DtypeNames::GetName<typename T::Tab>(0);
  }
};

}  // namespace ropewalk_test

#endif  // ROPEWALK_TESTS_SUPPORT_TYPED_TESTS_HPP
