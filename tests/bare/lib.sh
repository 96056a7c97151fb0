# lib.sh: a bare Debian beside this one: a minimal root, and a network namespace of its own with
# forwarding off. Needs say.sh; uses source_dir, suite, bare (the root's folder), space (the
# namespace's name, which also names its links and rules) and net (the third number of its range).

# make_root [PACKAGES...]: minbase and what is named.
make_root() {
  local packages=ca-certificates
  (($# == 0)) || packages+=$(printf ',%s' "$@")
  mkdir -p "$bare"
  say_step "Making a bare $suite in $bare"
  # What is installed there is thrown away.
  mmdebstrap --quiet --variant=minbase --dpkgopt=force-unsafe-io --include="$packages" "$suite" \
    "$bare" http://deb.debian.org/debian || return
  printf 'deb http://deb.debian.org/debian %s main\n' "$suite" >"$bare/etc/apt/sources.list"
  hand_over_certificates
}

# A machine behind a company's own authority stays one, and so does one behind a proxy.
hand_over_certificates() {
  cp /usr/local/share/ca-certificates/*.crt "$bare/usr/local/share/ca-certificates/" 2>/dev/null &&
    chroot "$bare" update-ca-certificates >/dev/null 2>&1
  cp -L /etc/resolv.conf /etc/hosts "$bare/etc/"
}

# The namespace reaches the world through the host: a pair of links and a masquerade of our own.
make_network() {
  ip netns add "$space" &&
    ip link add "$link" type veth peer name eth0 netns "$space" &&
    ip addr add "198.18.$net.1/30" dev "$link" && ip link set "$link" up mtu "$(uplink_mtu)" &&
    ip -n "$space" addr add "198.18.$net.2/30" dev eth0 &&
    ip -n "$space" link set eth0 up mtu "$(uplink_mtu)" && ip -n "$space" link set lo up &&
    ip -n "$space" route add default via "198.18.$net.1" || return
  forwarding=$(</proc/sys/net/ipv4/ip_forward)
  echo 1 >/proc/sys/net/ipv4/ip_forward
  nft -f - <<RULES
table ip $table {
  chain out { type nat hook postrouting priority 100; ip saddr 198.18.$net.0/30 masquerade; }
}
RULES
}

set_network_names() { link=${space//-/} table=${space//-/_}; }

uplink_mtu() {
  local device
  device=$(ip -o route get 192.0.2.1 | sed "s/.* dev \([^ ]*\).*/\1/")
  cat "/sys/class/net/$device/mtu"
}

# Not `ip netns exec`, which hides /sys/fs/cgroup behind a /sys of its own.
run_inside() {
  nsenter --net="/run/netns/$space" unshare --mount --pid --fork --kill-child --uts --ipc \
    bash -c "$(declare -f mount_machine inside); inside \"\$@\"" inside "$bare" "$@"
}

# In namespaces of its own: mounts as a machine has them, then the command in the bare root.
inside() {
  local bare=$1
  shift
  mount_machine "$bare"
  mount --rbind /sys/fs/cgroup "$bare/sys/fs/cgroup"
  exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
    TERM=dumb LANG=C.UTF-8 chroot "$bare" sh -c 'cd /src && exec "$@"' sh "$@"
}

# The same with systemd as its first process, and cgroups as if there were no others.
boot_inside() {
  enter_cgroup
  nsenter --net="/run/netns/$space" \
    unshare --mount --pid --fork --kill-child --uts --ipc --cgroup \
    bash -c "$(declare -f mount_machine booted); booted \"\$@\"" booted "$bare"
}

booted() {
  local bare=$1 group
  mount_machine "$bare"
  if [[ -e /sys/fs/cgroup/cgroup.controllers ]]; then
    mount -t cgroup2 cgroup2 "$bare/sys/fs/cgroup"
  else
    mount -t tmpfs tmpfs "$bare/sys/fs/cgroup"
    for group in $(awk 'NR > 1 && $4 { print $1 }' /proc/cgroups); do
      mkdir "$bare/sys/fs/cgroup/$group" &&
        mount -t cgroup -o "$group" cgroup "$bare/sys/fs/cgroup/$group"
    done 2>/dev/null
    mkdir -p "$bare"/sys/fs/cgroup/{systemd,unified}
    mount -t cgroup -o none,name=systemd cgroup "$bare/sys/fs/cgroup/systemd"
    mount -t cgroup2 cgroup2 "$bare/sys/fs/cgroup/unified"
  fi
  exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    chroot "$bare" /lib/systemd/systemd --system
}

# This process and all that it starts go into a group named after the machine.
enter_cgroup() {
  local top setting
  for top in /sys/fs/cgroup /sys/fs/cgroup/*; do
    [[ -e $top/cgroup.procs && ! -L $top ]] && mkdir -p "$top/$space" || continue
    for setting in cpuset.cpus cpuset.mems; do
      [[ ! -e $top/$setting ]] || cat "$top/$setting" >"$top/$space/$setting"
    done
    echo "$BASHPID" >"$top/$space/cgroup.procs"
  done 2>/dev/null
}

leave_cgroup() {
  local top
  for top in /sys/fs/cgroup /sys/fs/cgroup/*; do
    [[ -d $top/$space ]] || continue
    find "$top/$space" -depth -type d -exec rmdir {} +
  done 2>/dev/null
}

mount_machine() {
  local bare=$1 node
  mount --make-rprivate /
  mount --bind "$bare" "$bare"
  mount -t proc proc "$bare/proc"
  mount -t sysfs sysfs "$bare/sys"
  mount -t tmpfs -o mode=0755 tmpfs "$bare/dev"
  for node in null zero full random urandom tty; do
    touch "$bare/dev/$node" && mount --bind "/dev/$node" "$bare/dev/$node"
  done
  mkdir -p "$bare"/dev/{pts,shm}
  mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$bare/dev/pts"
  ln -s pts/ptmx "$bare/dev/ptmx" && ln -s /proc/self/fd "$bare/dev/fd"
  mount -t tmpfs -o mode=1777 tmpfs "$bare/dev/shm"
  mount -t tmpfs -o mode=0755 tmpfs "$bare/run"
}

leave_network() {
  [[ -z ${forwarding:-} ]] || echo "$forwarding" >/proc/sys/net/ipv4/ip_forward
  nft delete table ip "$table" 2>/dev/null
  ip link delete "$link" 2>/dev/null
  ip netns delete "$space" 2>/dev/null
}
