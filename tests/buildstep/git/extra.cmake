# The hook that git calls in the test of quarantine.
add_executable(pre_receive_hook ${PROJECT_SOURCE_DIR}/tests/buildstep/git/pre_receive_hook.cc)
target_link_libraries(pre_receive_hook PRIVATE buildstep_git dokku_flags)
add_dependencies(test_buildstep_git pre_receive_hook)
