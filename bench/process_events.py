"""Which processes started and ended, with times, from the kernel's process connector (root).

Only descendants of the processes that are named at the start count, so other work on the machine
does not. A fork that is a thread is not a process.
"""
import os
import socket
import struct

from netlink_reader import NetlinkReader

NETLINK_CONNECTOR, CN_IDX_PROC, CN_VAL_PROC = 11, 1, 1
LISTEN, FORK, EXEC, EXIT = 1, 1, 2, 0x80000000


class Event:
    def __init__(self, kind, pid, time_ns, command=""):
        self.kind, self.pid, self.time_ns, self.command = kind, pid, time_ns, command


class ProcessEvents(NetlinkReader):
    """with ProcessEvents([pid, …]) as seen: …; then seen.started, seen.executed, seen.spans(…)."""

    def __init__(self, roots):
        super().__init__(socket.SOCK_DGRAM, NETLINK_CONNECTOR, CN_IDX_PROC)
        self.family = set(roots)
        self.parents = {}  # of each process that started
        self.threads = {}  # thread id to process id, of the family
        self.events = []

    def add_root(self, pid):
        self.family.add(pid)

    def subscribe(self):
        payload = struct.pack("=IIIIHHI", CN_IDX_PROC, CN_VAL_PROC, 0, 0, 4, 0, LISTEN)
        header = struct.pack("=IHHII", 16 + len(payload), 3, 0, 0, os.getpid())
        self._socket.send(header + payload)

    def take(self, data):
        data = data[16 + 20:]
        if len(data) < 24:
            return
        what, _, time_ns = struct.unpack_from("=IIQ", data)
        if what == FORK:
            _, parent, child, child_group = struct.unpack_from("=IIII", data, 16)
            if child_group in self.family:
                self.threads[child] = child_group
            if child == child_group and parent in self.family:
                self.family.add(child)
                self.threads[child] = child
                self.parents[child] = parent
                self.events.append(Event("fork", child, time_ns))
        elif what in (EXEC, EXIT):
            pid, group = struct.unpack_from("=II", data, 16)
            if pid == group and pid in self.family:
                kind = "exec" if what == EXEC else "exit"
                self.events.append(Event(kind, pid, time_ns,
                                         _command(pid) if kind == "exec" else ""))

    @property
    def started(self):
        return sum(event.kind == "fork" for event in self.events)

    @property
    def executed(self):
        return sum(event.kind == "exec" for event in self.events)

    def processes(self, used_ns):
        """What each process was last, and its milliseconds of `used_ns`, by thread id."""
        rows = {}
        for event in self.events:
            if event.kind == "fork":
                rows[event.pid] = {"command": f"fork of {self.parents[event.pid]}", "cpu_ms": 0.0}
            elif event.kind == "exec" and event.pid in rows:
                rows[event.pid]["command"] = event.command
        for thread, used in used_ns.items():
            row = rows.get(self.threads.get(thread))
            if row:
                row["cpu_ms"] += used / 1e6
        return [f"{pid} {row['cpu_ms']:.1f} ms {row['command']}" for pid, row in rows.items()]

    def commands(self):
        return [event.command for event in self.events if event.kind == "exec"]

    def spans(self, *texts):
        """(begin, end) in ns of each process whose command line holds one of `texts`."""
        found = []
        for event in self.events:
            if event.kind == "exec" and any(text in event.command for text in texts):
                ends = [e.time_ns for e in self.events if e.kind == "exit" and e.pid == event.pid
                        and e.time_ns >= event.time_ns]
                if ends:
                    found.append((event.time_ns, ends[0]))
        return found


def _command(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read().replace(b"\0", b" ").decode("utf-8", "replace").strip()
    except OSError:
        return ""
