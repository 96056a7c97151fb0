# remains.sh: what an instance leaves outside of its directory, and how to remove and to list it.
#
# Uses root and name; for the installed instance, which is not all below one root, run and state
# too. Found by looking at the machine, not by asking dokkud: stop must also work when nothing of
# the product does. Networks are named in runtime/network, containers in
# runtime/containerd.

run_dir() { printf '%s' "${run:-$root/run}"; }
state_dir_of_instance() { printf '%s' "${state:-$root/lib}"; }

watched_sysctls=(net.ipv4.ip_forward net.ipv6.conf.all.forwarding net.ipv4.conf.all.rp_filter
  net.ipv4.conf.all.route_localnet net.ipv4.conf.default.rp_filter kernel.core_pattern)

# alone_on_the_machine COMMAND...: instances come and go side by side; users, settings and the list
# of instances, which all share, are changed by one at a time.
alone_on_the_machine() { (flock 7 && "$@") 7</run; }

# The first instance of a machine notes the settings that it may change; the last one restores them.
remember_machine() {
  install -d -m 0755 "$instances_dir"
  printf '%s\n' "$root" >"$instances_dir/$name"
  [[ -e $instances_dir/.sysctls ]] || read_sysctls >"$instances_dir/.sysctls"
}

# The name under which an instance in $root stands in the list.
registered_name() {
  local file
  file=$(grep -lxF -- "$root" "$instances_dir"/* 2>/dev/null) && printf '%s' "${file##*/}"
}

