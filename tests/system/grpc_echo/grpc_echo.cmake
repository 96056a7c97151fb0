# The app of the gRPC tests: static where it can be, since it runs in a container; not ours to
# sanitize.
add_executable(grpc-echo ${CMAKE_CURRENT_LIST_DIR}/grpc_echo.cc)
target_link_libraries(grpc-echo PRIVATE lib_containerd_stubs)
target_compile_options(grpc-echo PRIVATE -Wall -Wextra -fno-sanitize=all -g0 -O1)
target_link_options(grpc-echo PRIVATE -fno-sanitize=all -static-libstdc++ -static-libgcc -s)
set_target_properties(grpc-echo PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
