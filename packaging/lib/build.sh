# build.sh: configures and builds one CMake preset. Sourced by packaging/quickstart and tests/run.

# One compiler needs up to 1.2 GB (the gRPC stubs, with sanitizers): jobs by cores and by memory.
build_jobs() {
  local cores available by_memory
  cores=$(nproc)
  available=$(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo)
  by_memory=$((available / 1200000))
  ((by_memory < 1)) && by_memory=1
  printf '%d' $((cores < by_memory ? cores : by_memory))
}

# build_preset PRESET [TARGET...]: in the source directory.
build_preset() {
  local preset=$1
  shift
  export CCACHE_DIR=${CCACHE_DIR:-$PWD/.cache/ccache}
  export CCACHE_BASEDIR=${CCACHE_BASEDIR:-$PWD} CCACHE_NOHASHDIR=1
  cmake --preset "$preset" || return
  if (($# > 0)); then
    cmake --build --preset "$preset" -j "$(build_jobs)" --target "$@"
  else
    cmake --build --preset "$preset" -j "$(build_jobs)"
  fi
}
