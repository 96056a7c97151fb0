# containerd's gRPC stubs, made at build time from the protos of Debian's
# golang-github-containerd-containerd-dev: no copy of them in this tree.
#
# lib_containerd_stubs: messages and clients of the services that runtime/containerd calls, no more,
# and gRPC linked statically without TLS (the only peer is a unix socket). The messages use
# protobuf's lite runtime, also for the well-known types: without descriptors the program is some
# 4 MB smaller and builds in half the time. Headers are SYSTEM: their warnings are not ours.
set(CONTAINERD_PROTO_ROOT /usr/share/gocode/src CACHE PATH "Import root of containerd's protos")
set(api github.com/containerd/containerd/api)
set(service_protos)
foreach(service containers content diff events images leases namespaces snapshots tasks
        version)
  if(service STREQUAL "namespaces")
    list(APPEND service_protos ${api}/services/namespaces/v1/namespace.proto)
  else()
    list(APPEND service_protos ${api}/services/${service}/v1/${service}.proto)
  endif()
endforeach()
set(message_protos
  ${api}/types/mount.proto ${api}/types/descriptor.proto ${api}/types/metrics.proto
  ${api}/types/task/task.proto ${api}/events/task.proto)
# Of protobuf's own, for the lite runtime.
set(known_protos google/protobuf/any.proto google/protobuf/empty.proto
  google/protobuf/field_mask.proto google/protobuf/timestamp.proto)
find_path(PROTOBUF_IMPORTS google/protobuf/any.proto PATHS /usr/include REQUIRED)
find_program(PROTOC protoc REQUIRED)
find_program(GRPC_CPP_PLUGIN grpc_cpp_plugin REQUIRED)

set(stripped ${PROJECT_BINARY_DIR}/stubs/protos)
set(generated ${PROJECT_BINARY_DIR}/stubs/generated)
file(MAKE_DIRECTORY ${generated})

# Options of gogo and of containerd's own generator (of plugin until 1.6, of types since) are for Go
# only, and `import weak` makes protoc abort. The wire format stays.
function(strip_proto proto)
  set(source ${CONTAINERD_PROTO_ROOT}/${proto})
  if(NOT EXISTS ${source})
    message(FATAL_ERROR "${source} is missing: "
            "apt-get install golang-github-containerd-containerd-dev")
  endif()
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${source})
  file(READ ${source} text)
  string(REGEX REPLACE "\n *import weak [^\n]*" "" text "${text}")
  string(REGEX REPLACE "\n *import \"(gogoproto|[^\"]*/fieldpath\\.proto)[^\n]*" "" text "${text}")
  set(go_only "(gogoproto|containerd\\.plugin|containerd\\.types)")
  string(REGEX REPLACE "\n[ \t]*option \\(${go_only}\\.[^\n]*" "" text "${text}")
  string(REGEX REPLACE "[ \t]*\\[\\(${go_only}[^]]*\\]" "" text "${text}")
  set(old "")
  if(EXISTS ${stripped}/${proto})
    file(READ ${stripped}/${proto} old)
  endif()
  if(NOT old STREQUAL text)
    file(WRITE ${stripped}/${proto} "${text}")
  endif()
endfunction()

set(inputs)
set(outputs)
foreach(proto ${service_protos} ${message_protos} ${known_protos})
  if(NOT proto IN_LIST known_protos)
    strip_proto(${proto})
    list(APPEND inputs ${stripped}/${proto})
  endif()
  string(REGEX REPLACE "\\.proto$" ".pb.cc" output ${generated}/${proto})
  list(APPEND outputs ${output})
  if(proto IN_LIST service_protos)
    string(REGEX REPLACE "\\.proto$" ".grpc.pb.cc" output ${generated}/${proto})
    list(APPEND outputs ${output})
  endif()
endforeach()

add_custom_command(
  OUTPUT ${outputs}
  COMMAND ${PROTOC} -I ${stripped} -I ${PROTOBUF_IMPORTS} --cpp_out=lite:${generated}
          ${service_protos} ${message_protos} ${known_protos}
  COMMAND ${PROTOC} -I ${stripped} -I ${PROTOBUF_IMPORTS} --grpc_out=${generated}
          --plugin=protoc-gen-grpc=${GRPC_CPP_PLUGIN} ${service_protos}
  DEPENDS ${inputs}
  COMMENT "Generating containerd's stubs"
  VERBATIM)

# For tools that read our sources without building them (tests/run --tidy).
add_custom_target(containerd_stub_sources DEPENDS ${outputs})

add_library(lib_containerd_stubs STATIC EXCLUDE_FROM_ALL ${outputs})
# Few large units: most of the time goes into gRPC's headers. Not ours to sanitize or to warn about.
set_target_properties(lib_containerd_stubs PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
target_compile_options(lib_containerd_stubs PRIVATE -w -g0 -O1 -fno-sanitize=all)
target_compile_definitions(lib_containerd_stubs PUBLIC GRPC_USE_PROTO_LITE)
target_include_directories(lib_containerd_stubs SYSTEM PUBLIC ${generated})

# Debian's .pc files do not know all that the static archives need. A group, since they refer to
# each other in circles; the linker takes only what is used.
set(archives)
foreach(name grpc++_unsecure grpc_unsecure gpr address_sorting upb cares re2 protobuf-lite)
  find_library(ARCHIVE_${name} lib${name}.a REQUIRED)
  list(APPEND archives ${ARCHIVE_${name}})
endforeach()
cmake_path(GET ARCHIVE_gpr PARENT_PATH archive_dir)
file(GLOB absl_archives ${archive_dir}/libabsl_*.a)
list(FILTER absl_archives EXCLUDE REGEX "libabsl_flags")
target_link_libraries(lib_containerd_stubs PUBLIC
  -Wl,--start-group ${archives} ${absl_archives} -Wl,--end-group z Threads::Threads)
