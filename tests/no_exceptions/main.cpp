// program sound | count: prints the hash of calls without an error, or how many errors there are.
// program report N | abort N | return N: makes error N; what happens then is up to an exception, or
// without exceptions to a handler that ends the program, to none, or to one that returns.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include "calls.hpp"
#include "ropewalk/base/check.hpp"

namespace {

constexpr int reported = 7;

void print(const char* text) { std::printf("%s\n", text); }

[[noreturn, maybe_unused]] void report(const char* text) {
  print(text);
  std::exit(reported);
}

void make_error(const char* then, int error) {
#if ROPEWALK_EXCEPTIONS
  static_cast<void>(then);
  try {
    call_wrongly(error);
  } catch (const std::invalid_argument& thrown) {
    report(thrown.what());
  }
#else
  if (std::strcmp(then, "report") == 0) ropewalk::failure_handler() = report;
  if (std::strcmp(then, "return") == 0) ropewalk::failure_handler() = print;
  call_wrongly(error);
#endif
}

}  // namespace

int main(int count, char** words) {
  if (count == 3) make_error(words[1], std::atoi(words[2]));
  if (count != 2) return EXIT_FAILURE;
  if (std::strcmp(words[1], "count") == 0) std::printf("%d\n", error_count);
  if (std::strcmp(words[1], "sound") == 0) std::printf("%016llx\n", hash_of_sound_calls());
}
