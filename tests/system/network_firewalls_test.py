"""Beside Docker, ufw and firewalld: there before, installed later, reloaded.

Their real programs, of Debian, write their real rules into the network of a machine of its own."""
import os
import subprocess

from harness import apps, main, processes
from harness.bare import BareMachine
from harness.wired import MACHINE, WiredTest

PATH = "PATH=/usr/sbin:/usr/bin:/sbin:/bin"


class Guest:
    """A bare Debian's programs in the network of the machine; what they write is thrown away."""

    def __init__(self, machine, suite, packages):
        self.machine, self.daemons = machine, []
        bare = BareMachine(packages, suite=suite)
        os.rmdir(bare.folder)
        machine.shell(f"""
            set -e
            mkdir /run/guest
            mount -t tmpfs tmpfs /run/guest
            cd /run/guest
            mkdir upper work root
            mount -t overlay overlay -o lowerdir={bare.base()},upperdir=upper,workdir=work root
            mount -t proc proc root/proc
            mount --rbind /sys root/sys
            mount --rbind /dev root/dev
            mount -t tmpfs tmpfs root/run
            mkdir -p root/var/lib/docker root/run/dbus
            mount -t tmpfs tmpfs root/var/lib/docker
            # Their settings are where the machine looks for them.
            rm -rf /etc/ufw /etc/firewalld /etc/default/ufw
            for place in etc/ufw etc/default/ufw etc/firewalld; do
              ln -s "/run/guest/root/$place" "/$place"
            done""").must_succeed()

    def run(self, *command):
        return self.machine.run("chroot", "/run/guest/root", "env", "-i", PATH, "HOME=/root",
                                *command)

    def start(self, *command):
        daemon = subprocess.Popen(
            ["nsenter", "--target", str(self.machine.holder.pid), "--net", "--mount", "--wd=/",
             "chroot", "/run/guest/root", "env", "-i", PATH, *command],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.daemons.append(daemon)
        return daemon

    def stop(self, daemon):
        self.daemons.remove(daemon)
        daemon.terminate()
        daemon.wait(timeout=60)

    def stop_all(self):
        for daemon in list(self.daemons):
            self.stop(daemon)

    def start_docker(self):
        docker = self.start("dockerd")
        processes.wait_for("Docker's rules", lambda: "jump DOCKER-USER" in self.machine.run(
            "nft", "list", "ruleset").out, 60)
        return docker

    def start_firewalld(self):
        self.start("dbus-daemon", "--system", "--nofork", "--nopidfile")
        processes.wait_for("D-Bus", lambda: self.run("test", "-S",
                                                     "/run/dbus/system_bus_socket").status == 0)
        self.start("firewalld", "--nofork", "--nopid")
        processes.wait_for("firewalld", lambda: self.run("firewall-cmd", "--state").status == 0, 60)


class FirewallTest(WiredTest):
    suite, packages = "bookworm", ("ufw", "firewalld", "docker.io", "iptables", "dbus", "procps")

    @classmethod
    def before_start(cls):
        cls.guest = Guest(cls.machine, cls.suite, cls.packages)
        cls.addClassCleanup(cls.guest.stop_all)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.instance.push(cls.instance.repo(apps.echo()), "app").must_succeed()

    def reaches_the_world(self):
        """Also asks a name server, by way of the machine."""
        return self.inside("app", "curl", "-sS", "--max-time", "3",
                           "http://web.test/").out.strip() == "the world"

    def answers(self):
        try:
            return self.get("app", timeout=2).text == "hello"
        except OSError:
            return False

    def assert_works(self, when):
        processes.wait_for(f"the app to reach the world {when}", self.reaches_the_world, 15)
        processes.wait_for(f"the app to be reached {when}", self.answers, 15)

    def mends(self, check):
        """What the doctor would have one type."""
        return [line.split("; mend: ")[1] for line in self.findings(check) if "; mend: " in line]

    def type_on_machine(self, command):
        """Firewalls' own commands are those of the guest."""
        return self.guest.run("sh", "-c", command).must_succeed()


class Before(FirewallTest):
    """Docker and ufw were there first."""

    @classmethod
    def before_start(cls):
        super().before_start()
        cls.guest.run("ufw", "allow", "80,443,2222/tcp").must_succeed()
        cls.guest.run("ufw", "--force", "enable").must_succeed()
        cls.docker = cls.guest.start_docker()

    def test_an_instance_starts_beside_them(self):
        self.assert_works("beside Docker and ufw")
        self.assertIn("beside Docker, ufw", self.findings("network")[0])

    def test_their_tools_still_understand_their_tables(self):
        rules = self.guest.run("iptables", "-S").must_succeed()
        rules.must_say("-P FORWARD DROP", f"-A INPUT -i dk{self.instance.name[:4]}")
        rules.must_not_say("incompatible")
        self.guest.run("ufw", "status").must_succeed().must_say("80,443,2222/tcp")
        self.guest.run("ufw", "reload").must_succeed()
        self.assert_works("after ufw's reload")
        self.guest.stop(self.docker)
        self.__class__.docker = self.guest.start_docker()
        self.assert_works("after Docker's restart")

    def test_an_instance_that_ends_takes_its_rules_along(self):
        self.instance.instance_command("stop").must_succeed()
        self.assertNotIn("dokku", self.machine.run("nft", "list", "ruleset").out)
        self.instance.start()
        self.assert_works("after a start of the instance")


class After(FirewallTest):
    """They are installed on a machine where apps run."""

    def test_docker(self):
        docker = self.guest.start_docker()
        self.assert_works("once Docker is there")
        self.guest.stop(docker)

    def test_ufw(self):
        self.guest.run("ufw", "--force", "enable").must_succeed()
        self.addCleanup(self.guest.run, "ufw", "disable")
        processes.wait_for("the app to reach the world", self.reaches_the_world, 15)
        self.assertFalse(self.answers())
        self.assertEqual(self.findings("network"), [
            " !     network: ufw lets nobody in on port 80, 443, 2222; "
            "mend: ufw allow 80,443,2222/tcp"])
        self.type_on_machine(self.mends("network")[0])
        self.assert_works("once ufw was told")
        self.assertEqual(self.mends("network"), [])

    def test_firewalld(self):
        self.guest.start_firewalld()
        self.addCleanup(self.guest.stop_all)
        processes.wait_for("the app to reach the world", self.reaches_the_world, 15)
        self.assertFalse(self.answers())
        mend, = self.mends("network")
        self.assertEqual(mend, "firewall-cmd --permanent --add-port=80/tcp --add-port=443/tcp "
                               "--add-port=2222/tcp && firewall-cmd --reload")
        self.type_on_machine(mend)
        self.assert_works("once firewalld was told, and reloaded")
        self.assertEqual(self.mends("network"), [])

    def test_rules_that_were_flushed(self):
        self.machine.run("nft", "flush", "ruleset").must_succeed()
        self.assert_works("after a flush")
        self.machine.shell("echo 0 >/proc/sys/net/ipv4/ip_forward")
        self.assert_works("after forwarding was switched off")


class OwnersTable(FirewallTest):
    """firewalld of trixie owns its table: nobody else may write there."""

    suite, packages = "trixie", ("firewalld", "dbus", "procps")

    def test_firewalld(self):
        self.guest.start_firewalld()
        mends = processes.wait_for("the doctor to see it", lambda: self.mends("network"))
        self.assertEqual(len(set(mends)), 2, mends)
        for mend in sorted(set(mends)):
            self.type_on_machine(mend)
        self.assert_works("once firewalld was told")
        self.assertEqual(self.mends("network"), [])


if __name__ == "__main__":
    main()
