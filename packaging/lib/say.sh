# say.sh: how the scripts of this project talk. Sourced by packaging/*, tests/run and bench/*.
#
# Dokku's marks: "----->" for a step, seven spaces for a detail, " !     " for trouble (on stderr).
# On a terminal a running phase redraws one line; elsewhere it prints plain lines only.

say_step() { printf -- '-----> %s\n' "$*"; }
say_title() { printf '=====> %s\n' "$*"; }
say_detail() { printf '       %s\n' "$*"; }
say_trouble() { printf ' !     %s\n' "$*" >&2; }

# say_trouble_and_exit SENTENCE [WAY_ON...]: one line that names the trouble, then the ways on.
say_trouble_and_exit() {
  local line
  for line in "$@"; do say_trouble "$line"; done
  exit 1
}

# Milliseconds since boot, without starting a process.
now_ms() {
  local up
  read -r up _ </proc/uptime
  printf '%s' "$((10#${up/./} * 10))"
}

# "12.3 s" or "2 min 5 s" from milliseconds.
human_ms() {
  local ms=$1
  if ((ms < 60000)); then
    printf '%d.%d s' $((ms / 1000)) $((ms % 1000 / 100))
  else
    printf '%d min %d s' $((ms / 60000)) $((ms % 60000 / 1000))
  fi
}

# run_phase TITLE LOGFILE COMMAND...: runs COMMAND with its output in LOGFILE and shows the last
# line of it on a terminal. Remembers title and time in PHASES. On failure shows the log's end.
PHASES=()
run_phase() {
  local title=$1 log=$2 begin status=0
  shift 2
  begin=$(now_ms)
  say_step "$title"
  if [[ -t 1 ]]; then
    run_with_ticker "$log" "$@" || status=$?
  else
    "$@" </dev/null >>"$log" 2>&1 || status=$?
  fi
  local took=$(($(now_ms) - begin))
  PHASES+=("$took $title")
  if ((status != 0)); then
    say_trouble "failed after $(human_ms "$took"); the last lines of $log:"
    tail -n 25 "$log" | sed 's/^/       /' >&2
    return "$status"
  fi
}

run_with_ticker() {
  local log=$1 begin pid line columns
  shift
  begin=$(now_ms)
  columns=$(tput cols 2>/dev/null || echo 80)
  # A process group of its own: Ctrl-C then reaches us alone, and we end all of it.
  set -m
  "$@" </dev/null >>"$log" 2>&1 &
  pid=$!
  set +m
  TICKER_PID=$pid
  while kill -0 "$pid" 2>/dev/null; do
    line=$(tail -c 400 "$log" 2>/dev/null | tr '\r\t' '\n ' | grep -a . | tail -n 1)
    line="       $(human_ms $(($(now_ms) - begin)))  ${line//[^[:print:]]/}"
    printf '\r\033[K%s' "${line:0:columns-1}"
    # Not a readiness check: only the pace at which the line is redrawn.
    read -r -t 0.5 <> <(:) || true
  done
  printf '\r\033[K'
  TICKER_PID=''
  wait "$pid"
}

# Ends the phase that runs, if any; for a caller's trap.
TICKER_PID=''
end_phase() { [[ -z $TICKER_PID ]] || kill -TERM -- "-$TICKER_PID" 2>/dev/null; }

say_phases() {
  local phase total=0
  for phase in "${PHASES[@]}"; do
    total=$((total + ${phase%% *}))
    printf '       %12s  %s\n' "$(human_ms "${phase%% *}")" "${phase#* }"
  done
  printf '       %12s  in all\n' "$(human_ms "$total")"
}
