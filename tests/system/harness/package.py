"""The base of tests that install the Debian package on a bare machine and push to it."""
import glob
import os
import re
import shutil
import tempfile
import time
import unittest

from harness import apps, places, processes
from harness.bare import BareMachine
from harness.clients import request
from harness.outcome import run
from harness.repo import Repo


def dependencies(deb):
    """The names in the package's Depends, the first of alternatives."""
    text = run(["dpkg-deb", "--field", deb, "Depends"]).must_succeed().out
    return {re.split(r"[ |(]", one.strip())[0] for one in text.split(",") if one.strip()}


def build_package(folder, version):
    """The programs of this build as a package."""
    run([os.path.join(places.PACKAGING, "deb"), "--bin", places.BIN, "--out", folder,
         "--version", version, "--quick"]).must_succeed()
    return glob.glob(os.path.join(folder, f"dokku_{version}_*.deb"))[0]


class PackageTest(unittest.TestCase):
    """Tests of one class share one machine, on which nothing is installed yet."""

    wants_systemd = False
    suite = "bookworm"
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        if os.geteuid() != 0:
            raise unittest.SkipTest("needs root")
        cls.folder = tempfile.mkdtemp(prefix="dokku-package-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        cls.deb = cls.make_package()
        cls.machine = BareMachine(dependencies(cls.deb) | {"curl"}, suite=cls.suite,
                                  systemd=cls.wants_systemd)
        cls.addClassCleanup(cls.machine.stop)
        cls.machine.start()
        cls.key = os.path.join(cls.folder, "id")
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "me", "-f",
             cls.key]).must_succeed()

    @classmethod
    def make_package(cls):
        return build_package(cls.folder, "1.0")

    def preseed(self):
        """A key and a domain, and the stack of this machine's other tests."""
        with open(self.key + ".pub", encoding="utf-8") as file:
            self.machine.write("/root/.ssh/authorized_keys",
                               'no-pty,command="echo as clouds do" ' + file.read())
        self.machine.run("debconf-set-selections",
                         stdin="dokku dokku/domain string apps.test\n").must_succeed()
        stack = self.machine.path("var/lib/dokku/stack")
        os.makedirs(os.path.dirname(stack))
        run(["cp", "-al", places.STACK, stack]).must_succeed()

    def copy_in(self, deb):
        shutil.copy(deb, self.machine.path("package.deb"))
        return self.machine.install("/package.deb")

    def dokku(self, *arguments):
        return self.machine.run("dokku", *arguments)

    def ssh_options(self):
        return ["-i", self.key, "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o",
                "StrictHostKeyChecking=accept-new", "-o",
                f"UserKnownHostsFile={self.folder}/known", "-F", "/dev/null"]

    def ssh(self, *arguments):
        return run(["ssh", *self.ssh_options(), f"dokku@{self.machine.address}", *arguments])

    def push(self, app):
        repo = Repo(os.path.join(self.folder, app), apps.echo("hello from a package"))
        return run(["git", "push", f"dokku@{self.machine.address}:{app}", "main"], cwd=repo.folder,
                   env={**os.environ, "GIT_SSH_COMMAND": " ".join(["ssh", *self.ssh_options()])},
                   timeout=400)

    def get(self, host, path="/"):
        return request(80, host, path, address=self.machine.address).text

    def answers(self):
        try:
            return self.get("app.apps.test") == "hello from a package"
        except OSError:
            return False

    def daemon(self, name):
        """Its process there; "" while nobody has noted one."""
        return (self.machine.run("cat", f"/run/dokku/{name}.pid").out.split() or [""])[0]

    def app_processes(self):
        """{pid: start time} of what runs in the apps' cgroup, as this machine counts."""
        inside = "/dokku.slice/dokku-apps.service/app."
        return {pid: processes.start_time(pid) for pid in processes.pids()
                if any(inside in group for group in processes.cgroups(pid))
                and processes.is_running(pid)}

    def seconds(self, what, deed):
        begin = time.monotonic()
        outcome = deed()
        print(f"{time.monotonic() - begin:6.1f} s  {what}", flush=True)
        return outcome
