# system.sh: what an installation does to the machine: users, directories, the copy that runs, the
# daemons, the first key. Sourced by the package's maintainer scripts (POSIX sh, set -e).
#
# Everything here may be repeated: what is there stays as it is.

package_dir=/usr/lib/dokku
state_dir=/var/lib/dokku
home_dir=/home/dokku
versions_dir=$state_dir/versions
config_file=/etc/dokku/instance.json
public_units='dokku.service dokku-proxy.service'
enabled_units="$public_units dokku-upgrade.service"
all_units="$public_units dokku-containerd.service dokku-apps.service"

say() { printf '       %s\n' "$*" >&2; }
say_title() { printf '=====> %s\n' "$*" >&2; }
say_trouble() { printf ' !     %s\n' "$*" >&2; }

systemd_runs() { [ -d /run/systemd/system ]; }
running_dir() { printf '%s' "$versions_dir/current"; }
supervise() { "$(running_dir)/dokku-supervise" --config "$config_file" "$@"; }
commands_are_answered() { "$package_dir/dokku" version >/dev/null 2>&1; }

make_users() {
  # /bin/sh: sshd runs the forced command through it, and it reads no start files.
  make_user dokku "$home_dir" /bin/sh
  make_user dokku-proxy /nonexistent /usr/sbin/nologin
  getent group dokku-admins >/dev/null || groupadd --system dokku-admins
  # A password field that begins with "!" locks the account for sshd without PAM, keys included;
  # "*" forbids passwords alone.
  case $(getent shadow dokku | cut -d: -f2) in '!'*) usermod --password '*' dokku ;; esac
}

make_user() {
  if getent passwd "$1" >/dev/null; then
    # One that a quickstart made has no home.
    [ "$(getent passwd "$1" | cut -d: -f6)" = "$2" ] || usermod --home "$2" "$1"
    return 0
  fi
  useradd --system --user-group --no-create-home --home-dir "$2" --shell "$3" \
    --password '*' --comment 'dokku' "$1"
}

# docs/architecture.md says who may write what.
make_directories() {
  install -d -m 0755 /etc/dokku "$home_dir" "$home_dir/.ssh" /run/dokku "$versions_dir"
  install -d -m 0711 "$state_dir"
  install -d -m 0700 -o dokku -g dokku "$state_dir/git"
  install -d -m 0700 "$state_dir/containerd"
  install -d -m 0700 -o dokku-proxy -g dokku-proxy "$state_dir/proxy"
  install -d -m 0750 /var/log/dokku
  install -d -m 0750 -o dokku-proxy -g adm /var/log/dokku-proxy
}

# The programs that run are a copy: dpkg's are replaced one by one, and the old ones are the way
# back. place_version VERSION; sets $placed to the name of its folder. One that is there is never
# changed: a developer builds the same version again, and that is another one.
place_version() {
  placed=$1
  number=1
  while [ -d "$versions_dir/$placed" ] && ! is_package "$versions_dir/$placed"; do
    number=$((number + 1))
    placed=$1.$number
  done
  if [ ! -d "$versions_dir/$placed" ]; then
    rm -rf "$versions_dir/new"
    cp -a "$package_dir" "$versions_dir/new"
    mv -T "$versions_dir/new" "$versions_dir/$placed"
  fi
  [ -e "$(running_dir)/dokkud" ] || lead_to "$placed"
}

is_package() { diff -qr --no-dereference "$package_dir" "$1" >/dev/null 2>&1; }

# The link moves in one step.
lead_to() {
  ln -sfn "$1" "$versions_dir/current.new"
  mv -Tf "$versions_dir/current.new" "$versions_dir/current"
}

write_config() {
  [ ! -e "$config_file" ] || return 0
  cat >"$config_file.new" <<JSON
{
  "name": "dokku",
  "helpers_dir": "$versions_dir/current",
  "http_port": 80,
  "https_port": 443,
  "ssh_port": $(sshd_port),
  "private_containerd": true,
  "containerd_socket": "/run/dokku/containerd.sock",
  "cgroup": "/dokku.slice/dokku-apps.service",
  "prepare_stack": true
}
JSON
  chmod 0644 "$config_file.new"
  mv "$config_file.new" "$config_file"
}

# What the host's sshd listens on; 22 when it cannot say.
sshd_port() {
  port=$(sshd -T 2>/dev/null | sed -n 's/^port //p' | head -n 1) || true
  printf '%s' "${port:-22}"
}

# The drop-in counts from the next connection on.
reload_sshd() {
  [ -d /run/sshd ] || install -d -m 0755 /run/sshd
  if ! sshd -t 2>/dev/null; then
    say_trouble "sshd's configuration is not valid, so it was not reloaded. See: sshd -t"
  elif systemd_runs; then
    systemctl reload ssh.service 2>/dev/null || true
  elif [ -r /run/sshd.pid ]; then
    kill -HUP "$(cat /run/sshd.pid)" 2>/dev/null || true
  fi
}

# What an administrator forbids (policy-rc.d, as in an image that is being built) is not started.
may_start() {
  [ -x /usr/sbin/policy-rc.d ] || return 0
  status=0
  /usr/sbin/policy-rc.d dokku start >/dev/null 2>&1 || status=$?
  [ "$status" != 101 ]
}

enable_units() {
  command -v deb-systemd-helper >/dev/null || return 0
  for unit in $enabled_units; do
    deb-systemd-helper unmask "$unit" >/dev/null || true
    if deb-systemd-helper --quiet was-enabled "$unit"; then
      deb-systemd-helper enable "$unit" >/dev/null || true
    else
      deb-systemd-helper update-state "$unit" >/dev/null || true
    fi
  done
}

