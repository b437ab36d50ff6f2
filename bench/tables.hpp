// What it costs to make a table, against filling as much memory.
#ifndef ROPEWALK_BENCH_TABLES_HPP
#define ROPEWALK_BENCH_TABLES_HPP

#include "session.hpp"

namespace ropewalk_bench {

/// The table of Wan2.2 at 720p, on one thread. Has the C library keep freed memory from then on, so
/// that building takes from touched memory as filling does: for what is run last.
void run_tables(Session& session);

}  // namespace ropewalk_bench

#endif  // ROPEWALK_BENCH_TABLES_HPP
