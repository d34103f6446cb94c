// The engine's unit tests once more, with every module compiled.
#include <gtest/gtest.h>

#include "compiled/in_memory.h"
#include "wasm/engine/module_for_test.h"

int main(int argc, char** argv) {
  wherry::wasm::code_for_test = &wherry::wasm::compile_in_memory;
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
