"""The Debian package on a bare bookworm without systemd: from its installation to its purge."""
import os
import re
import shutil
import tempfile
import unittest

from harness import main, processes, run
from harness.package import PackageTest, build_package

# What the inventory leaves out: caches and logs of others, and what a running system writes.
VOLATILE = ("/proc", "/sys", "/dev", "/run", "/tmp", "/src", "/root/.", "/var/cache", "/var/log",
            "/var/lib/apt", "/var/lib/dpkg", "/var/lib/systemd", "/etc/ld.so.cache", "/package",
            "/var/lib/ucf", "/etc/passwd-", "/etc/group-", "/etc/shadow-", "/etc/gshadow-",
            "/etc/subuid-", "/etc/subgid-", "/etc/.pwd.lock", "/var/tmp")


def break_package(deb, version):
    """The same package as another version, whose dokkud ends at its start."""
    tree = os.path.join(os.path.dirname(deb), version)
    run(["dpkg-deb", "--raw-extract", deb, tree]).must_succeed()
    program = os.path.join(tree, "usr/lib/dokku/dokkud")
    os.rename(program, program + ".real")
    with open(program, "w", encoding="utf-8") as file:
        file.write('#!/bin/sh\n[ "$1" != --facts ] || exec "$0.real" "$@"\nkill -SEGV $$\n')
    os.chmod(program, 0o755)
    control = os.path.join(tree, "DEBIAN/control")
    with open(control, encoding="utf-8") as file:
        text = re.sub(r"(?m)^Version: .*$", f"Version: {version}", file.read())
    with open(control, "w", encoding="utf-8") as file:
        file.write(text)
    broken = tree + ".deb"
    run(["dpkg-deb", "--root-owner-group", "-Zxz", "-z0", "--build", tree, broken]).must_succeed()
    return broken


