"""A machine with a network of its own, at the other end of whose link a small world lies.

    class Renumbered(WiredTest):
        def test_...(self):
            self.push(repo, "blog").must_succeed()      # typed in the world
            self.machine.run("ip", "addr", "add", …)    # typed on the machine
            with self.world:                            # sockets opened here are the world's
                …

Nothing of the real host's network is touched. The machine has the host's files, but `/etc`, `/run`
and its certificates are copies that end with it; it is gone with the test's process, also when that
is killed.
"""
import contextlib
import ctypes
import os
import socket
import subprocess
import threading

from harness import clients, places
from harness.case import SystemTest
from harness.instance import Instance
from harness.outcome import run

CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)

# The machine, its router (which is the world), a server and a client behind that.
MACHINE, ROUTER, SERVER, CLIENT = "192.0.2.2", "192.0.2.1", "198.51.100.7", "203.0.113.9"
MACHINE6, ROUTER6, CLIENT6 = "2001:db8:1::2", "2001:db8:1::1", "2001:db8:2::9"

PRIVATE = ("/etc", "/usr/local/share/ca-certificates")
PREPARE = """
set -e
echo 0 >/proc/sys/net/ipv4/ip_forward
ip link set lo up
copy=$(mktemp -d)
for place in $PRIVATE; do
  mount -t tmpfs -o mode=0755 tmpfs "$copy"
  # Locks of somebody who changes accounts may vanish meanwhile.
  cp -a "$place/." "$copy" || [ -n "$(ls -A "$copy")" ]
  mount --move "$copy" "$place"
done
rmdir "$copy"
mount -t tmpfs -o mode=0755 tmpfs /run
mkdir /run/cgroups
mount --rbind /sys/fs/cgroup /run/cgroups
mount -t sysfs sysfs /sys
mount --move /run/cgroups /sys/fs/cgroup
"""
# A test that was killed ends its instances all the same.
END = """
cat >/dev/null
for name in /run/dokku-instances/*; do
  [ ! -r "$name" ] || "$INSTANCE" stop --purge --root "$(cat "$name")"
done
"""


