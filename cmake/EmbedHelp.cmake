# src/cli/commands/<verb>.md become wherry::cli::help_text() of the program.

function(wherry_embed_help target directory)
  file(GLOB texts CONFIGURE_DEPENDS "${directory}/*.md")
  list(FILTER texts EXCLUDE REGEX "/README\\.md$")
  list(SORT texts)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${texts})
  set(rows "")
  foreach(text IN LISTS texts)
    get_filename_component(verb "${text}" NAME_WE)
    file(READ "${text}" content)
    string(APPEND rows "  if (verb == \"${verb}\") return R\"wherry(${content})wherry\";\n")
  endforeach()
  set(generated "${CMAKE_BINARY_DIR}/generated/help_text.cc")
  file(CONFIGURE OUTPUT "${generated}" @ONLY CONTENT
"#include \"cli/commands/command.h\"

namespace wherry::cli {

std::string_view help_text(std::string_view verb) {
@rows@  return {};
}

}  // namespace wherry::cli
")
  target_sources(${target} PRIVATE "${generated}")
endfunction()
