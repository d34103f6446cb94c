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
