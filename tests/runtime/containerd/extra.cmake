# A static program that becomes the only file of the tests' image.
add_executable(testbox ${PROJECT_SOURCE_DIR}/tests/runtime/containerd/testbox.cc)
target_link_libraries(testbox PRIVATE dokku_flags)
target_compile_options(testbox PRIVATE -fno-sanitize=all -Os)
target_link_options(testbox PRIVATE -static -fno-sanitize=all)
set_target_properties(testbox PROPERTIES POSITION_INDEPENDENT_CODE OFF)

target_sources(test_runtime_containerd PRIVATE
  ${PROJECT_SOURCE_DIR}/tests/runtime/containerd/real_containerd.cc
  ${PROJECT_SOURCE_DIR}/tests/runtime/containerd/layer_writer.cc)
target_include_directories(test_runtime_containerd PRIVATE ${PROJECT_SOURCE_DIR})
target_link_libraries(test_runtime_containerd PRIVATE lib_archive)
add_dependencies(test_runtime_containerd testbox)
