# preflight.sh: what must be true of a machine before the quickstart begins; each trouble is one
# sentence and a way on. Needs say.sh and packages.sh; uses root, http_port and ssh_port.

memory_min_kb=1400000  # sold as 1.5 GB
[[ -z ${DOKKU_LITTLE_MEMORY:-} ]] || memory_min_kb=0
disk_min_kb=6000000
os_release=/etc/os-release
keyrings=/usr/share/keyrings

preflight() {
  preflight_root
  preflight_debian
  preflight_memory
  preflight_place
  preflight_kernel
  preflight_ports
  preflight_firewalls
}

preflight_root() {
  ((EUID == 0)) || say_trouble_and_exit \
    "This needs root: it installs packages and runs containers." \
    "Type: sudo $0 $*"
  local effective
  effective=$((16#$(awk '/^CapEff:/ { print $2 }' /proc/self/status)))
  (((effective >> 21) & 1 && (effective >> 12) & 1)) || say_trouble_and_exit \
    "This root may neither mount nor set up networks: probably an unprivileged container." \
    "Run it in a virtual machine, or start the container with --privileged."
}

preflight_debian() {
  local id version
  id=$(. "$os_release" && echo "$ID") version=$(. "$os_release" && echo "${VERSION_ID:-}")
  [[ $id == debian && ($version == 12 || $version == 13) ]] && return 0
  [[ -n ${DOKKU_ANY_SYSTEM:-} ]] && return 0
  say_trouble_and_exit "This is $id $version; Debian 12 (bookworm) and 13 (trixie) are supported." \
    "Use one of them, or try it here all the same: DOKKU_ANY_SYSTEM=1 $0"
}

preflight_memory() {
  local total
  total=$(awk '/^MemTotal:/ { print $2 }' /proc/meminfo)
  ((total >= memory_min_kb)) || say_trouble_and_exit \
    "There are $((total / 1024)) MB of memory; compiling takes 1.5 GB." \
    "Give the machine more, or add swap: fallocate -l 2G /swap && mkswap /swap && swapon /swap" \
    "and then: DOKKU_LITTLE_MEMORY=1 $0"
}

# The nearest directory of a path that exists.
existing_parent() {
  local folder=$1
  while [[ ! -d $folder ]]; do folder=$(dirname "$folder"); done
  printf '%s' "$folder"
}

preflight_place() {
  local folder free
  for folder in "$root" "$PWD"; do
    folder=$(existing_parent "$folder")
    free=$(df -Pk "$folder" | awk 'NR == 2 { print $4 }')
    [[ -e $root/instance.json ]] || ((free >= disk_min_kb)) || say_trouble_and_exit \
      "The disk of $folder has $((free / 1024)) MB left; 6 GB are needed." \
      "Make room (apt-get clean, journalctl --vacuum-size=100M), or choose a place: --root DIR"
  done
}

preflight_kernel() {
  grep -qw overlay /proc/filesystems || modprobe overlay 2>/dev/null || say_trouble_and_exit \
    "This kernel has no overlayfs, which containers are built on." \
    "Install Debian's own kernel (apt-get install linux-image-amd64) and reboot."
  [[ -e /sys/fs/cgroup/cgroup.controllers || -d /sys/fs/cgroup/memory ]] || say_trouble_and_exit \
    "There are no control groups at /sys/fs/cgroup, which limit what apps may use." \
    "Mount them: mount -t cgroup2 none /sys/fs/cgroup"
  [[ -c /dev/net/tun || -d /proc/sys/net/ipv4 ]] || say_trouble_and_exit \
    "This machine has no IPv4." "Load it, or use another machine."
}

# Prints who listens on a TCP port, "another process" when it cannot be told; fails when free.
port_holder() {
  local hex inode dir
  hex=$(printf '%04X' "$1")
  inode=$(awk -v port="$hex" 'FNR > 1 && $4 == "0A" { split($2, a, ":")
    if (a[2] == port) { print $10; exit } }' /proc/net/tcp /proc/net/tcp6 2>/dev/null)
  [[ -n $inode ]] || return 1
  for dir in /proc/[0-9]*; do
    if ls -l "$dir/fd" 2>/dev/null | grep -qF "socket:[$inode]"; then
      printf '%s (process %s)' "$(<"$dir/comm")" "${dir#/proc/}"
      return 0
    fi
  done
  printf 'another process'
}

preflight_ports() {
  [[ -e $root/run/dokku.sock ]] && return 0
  local which port holder
  for which in http https ssh; do
    local -n port_of=${which}_port
    port=$port_of
    [[ -n $port ]] || continue
    holder=$(port_holder "$port") || continue
    say_trouble_and_exit "Port $port is taken by $holder." \
      "Choose another: $0 --$which-port $((port + 1))"
  done
}

# Not an obstacle: the instance's own rules let its traffic through. Said, so that nobody wonders.
preflight_firewalls() {
  local found=()
  [[ -e /run/docker.sock ]] && found+=(Docker)
  [[ -r /etc/ufw/ufw.conf ]] && grep -q '^ENABLED=yes' /etc/ufw/ufw.conf && found+=(ufw)
  [[ -e /run/firewalld ]] && found+=(firewalld)
  ((${#found[@]} == 0)) ||
    say_detail "found ${found[*]}: its rules stay, ours let the apps' traffic pass beside them"
}

# Debian 12's first keyring does not know trixie, of which the stack is made.
ensure_trixie_key() {
  local log=$1
  ls "$keyrings"/debian-archive-trixie-*.gpg >/dev/null 2>&1 && return 0
  run_phase "Updating Debian's keys (the stack is made of trixie)" "$log" \
    packages_apt debian-archive-keyring
  ls "$keyrings"/debian-archive-trixie-*.gpg >/dev/null 2>&1 || say_trouble_and_exit \
    "There is no key of Debian 13 (trixie), of which the stack is made." \
    "Install a newer debian-archive-keyring (2023.3+deb12u2 or later)."
}
