# Flags that every target is built with.

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wno-missing-field-initializers -Werror
                    -fno-plt -fvisibility=hidden)
add_compile_definitions(_FILE_OFFSET_BITS=64 WHERRY_VERSION="${PROJECT_VERSION}")
# Every x86-64 server of the last fifteen years has SSE4.2 and POPCNT; the interpreter's vector
# instructions need them. A float operation is what the specification says, never a fused one.
add_compile_options(-march=x86-64-v2 -ffp-contract=off)
# An exact path in an assertion or a debug section would make builds differ from place to place.
add_compile_options(-ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)
# A module's instructions can number in millions; a section each lets the linker drop the rest.
add_compile_options(-ffunction-sections -fdata-sections)
add_link_options(-Wl,--gc-sections)

if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_link_options(-fuse-ld=lld)
else()
  # GCC's flow analysis cries wolf inside the standard library and fmt.
  # And an enumerator of an enum class shadows nothing.
  add_compile_options(-Wno-shadow -Wshadow=local -Wno-pedantic -Wno-maybe-uninitialized -Wno-dangling-pointer -Wno-restrict
                      -Wno-stringop-overflow -Wno-array-bounds)
endif()

if(WHERRY_SANITIZE)
  add_compile_options(-fsanitize=${WHERRY_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${WHERRY_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND WHERRY_SANITIZE MATCHES "address")
    # The interpreter's handlers are called by preserve_none, which clang 19 cannot combine with it.
    add_compile_options("SHELL:-mllvm -asan-stack-dynamic-alloca=0")
  endif()
  set(WHERRY_STATIC OFF)
endif()

if(WHERRY_FUZZ)
  # What is fuzzed counts its branches, so that the fuzzer can tell a new path from an old one.
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

if(CMAKE_BUILD_TYPE STREQUAL "Release" OR CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
  add_compile_definitions(_FORTIFY_SOURCE=2)
  add_compile_options(-fstack-protector-strong)
endif()

find_program(WHERRY_CCACHE ccache)
if(WHERRY_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${WHERRY_CCACHE}")
endif()
