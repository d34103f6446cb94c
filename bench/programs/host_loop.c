// Loops for host_call_bench.cc: `calls` calls the host's "nothing" that often, `empty` does the loop alone.
__attribute__((import_module("bench"), import_name("nothing"))) int nothing(int value);

__attribute__((export_name("calls"))) int calls(int count) {
  int sum = 0;
  for (int i = 0; i < count; ++i) sum = nothing(sum);
  return sum;
}

__attribute__((export_name("empty"))) int empty(int count) {
  int sum = 0;
  for (int i = 0; i < count; ++i) {
    ++sum;
    __asm__ volatile("" : "+r"(sum));
  }
  return sum;
}
