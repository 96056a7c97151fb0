"""Processor time of each process that ended, in nanoseconds, from the kernel's taskstats (root).

The scheduler's own count, not ticks: a process of two milliseconds is seen as such. Threads are
told one by one; `by_pid` gives what each of them used.
"""
import os
import socket
import struct
import time

from netlink_reader import NetlinkReader

NETLINK_GENERIC, CTRL_ID, GETFAMILY = 16, 16, 3
FAMILY_ID, FAMILY_NAME = 1, 2
GET, REGISTER_CPUS = 1, 3
AGGREGATE_PID, STATS = 4, 3
RUN_TIME_AT, PID_AT = 72, 128


def _attribute(kind, payload):
    size = 4 + len(payload)
    return struct.pack("=HH", size, kind) + payload + b"\0" * (-size % 4)


def _attributes(data):
    while len(data) >= 4:
        size, kind = struct.unpack_from("=HH", data)
        if size < 4:
            return
        yield kind & 0x3FFF, data[4:size]
        data = data[size + (-size % 4):]


def running_ns(pid):
    """Of a process that runs: all its threads, those that ended too."""
    try:
        return time.clock_gettime_ns((~pid << 3) | 2)
    except OSError:
        return 0


class ProcessCpu(NetlinkReader):
    """with ProcessCpu() as used: …; then used.by_pid[thread id] is its nanoseconds."""

    def __init__(self):
        super().__init__(socket.SOCK_RAW, NETLINK_GENERIC, 0)
        self.by_pid = {}
        self._family = self._find_family()

    def _send(self, kind, command, attribute):
        body = struct.pack("=BBxx", command, 1) + attribute
        self._socket.send(struct.pack("=IHHII", 16 + len(body), kind, 1, 0, 0) + body)

    def _find_family(self):
        self._send(CTRL_ID, GETFAMILY, _attribute(FAMILY_NAME, b"TASKSTATS\0"))
        answer = self._socket.recv(65536)
        found = dict(_attributes(answer[20:]))
        return struct.unpack_from("=H", found[FAMILY_ID])[0]

    def subscribe(self):
        cpus = f"0-{os.cpu_count() - 1}\0".encode()
        self._send(self._family, GET, _attribute(REGISTER_CPUS, cpus))

    def take(self, data):
        for kind, inner in _attributes(data[20:]):
            stats = dict(_attributes(inner)).get(STATS) if kind == AGGREGATE_PID else None
            if stats:
                pid = struct.unpack_from("=I", stats, PID_AT)[0]
                self.by_pid[pid] = struct.unpack_from("=Q", stats, RUN_TIME_AT)[0]
