# How everything is compiled.
set(MPBENCH_SANITIZE "" CACHE STRING "address (with undefined behaviour), thread, or empty")
set_property(CACHE MPBENCH_SANITIZE PROPERTY STRINGS "" address thread)

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
add_compile_definitions(_GNU_SOURCE)
add_compile_options(-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla)
# What crosses processes has texts of fixed size; they are cut at the end on purpose.
add_compile_options($<$<C_COMPILER_ID:GNU>:-Wno-format-truncation>)
if(MPBENCH_WERROR)
  add_compile_options(-Werror)
endif()

# -O2 is what the programs that people compare with are built with; -O3 would unroll the measured loops.
# Assertions stay: none stands on a measured path.
# What the user set is left alone: only CMake's own defaults are replaced.
if(CMAKE_C_FLAGS_RELEASE STREQUAL "-O3 -DNDEBUG")
  set(CMAKE_C_FLAGS_RELEASE "-O2")
endif()
if(CMAKE_C_FLAGS_RELWITHDEBINFO STREQUAL "-O2 -g -DNDEBUG")
  set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g")
endif()
# Frame pointers let `perf record --call-graph=fp` see through a worker.
add_compile_options(-fno-omit-frame-pointer)
# Functions of the program are bound before main: no symbol is looked up in the middle of a trial.
# The build-id is how a worker that was started by exec knows that it is the same program.
add_link_options(-Wl,-z,relro,-z,now -Wl,--build-id=sha1)

if(MPBENCH_SANITIZE STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=address,undefined)
elseif(MPBENCH_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread)
  add_link_options(-fsanitize=thread)
elseif(MPBENCH_SANITIZE)
  message(FATAL_ERROR "MPBENCH_SANITIZE is '${MPBENCH_SANITIZE}', but may be address or thread")
elseif(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
  add_compile_options(-fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif()
