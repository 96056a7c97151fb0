"""The networks that servers meet: IPv6 in front, name servers that change or are absent, another
address, a clash of ranges, small packets. A machine with a network of its own stands in each."""
import re
import time

from harness import apps, main, processes
from harness.wired import (CLIENT, CLIENT6, MACHINE, MACHINE6, ROUTER, ROUTER6, SERVER, NameServer,
                           Space, WebServer, WiredTest, request)

# Answers with what the proxy says of the client.
WHO = apps.echo(before="import json")
WHO["server.py"] = WHO["server.py"].replace(
    "answer(self.path).encode()", "json.dumps(dict(self.headers)).encode()")


class Networks(WiredTest):
    @classmethod
    def before_start(cls):
        """The host routes the range that an instance would take first."""
        cls.machine.shell(f"ip route add 10.83.0.0/16 via {ROUTER}").must_succeed()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.instance.push(cls.instance.repo(apps.echo()), "app").must_succeed()

    def fetch(self, host, *options, app="app"):
        """What a new container of the app gets from http://HOST/."""
        return self.inside(app, "curl", "-sS", "--max-time", "20", *options, f"http://{host}/")

    def assert_reaches_the_world(self):
        self.fetch("web.test").must_succeed().must_say("the world")

    def range(self):
        with open(self.instance.path("lib", "network", "subnet"), encoding="utf-8") as file:
            return file.read().split()[0]

    def set_name_servers(self, *addresses):
        self.machine.write("/etc/resolv.conf", "".join(f"nameserver {a}\n" for a in addresses))

    # --- IPv6

    def test_a_client_over_ipv6(self):
        self.push(self.repo(WHO), "who").must_succeed()
        self.names.names["who.example.test"] = [MACHINE6]
        text = request(self.world, 80, "who.example.test", address=MACHINE6).text
        self.assertIn(f'"X-Forwarded-For": "{ROUTER6}"', text)
        line, = [line for line in self.findings("domains") if "who.example.test" in line] or [""]
        self.assertEqual(line, "", "an AAAA record that leads here is right")

    def test_commands_and_git_over_ipv6(self):
        with self.world:
            self.instance.ssh("apps:list").must_succeed()
            outcome = self.instance.git("-c", f"core.sshCommand=ssh -F {self.instance.client_dir}"
                                        f"/ssh_config -o HostName={MACHINE6}", "ls-remote",
                                        self.instance.remote("app"))
        outcome.must_succeed().must_say("refs/heads/main")

    def test_apps_speak_ipv4_alone_and_do_not_wait_for_the_other(self):
        self.names.names["both.test"] = [SERVER, CLIENT6]
        self.names.names["six.test"] = [CLIENT6]
        begin = time.monotonic()
        self.fetch("both.test").must_succeed().must_say("the world")
        self.fetch("six.test").must_fail()
        self.assertLess(time.monotonic() - begin, 8)

    # --- name servers

    def test_a_stub_on_the_hosts_loopback(self):
        stub = NameServer(self.machine, "127.0.0.53", {"stub.test": [SERVER]})
        self.addCleanup(stub.close)
        self.addCleanup(self.set_name_servers, SERVER)
        self.set_name_servers("127.0.0.53")
        self.fetch("stub.test").must_succeed().must_say("the world")

    def test_a_running_container_asks_the_name_server_that_the_host_has_now(self):
        other = NameServer(self.world, CLIENT, {"moved.test": [SERVER]})
        self.addCleanup(other.close)
        self.addCleanup(self.set_name_servers, SERVER)
        ask = ("enter", "app", "web", "--", "curl", "-sS", "--max-time", "5")
        self.dokku(*ask, "http://web.test/").must_succeed().must_say("the world")
        self.dokku(*ask, "http://moved.test/").must_fail()
        self.set_name_servers(CLIENT)
        self.dokku(*ask, "http://moved.test/").must_succeed().must_say("the world")
        self.dokku(*ask, "http://web.test/").must_fail()

    def test_none_at_all(self):
        self.addCleanup(self.set_name_servers, SERVER)
        self.assertEqual(self.findings("names"), ["-----> names: the host's name servers answer"])
        self.machine.write("/etc/resolv.conf", "")
        self.assert_fails_within(2)
        self.assertIn("no name server is set: apps and builds find no host by its name; mend: "
                      "write \"nameserver ADDRESS\" into /etc/resolv.conf",
                      self.findings("names")[0])
        self.set_name_servers("203.0.113.200")  # nobody is there, and nobody says so
        self.assert_fails_within(10)
        self.assertIn("no name server of /etc/resolv.conf answers", self.findings("names")[0])

    def assert_fails_within(self, seconds):
        begin = time.monotonic()
        self.dokku("enter", "app", "web", "--", "python3", "-c",
                   "import socket; socket.gethostbyname('web.test')").must_fail().must_say(
                       "name resolution")
        took = time.monotonic() - begin
        print(f"a lookup that nobody answers: {took:.1f} s")
        self.assertLess(took, seconds)

    # --- addresses

    def test_the_host_gets_another_address(self):
        self.dokku("domains:disable", "app").must_succeed()
        self.addCleanup(self.dokku, "domains:enable", "app")
        port, = re.findall(r"http://192\.0\.2\.2:(\d+)", self.dokku("urls", "app").out)

        def pid(address, port=int(port)):
            return request(self.world, port, "app.example.test", "/pid", address=address).text

        before = pid(MACHINE)
        self.addCleanup(self.renumber, "192.0.2.77", MACHINE)
        self.renumber(MACHINE, "192.0.2.77")
        self.dokku("urls", "app").must_succeed().must_say(f"http://192.0.2.77:{port}")
        self.assertEqual(pid("192.0.2.77"), before)
        self.dokku("enter", "app", "web", "--", "curl", "-sS", "http://web.test/").must_say(
            "the world")
        self.assertEqual(self.web.requests[-1][0], "192.0.2.77")
        self.dokku("domains:enable", "app").must_succeed()
        self.assertEqual(pid("192.0.2.77", 80), before)

    def renumber(self, old, new):
        self.machine.shell(f"""
            set -e
            ip addr del {old}/24 dev eth0
            ip addr add {new}/24 dev eth0
            ip route replace default via {ROUTER}""").must_succeed()

    def test_a_range_that_is_routed_is_not_taken(self):
        self.assertFalse(self.range().startswith("10.83."), self.range())
        self.assertEqual([line for line in self.findings("network") if "routed" in line], [])

    def test_a_range_that_becomes_routed_is_named_and_left(self):
        before = self.range()
        base = before.rsplit(".", 2)[0]
        self.machine.shell(f"ip route add {base}.0.0/16 via {ROUTER}").must_succeed()
        self.addCleanup(self.machine.shell, f"ip route del {base}.0.0/16")
        line, = self.findings("network")
        self.assertIn(f"the apps' addresses ({before}) are also routed elsewhere: {base}.0.0/16 "
                      "by eth0", line)
        self.assert_reaches_the_world()
        mend = line.split("or at once: ")[1]
        for command in mend.split(", "):
            self.dokku(*command.split()[1:]).must_succeed()
        self.assertNotEqual(self.range(), before)
        self.assertNotIn("routed", self.findings("network")[0])
        processes.wait_for("the app", lambda: self.get("app").text == "hello")
        self.assert_reaches_the_world()


