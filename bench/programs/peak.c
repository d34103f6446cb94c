// peak OUTPUT COMMAND [ARGS...]: runs the command and writes to OUTPUT one line for each process of
// its tree, "KILOBYTES NAME": the most memory that was resident in it (VmHWM, as it exits).
//
// wait4 tells the largest process of a tree, and nothing of processes that were not waited for; a
// container's tree has both. So the tree is traced, and each process is stopped as it exits.
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static void die(const char* what) {
  fprintf(stderr, "peak: %s: %s\n", what, strerror(errno));
  exit(125);
}

// Writes the line of a process that is about to exit; a thread other than its first says nothing.
static void report(FILE* out, pid_t pid) {
  char path[64], line[256], name[64] = "?";
  long group = 0, peak = -1;
  snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
  FILE* status = fopen(path, "r");
  if (status == NULL) die(path);
  while (fgets(line, sizeof line, status) != NULL) {
    sscanf(line, "Name: %63s", name);
    sscanf(line, "Tgid: %ld", &group);
    sscanf(line, "VmHWM: %ld", &peak);
  }
  fclose(status);
  if (group == pid && peak >= 0) fprintf(out, "%ld %s\n", peak, name);
}

int main(int argc, char** argv) {
  if (argc < 3) {
    fputs("usage: peak OUTPUT COMMAND [ARGS...]\n", stderr);
    return 125;
  }
  FILE* out = fopen(argv[1], "we");
  if (out == NULL) die(argv[1]);
  pid_t first = fork();
  if (first == -1) die("fork");
  if (first == 0) {
    if (ptrace(PTRACE_TRACEME, 0, 0, 0) == -1) die("ptrace");
    raise(SIGSTOP);
    execvp(argv[2], argv + 2);
    die(argv[2]);
  }
  int status;
  if (waitpid(first, &status, 0) == -1) die("waitpid");
  long options = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
                 PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL;
  if (ptrace(PTRACE_SETOPTIONS, first, 0, options) == -1) die("ptrace");
  ptrace(PTRACE_CONT, first, 0, 0);
  int result = 125;
  pid_t pid;
  while ((pid = waitpid(-1, &status, __WALL)) > 0) {
    if (!WIFSTOPPED(status)) {
      if (pid == first) {
        result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
      }
      continue;
    }
    int event = status >> 16;
    if (event == PTRACE_EVENT_EXIT) report(out, pid);
    // An event's own stop, and the stop a new process begins with, are not signals to pass on.
    int signal = event != 0 || WSTOPSIG(status) == SIGSTOP ? 0 : WSTOPSIG(status);
    ptrace(PTRACE_CONT, pid, 0, signal);
  }
  return fclose(out) == 0 ? result : 125;
}
