/* notifier TEXT: tells the service manager TEXT, and stays. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char** argv) {
  FILE* manager = fopen(getenv("NOTIFY_SOCKET"), "w");
  if (argc != 2 || !manager) return 1;
  fputs(argv[1], manager);
  fclose(manager);
  sleep(1000);
  return 0;
}
