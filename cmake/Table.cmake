# mpb_table(<target> TYPE <struct> PREFIX <prefix> HEADER <header> [NAME <field>] [FIND <function>] FILES <file>…)
#
# Adding one file adds one thing: every FILE defines `const struct TYPE PREFIX_<stem>`, where <stem> is the file's name
# without the prefix, and the generated <prefix>_table.c defines
#     const struct TYPE *PREFIX_at(size_t index);        NULL past the end
#     const struct TYPE *PREFIX_find(const char *name);  NULL when there is none
# NAME is the field that holds the row's name, `name` by default; FIND names the second function otherwise.
function(mpb_table target)
  cmake_parse_arguments(T "" "TYPE;PREFIX;HEADER;NAME;FIND" "FILES" ${ARGN})
  if(NOT T_NAME)
    set(T_NAME name)
  endif()
  if(NOT T_FIND)
    set(T_FIND ${T_PREFIX}_find)
  endif()
  set(declarations "")
  set(rows "")
  foreach(file IN LISTS T_FILES)
    get_filename_component(stem "${file}" NAME_WE)
    string(REGEX REPLACE "^${T_PREFIX}_|^cmd_" "" stem "${stem}")
    string(APPEND declarations "extern const struct ${T_TYPE} ${T_PREFIX}_${stem};\n")
    string(APPEND rows "        &${T_PREFIX}_${stem},\n")
  endforeach()
  set(TYPE "${T_TYPE}")
  set(PREFIX "${T_PREFIX}")
  set(HEADER "${T_HEADER}")
  set(NAME "${T_NAME}")
  set(FIND "${T_FIND}")
  configure_file("${PROJECT_SOURCE_DIR}/cmake/table.c.in"
                 "${PROJECT_BINARY_DIR}/generated/${T_PREFIX}_table.c" @ONLY)
  target_sources(${target} PRIVATE "${PROJECT_BINARY_DIR}/generated/${T_PREFIX}_table.c" ${T_FILES})
endfunction()
