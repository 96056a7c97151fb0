#!/usr/bin/python3
"""The Debian package under a real systemd: no stop, crash or upgrade of a unit ends an app.

tests/run --systemd. ctest does not run it: it takes minutes, and boots a systemd of its own.
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "system"))

from harness import main, processes  # noqa: E402  (its place is known only now)
from harness.package import PackageTest  # noqa: E402

UNITS = ("dokku", "dokku-proxy", "dokku-containerd", "dokku-apps")


class UnderSystemd(PackageTest):
    wants_systemd = True

    def systemctl(self, *arguments, **options):
        return self.machine.run("systemctl", *arguments, **options)

    def property(self, unit, name):
        return self.systemctl("show", "--value", "--property", name, unit).out.strip()

    def main_pid(self, unit):
        return self.property(unit, "MainPID")

    def test_a_whole_life(self):
        processes.wait_for("systemd", lambda: self.systemctl("is-system-running").out.strip() in
                           ("running", "degraded"), 60)
        self.preseed()
        said = self.seconds("installation", lambda: self.copy_in(self.deb).must_succeed())
        said.must_say("dokku answers at", "may push")
        for unit in UNITS:
            self.assertEqual(self.property(unit, "ActiveState"), "active",
                             self.systemctl("status", "--full", unit).text)
            self.assertEqual(self.property(unit, "Slice"), "dokku.slice", unit)
        self.seconds("push", lambda: self.push("app").must_succeed())
        processes.wait_for("the app", self.answers)
        self.app_pid = self.get("app.apps.test", "/pid")
        self.running = self.app_processes()
        self.assertNotEqual(self.running, {})
        self.restart_each()
        self.crash_each()
        self.reload_proxy()
        self.remove()

    def assert_apps_untouched(self, when):
        processes.wait_for(f"the app after {when}", self.answers)
        self.assertEqual(self.get("app.apps.test", "/pid"), self.app_pid, when)
        self.assertEqual(self.app_processes(), self.running, when)

    def restart_each(self):
        for unit in UNITS:
            self.seconds(f"restart of {unit}", lambda it=unit: self.systemctl(
                "restart", it, timeout=100).must_succeed())
            self.assert_apps_untouched(f"a restart of {unit}")
        self.systemctl("stop", "dokku").must_succeed()
        self.assert_apps_untouched("a stop of dokku")
        self.systemctl("start", "dokku").must_succeed()

    def crash_each(self):
        for unit in UNITS:
            before = self.main_pid(unit)
            self.systemctl("kill", "--kill-whom=main", "--signal=KILL", unit).must_succeed()
            processes.wait_for(f"another {unit}", lambda it=unit, old=before:
                               self.main_pid(it) not in ("0", old)
                               and self.property(it, "ActiveState") == "active")
            self.assert_apps_untouched(f"a crash of {unit}")
        self.dokku("ps:restart", "app").must_succeed()
        processes.wait_for("the app", self.answers)
        self.app_pid = self.get("app.apps.test", "/pid")
        processes.wait_for("the old app to end", lambda: len(self.app_processes()) ==
                           len(self.running))
        self.running = self.app_processes()

    def reload_proxy(self):
        before = self.main_pid("dokku-proxy")
        self.systemctl("reload", "dokku-proxy").must_succeed()
        processes.wait_for("the new proxy to be the main process",
                           lambda: self.main_pid("dokku-proxy") not in ("0", before))
        self.assert_apps_untouched("an upgrade of the proxy")
        self.assertEqual(self.property("dokku-proxy", "NRestarts"), "1")  # the crash's
        # Else a stop would not wait until the requests under way have been answered.
        self.assertNotIn("not our child", self.machine.run(
            "journalctl", "--no-pager", "--unit", "dokku-proxy").text)

    def remove(self):
        self.machine.run("apt-get", "-q", "purge", "-y", "dokku").must_succeed().must_say(
            "stay in /var/lib/dokku")
        self.assertEqual(self.app_processes(), {})
        for unit in UNITS:
            self.assertEqual(self.property(unit, "ActiveState"), "inactive", self.machine.run(
                "journalctl", "--no-pager", "--lines=40", "--unit", unit).text)
        self.machine.run("test", "-e", "/var/lib/dokku/dokku.db").must_succeed()


if __name__ == "__main__":
    main()
