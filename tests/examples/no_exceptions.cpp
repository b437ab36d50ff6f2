// Errors in a program that is compiled with -fno-exceptions: a handler gets the text. Without one,
// or if it returns, the text is printed and the program aborts.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ropewalk/ropewalk.hpp>
#include <vector>

namespace rw = ropewalk;

static void on_failure(const char* text) {
  const char* wanted = "apply_inplace: head_dim of x is 63, must be even";
  std::exit(std::strcmp(text, wanted) == 0 ? 0 : 1);
}

int main() {
  rw::failure_handler() = on_failure;  // one for the program, before other threads call
  std::vector<float> x(63);
  const auto table = rw::make_table(rw::sequence_positions(1), rw::frequencies(64, 1e4));
  rw::apply_inplace(rw::serial, rw::View<float>(x.data(), {1, 1, 1, 63}), table);
  std::puts("no error");
  return 1;
}
