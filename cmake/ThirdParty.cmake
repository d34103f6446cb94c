# Names used in src/LAYERS right of the bar, each mapped to what Debian calls the library.
# Static archives where the programs are linked statically, shared ones under the sanitizers.

find_package(Threads REQUIRED)

function(wherry_third_party name)
  cmake_parse_arguments(arg "" "" "LIBS" ${ARGN})
  add_library(third_party_${name} INTERFACE)
  if(arg_LIBS)
    target_link_libraries(third_party_${name} INTERFACE ${arg_LIBS})
  endif()
endfunction()

wherry_third_party(fmt)
wherry_third_party(json)
wherry_third_party(archive LIBS archive acl nettle lzma bz2 lz4 zstd z)
wherry_third_party(z LIBS z)
wherry_third_party(crypto LIBS crypto)
wherry_third_party(protobuf LIBS protobuf-lite)
wherry_third_party(nghttp2 LIBS nghttp2)

# LLVM's headers do not compile without warnings, and its libraries are static archives.
find_program(WHERRY_LLVM_CONFIG llvm-config-19 REQUIRED)
execute_process(COMMAND "${WHERRY_LLVM_CONFIG}" --includedir OUTPUT_VARIABLE llvm_include
                OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${WHERRY_LLVM_CONFIG}" --version OUTPUT_VARIABLE llvm_version
                OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${WHERRY_LLVM_CONFIG}" --libdir OUTPUT_VARIABLE llvm_libdir
                OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${WHERRY_LLVM_CONFIG}" --link-static --libs x86 passes
                OUTPUT_VARIABLE llvm_libs OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
separate_arguments(llvm_libs UNIX_COMMAND "${llvm_libs}")
add_library(third_party_llvm INTERFACE)
target_include_directories(third_party_llvm SYSTEM INTERFACE "${llvm_include}")
target_link_directories(third_party_llvm INTERFACE "${llvm_libdir}")
target_link_libraries(third_party_llvm INTERFACE ${llvm_libs} z zstd)
