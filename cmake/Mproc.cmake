# What is installed of mproc: libmproc.a and mproc.pc. The archive is one object with the code of bench/mproc and bench/base,
# of which only mproc_* can be seen, so that a program may have an error_set of its own.
set(archive "${PROJECT_BINARY_DIR}/libmproc.a")
set(object "${PROJECT_BINARY_DIR}/mproc.o")
set_target_properties(mproc PROPERTIES OUTPUT_NAME mproc_room)
add_custom_command(OUTPUT "${archive}"
  COMMAND ${CMAKE_LINKER} -r -o "${object}" --whole-archive $<TARGET_FILE:mproc> $<TARGET_FILE:base>
  COMMAND ${CMAKE_OBJCOPY} --wildcard "--keep-global-symbol=mproc_*" "${object}"
  COMMAND ${CMAKE_COMMAND} -E rm -f "${archive}"
  COMMAND ${CMAKE_AR} qc "${archive}" "${object}"
  DEPENDS mproc base
  VERBATIM)
add_custom_target(libmproc ALL DEPENDS "${archive}")
install(FILES "${archive}" DESTINATION ${CMAKE_INSTALL_LIBDIR})

# The prefix is told from where the file lies, so that `cmake --install --prefix` may choose another.
file(RELATIVE_PATH up "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig" "${CMAKE_INSTALL_PREFIX}")
configure_file(cmake/mproc.pc.in mproc.pc @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/mproc.pc" DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
