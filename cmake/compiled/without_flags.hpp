// Refuses flags under which the library's own units would not serve every program.
#ifndef ROPEWALK_CMAKE_COMPILED_WITHOUT_FLAGS_HPP
#define ROPEWALK_CMAKE_COMPILED_WITHOUT_FLAGS_HPP

#include "ropewalk/base/config.hpp"

#if defined(ROPEWALK_COMPILED) || !defined(ROPEWALK_BUILDS_COMPILED)
#error "compile the library's own units with ROPEWALK_BUILDS_COMPILED, without ROPEWALK_COMPILED"
#endif
#if ROPEWALK_WITH_AVX || ROPEWALK_WITH_FMA || ROPEWALK_WITH_F16C || ROPEWALK_WITH_BMI || \
    ROPEWALK_WITH_SSE4 || ROPEWALK_WITH_SVE
#error "ropewalk::compiled chooses its instruction set when it runs: compile it without -m flags"
#endif

#endif  // ROPEWALK_CMAKE_COMPILED_WITHOUT_FLAGS_HPP