read_sysctls() {
  local key file
  for key in "${watched_sysctls[@]}"; do
    file=/proc/sys/${key//.//}
    [[ -r $file ]] && printf '%s=%s\n' "$key" "$(<"$file")"
  done
}

restore_machine() {
  local key value
  rm -f "$instances_dir/$name"
  [[ -d $instances_dir && -z $(ls "$instances_dir" 2>/dev/null) ]] || return 0
  while IFS='=' read -r key value; do
    [[ $(<"/proc/sys/${key//.//}") == "$value" ]] || printf '%s' "$value" >"/proc/sys/${key//.//}"
  done <"$instances_dir/.sysctls"
  [[ ! -e $instances_dir/.made-run-sshd ]] || rmdir /run/sshd 2>/dev/null
  rmdir /run/containerd/s /run/containerd 2>/dev/null
  rm -rf "$instances_dir"
}

# Prints the processes of this instance: those in its cgroup, those that execute a program of its
# directory, and containerd, shims, sshd and git that were told its directory.
instance_processes() {
  local pid exe line
  while read -r pid exe; do
    pid=${pid#/proc/}
    [[ $pid != "$$" && -n $exe ]] || continue
    if [[ $exe == "$root"/* ]] || in_our_cgroup "$pid"; then
      echo "$pid"
    elif [[ ${exe##*/} =~ ^(containerd|runc|sshd|git|mmdebstrap|perl) ]]; then
      { mapfile -d '' -t line <"/proc/$pid/cmdline"; } 2>/dev/null
      [[ " ${line[*]:-}" == *[\ =]@("$root/"|"$(run_dir)/")* ]] && echo "$pid"
    fi
  done < <(find /proc -maxdepth 2 -path '/proc/[0-9]*/exe' -printf '%h %l\n' 2>/dev/null)
}

in_our_cgroup() {
  local line ours
  ours=/$cgroup
  while read -r line; do
    line=${line#*:*:}
    [[ $line == "$ours" || $line == "$ours/"* ]] && return 0
  done 2>/dev/null <"/proc/$1/cgroup"
  return 1
}

# Names as in server/model/instance.h.
set_names() { [[ $name == dokku ]] && cgroup=dokku || cgroup=dokku-$name; }

# Prints a process and all below it.
with_descendants() {
  local child
  echo "$1"
  for child in $(cat "/proc/$1"/task/*/children 2>/dev/null); do with_descendants "$child"; done
}

remove_remains() {
  local round left
  # containerd first: nothing shall start again what ends next. Two rounds, since what was starting
  # in the first is seen in the second.
  for round in 1 2; do
    mapfile -t left < <(instance_processes)
    ((${#left[@]} == 0)) && break
    end_processes "${left[@]}"
  done
  rm -f "$(run_dir)"/*.pid "$(run_dir)"/*.sock
  remove_mounts
  remove_network
  remove_cgroups
  local folder
  folder=$(run_dir)
  rm -rf --one-file-system "${folder:?}"
}

mounts_below_root() {
  awk -v root="$root/" -v run="$(run_dir)/" \
    'index($5, root) == 1 || index($5, run) == 1 { print $5 }' /proc/self/mountinfo | sort -ru
}

remove_mounts() {
  local point
  while read -r point; do
    umount "$point" 2>/dev/null || umount -l "$point"
  done < <(mounts_below_root)
}

remove_network() {
  local item
  for item in $(instance_namespaces); do ip netns delete "$item"; done
  for item in $(instance_links); do ip link delete "$item" 2>/dev/null; done
  for item in $(instance_addresses); do ip address delete "$item" dev lo; done
  for item in $(instance_routes); do ip route delete unreachable "$item"; done
  for item in $(instance_tables); do nft delete table "${item%%/*}" "${item#*/}"; done
  instance_foreign_rules | while read -r item; do nft delete rule $item; done
}

# Namespaces are mounts below ROOT/run; this finds only what a person made by the same name.
instance_namespaces() { ls /run/netns 2>/dev/null | grep -E "^$cgroup[.-]"; }
instance_links() { ls /sys/class/net | grep -E "^(dk|dokku)-?$name[.-]"; }
instance_tables() {
  nft list tables 2>/dev/null | awk -v ours="dokku_$name" '$3 == ours { print $2 "/" $3 }'
}

# The gateway's address, which the subnet file keeps beside the range: "10.83.0.0/20 169.254.1.1".
# Without our table they are another instance's, which took them while this one was down.
instance_addresses() {
  local gateway
  [[ -n $(instance_tables) ]] || return 0
  read -r _ gateway <"$(state_dir_of_instance)/network/subnet" || return 0
  [[ -n $(ip -o address show dev lo to "$gateway") ]] && printf '%s/32\n' "$gateway"
} 2>/dev/null

# The route that ends packets to containers that are gone.
instance_routes() {
  local range
  [[ -n $(instance_tables) ]] || return 0
  read -r range _ <"$(state_dir_of_instance)/network/subnet" || return 0
  [[ -n $(ip route show type unreachable "$range") ]] && printf '%s\n' "$range"
} 2>/dev/null

# Rules that let our links pass in chains of others (Docker's, ufw's), as arguments of nft.
instance_foreign_rules() {
  nft -a list ruleset 2>/dev/null | awk -v mark="comment \"dokku_$name\"" '
    $1 == "table" { table = $2 " " $3 } $1 == "chain" { chain = $2 }
    index($0, mark) { print table, chain, "handle", $NF }'
}

instance_cgroups() {
  local top
  for top in /sys/fs/cgroup /sys/fs/cgroup/*; do
    [[ -d $top/$cgroup ]] && printf '%s\n' "$top/$cgroup"
  done
}

remove_cgroups() {
  local top
  for top in $(instance_cgroups); do
    find "$top" -depth -type d -exec rmdir {} + 2>/dev/null
  done
}

inventory_of_instance() {
  local pid
  for pid in $(instance_processes); do
    printf 'process %s %s\n' "$pid" "$(tr '\0' ' ' <"/proc/$pid/cmdline" | cut -c1-120)"
  done
  mounts_below_root | sed 's/^/mount /'
  instance_namespaces | sed 's/^/netns /'
  instance_links | sed 's/^/link /'
  instance_tables | sed 's/^/nftables /'
  instance_foreign_rules | sed 's/^/rule /'
  instance_addresses | sed 's/^/address /'
  instance_routes | sed 's/^/route /'
  instance_cgroups | sed 's/^/cgroup /'
  [[ ! -e $instances_dir/$name ]] || printf 'registered %s\n' "$name"
}

# Sorted and without process ids, so that two of them can be compared. What is absent is no failure.
inventory_of_machine() {
  local dir exe uid
  {
    for dir in /proc/[0-9]*; do
      exe=$(readlink "$dir/exe" 2>/dev/null) || continue
      uid=$(stat -c %U "$dir" 2>/dev/null)
      if [[ ${exe##*/} =~ ^(dokku|containerd|runc|sshd) || $uid == dokku || $uid == 32767 ]]; then
        printf 'process %s %s\n' "$uid" "${exe% (deleted)}"
      fi
    done
    awk '{ print "mount " $5 }' /proc/self/mountinfo
    readlink /proc/[0-9]*/ns/net 2>/dev/null | sort -u |
      awk 'END { print "network-namespaces " NR }'
    ls /run/netns 2>/dev/null | sed 's/^/netns /'
    ls /sys/class/net | sed 's/^/link /'
    ip -o address 2>/dev/null | awk '{ print "address " $2 " " $4 }'
    ip -o rule 2>/dev/null | sed 's/^/rule /'
    ip -o route show table all 2>/dev/null | sed 's/^/route /'
    nft -s list ruleset 2>/dev/null | sed 's/^/nftables /'
    ls -d /sys/fs/cgroup/dokku* /sys/fs/cgroup/*/dokku* 2>/dev/null | sed 's/^/cgroup /'
    read_sysctls | sed 's/^/sysctl /'
    getent passwd dokku dokku-proxy | sed 's/^/user /'
    [[ ! -d $instances_dir ]] || printf 'directory %s\n' "$instances_dir"
  } | LC_ALL=C sort
}
