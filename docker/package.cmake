# `cpack` in the build folder makes a Debian package: the programs, a systemd unit and its settings. It has no script of its own: enable the
# unit with `systemctl enable --now trainyard`.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON) # what is not built is missed by name
install(TARGETS trainyard-server trainyard RUNTIME DESTINATION bin)
install(FILES docker/trainyard.service DESTINATION lib/systemd/system)
install(FILES docker/server.conf DESTINATION /etc/trainyard)
install(FILES README.md DESTINATION share/doc/trainyard)
install(FILES LICENSE DESTINATION share/doc/trainyard RENAME copyright)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_CONTACT "Trainyard")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "server that trains models over gRPC, and its command line")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
file(WRITE ${CMAKE_BINARY_DIR}/package/conffiles "/etc/trainyard/server.conf\n")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${CMAKE_BINARY_DIR}/package/conffiles)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
