# Unit tests: one program per module that has tests. System tests: tests/system/*_test.py.
# COST: ctest starts the dear ones first, so unit tests come before system tests.
enable_testing()
target_compile_definitions(tests_paths PRIVATE
  DOKKU_SOURCE_DIR="${PROJECT_SOURCE_DIR}" DOKKU_BINARY_DIR="${PROJECT_BINARY_DIR}")
include(GoogleTest)

get_property(modules GLOBAL PROPERTY DOKKU_MODULES)
foreach(path ${modules})
  string(REPLACE / _ name ${path})
  file(GLOB tests CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/${path}/*_test.cc)
  if(tests)
    get_property(uses GLOBAL PROPERTY DOKKU_TESTS_USE_${name})
    add_executable(test_${name} ${tests})
    target_link_libraries(test_${name} PRIVATE ${name} ${uses} tests_paths GTest::gmock_main
                          dokku_flags)
    # Further sources and programs of a module's tests, where it has any.
    include(${PROJECT_SOURCE_DIR}/tests/${path}/extra.cmake OPTIONAL)
    gtest_discover_tests(test_${name} NO_PRETTY_VALUES
      PROPERTIES LABELS unit TIMEOUT 120 COST 100)
  endif()
endforeach()

find_program(PYTHON3 NAMES python3 PATHS /usr/bin NO_DEFAULT_PATH)
add_test(NAME tidy.house_style COMMAND ${PYTHON3} ${PROJECT_SOURCE_DIR}/tests/tidy/house_style.py)
set_tests_properties(tidy.house_style PROPERTIES LABELS unit COST 100)

# Each has an instance of its own, so two may run at once; not those that measure time, memory or
# the machine's disk.
set(alone completion doctor dokku_init dokku_log full_disk lost platform_logs proxy
  proxy_alone proxy_hold proxy_life proxy_scale proxy_soak proxy_tls proxy_upgrade quickstart
  small_disk upgrade upgrade_undone wire)
file(GLOB system_tests CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/system/*_test.py)
foreach(test ${system_tests})
  cmake_path(GET test STEM stem)
  string(REGEX REPLACE "_test$" "" name ${stem})
  set(serial OFF)
  if(name IN_LIST alone)
    set(serial ON)
  endif()
  add_test(NAME system.${stem} COMMAND ${PYTHON3} ${test}
           WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}/tests/system)
  set_tests_properties(system.${stem} PROPERTIES LABELS system TIMEOUT 1200 COST 1
    RUN_SERIAL ${serial} SKIP_RETURN_CODE 77
    ENVIRONMENT "DOKKU_BIN=${PROJECT_BINARY_DIR}/bin;DOKKU_SOURCE=${PROJECT_SOURCE_DIR}")
endforeach()
# Both have the instance that a package makes, whose cgroup is no other's.
set_tests_properties(system.network_firewalls_test system.package_test PROPERTIES
  RESOURCE_LOCK bare_machine)
include(${PROJECT_SOURCE_DIR}/tests/conformance/conformance.cmake)
include(${PROJECT_SOURCE_DIR}/tests/fuzz/fuzz.cmake)
include(${PROJECT_SOURCE_DIR}/tests/system/grpc_echo/grpc_echo.cmake)
include(${PROJECT_SOURCE_DIR}/tests/system/next_version/next_version.cmake)
