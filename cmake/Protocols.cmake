# The *.proto files of a folder of src/LAYERS become C++ of protobuf's lite runtime, as part of the
# folder's library: src/container/shim/task.proto is included as "container/shim/task.pb.h".

find_program(WHERRY_PROTOC protoc REQUIRED)

function(wherry_add_protocols folder)
  file(GLOB protocols CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/src/${folder}/*.proto")
  list(SORT protocols)
  wherry_target_of("${folder}" target)
  set(output "${CMAKE_BINARY_DIR}/generated")
  set(headers "")
  foreach(protocol IN LISTS protocols)
    get_filename_component(name "${protocol}" NAME_WE)
    set(stem "${output}/${folder}/${name}.pb")
    add_custom_command(OUTPUT "${stem}.cc" "${stem}.h"
      COMMAND ${WHERRY_PROTOC} -I "${CMAKE_SOURCE_DIR}/src" "--cpp_out=lite:${output}" "${protocol}"
      DEPENDS ${protocols} VERBATIM)
    target_sources(${target} PRIVATE "${stem}.cc" "${stem}.h")
    # It is not ours to clean.
    set_source_files_properties("${stem}.cc" PROPERTIES COMPILE_OPTIONS "-w")
  endforeach()
  target_include_directories(${target} SYSTEM PUBLIC "${output}")
endfunction()
