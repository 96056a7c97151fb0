# Conformance: Python drives a live dokku-proxy with raw bytes (tests/conformance/README.md). The
# breakable proxy is the shipped one with a switch per rule, for broken_rules_test.py only.
file(GLOB rule_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/proxy/h1/*.cc
     ${PROJECT_SOURCE_DIR}/proxy/session/*.cc)
add_executable(dokku-proxy-breakable ${PROJECT_SOURCE_DIR}/programs/dokku_proxy.cc ${rule_sources})
get_target_property(rule_uses dokku-proxy LINK_LIBRARIES)
target_link_libraries(dokku-proxy-breakable PRIVATE ${rule_uses})
target_compile_definitions(dokku-proxy-breakable PRIVATE DOKKU_BREAKABLE_RULES)
set_target_properties(dokku-proxy-breakable PROPERTIES
  RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)

file(GLOB conformance_tests CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/conformance/*_test.py)
foreach(test ${conformance_tests})
  cmake_path(GET test STEM stem)
  add_test(NAME conformance.${stem} COMMAND ${PYTHON3} ${test}
           WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}/tests/conformance)
  set_tests_properties(conformance.${stem} PROPERTIES LABELS conformance TIMEOUT 300 COST 1
    ENVIRONMENT "DOKKU_BIN=${PROJECT_BINARY_DIR}/bin;DOKKU_SOURCE=${PROJECT_SOURCE_DIR}")
endforeach()
