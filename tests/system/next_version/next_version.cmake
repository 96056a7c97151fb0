# dokkud-next: this dokkud as the next version would be, with another number and one schema step
# more. The two files here come before those of the libraries.
add_executable(dokkud-next ${PROJECT_SOURCE_DIR}/programs/dokkud.cc
               ${CMAKE_CURRENT_LIST_DIR}/known_steps.cc ${CMAKE_CURRENT_LIST_DIR}/version_number.cc)
target_link_libraries(dokkud-next PRIVATE cli_commands cli_session server_platform server_daemons
                      server_setup_door
                      runtime_containerd runtime_network buildstep_buildpack dokku_flags)
set_target_properties(dokkud-next PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
