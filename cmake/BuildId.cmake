# wasm/artifact/build_id.h: a digest of what generated code depends on. Included, it adds the file to a target;
# run as a script, it writes it.

if(CMAKE_SCRIPT_MODE_FILE)
  set(digests "")
  foreach(source IN LISTS SOURCES)
    file(SHA256 "${source}" digest)
    string(APPEND digests "${digest}\n")
  endforeach()
  string(SHA256 digest "${digests}")
  string(SUBSTRING "${digest}" 0 16 digest)
  file(WRITE "${OUTPUT}" "#include \"wasm/artifact/build_id.h\"

namespace wherry::wasm {

const std::string_view kBuildId = \"${digest}\";
const std::string_view kLlvmVersion = \"${LLVM_VERSION}\";

}  // namespace wherry::wasm
")
  return()
endif()

function(wherry_add_build_id target)
  set(sources "")
  foreach(folder IN LISTS ARGN)
    file(GLOB more CONFIGURE_DEPENDS "${folder}/*.h" "${folder}/*.cc" "${folder}/*.def")
    list(FILTER more EXCLUDE REGEX "_test\\.cc$")
    list(APPEND sources ${more})
  endforeach()
  list(SORT sources)
  set(generated "${CMAKE_BINARY_DIR}/generated/build_id.cc")
  add_custom_command(OUTPUT "${generated}"
    COMMAND "${CMAKE_COMMAND}" "-DSOURCES=${sources}" "-DOUTPUT=${generated}"
            "-DLLVM_VERSION=${llvm_version}" -P "${CMAKE_SOURCE_DIR}/cmake/BuildId.cmake"
    DEPENDS ${sources} VERBATIM)
  target_sources(${target} PRIVATE "${generated}")
endfunction()
