#!/usr/bin/python3
"""Debian 13: the package built there, installed on a bare one without systemd, an app pushed.

tests/run --trixie. ctest does not run it: it compiles everything with another compiler, which takes
10 minutes to an hour. Compiled once, things come from the cache (CCACHE_DIR).
"""
import glob
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "system"))
os.environ.setdefault("DOKKU_TEST_SECONDS", "7200")

from harness import main, places, processes, run  # noqa: E402  (its place is known only now)
from harness.bare import BareMachine  # noqa: E402
from harness.package import PackageTest  # noqa: E402


def packages_to_build():
    script = '. "$0"; printf "%s\\n" "${packages_to_build[@]}"'
    return run(["bash", "-c", script, os.path.join(places.PACKAGING, "lib", "packages.sh")]
               ).must_succeed().out.split()


class OnTrixie(PackageTest):
    suite = "trixie"

    @classmethod
    def make_package(cls):
        """By packaging/deb, on a machine that has what it needs and nothing of ours."""
        builder = BareMachine([*packages_to_build(), "dpkg-dev", "git"], suite=cls.suite)
        try:
            builder.start()
            cls.put_source(builder)
            cache = os.environ.get("CCACHE_DIR", os.path.join(places.CACHE, "ccache"))
            os.makedirs(cache, exist_ok=True)
            os.makedirs(builder.path("ccache"))
            run(["nsenter", "--target", builder.pid, "--mount", "mount", "--bind", cache,
                 builder.path("ccache")]).must_succeed()
            built = builder.run("packaging/deb", "--out", "/out", "--version", "1.0", "--quick",
                                timeout=7000, CCACHE_DIR="/ccache")
            if built.status != 0:
                print(builder.run("tail", "-n", "60", "/out/build.log").text)
            built.must_succeed()
            deb, = glob.glob(builder.path("out", "*.deb"))
            return shutil.copy(deb, cls.folder)
        finally:
            builder.stop()

    @staticmethod
    def put_source(machine):
        """What git knows, with what is changed and not yet committed."""
        files = run(["git", "-C", places.SOURCE, "ls-files", "-z", "--cached", "--others",
                     "--exclude-standard"]).must_succeed().out
        packed = subprocess.run(["tar", "-C", places.SOURCE, "--null", "-T", "-", "-c"],
                                input=files.encode(), stdout=subprocess.PIPE, check=True)
        run(["tar", "-x", "-C", machine.path("src")], stdin=packed.stdout).must_succeed()

    def test_from_the_installation_to_an_answer(self):
        print(self.machine.shell("containerd --version; runc --version | head -n 1; . "
                                 "/etc/os-release; echo $PRETTY_NAME").must_succeed().out)
        self.machine.shell("mkdir -p /run/sshd; /usr/sbin/sshd").must_succeed()
        self.preseed()
        self.seconds("installation", lambda: self.copy_in(self.deb).must_succeed()).must_say(
            f"=====> dokku answers at http://{self.machine.address}/")
        self.seconds("push", lambda: self.push("app").must_succeed()).must_say(
            "=====> Application deployed:")
        self.assertEqual(self.get("app.apps.test"), "hello from a package")
        before = self.app_processes()
        self.assertNotEqual(before, {})
        self.dokku("ps:restart", "app").must_succeed()
        processes.wait_for("the app after its restart", self.answers)
        processes.wait_for("the old process to end", lambda: not before.items() &
                           self.app_processes().items())
        found = self.dokku("doctor").text
        for check in ("containerd", "kernel", "network", "ports", "store", "left-overs"):
            self.assertIn(f"-----> {check}: ", found)
        self.machine.run("apt-get", "-q", "purge", "-y", "dokku").must_succeed()
        self.assertEqual(self.app_processes(), {})


if __name__ == "__main__":
    main()
