# dokku_module(<folder> [USES <module>...] [PRIVATE <library>...] [TESTS_USE <module>...])
#
# One folder, one static library, one include root of its own: a link build/include/<name>/<folder>
# to the folder. USES is public (headers and link), PRIVATE is for foreign libraries that no header
# of the module mentions. Tests in tests/<folder>/*_test.cc become the program test_<name>.
function(dokku_module path)
  cmake_parse_arguments(M "" "" "USES;PRIVATE;TESTS_USE" ${ARGN})
  string(REPLACE / _ name ${path})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${path}/*.cc)
  set(root ${PROJECT_BINARY_DIR}/include/${name})
  cmake_path(GET path PARENT_PATH parent)
  file(MAKE_DIRECTORY ${root}/${parent})
  if(NOT EXISTS ${root}/${path})
    file(CREATE_LINK ${PROJECT_SOURCE_DIR}/${path} ${root}/${path} SYMBOLIC)
  endif()
  if(sources)
    add_library(${name} STATIC ${sources})
    target_include_directories(${name} PUBLIC ${root})
    target_link_libraries(${name} PUBLIC ${M_USES} PRIVATE ${M_PRIVATE} dokku_flags)
  else()
    add_library(${name} INTERFACE)
    target_include_directories(${name} INTERFACE ${root})
    target_link_libraries(${name} INTERFACE ${M_USES})
  endif()
  set_property(GLOBAL APPEND PROPERTY DOKKU_MODULES ${path})
  set_property(GLOBAL PROPERTY DOKKU_TESTS_USE_${name} "${M_TESTS_USE};${M_PRIVATE}")
endfunction()

# dokku_program(<name> USES <module>...): programs/<name with _>.cc, a page each.
function(dokku_program name)
  cmake_parse_arguments(P "" "" "USES" ${ARGN})
  string(REPLACE - _ source ${name})
  if(NOT EXISTS ${PROJECT_SOURCE_DIR}/programs/${source}.cc)
    return()
  endif()
  add_executable(${name} ${PROJECT_SOURCE_DIR}/programs/${source}.cc)
  target_link_libraries(${name} PRIVATE ${P_USES} dokku_flags)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
endfunction()

# A small program without shared libraries, for use inside containers. Sanitizers cannot be linked
# statically, so it has none; its parts that parse are tested in a module of their own.
function(dokku_static_program name)
  string(REPLACE - _ source ${name})
  if(NOT EXISTS ${PROJECT_SOURCE_DIR}/programs/${source}.cc)
    return()
  endif()
  add_executable(${name} ${PROJECT_SOURCE_DIR}/programs/${source}.cc)
  target_link_libraries(${name} PRIVATE dokku_flags)
  target_include_directories(${name} PRIVATE ${PROJECT_BINARY_DIR}/include/base)
  target_compile_options(${name} PRIVATE -fno-sanitize=all -Os -fno-exceptions -fno-rtti
                                         -ffunction-sections)
  target_link_options(${name} PRIVATE -static -fno-sanitize=all -Wl,--gc-sections)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin
                                           POSITION_INDEPENDENT_CODE OFF)
endfunction()