class Package(PackageTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.newer = build_package(cls.folder, "2.0")
        cls.broken = break_package(cls.newer, "1.5")

    def inventory(self):
        """Files, users and what the network holds, line by line."""
        skipped = " -o ".join(f"-path '{path}*'" for path in VOLATILE)
        return self.machine.shell(
            f"find / -xdev \\( {skipped} \\) -prune -o -printf '%p %M %u\\n' | sort; "
            "getent passwd; getent group; ip -o link; ip -o address; ip -o route; "
            "nft list ruleset; ls /run | grep -vx -e motd.dynamic -e mount").must_succeed().lines

    # --- the life of an installation; each step needs the one before it

    def test_a_whole_life(self):
        self.machine.shell("mkdir -p /run/sshd; /usr/sbin/sshd").must_succeed()
        before = self.inventory()
        self.preseed()
        self.install()
        self.use()
        self.survive_crashes()
        self.stop_and_start()
        self.upgrade_to_a_broken_one()
        self.upgrade()
        self.roll_back_and_forth()
        self.remove_and_return()
        self.purge(before)

    def install(self):
        said = self.seconds("installation", lambda: self.copy_in(self.deb).must_succeed())
        said.must_say(f"=====> dokku answers at http://{self.machine.address}/",
                      "1 keys of /root/.ssh/authorized_keys may push",
                      "Missing in the DNS: apps.test")
        self.assertNotIn("Missing: an ssh key", said.text)
        self.machine.run("dokku-supervise", "--config", "/etc/dokku/instance.json",
                         "--status").must_succeed().must_say("dokku-proxy runs", "dokkud runs")
        modes = self.machine.run(
            "stat", "-c", "%n %a %U", "/var/lib/dokku", "/var/lib/dokku/git", "/home/dokku",
            "/home/dokku/.ssh", "/var/lib/dokku/proxy", "/etc/dokku/instance.json",
            "/etc/sudoers.d/dokku", "/run/dokku/dokku.sock").must_succeed().lines
        self.assertEqual(modes, [
            "/var/lib/dokku 711 root", "/var/lib/dokku/git 700 dokku", "/home/dokku 755 root",
            "/home/dokku/.ssh 755 root", "/var/lib/dokku/proxy 700 dokku-proxy",
            "/etc/dokku/instance.json 644 root", "/etc/sudoers.d/dokku 440 root",
            "/run/dokku/dokku.sock 660 root"])

    def use(self):
        self.ssh("apps:list").must_succeed()
        self.seconds("push", lambda: self.push("app").must_succeed()).must_say(
            "=====> Application deployed:", "app.apps.test")
        self.assertEqual(self.get("app.apps.test"), "hello from a package")
        self.app_pid = self.get("app.apps.test", "/pid")
        self.dokku("ps:report", "app").must_succeed()
        self.ssh("id").must_fail()

    def survive_crashes(self):
        for name in ("dokkud", "dokku-proxy"):
            before = self.daemon(name)
            self.machine.run("kill", "-9", before).must_succeed()
            processes.wait_for(f"another {name}",
                               lambda old=before, it=name: self.daemon(it) != old)
        processes.wait_for("an answer", lambda: self.dokku("version").status == 0)
        processes.wait_for("the app", lambda: self.answers())
        pids = [self.daemon(name) for name in ("dokkud", "dokku-proxy")]
        self.machine.run("kill", "-9", self.daemon("dokku-supervise")).must_succeed()
        self.supervise("--start").must_succeed()
        self.assertEqual([self.daemon(name) for name in ("dokkud", "dokku-proxy")], pids)
        self.assertEqual(self.get("app.apps.test", "/pid"), self.app_pid)

    def supervise(self, deed):
        return self.machine.run("dokku-supervise", "--config", "/etc/dokku/instance.json", deed)

    def stop_and_start(self):
        running = self.app_processes()
        self.supervise("--start").must_succeed().must_say("kept running already")
        self.seconds("stop", lambda: self.supervise("--stop").must_succeed())
        self.supervise("--status").must_end_with(1).must_say("dokkud does not run")
        self.assertFalse(self.answers())
        self.assertEqual(self.app_processes(), running)
        self.seconds("start", lambda: self.supervise("--start").must_succeed())
        processes.wait_for("the app", self.answers)
        self.assertEqual(self.get("app.apps.test", "/pid"), self.app_pid)

    def upgrade_to_a_broken_one(self):
        """Its dokkud ends at once: apt is done, and the programs of before run."""
        pids = [self.daemon("dokku-proxy"), self.daemon("dokku-supervise")]
        said = self.seconds("upgrade that is undone",
                            lambda: self.copy_in(self.broken).must_succeed())
        said.must_say("1.0 runs as before, 1.5 does not", "The package is installed, and 1.0 runs")
        self.assertEqual(self.running_version(), "1.0")
        self.dokku("upgrade:status").must_succeed().must_say("undone", "dokkud 1.5 ended")
        self.assertEqual(pids, [self.daemon("dokku-proxy"), self.daemon("dokku-supervise")])
        self.assertEqual(self.get("app.apps.test", "/pid"), self.app_pid)

    def running_version(self):
        return self.machine.run("readlink", "/var/lib/dokku/versions/current").out.strip()

    def roll_back_and_forth(self):
        for version in ("1.0", "2.0"):
            done = self.seconds("way back", lambda: self.dokku("upgrade:rollback"))
            done.must_succeed().must_say(f"=====> {version} runs.")
            self.assertEqual(self.running_version(), version)
        self.assertEqual(self.get("app.apps.test", "/pid"), self.app_pid)

    def upgrade(self):
        self.seconds("upgrade", lambda: self.copy_in(self.newer).must_succeed())
        self.assertEqual(self.running_version(), "2.0")
        processes.wait_for("an answer", lambda: self.dokku("version").status == 0)
        for name in ("dokkud", "dokku-proxy"):
            processes.wait_for(f"the new {name}", lambda it=name: "/versions/2.0/" in
                               self.machine.run("readlink", f"/proc/{self.daemon(it)}/exe").out)
        self.assertEqual(self.get("app.apps.test", "/pid"), self.app_pid)

    def remove_and_return(self):
        self.machine.run("apt-get", "-q", "remove", "-y", "dokku").must_succeed()
        self.assertEqual(self.app_processes(), {})
        self.copy_in(self.newer).must_succeed()
        processes.wait_for("the app after the return", self.answers, 60)
        self.ssh("apps:list").must_succeed().must_say("app")

    def purge(self, before):
        self.machine.run("debconf-set-selections",
                         stdin="dokku dokku/purge_data boolean true\n").must_succeed()
        self.seconds("purge", lambda: self.machine.run("apt-get", "-q", "purge", "-y",
                                                       "dokku").must_succeed())
        self.assertEqual(self.inventory(), before)
        self.assertEqual(self.app_processes(), {})


class Contents(unittest.TestCase):
    """What can be seen of the package and its units without installing it."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="dokku-package-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        cls.deb = build_package(cls.folder, "1.0")
        cls.tree = os.path.join(cls.folder, "tree")
        run(["dpkg-deb", "--extract", cls.deb, cls.tree]).must_succeed()

    def unit(self, name):
        """{property: value} of a unit file; a property that comes twice is joined by a blank."""
        found = {}
        path = os.path.join(self.tree, "usr/lib/systemd/system", name)
        with open(path, encoding="utf-8") as file:
            for line in file:
                key, equals, value = line.strip().partition("=")
                if equals and not line.startswith("#"):
                    found[key] = f"{found[key]} {value}" if key in found else value
        return found

    def test_lintian_finds_no_errors(self):
        outcome = run(["lintian", "--fail-on", "error", "--tag-display-limit", "0", self.deb])
        outcome.must_succeed()

    def test_systemd_finds_nothing_wrong_with_the_units(self):
        # Paths that only an installation has are given to it as files that can be executed.
        root = os.path.join(self.folder, "root")
        shutil.copytree(os.path.join(self.tree, "usr/lib/systemd/system"),
                        os.path.join(root, "etc/systemd/system"))
        run(["cp", "-a", "/usr/lib/systemd/system/.", os.path.join(root, "etc/systemd/system")])
        for program in ("var/lib/dokku/versions/current/dokkud", "bin/kill", "sbin/modprobe",
                        "var/lib/dokku/versions/current/dokku-supervise",
                        "var/lib/dokku/versions/proven/dokku-supervise"):
            os.makedirs(os.path.dirname(os.path.join(root, program)), exist_ok=True)
            shutil.copy("/bin/true", os.path.join(root, program))
        units = [f"dokku{rest}" for rest in (".service", "-proxy.service", "-containerd.service",
                                             "-apps.service", "-upgrade.service", ".slice")]
        outcome = run(["systemd-analyze", "verify", f"--root={root}", "--man=no", *units])
        ours = [line for line in outcome.text.splitlines() if "dokku" in line]
        self.assertEqual(ours, [], repr(outcome))
        outcome.must_succeed()

    def test_no_stop_or_crash_of_a_unit_ends_apps(self):
        for name in ("dokku.service", "dokku-containerd.service", "dokku-apps.service"):
            unit = self.unit(name)
            self.assertEqual(unit["KillMode"], "process", name)
            self.assertEqual(unit["Type"], "notify", name)
        for name in ("dokku-containerd.service", "dokku-apps.service"):
            self.assertEqual(self.unit(name)["Delegate"], "yes", name)
        for name in ("dokku.service", "dokku-proxy.service", "dokku-containerd.service",
                     "dokku-apps.service"):
            self.assertEqual(self.unit(name)["Restart"], "always", name)
            self.assertEqual(self.unit(name)["Slice"], "dokku.slice", name)

    def test_an_upgrade_is_gone_on_with_when_it_is_cut_off(self):
        unit = self.unit("dokku-upgrade.service")
        self.assertEqual((unit["Type"], unit["Restart"]), ("oneshot", "on-failure"))
        self.assertEqual(unit["WantedBy"], "multi-user.target")
        # By the programs that it began from.
        self.assertTrue(unit["ExecStart"].startswith("/var/lib/dokku/versions/proven/"))
        self.assertTrue(unit["ExecStart"].endswith("--settle"))

    def test_apps_are_counted_in_the_group_that_is_delegated(self):
        with open(os.path.join(self.tree, "usr/lib/dokku/lib/system.sh"), encoding="utf-8") as file:
            self.assertIn('"cgroup": "/dokku.slice/dokku-apps.service"', file.read())

    def test_dokkud_has_no_mount_namespace_and_a_watchdog(self):
        unit = self.unit("dokku.service")
        for name in unit:
            self.assertNotRegex(name, "^(Protect|Private|ReadOnly|ReadWrite|Inaccessible|Bind|"
                                      "TemporaryFileSystem|Root|MountFlags|DynamicUser)")
        self.assertEqual(unit["WatchdogSec"], "30")
        self.assertIn("dokku-containerd.service", unit["After"])
        self.assertIn("docker.service", unit["After"])

    def test_the_proxy_is_sandboxed_and_its_upgrade_moves_the_main_process(self):
        unit = self.unit("dokku-proxy.service")
        self.assertEqual(unit["NotifyAccess"], "all")
        self.assertEqual(unit["ProtectSystem"], "strict")
        self.assertRegex(unit["ExecReload"], r"^\+.*USR2")  # with all rights
        self.assertNotIn("CAP_SYS_ADMIN", unit["CapabilityBoundingSet"])


if __name__ == "__main__":
    main()
