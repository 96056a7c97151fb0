"""A bare Debian beside this one, with a network of its own: where packages are installed."""
import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile

from harness import places, processes
from harness.outcome import run

MACHINE = os.path.join(places.SOURCE, "tests", "bare", "machine")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class BareMachine:
    """`start()` it, and `stop()` it whatever happens. `packages` of the Debian archive are
    installed there, once for all tests.

    Its address is `address`; root's files are below `root`. `systemd`: it runs there.
    """

    def __init__(self, packages, suite="bookworm", systemd=False):
        self.suite, self.systemd = suite, systemd
        self.packages = sorted({*packages, *(["systemd-sysv", "dbus"] if systemd else [])})
        self.folder = tempfile.mkdtemp(prefix="dokku-bare-", dir="/var/tmp")
        self.root = os.path.join(self.folder, "root")
        self.space = f"dkbare{os.getpid() % 100000}"
        self.net = 78 + os.getpid() % 170
        self.address = f"198.18.{self.net}.2"
        self.holder = None
        self.pid = 0

    def start(self):
        run(["cp", "-a", self.base(), self.root], timeout=300).must_succeed()
        verb, first = ("boot", "/lib/systemd/systemd --system") if self.systemd else ("up", "cat")
        self.holder = subprocess.Popen([MACHINE, verb, self.root, self.space, str(self.net)],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.holder.stdout.readline() != "ready\n":
            raise AssertionError("the bare machine did not come up")
        self.pid = processes.wait_for("its first process", lambda: self.first_process(first))
        return self

    def first_process(self, command_line):
        for pid in processes.pids():
            try:
                inside = os.path.realpath(f"/proc/{pid}/root") == self.root
            except OSError:
                continue
            if inside and processes.command_line(pid) == command_line:
                return pid
        return 0

    def stop(self):
        if self.holder:
            self.holder.stdin.close()
            self.holder.wait(timeout=60)
            self.holder.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def base(self):
        """The root that is copied for each test, made once per machine and list of packages."""
        name = hashlib.sha256(" ".join(self.packages).encode()).hexdigest()[:12]
        base = os.path.join(places.CACHE, "bare", f"{self.suite}-{name}")
        os.makedirs(os.path.dirname(base), exist_ok=True)
        with open(base + ".lock", "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not os.path.isdir(base):
                run([MACHINE, "base", self.suite, base, *self.packages],
                    timeout=1500).must_succeed()
        return base

    def run(self, *command, stdin=None, timeout=300, **environment):
        """A command as root there. Keyword arguments are its environment."""
        settings = [f"{name}={value}" for name, value in environment.items()]
        return run(["nsenter", "--target", self.pid, "--mount", "--pid", "--net", "--uts", "--ipc",
                    "--cgroup", "--root", "--wd", "env", "-i", f"PATH={PATH}", "HOME=/root",
                    "LANG=C.UTF-8", "TERM=dumb", *settings, *command], stdin=stdin, timeout=timeout)

    def shell(self, text, **options):
        return self.run("bash", "-c", text, **options)

    def path(self, *parts):
        return os.path.join(self.root, *parts)

    def write(self, path, text, mode=0o644):
        full = self.path(path.lstrip("/"))
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(full, mode)

    def install(self, *packages, **options):
        return self.run("apt-get", "-q", "install", "-y", "--no-install-recommends", *packages,
                        DEBIAN_FRONTEND="noninteractive", **options)
