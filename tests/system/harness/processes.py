"""Looking at processes through /proc."""
import os
import time


def start_time(pid):
    """Clock ticks since boot; with the pid it names one process for good. None: no such process."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return int(file.read().rsplit(") ", 1)[1].split()[19])
    except (OSError, IndexError):
        return None


def is_running(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rsplit(") ", 1)[1][0] not in "ZX"
    except (OSError, IndexError):
        return False


def state(pid):
    """The kernel's letter: S sleeps, T is stopped. Empty: no such process."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rsplit(") ", 1)[1][0]
    except (OSError, IndexError):
        return ""


def in_front(pid):
    """Whether it is in the foreground group of its terminal, which Ctrl-C and Ctrl-Z reach."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            fields = file.read().rsplit(") ", 1)[1].split()
        return fields[2] == fields[5]
    except (OSError, IndexError):
        return False


def pids():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def command_line(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read().replace(b"\0", b" ").decode("utf-8", "replace").strip()
    except OSError:
        return ""


def parent(pid):
    """0: no such process."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return int(file.read().rsplit(") ", 1)[1].split()[1])
    except (OSError, IndexError):
        return 0


def cgroups(pid):
    try:
        with open(f"/proc/{pid}/cgroup", encoding="utf-8") as file:
            return [line.rstrip("\n").split(":", 2)[2] for line in file]
    except (OSError, IndexError):
        return []


def in_cgroup(parent):
    """{pid: start time} of all processes in or below the cgroup `parent` ("/dokku-x")."""
    found = {}
    for pid in pids():
        if any(c == parent or c.startswith(parent + "/") for c in cgroups(pid)):
            begun = start_time(pid)
            if begun is not None and is_running(pid):
                found[pid] = begun
    return found


def wait_for(what, condition, seconds=30):
    """Asks until `condition()` is true and returns its value; fails naming `what`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"after {seconds} s still not: {what}")
        time.sleep(0.02)
