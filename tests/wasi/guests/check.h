// What the guests share: a check that says what failed, and raw calls of preview 1.
#pragma once

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wasi/api.h>

#define CHECK(condition)                                                                \
  do {                                                                                  \
    if (!(condition)) {                                                                 \
      fprintf(stderr, "%s:%d: %s (errno %d)\n", __FILE__, __LINE__, #condition, errno); \
      exit(1);                                                                          \
    }                                                                                   \
  } while (0)

#define CHECK_ERRNO(call, expected)                                                                \
  do {                                                                                             \
    int got = (call);                                                                              \
    if (got != (expected)) {                                                                       \
      fprintf(stderr, "%s:%d: %s is %d, expected %d\n", __FILE__, __LINE__, #call, got, expected); \
      exit(1);                                                                                     \
    }                                                                                              \
  } while (0)
