"""`dokku setup` in a browser: a one-time link, a form, and nothing of it afterwards."""
import os
import re
import signal
import sqlite3
import urllib.parse

from harness import SystemTest, main, processes
from harness.browser import Browser

HERE = "203.0.113.7"  # as a visitor who has only the address


class SetupInBrowser(SystemTest):
    wants_stack = False

    def setUp(self):
        for key in self.keys():
            self.dokku("ssh-keys:remove", key).must_succeed()
        self.dokku("domains:clear-global").must_succeed()
        self.dokku("domains:set-property", "--global", "shown-host").must_succeed()

    def keys(self):
        return re.findall(r'NAME="([^"]+)"', self.dokku("ssh-keys:list").out)

    @property
    def public_key(self):
        with open(os.path.join(self.instance.client_dir, "id_ed25519.pub"), encoding="utf-8") as f:
            return f.read()

    def link(self):
        """(address, path) of a new one."""
        out = self.dokku("setup", "--browser").must_succeed().out
        found = re.search(r"http://\S+?(/setup/[0-9a-f]{32})\n", out)
        self.assertTrue(found, out)
        return f"http://127.0.0.1:{self.instance.http_port}{found[1]}", found[1]

    def post(self, path, **fields):
        return self.get(HERE, path, method="POST", body=urllib.parse.urlencode(fields),
                        headers={"Content-Type": "application/x-www-form-urlencoded"})

    def restart_dokkud(self):
        before = self.instance.daemon_pid("dokkud")
        os.kill(before, signal.SIGKILL)
        self.instance.start()
        self.assertNotEqual(self.instance.daemon_pid("dokkud"), before)

    # --- before

    def test_a_server_without_keys_says_what_to_type(self):
        for host in (HERE, "[2001:db8::7]", "whatever.example.com"):
            answer = self.instance.get(host)
            self.assertEqual(answer.status, 503, host)
            self.assertIn("This server is not set up", answer.text)
            self.assertIn("sudo dokku setup --browser", answer.text)
        self.restart_dokkud()
        self.assertIn("This server is not set up", self.get(HERE).text)
        self.dokku("ssh-keys:add", "tester", stdin=self.public_key).must_succeed()
        self.assertEqual(self.get(HERE).status, 404)
        self.assertIn("No app answers", self.get(HERE).text)

    def test_a_set_up_server_that_starts_shows_nothing(self):
        self.dokku("ssh-keys:add", "tester", stdin=self.public_key).must_succeed()
        self.restart_dokkud()
        self.assertEqual(self.get(HERE).status, 404)
        self.assertEqual(self.workers(), [])

    # --- in a browser

    def test_a_person_sets_it_up(self):
        url, path = self.link()
        with Browser() as browser:
            browser.open(url)
            self.assertEqual(browser.title, "Set up this server")
            browser.type("#keys", "not a key")
            browser.type("input[name=domain]", "apps.example.com")
            browser.submit("button")
            self.assertIn("not a key is no public ssh key", browser.text)
            self.assertEqual(browser.run("document.querySelector('input[name=domain]').value"),
                             "apps.example.com")
            browser.type("#keys", self.public_key)
            browser.type("input[name=domain]", "*.example.com")
            browser.submit("button")
            self.assertIn("Say it without *.", browser.text)
            self.assertEqual(self.keys(), [])
            browser.type("input[name=domain]", "apps.example.com")
            browser.submit("button")
            self.assertEqual(browser.title, "This server is set up")
            self.assertIn("git remote add dokku ssh://dokku@", browser.text)
            self.assertIn("http://my-app.apps.example.com", browser.text)
            # Once: neither by going back to it nor by another browser.
            browser.open(url)
            self.assertIn("No app answers", browser.text)
            self.assertEqual(browser.refused, [])
            origin = url[:-len(path)]
            strange = [r for r in browser.requests if not r.startswith((origin, "about:"))]
            self.assertEqual(strange, [])
        self.assertEqual(self.keys(), ["admin"])
        self.dokku("domains:report", "--global", "--domains-global-vhosts").must_succeed() \
            .must_say("apps.example.com")
        self.ssh("version").must_succeed()
        self.assertEqual(self.post(path, way="none").status, 404)
        self.dokku("events").must_say("set-up link")
        self.assert_nobody_wrote_down(path)

    def test_names_made_of_the_address_and_ports(self):
        url, _ = self.link()
        with Browser() as browser:
            browser.open(url)
            browser.type("#keys", self.public_key)
            browser.click("input[value=ip]")
            browser.type("#address", HERE)
            browser.submit("button")
            self.assertIn(f"http://my-app.{HERE}.sslip.io", browser.text)
            url, _ = self.link()  # a key alone need not be all
            browser.open(url)
            self.assertIn("1 may push already", browser.text)
            browser.click("input[value=none]")
            browser.submit("button")
            self.assertIn(f"at which port of {HERE} the app answers", browser.text)
        self.dokku("apps:create", "by-port").must_succeed()
        self.dokku("url", "by-port").must_say(f"http://{HERE}:")
        self.dokku("apps:destroy", "--force", "by-port").must_succeed()

    # --- what must not work

    def test_only_the_newest_unused_link_opens(self):
        _, first = self.link()
        _, second = self.link()
        for path in (first, second[:-1] + ("0" if second[-1] != "0" else "1"), "/setup/", "/setup"):
            answer = self.get(HERE, path)
            self.assertEqual(answer.status, 404, path)
            self.assertIn("sudo dokku setup --browser", answer.text)
        self.assertEqual(self.post(first, keys=self.public_key, way="none").status, 404)
        self.assertEqual(self.keys(), [])
        answer = self.get(HERE, second)
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers["Referrer-Policy"], "no-referrer")
        self.assertEqual(answer.headers["Cache-Control"], "no-store")
        self.assertIn("default-src 'none'", answer.headers["Content-Security-Policy"])
        self.assertEqual(self.post(second, keys=self.public_key, way="none").status, 200)
        self.assertEqual(self.post(second, keys=self.public_key, way="none").status, 404)

    def test_guessing_is_slowed_down(self):
        _, path = self.link()
        statuses = [self.get(HERE, f"/setup/{number:032x}").status for number in range(12)]
        self.assertEqual(statuses[:10], [404] * 10)
        self.assertEqual(statuses[10:], [429] * 2)
        self.assertEqual(self.get(HERE, path).status, 429)
        self.assertEqual(self.get(HERE, path, address="::1").status, 200)  # another visitor

    def test_an_expired_link_is_none(self):
        _, path = self.link()
        self.assertEqual(self.get(HERE, path).status, 200)
        with sqlite3.connect(self.instance.path("lib", "dokku.db"), timeout=10) as database:
            database.execute("UPDATE properties SET value = substr(value, 1, instr(value, ' ')) || "
                             "'1700000000' WHERE name = 'setup.link'")
        database.close()
        self.assertEqual(self.get(HERE, path).status, 404)
        self.assertEqual(self.post(path, keys=self.public_key, way="none").status, 404)
        self.assertEqual(self.keys(), [])

    def test_a_form_that_is_too_large_is_refused(self):
        _, path = self.link()
        self.assertEqual(self.post(path, keys="x" * 40000, way="none").status, 413)
        self.assertEqual(self.get(HERE, path).status, 200)

    # --- in between

    def test_a_link_outlives_the_daemon_and_a_worker(self):
        _, path = self.link()
        self.restart_dokkud()
        self.assertEqual(self.get(HERE, path).status, 200)
        worker, = self.workers()
        os.kill(worker, signal.SIGKILL)
        processes.wait_for("another worker", lambda: self.answers(path), 20)
        self.assertEqual(self.post(path, keys=self.public_key, way="ip").status, 200)
        self.restart_dokkud()
        self.assertEqual(self.get(HERE, path).status, 404)
        processes.wait_for("the worker to end", lambda: not self.workers(), 20)

    def test_the_worker_can_do_nothing_else(self):
        _, path = self.link()
        self.assertEqual(self.get(HERE, path).status, 200)
        worker, = self.workers()
        with open(f"/proc/{worker}/status", encoding="utf-8") as file:
            status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
        self.assertEqual(status["Uid"].split(), ["32767"] * 4)
        self.assertEqual(status["CapEff"], "0" * 16)
        self.assertEqual(status["NoNewPrivs"], "1")

    def answers(self, path):
        try:
            return self.get(HERE, path, timeout=5).status == 200
        except OSError:
            return False

    def workers(self):
        daemon = self.instance.daemon_pid("dokkud")
        return [pid for pid in processes.pids() if processes.parent(pid) == daemon
                and "setup-page" in processes.command_line(pid)
                and processes.is_running(pid)]

    def assert_nobody_wrote_down(self, path):
        token = path.rsplit("/", 1)[1].encode()
        for folder, _, names in os.walk(self.instance.root):
            for name in names:
                file = os.path.join(folder, name)
                if os.path.islink(file) or not os.path.isfile(file):
                    continue
                with open(file, "rb") as content:
                    self.assertNotIn(token, content.read(64 << 20), file)


if __name__ == "__main__":
    main()
