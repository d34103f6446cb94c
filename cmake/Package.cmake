# What an installation consists of, and Debian packages of it:
#
# wherry           the programs, man pages, completions, Podman's drop-in, the documentation
# wherry-compile   the compiler, ten times as large as all the rest; without it everything is interpreted
# wherry-drop-in   Wherry's shim under the names of others; for those who want it
#
# tools/package (`./dev package`) fills package/ in the build folder with what is made, before CPack collects it all.
set(prepared "${CMAKE_BINARY_DIR}/package")
install(TARGETS wherry wherry-runtime containerd-shim-wherry-v1 RUNTIME DESTINATION bin COMPONENT wherry)
install(TARGETS wherry-compile RUNTIME DESTINATION bin COMPONENT wherry-compile)
install(FILES packaging/copyright DESTINATION share/doc/wherry-compile COMPONENT wherry-compile)
install(DIRECTORY "${prepared}/man/" DESTINATION share/man COMPONENT wherry
        PATTERN "wherry-compile.8.gz" EXCLUDE)
install(FILES "${prepared}/man/man8/wherry-compile.8.gz" DESTINATION share/man/man8 COMPONENT wherry-compile)
install(FILES packaging/completions/wherry.bash RENAME wherry
        DESTINATION share/bash-completion/completions COMPONENT wherry)
install(FILES packaging/completions/_wherry
        DESTINATION share/zsh/vendor-completions COMPONENT wherry)
install(FILES packaging/completions/wherry.fish
        DESTINATION share/fish/vendor_completions.d COMPONENT wherry)
install(FILES packaging/containers.conf.d/50-wherry.conf
        DESTINATION /etc/containers/containers.conf.d COMPONENT wherry)
install(FILES packaging/containers.conf.d/51-wherry-default.conf
        DESTINATION share/doc/wherry/examples COMPONENT wherry)
install(FILES README.md SECURITY.md CHANGELOG.md DESTINATION share/doc/wherry COMPONENT wherry)
install(FILES packaging/copyright DESTINATION share/doc/wherry COMPONENT wherry)
install(DIRECTORY docs/ DESTINATION share/doc/wherry/docs COMPONENT wherry)

foreach(other wasmedge wasmtime wasmer wamr)
  set(link "${CMAKE_BINARY_DIR}/drop-in/containerd-shim-${other}-v1")
  file(MAKE_DIRECTORY "${CMAKE_BINARY_DIR}/drop-in")
  file(CREATE_LINK containerd-shim-wherry-v1 "${link}" SYMBOLIC)
  install(FILES "${link}" DESTINATION bin COMPONENT wherry-drop-in)
endforeach()
install(FILES packaging/copyright DESTINATION share/doc/wherry-drop-in COMPONENT wherry-drop-in)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_DIRECTORY "${CMAKE_BINARY_DIR}/package")
set(CPACK_PACKAGE_CONTACT "The Wherry developers <wherry@wherry.invalid>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_COMPONENTS_ALL wherry wherry-compile wherry-drop-in)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_WHERRY_PACKAGE_NAME wherry)
set(CPACK_DEBIAN_WHERRY_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_WHERRY_PACKAGE_RECOMMENDS "wherry-compile (= ${PROJECT_VERSION}), crun | runc")
set(CPACK_DEBIAN_WHERRY_PACKAGE_SUGGESTS "podman, containerd, docker.io")
set(CPACK_COMPONENT_WHERRY_DESCRIPTION
    "WebAssembly containers\nBuilds and runs WebAssembly programs as containers, with no daemon, and is the\nruntime under which Podman, containerd, Docker, CRI-O and Kubernetes run them.")
set(CPACK_DEBIAN_WHERRY_PACKAGE_CONTROL_EXTRA "${prepared}/conffiles")
set(CPACK_DEBIAN_WHERRY-COMPILE_PACKAGE_NAME wherry-compile)
set(CPACK_DEBIAN_WHERRY-COMPILE_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_WHERRY-COMPILE_PACKAGE_ENHANCES wherry)
set(CPACK_COMPONENT_WHERRY-COMPILE_DESCRIPTION
    "native code for WebAssembly containers\nCompiles the modules that Wherry runs to native code, ahead of time or while they\nrun. Without it Wherry interprets them.")
set(CPACK_DEBIAN_WHERRY-DROP-IN_PACKAGE_NAME wherry-drop-in)
set(CPACK_DEBIAN_WHERRY-DROP-IN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_WHERRY-DROP-IN_PACKAGE_DEPENDS "wherry (= ${PROJECT_VERSION})")
set(CPACK_COMPONENT_WHERRY-DROP-IN_DESCRIPTION
    "WebAssembly containers under the names of other shims\nMakes io.containerd.wasmedge.v1, wasmtime, wasmer and wamr names of Wherry's shim\nfor containerd.")
include(CPack)
