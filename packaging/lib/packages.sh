# packages.sh: which Debian packages the project needs, and how the missing ones are installed.
#
# The one list: packaging/quickstart, tests/run and debian/control follow it. Needs say.sh.

# To compile. Why each: third_party/README.md.
packages_to_build=(
  g++ cmake ninja-build pkg-config ccache
  libexpected-dev nlohmann-json3-dev libsqlite3-dev libssl-dev libzstd-dev
  libarchive-dev libgit2-dev libyaml-cpp-dev libmnl-dev libnftables-dev libnghttp2-dev
  libgrpc++-dev libprotobuf-dev protobuf-compiler protobuf-compiler-grpc
  golang-github-containerd-containerd-dev
  libgtest-dev libgmock-dev)

# To run an instance: containers, ssh, git, and mmdebstrap for the stack.
packages_to_run=(
  containerd runc openssh-server openssh-client git ca-certificates curl
  mmdebstrap debian-archive-keyring xz-utils zstd e2fsprogs iproute2 nftables)

# The shells and the formatter are there for completion and the manual page, grpcio as a client,
# a browser for the set-up page, dpkg-dev, lintian and systemd for the package and its units.
packages_to_test=(python3 python3-grpcio zsh fish mandoc man-db groff-base openssl
  dpkg-dev lintian systemd chromium)
packages_to_tidy=(clang clang-tidy python3)

# Prints those of its arguments that are not installed, one per line.
packages_missing() {
  local name status
  for name in "$@"; do
    status=$(dpkg-query -W -f='${db:Status-Status}\n' "$name" 2>/dev/null | head -n 1)
    [[ $status == installed ]] && continue
    # Docker's own packages bring containerd and runc under another name.
    if [[ $name == containerd || $name == runc ]] && packages_has_dockers; then continue; fi
    printf '%s\n' "$name"
  done
}

packages_has_dockers() {
  [[ $(dpkg-query -W -f='${db:Status-Status}' containerd.io 2>/dev/null) == installed ]]
}

# packages_install LOG NAME...: installs what is missing; waits for another apt and says so.
packages_install() {
  local log=$1 missing
  shift
  mapfile -t missing < <(packages_missing "$@")
  ((${#missing[@]} == 0)) && return 0
  if ((EUID != 0)); then
    say_trouble_and_exit "Debian packages are missing: ${missing[*]}" \
      "Only root can install them. Run this with sudo, or first:" \
      "sudo apt-get install --no-install-recommends ${missing[*]}"
  fi
  packages_wait_for_lock
  run_phase "Installing ${#missing[@]} Debian packages" "$log" packages_apt "${missing[@]}"
}

# Services that come with the packages (containerd, sshd) are not started: we run our own.
packages_apt() (
  export DEBIAN_FRONTEND=noninteractive
  policy=/usr/sbin/policy-rc.d
  if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 0755 "$policy"
    trap 'rm -f "$policy"' EXIT
  fi
  options=(-o DPkg::Lock::Timeout=1800 -o Acquire::Retries=3 -o Dpkg::Use-Pty=0)
  apt-get "${options[@]}" update &&
    apt-get "${options[@]}" install -y --no-install-recommends "$@"
)

# Says who holds apt's lock. The waiting itself is apt's own (DPkg::Lock::Timeout).
packages_wait_for_lock() {
  local holder
  holder=$(packages_lock_holder)
  if [[ -n $holder ]]; then
    say_trouble "Another program installs packages now ($holder); waiting up to 30 minutes."
    say_trouble "To see what it does: ps -fp ${holder##* }"
  fi
}

# Prints "apt-get, process 123" for the holder of dpkg's or apt's lock, nothing when it is free.
apt_locks=(/var/lib/dpkg/lock-frontend /var/lib/dpkg/lock /var/lib/apt/lists/lock)
packages_lock_holder() {
  local file inode pid
  for file in "${apt_locks[@]}"; do
    inode=$(stat -c %i "$file" 2>/dev/null) || continue
    pid=$(awk -v inode="$inode" \
      '{ split($6, id, ":"); if (id[3] == inode) { print $5; exit } }' /proc/locks)
    if [[ -n $pid ]]; then
      printf '%s, process %s' "$(cat "/proc/$pid/comm" 2>/dev/null)" "$pid"
      return
    fi
  done
}
