"""Where an app answers: own and global domains, VHOST edited by hand, its own port. Point 10."""
import socket
from urllib.parse import urlsplit

from harness import SystemTest, apps, main, processes, request


class Domains(SystemTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Pushed before any domain exists: this one has a port of its own.
        cls.instance.push(cls.instance.repo(apps.echo("plain")), "plain").must_succeed()

    def own_port(self, app):
        url = self.dokku("url", app).must_succeed().out.strip()
        self.assertRegex(url, r"^http://[0-9.]+:\d+$")
        return urlsplit(url).port

    def test_an_app_without_domain_has_a_port_that_stays(self):
        port = self.own_port("plain")
        self.assertNotEqual(port, self.instance.http_port)
        self.assert_answers(port, "plain")
        repo = self.repo(apps.echo("plain"))
        self.push(repo, "plain", "+main:main").must_succeed()
        self.assertEqual(self.own_port("plain"), port)
        self.instance.instance_command("stop").must_succeed()
        self.instance.start()
        self.assertEqual(self.own_port("plain"), port)
        processes.wait_for("the app to answer on its port",
                           lambda: self.answers(port, "plain"), 60)

    def answers(self, port, text):
        try:
            return request(port, "whatever").text == text
        except OSError:
            return False

    def assert_answers(self, port, text):
        self.assertTrue(self.answers(port, text))

    def test_a_port_that_a_stranger_took_is_chosen_again(self):
        """Also for apps of two instances: both saw it free when the apps were made."""
        self.dokku("apps:create", "late").must_succeed()
        port = self.own_port("late")
        with socket.create_server(("", port)):
            self.push(self.repo(apps.echo("late")), "late").must_succeed().must_say(
                f"Port {port} is used by another program; late gets port ")
            self.assertNotEqual(self.own_port("late"), port)
        self.assert_answers(self.own_port("late"), "late")

    def test_apps_reach_each_other_by_their_public_addresses(self):
        url = self.dokku("url", "plain").must_succeed().out.strip()
        ask = f"import urllib.request; print(urllib.request.urlopen('{url}').read().decode())"
        self.assertEqual(
            self.dokku("run", "plain", "python3", "-c", ask).must_succeed().out, "plain\n")

    def test_add_set_remove_clear(self):
        self.push(self.repo(apps.echo("named")), "named").must_succeed()
        self.dokku("domains:add", "named", "a.example.com", "B.Example.com").must_succeed() \
            .must_say("-----> Added a.example.com to named")
        for host in ("a.example.com", "b.example.com", "A.EXAMPLE.COM:80"):
            self.assertEqual(self.get(host).text, "named")
        self.dokku("domains:remove", "named", "a.example.com").must_succeed()
        self.assertEqual(self.get("a.example.com").status, 404)
        self.dokku("domains:set", "named", "c.example.com").must_succeed()
        self.assertEqual(self.get("c.example.com").text, "named")
        self.assertEqual(self.get("b.example.com").status, 404)
        self.dokku("domains:report", "named", "--domains-app-vhosts").must_say("c.example.com")
        self.dokku("domains:clear", "named").must_succeed()
        self.assertEqual(self.get("c.example.com").status, 404)

    def test_a_global_domain_names_new_apps(self):
        self.dokku("domains:set-global", "apps.example.net").must_succeed()
        self.push(self.repo(apps.echo("born")), "born").must_succeed().must_say(
            f"http://born.apps.example.net:{self.instance.http_port}")
        self.assertEqual(self.get("born.apps.example.net").text, "born")
        self.dokku("domains:clear-global").must_succeed()

    def test_vhost_edited_by_hand_counts(self):
        with open(self.instance.path("home", "VHOST"), "w", encoding="utf-8") as file:
            file.write("hand.example.org\n")
        self.push(self.repo(apps.echo("hand")), "hand").must_succeed()
        self.assertEqual(self.get("hand.hand.example.org").text, "hand")
        self.dokku("domains:report", "--global").must_say("hand.example.org")
        self.dokku("domains:clear-global").must_succeed()

    def test_a_domain_of_another_app_is_not_taken(self):
        self.push(self.repo(apps.echo("one")), "one").must_succeed()
        self.push(self.repo(apps.echo("two")), "two").must_succeed()
        self.dokku("domains:add", "one", "mine.example.com").must_succeed()
        self.dokku("domains:add", "two", "mine.example.com").must_fail()
        self.assertEqual(self.get("mine.example.com").text, "one")

    def test_unknown_host_is_404_and_ipv6_answers(self):
        self.assertEqual(self.get("unknown.example.com").status, 404)
        self.assertEqual(self.instance.get("unknown.example.com", address="::1").status, 404)


if __name__ == "__main__":
    main()
