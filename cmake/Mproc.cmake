# What is installed of mproc: libmproc.so, libmproc.a, the headers and mproc.pc. Both libraries hold bench/mproc and what it
# uses of bench/base, and show mproc_* alone, so that a program may have an error_set of its own.

# Before 1.0 every minor version may change the ABI: structs of the public headers lie in shared memory.
if(PROJECT_VERSION_MAJOR EQUAL 0)
  set(soversion "0.${PROJECT_VERSION_MINOR}")
else()
  set(soversion ${PROJECT_VERSION_MAJOR})
endif()
set(symbols "${PROJECT_SOURCE_DIR}/cmake/mproc.map")
add_library(mproc_shared SHARED $<TARGET_OBJECTS:mproc>)
set_target_properties(mproc_shared PROPERTIES
  OUTPUT_NAME mproc VERSION ${PROJECT_VERSION} SOVERSION ${soversion} LINKER_LANGUAGE C
  LINK_DEPENDS "${symbols}")
target_link_libraries(mproc_shared PRIVATE base Threads::Threads ${CMAKE_DL_LIBS})
# Calls within the library are its own functions, whatever the program has of the same name.
target_link_options(mproc_shared PRIVATE "-Wl,--version-script=${symbols}" -Wl,-Bsymbolic-functions)
install(TARGETS mproc_shared LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})

# The archive is one object: `ar` has no other way to hide what its members need of each other.
set(archive "${PROJECT_BINARY_DIR}/libmproc.a")
set(object "${PROJECT_BINARY_DIR}/mproc.o")
set_target_properties(mproc PROPERTIES OUTPUT_NAME mproc_room)
add_custom_command(OUTPUT "${archive}"
  COMMAND ${CMAKE_LINKER} -r -o "${object}" --whole-archive $<TARGET_FILE:mproc> --no-whole-archive $<TARGET_FILE:base>
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
