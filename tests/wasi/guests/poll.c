// Standard input is a pipe into which "late\n" is written after a while.
#include <poll.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static long milliseconds(void) {
  struct timespec now;
  CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int main(void) {
  struct pollfd in = {.fd = 0, .events = POLLRDNORM};
  CHECK(poll(&in, 1, 30) == 0);

  struct pollfd both[2] = {{.fd = 0, .events = POLLRDNORM}, {.fd = 1, .events = POLLWRNORM}};
  CHECK(poll(both, 2, 60000) == 1);
  CHECK(both[0].revents == 0 && both[1].revents == POLLWRNORM);

  long start = milliseconds();
  CHECK(poll(&in, 1, 60000) == 1);
  CHECK(in.revents & POLLRDNORM);
  CHECK(milliseconds() - start < 30000);
  char text[16] = {0};
  CHECK(read(0, text, sizeof text) == 5);
  CHECK(strcmp(text, "late\n") == 0);

  start = milliseconds();
  struct timespec pause = {.tv_sec = 0, .tv_nsec = 50000000};
  CHECK(nanosleep(&pause, NULL) == 0);
  CHECK(milliseconds() - start >= 50);
  struct timespec until;
  CHECK(clock_gettime(CLOCK_REALTIME, &until) == 0);
  until.tv_sec -= 1;
  CHECK(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &until, NULL) == 0);

  struct pollfd closed = {.fd = 77, .events = POLLRDNORM};
  CHECK(poll(&closed, 1, 0) == 1);
  CHECK(closed.revents & POLLNVAL);
  puts("polled");
  return 0;
}
