# daemons.sh: starting and ending the programs of one instance. Sourced by packaging/instance.
#
# Uses its variables root, name, http_port, https_port, ssh_port. Each daemon has its own session and a file
# ROOT/run/NAME.pid with "PID START-TIME", so that a number that was given away again is not killed.

instances_dir=/run/dokku-instances

start_time_of() {
  local stat
  { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
  stat=${stat##*) }
  # shellcheck disable=SC2086
  set -- $stat
  printf '%s' "${20}"
}

# Prints the process id of a daemon that runs, else fails. dokkud writes containerd's file itself.
daemon_pid() {
  local pid='' begun=''
  [[ -r $root/run/$1.pid ]] || return 1
  read -r pid begun <"$root/run/$1.pid"
  [[ -n $pid ]] || return 1
  is_running "$pid" || return 1
  [[ -z $begun || $(start_time_of "$pid") == "$begun" ]] || return 1
  printf '%s' "$pid"
}

# start_daemon NAME COMMAND...
start_daemon() {
  local daemon=$1 pid
  shift
  daemon_pid "$daemon" >/dev/null && return 0
  # Descriptor 9 is the quickstart's lock: a daemon must not keep it.
  (cd / && exec setsid "$@" </dev/null >>"$root/log/$daemon.log" 2>&1 9>&-) &
  pid=$!
  printf '%s %s\n' "$pid" "$(start_time_of "$pid")" >"$root/run/$daemon.pid"
}

# wait_until WHAT DAEMON SECONDS COMMAND...: asks again until COMMAND succeeds; gives up when the
# daemon has ended or the time is over.
wait_until() {
  local what=$1 daemon=$2 deadline=$(($(now_ms) + $3 * 1000))
  shift 3
  until "$@" >/dev/null 2>&1; do
    if ! daemon_pid "$daemon" >/dev/null; then
      say_trouble "$daemon ended at once. The last lines of $root/log/$daemon.log:"
      tail -n 15 "$root/log/$daemon.log" | sed 's/^/       /' >&2
      return 1
    fi
    if (($(now_ms) > deadline)); then
      say_trouble "$daemon runs but $what. The last lines of $root/log/$daemon.log:"
      tail -n 15 "$root/log/$daemon.log" | sed 's/^/       /' >&2
      return 1
    fi
    read -r -t 0.03 <> <(:) || true
  done
}

instance_answers() {
  [[ -S $root/run/dokku.sock ]] && DOKKU_SOCKET=$root/run/dokku.sock "$root/bin/dokku" version
} >/dev/null 2>&1

port_answers() { : 2>/dev/null <>"/dev/tcp/127.0.0.1/$1"; }

start_sshd() {
  local key=$root/ssh/host_ed25519
  # sshd insists on this directory, even with a configuration of its own.
  [[ -d /run/sshd ]] || { install -d -m 0755 /run/sshd && : >"$instances_dir/.made-run-sshd"; }
  [[ -f $key ]] || ssh-keygen -q -t ed25519 -N '' -C "dokku $name" -f "$key" || return
  write_sshd_config
  start_daemon sshd /usr/sbin/sshd -D -e -f "$root/ssh/sshd_config"
  wait_until "does not answer on port $ssh_port" sshd 10 port_answers "$ssh_port"
}

write_sshd_config() {
  cat >"$root/ssh/sshd_config" <<CONFIG
# Written by packaging/instance at each start.
Port $ssh_port
AddressFamily any
HostKey $root/ssh/host_ed25519
PidFile none
AuthorizedKeysFile $root/home/.ssh/authorized_keys
StrictModes $(strict_modes)
AllowUsers dokku
AuthenticationMethods publickey
UsePAM no
PermitRootLogin no
PermitUserRC no
PermitUserEnvironment no
DisableForwarding yes
PrintMotd no
PrintLastLog no
UseDNS no
MaxStartups 100:30:200
MaxSessions 100
AcceptEnv GIT_PROTOCOL LANG LC_*
SetEnv DOKKU_SOCKET=$root/run/dokku.sock
CONFIG
}

# sshd refuses keys below a directory that others may write, even one like /tmp where they cannot
# move what is ours. Then, and only then, its check is off.
strict_modes() {
  local folder=$root
  while [[ $folder != / ]]; do
    folder=$(dirname "$folder")
    if [[ -k $folder && $(stat -c %A "$folder") == ?????w* || -k $folder ]]; then
      printf no
      return
    fi
  done
  printf yes
}

start_proxy() {
  start_daemon dokku-proxy "$root/bin/dokku-proxy" --http-port "$http_port" \
    --control "$root/run/proxy.sock" --snapshot "$root/proxy/routes.json" --user dokku-proxy \
    --pid-file "$root/run/dokku-proxy.pid" --log-dir "$root/proxy/logs" \
    ${https_port:+--https-port "$https_port"}
  wait_until "does not answer on port $http_port" dokku-proxy 10 port_answers "$http_port"
}

start_dokkud() {
  start_daemon dokkud "$root/bin/dokkud" --config "$root/instance.json"
  wait_until "answers no command" dokkud 60 instance_answers
}

# Ends one daemon: SIGTERM, after 5 s SIGKILL.
stop_daemon() {
  local pid
  pid=$(daemon_pid "$1") || return 0
  end_processes "$pid"
  rm -f "$root/run/$1.pid"
}

# SIGTERM to all given processes, SIGKILL to those that stay; returns when all are gone.
end_processes() {
  local pid left=("$@") signal deadline
  for signal in TERM KILL; do
    ((${#left[@]} == 0)) && return 0
    kill -s "$signal" "${left[@]}" 2>/dev/null
    deadline=$(($(now_ms) + 5000))
    while ((${#left[@]} > 0 && $(now_ms) < deadline)); do
      mapfile -t left < <(for pid in "${left[@]}"; do is_running "$pid" && echo "$pid"; done)
      read -r -t 0.02 <> <(:) || true
    done
  done
  ((${#left[@]} == 0))
}

# A zombie has ended; only its parent has not looked yet.
is_running() {
  local stat
  { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
  stat=${stat##*) }
  [[ ${stat:0:1} != Z ]]
}

# sshd's sessions first, with all below them: pushes and runs that are still connected.
stop_daemons() {
  local sessions pid
  # Else it would start again what ends here.
  if pid=$(daemon_pid dokku-supervise); then
    kill -s KILL "$pid" && rm -f "$root/run/dokku-supervise.pid"
  fi
  if pid=$(daemon_pid sshd); then
    mapfile -t sessions < <(with_descendants "$pid")
    end_processes "${sessions[@]}"
  fi
  stop_daemon dokkud
  stop_daemon dokku-proxy
}
