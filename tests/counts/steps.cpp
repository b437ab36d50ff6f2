// Counts the instructions that a program takes from SIGUSR1 to SIGUSR2, which it raises, by single
// steps, where valgrind does not know them. At SIGUSR2 the count is written, and a tabulator: what
// the program writes next stands behind it.
// usage: steps PROGRAM ARGUMENT...
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
  if (argc < 2) return EXIT_FAILURE;
  const pid_t program = fork();
  if (program == 0) {
    if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0) execv(argv[1], argv + 1);
    std::perror(argv[1]);
    _exit(127);
  }
  bool steps = false;
  long count = 0;
  for (int status = 0; waitpid(program, &status, 0) == program;) {
    if (WIFEXITED(status)) return WEXITSTATUS(status);
    if (!WIFSTOPPED(status)) return EXIT_FAILURE;
    int signal = WSTOPSIG(status);
    if (signal == SIGTRAP) {
      ++count;
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
    if (ptrace(steps ? PTRACE_SINGLESTEP : PTRACE_CONT, program, nullptr, signal) != 0) break;
  }
  return EXIT_FAILURE;
}