def _enter(descriptor):
    if LIBC.setns(descriptor, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


class Space:
    """A network namespace; with `machine` also with mounts of its own. A `with` block is inside:
    sockets, commands and threads that begin there belong to it."""

    def __init__(self, machine=False):
        script = PREPARE + "echo ready\n" + END if machine else "ip link set lo up; echo ready; cat"
        mounts = ["--mount", "--propagation", "private"] if machine else []
        self.holder = subprocess.Popen(
            ["unshare", "--net", *mounts, "bash", "-c", script], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, env={
                **os.environ, "PRIVATE": " ".join(PRIVATE),
                "INSTANCE": os.path.join(places.PACKAGING, "instance")})
        self.kinds = ["--net", *(["--mount"] if machine else [])]
        if self.holder.stdout.readline() != "ready\n":
            self.holder.kill()
            self.holder.wait()
            raise AssertionError("the namespace could not be prepared")
        self.descriptor = os.open(f"/proc/{self.holder.pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        self.outside = []

    def __enter__(self):
        self.outside.append(os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC))
        _enter(self.descriptor)
        return self

    def __exit__(self, *_):
        before = self.outside.pop()
        _enter(before)
        os.close(before)

    def run(self, *command, **options):
        return run(["nsenter", "--target", self.holder.pid, *self.kinds, "--wd=/", *command],
                   **options)

    def shell(self, text, **options):
        return self.run("bash", "-c", text, **options)

    def path(self, path):
        """Where this process finds a file of the machine."""
        return f"/proc/{self.holder.pid}/root{path}"

    def write(self, path, text):
        """As programs do that care: the new file takes the place of the old one."""
        place = self.path(path)
        with open(place + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(place + ".new", place)

    def close(self):
        self.holder.stdin.close()
        self.holder.wait(timeout=120)
        self.holder.stdout.close()
        os.close(self.descriptor)


class WiredInstance(Instance):
    """An instance on the machine, whose clients are in the world."""

    def __init__(self, machine, world):
        super().__init__()
        self.machine, self.world = machine, world
        self.http_port, self.https_port, self.ssh_port = 80, 443, 2222
        self.address = MACHINE

    def instance_command(self, verb, *arguments):
        return self.machine.run(os.path.join(places.PACKAGING, "instance"), verb, "--root",
                                self.root, *arguments, timeout=180)

    def ssh(self, *arguments, **options):
        with self.world:
            return super().ssh(*arguments, **options)

    def push(self, *arguments, **options):
        with self.world:
            return super().push(*arguments, **options)

    def get(self, host, path="/", **options):
        with self.world:
            return super().get(host, path, **options)


class WiredTest(SystemTest):
    """Tests of one class share the machine, its world and an instance."""

    mtu = 1500

    @classmethod
    def setUpClass(cls):
        cls.wants_instance = False
        super().setUpClass()
        cls.lay_wires()
        cls.before_start()
        cls.instance = WiredInstance(cls.machine, cls.world)
        cls.addClassCleanup(cls.instance.stop)
        cls.instance.start()
        if cls.wants_stack:
            cls.instance.prepare_stack()
        cls.instance.dokku("domains:set-global", "example.test").must_succeed()

    @classmethod
    def before_start(cls):
        """What the machine has when the instance starts for the first time."""

    @classmethod
    def lay_wires(cls):
        cls.world, cls.machine = Space(), None
        cls.addClassCleanup(cls.world.close)
        cls.machine = Space(machine=True)
        cls.addClassCleanup(cls.machine.close)
        cls.world.shell(f"""
            set -e
            ip link add eth0 mtu {cls.mtu} type veth peer name eth0 netns {cls.machine.holder.pid} \
              mtu {cls.mtu}
            ip addr add {ROUTER}/24 dev eth0
            ip addr add {ROUTER6}/64 dev eth0 nodad
            for address in {SERVER}/32 {CLIENT}/32 {CLIENT6}/128; do
              ip addr add $address dev lo
            done
            ip link set eth0 up""").must_succeed()
        cls.machine.shell(f"""
            set -e
            ip addr add {MACHINE}/24 dev eth0
            ip addr add {MACHINE6}/64 dev eth0 nodad
            ip link set eth0 up
            ip route add default via {ROUTER}
            ip route add default via {ROUTER6}""").must_succeed()
        cls.machine.write("/etc/resolv.conf", f"nameserver {SERVER}\n")
        cls.names = NameServer(cls.world, SERVER)
        cls.addClassCleanup(cls.names.close)
        cls.web = WebServer(cls.world, SERVER)
        cls.addClassCleanup(cls.web.close)

    def inside(self, app, *command, **options):
        """A command in a new container of the app."""
        return self.dokku("run", app, *command, **options)

    def findings(self, check):
        """What is wrong, or worth a note, by one check of the doctor: ["what; mend"]."""
        lines = self.dokku("doctor").text.splitlines()
        return [line for line in lines if f" {check}: " in line]


class _Server:
    """Sockets of a namespace, served by threads of this process."""

    def __init__(self, space, *sockets):
        with space:
            self.sockets = [self._bound(*one) for one in sockets]
            self.threads = [threading.Thread(target=self._serve, args=(one,), daemon=True)
                            for one in self.sockets]
            for thread in self.threads:
                thread.start()

    @staticmethod
    def _bound(kind, address, port):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        one = socket.socket(family, kind)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.bind((address, port))
        if kind == socket.SOCK_STREAM:
            one.listen(16)
        return one

    def _serve(self, one):
        with contextlib.suppress(OSError):
            while True:
                self.serve_once(one)

    def close(self):
        for one in self.sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


class NameServer(_Server):
    """Answers A and AAAA for `names` ({name: [addresses]}), else NXDOMAIN; counts questions."""

    def __init__(self, space, address, names=None):
        self.names = names if names is not None else {
            "deb.debian.org": [SERVER], "web.test": [SERVER]}
        self.asked = []
        super().__init__(space, (socket.SOCK_DGRAM, address, 53))

    def serve_once(self, one):
        message, client = one.recvfrom(4096)
        with contextlib.suppress(ValueError, IndexError):
            one.sendto(self.answer(message), client)

    def answer(self, message):
        labels, at = [], 12
        while message[at]:
            labels.append(message[at + 1:at + 1 + message[at]].decode())
            at += 1 + message[at]
        name, kind = ".".join(labels).lower(), message[at + 2]
        self.asked.append(name)
        family, size = (socket.AF_INET6, 16) if kind == 28 else (socket.AF_INET, 4)
        found = [address for address in self.names.get(name, [])
                 if (":" in address) == (kind == 28) and kind in (1, 28)]
        records = b"".join(b"\xc0\x0c\0" + bytes([kind]) + b"\0\x01\0\0\0\0\0" + bytes([size])
                           + socket.inet_pton(family, address) for address in found)
        code = 0 if name in self.names else 3
        return (message[:2] + bytes([0x81, 0x80 | code, 0, 1, 0, len(found), 0, 0, 0, 0])
                + message[12:at + 5] + records)


class WebServer(_Server):
    """Answers each request with `body`; notes who asked for what."""

    def __init__(self, space, address, port=80, wrap=None, body=b"the world"):
        self.body, self.wrap = body, wrap or (lambda it: it)
        self.requests = []  # (client's address, first line)
        super().__init__(space, (socket.SOCK_STREAM, address, port))

    def serve_once(self, one):
        peer, client = one.accept()
        threading.Thread(target=self.serve, args=(peer, client), daemon=True).start()

    def serve(self, peer, client):
        with contextlib.suppress(OSError), self.wrap(peer) as stream:
            head = b""
            while b"\r\n\r\n" not in head:
                part = stream.recv(65536)
                if not part:
                    return
                head += part
            self.requests.append((client[0], head.split(b"\r\n")[0].decode()))
            stream.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: "
                           + str(len(self.body)).encode() + b"\r\n\r\n" + self.body)


def request(space, *arguments, **options):
    """An HTTP request by somebody in `space`."""
    with space:
        return clients.request(*arguments, **options)
