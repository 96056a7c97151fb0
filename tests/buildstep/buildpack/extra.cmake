# Builds in real containers of the real stack: a program of its own, since it takes gRPC and root.
add_executable(test_buildstep_real ${PROJECT_SOURCE_DIR}/tests/buildstep/real/real_build.cc
               ${PROJECT_SOURCE_DIR}/tests/buildstep/buildpack/worker_test.cc)
target_link_libraries(test_buildstep_real PRIVATE buildstep_buildpack runtime_containerd
                      runtime_network tests_paths GTest::gmock dokku_flags)
add_dependencies(test_buildstep_real dokku-init dokku-worker)
add_test(NAME system.buildstep_real COMMAND test_buildstep_real)
set_tests_properties(system.buildstep_real PROPERTIES
  LABELS system TIMEOUT 900 RUN_SERIAL ON COST 1)
