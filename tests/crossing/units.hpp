// The units of the program: one text, compiled by several compilers and for several targets.
#ifndef ROPEWALK_TESTS_CROSSING_UNITS_HPP
#define ROPEWALK_TESTS_CROSSING_UNITS_HPP

#include "ropewalk/build/model_types.hpp"
#include "ropewalk/options.hpp"
#include "ropewalk/table.hpp"
#include "ropewalk/view.hpp"

/// What a unit makes and what it is given: types that name no flags.
struct Unit {
  const char* name;
  ropewalk::Model (*model)();
  ropewalk::Table<float> (*table)(const ropewalk::Model& model, ropewalk::Index seq);
  ropewalk::TableView<float> (*rows)(const ropewalk::TableView<float>& table, ropewalk::Index from);
  void (*rotate)(const ropewalk::View<float>& x, const ropewalk::TableView<float>& table,
                 const ropewalk::Options& options, const ropewalk::CpuOptions& cpu);
};

extern const Unit ROPEWALK_CROSSING_UNITS;  // a list of names, as run.sh defines it

#endif  // ROPEWALK_TESTS_CROSSING_UNITS_HPP
