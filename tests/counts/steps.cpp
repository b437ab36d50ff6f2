// Counts, by single steps, the instructions that a program takes from SIGUSR1 to SIGUSR2, which it
// raises. At SIGUSR2 the count is written, and a tab: what the program writes next stands behind
// it. With --addresses a line for each step stands before the count: where it has led.
//
// usage: steps [--addresses] PROGRAM ARGUMENT...
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

/// Lets a program that has stopped go on, for one step or to the next signal, with that signal.
bool go_on(pid_t program, bool one_step, int signal) {
  void* const data = reinterpret_cast<void*>(static_cast<std::intptr_t>(signal));
  return ptrace(one_step ? PTRACE_SINGLESTEP : PTRACE_CONT, program, nullptr, data) == 0;
}

/// Writes where a program has stopped.
void write_address(pid_t program) {
  user_regs_struct registers;
  if (ptrace(PTRACE_GETREGS, program, nullptr, &registers) == 0) {
    std::printf("%llx\n", registers.rip);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const bool writes_addresses = argc > 1 && std::strcmp(argv[1], "--addresses") == 0;
  if (writes_addresses) --argc, ++argv;
  if (argc < 2) return EXIT_FAILURE;
  const pid_t program = fork();
  if (program == 0) {
    if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0) execv(argv[1], argv + 1);
    std::perror(argv[1]);
    _exit(127);
  }
  if (program < 0) {
    std::perror("fork");
    return EXIT_FAILURE;
  }
  bool steps = false;
  long count = 0;
  for (int status = 0; waitpid(program, &status, 0) == program;) {
    if (WIFEXITED(status)) return WEXITSTATUS(status);
    if (WIFSIGNALED(status)) {
      std::fprintf(stderr, "ended by signal %d\n", WTERMSIG(status));
      return EXIT_FAILURE;
    }
    int signal = WSTOPSIG(status);
    if (signal == SIGTRAP) {
      ++count;
      if (writes_addresses && steps) write_address(program);
    } else if (signal == SIGUSR1) {
      steps = true;
      count = 0;
    } else if (signal == SIGUSR2) {
      steps = false;
      std::printf("%ld\t", count);
      std::fflush(stdout);
    }
    const bool is_ours = signal == SIGTRAP || signal == SIGUSR1 || signal == SIGUSR2;
    if (is_ours) signal = 0;
    if (!go_on(program, steps, signal)) break;
  }
  std::perror("ptrace");
  return EXIT_FAILURE;
}
