"""Apps that get another name or a twin while people use them, and a lock that stops a push."""
import os

from harness import SteadyClient, SystemTest, apps, main, processes


class Apps(SystemTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.instance.dokku("domains:set-global", "example.test").must_succeed()
        cls.repository = cls.instance.repo(apps.echo("kept"))
        cls.instance.push(cls.repository, "first").must_succeed()
        cls.instance.dokku("domains:add", "first", "steady.example.com").must_succeed()

    def cloned(self, app):
        target = self.instance.path("client", f"copy-of-{app}")
        return self.instance.git("clone", self.instance.remote(app), target)

    def test_1_rename_loses_no_request(self):
        self.dokku("config:set", "--no-restart", "first", "COLOUR=green").must_succeed()
        with SteadyClient(self.instance.http_port, "steady.example.com") as client:
            self.ssh("apps:rename", "first", "second").must_succeed().must_say(
                "-----> Renaming first to second")
            processes.wait_for("requests afterwards",
                               lambda seen=client.sent: client.sent > seen + 100)
        self.assertEqual((client.lost, list(client.bodies)), ([], ["kept"]))
        self.assertEqual(self.get("second", "/env/COLOUR").text, "green")
        self.assertEqual(self.get("first").status, 404)
        self.assertEqual(self.instance.app_processes("first"), {})
        self.dokku("apps:exists", "first").must_end_with(20)
        self.dokku("urls", "second").must_say("http://second.example.test")
        self.dokku("logs", "-n", "100000", "second").must_say("started kept")
        self.cloned("second").must_succeed()
        self.dokku("ps:rebuild", "second").must_succeed()
        self.push(self.repository, "second").must_say("Everything up-to-date")
        self.assertEqual(sorted(os.listdir(self.instance.path("lib", "sources"))), ["second"])

    def test_2_clone_is_an_app_of_its_own(self):
        self.dokku("apps:clone", "second", "twin").must_succeed().must_say(
            "-----> Cloning second to twin", "=====> Application deployed:")
        self.assertEqual(self.get("twin", "/env/COLOUR").text, "green")
        self.assertEqual(self.get("steady.example.com").text, "kept")
        self.dokku("domains:report", "twin", "--domains-app-vhosts").must_say("twin.example.test")
        self.cloned("twin").must_succeed()
        self.dokku("apps:clone", "second", "twin").must_end_with(1).must_say(
            " !     Name is already taken")
        self.dokku("--force", "apps:destroy", "second").must_succeed()
        self.assertEqual(self.get("twin").text, "kept")
        self.dokku("ps:rebuild", "twin").must_succeed()

    def test_3_lock_stops_a_push(self):
        self.dokku("apps:lock", "twin").must_succeed()
        self.repository.commit(apps.echo("changed"))
        self.push(self.repository, "twin").must_fail().must_say(
            "twin currently has a deploy lock in place. Exiting...",
            "Run 'apps:unlock' to release the existing deploy lock")
        self.assertEqual(self.get("twin").text, "kept")
        self.dokku("apps:unlock", "twin").must_succeed()
        self.push(self.repository, "twin").must_succeed()
        self.assertEqual(self.get("twin").text, "changed")


if __name__ == "__main__":
    main()
