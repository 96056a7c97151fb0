# How each foreign library is found. third_party/README.md says why each was chosen.
#
# Everything is an imported target lib_<name>, with its headers as SYSTEM includes.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

function(dokku_pkg_library name)
  pkg_check_modules(PC_${name} REQUIRED IMPORTED_TARGET ${ARGN})
  add_library(${name} INTERFACE)
  target_link_libraries(${name} INTERFACE PkgConfig::PC_${name})
endfunction()

dokku_pkg_library(lib_crypto libcrypto)
dokku_pkg_library(lib_ssl libssl libcrypto)
dokku_pkg_library(lib_nghttp2 libnghttp2)
dokku_pkg_library(lib_mnl libmnl)
dokku_pkg_library(lib_nftables libnftables)
dokku_pkg_library(lib_archive libarchive)
dokku_pkg_library(lib_git2 libgit2)
dokku_pkg_library(lib_zstd libzstd)
dokku_pkg_library(lib_sqlite sqlite3)
dokku_pkg_library(lib_yaml yaml-cpp)

add_library(lib_expected INTERFACE)  # one header: tl/expected.hpp
target_link_libraries(lib_expected INTERFACE Threads::Threads)
add_library(lib_json INTERFACE)      # headers only: nlohmann/json.hpp

include(${CMAKE_CURRENT_LIST_DIR}/containerd/stubs.cmake)
find_package(GTest REQUIRED)