class SmallPackets(WiredTest):
    """The uplink takes 1400 bytes, and the router before it says nothing of that."""

    mtu = 1400
    BIG = b"x" * (2 << 20)

    @classmethod
    def lay_wires(cls):
        super().lay_wires()
        cls.far = Space()
        cls.addClassCleanup(cls.far.close)
        cls.world.shell(f"""
            set -e
            ip link add far0 mtu 1500 type veth peer name eth0 netns {cls.far.holder.pid} mtu 1500
            ip addr add 10.250.0.1/24 dev far0
            ip link set far0 up
            echo 1 >/proc/sys/net/ipv4/ip_forward
            nft 'add table ip silent'
            nft 'add chain ip silent out {{ type filter hook output priority 0; }}'
            nft 'add rule ip silent out icmp type destination-unreachable drop'
            """).must_succeed()
        cls.far.shell("""
            set -e
            ip addr add 10.250.0.2/24 dev eth0
            ip addr add 198.51.100.99/32 dev lo
            ip link set eth0 up
            ip route add default via 10.250.0.1""").must_succeed()
        cls.world.shell("ip route add 198.51.100.99 via 10.250.0.2").must_succeed()
        cls.names.names["big.test"] = ["198.51.100.99"]
        cls.big = WebServer(cls.far, "198.51.100.99", body=cls.BIG)
        cls.addClassCleanup(cls.big.close)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.instance.push(cls.instance.repo(apps.echo()), "app").must_succeed()

    def download(self):
        return self.dokku("enter", "app", "web", "--", "curl", "-sS", "--max-time", "8",
                          "-o", "/dev/null", "-w", "%{size_download}", "http://big.test/")

    def test_the_way_is_as_narrow_as_it_should_be(self):
        """Without this the other tests would pass by themselves."""
        self.machine.shell("ip link set eth0 mtu 1500; ip route flush cache")
        self.addCleanup(self.machine.shell, "ip link set eth0 mtu 1400")
        outcome = self.machine.run("curl", "-sS", "--max-time", "4", "-o", "/dev/null",
                                   "http://198.51.100.99/")
        outcome.must_fail().must_say("timed out")

    def test_a_download_in_a_container(self):
        self.assertEqual(self.download().must_succeed().out, str(len(self.BIG)))
        links = self.machine.run("ip", "-o", "link").out.splitlines()
        self.assertTrue([line for line in links if " dk" in line])
        for line in links:
            if " dk" in line:
                self.assertIn("mtu 1400", line)

    def test_an_uplink_that_becomes_smaller_while_apps_run(self):
        self.machine.shell("ip link set eth0 mtu 1300").must_succeed()
        self.world.shell("ip link set eth0 mtu 1300").must_succeed()
        self.addCleanup(self.world.shell, "ip link set eth0 mtu 1400")
        self.addCleanup(self.machine.shell, "ip link set eth0 mtu 1400")
        self.assertEqual(self.download().must_succeed().out, str(len(self.BIG)))


if __name__ == "__main__":
    main()