start_daemons() {
  # Said before a start that fails because of it.
  for port in 80 443; do
    if port_is_taken "$port"; then say_trouble "Another program listens on port $port: $holder"; fi
  done
  if systemd_runs; then
    systemctl --system daemon-reload || true
    deb-systemd-invoke start $public_units || true
  else
    supervise --start || true
  fi
}

# Ours do not count: this is also an upgrade. Sets $holder.
port_is_taken() {
  holder=$(ss -Hltnp "sport = :$1" 2>/dev/null |
    sed -n 's/.*users:((\("[^"]*",pid=[0-9]*\).*/\1/p' | head -n 1)
  case $holder in '' | *dokku-proxy*) return 1 ;; esac
}

# The version that runs minds the change to the next, and takes its place again when that is no
# good (docs/operate.md, Upgrade). One that does not run has nothing to hand over.
take_up_new_version() {
  if systemd_runs; then systemctl --system daemon-reload || true; fi
  running=$(readlink "$(running_dir)" || true)
  if [ "$running" = "$placed" ] || ! commands_are_answered; then
    lead_to "$placed"
    start_daemons
    return 0
  fi
  supervise --upgrade "$placed" >&2 ||
    say_trouble "The package is installed, and $running runs on. Try again: dpkg-reconfigure dokku"
}

stop_daemons() {
  if systemd_runs; then
    deb-systemd-invoke stop $all_units || true
  elif [ -x "$(running_dir)/dokku-supervise" ]; then
    supervise --stop || true
  fi
}

# import_keys FILE: each key of an authorized_keys file, without its options, for admins. Only when
# dokku knows none yet. Sets $imported to their number.
import_keys() {
  imported=0
  [ -s "$1" ] || return 0
  grep -oE '(ssh-(rsa|ed25519)|ecdsa-sha2-[a-z0-9-]+|sk-[a-z0-9@.-]+) AAAA[A-Za-z0-9+/=]+.*' "$1" |
    while read -r key; do
      number=$((${number:-0} + 1))
      name=admin
      [ "$number" = 1 ] || name=admin-$number
      printf '%s\n' "$key" | "$package_dir/dokku" ssh-keys:add "$name" >/dev/null 2>&1 || continue
      echo "$number"
    done >/run/dokku/imported || true
  imported=$(wc -l </run/dokku/imported)
  rm -f /run/dokku/imported
}

knows_a_key() { [ -n "$("$package_dir/dokku" ssh-keys:list 2>/dev/null | grep -v '^ !')" ]; }

# Of whoever types: sudo's caller first, then root.
authorized_keys_of_the_admin() {
  for user in "${SUDO_USER:-}" root; do
    [ -n "$user" ] || continue
    file=$(getent passwd "$user" | cut -d: -f6)/.ssh/authorized_keys
    [ ! -s "$file" ] || { printf '%s' "$file"; return 0; }
  done
}

# The address by which this machine reaches the world, and so probably the other way round.
address_of_machine() {
  for probe in 192.0.2.1 2001:db8::1; do
    address=$(ip -o route get "$probe" 2>/dev/null | sed -n 's/.* src \([^ ]*\).*/\1/p' | head -n 1)
    [ -z "$address" ] || break
  done
  printf '%s' "${address:-localhost}"
}

# Prints why a domain does not lead here; nothing when it does.
trouble_with_dns() {
  for name in "$1" "any-app.$1"; do
    found=$(getent ahosts "$name" | cut -d' ' -f1 | sort -u | tr '\n' ' ') || true
    if [ -z "$found" ]; then
      printf '%s has no address in the DNS' "$name"
      return 0
    fi
    case " $found" in *" $2 "*) ;; *) printf '%s leads to %s' "$name" "$found"; return 0 ;; esac
  done
}

# say_how_it_stands: the address, what is missing, and the command that adds it.
say_how_it_stands() {
  address=$(address_of_machine)
  if ! commands_are_answered; then
    say_trouble "dokku is installed but does not answer."
    if systemd_runs; then say_trouble "See: systemctl status dokku dokku-proxy"
    else say_trouble "See: /var/log/dokku. Start: dokku-supervise --config $config_file --start"
    fi
    return 0
  fi
  say_title "dokku answers at http://$address/ and ssh dokku@$address"
  domain=$("$package_dir/dokku" domains:report --global --domains-global-vhosts 2>/dev/null) || true
  if [ -n "$domain" ]; then
    trouble=$(trouble_with_dns "${domain%% *}" "$address")
    [ -z "$trouble" ] || say_trouble "Missing in the DNS: ${domain%% *} and *.${domain%% *}" \
      "have to lead to $address; now $trouble."
  else
    say_trouble "Missing: a domain (apps are reached by ports until then)."
    say_trouble "Add it: dokku domains:set-global DOMAIN    (DNS: DOMAIN and *.DOMAIN to $address)"
  fi
  if ! knows_a_key; then
    say_trouble "Missing: an ssh key that may push."
    say_trouble "Add it: dokku ssh-keys:add NAME /path/to/key.pub"
    say_trouble "Or domain and key in a browser: dokku setup --browser"
  fi
  [ -e /run/sshd.pid ] || systemd_runs ||
    say_trouble "sshd does not run. Start it: service ssh start"
  say "Then, in a repository with an app:  git push dokku@$address:my-app main"
}
