"""dokkud dies at each crash point of commands other than push.

At every second point the client is gone before the next dokkud comes; at the others it waits.
"""
from harness import apps, main
from harness.crash import CrashTest


class Commands(CrashTest):
    def everywhere(self, points, each):
        for number, point in enumerate(points):
            with self.subTest(point=point):
                each(point, number % 2 == 1)

    def check_command(self, words, before=()):
        """`before`: commands that make the state from which the deed begins."""
        deed = self.dokku_deed(*words)
        expected = self.inventory()

        def prepare():
            for command in before:
                self.dokku(*command).must_succeed()

        def repair():
            self.dokku("ps:start", "deeds").must_succeed()
            self.dokku("ps:scale", "deeds", "web=1").must_succeed()
            self.await_inventory(expected)
            self.assertEqual(self.get("deeds").text, "it")

        def each(point, client_goes):
            prepare()
            self.crash(point, deed, client_goes)
            repair()

        prepare()
        points = self.points_of(deed)
        repair()
        self.everywhere(points, each)

    def test_commands_killed_everywhere(self):
        self.push(self.repo(apps.echo("it")), "deeds").must_succeed()
        self.check_command(["ps:restart", "deeds"])
        self.check_command(["ps:scale", "deeds", "web=2"])
        self.check_command(["ps:scale", "deeds", "web=1"], [("ps:scale", "deeds", "web=2")])
        self.check_command(["ps:stop", "deeds"])
        self.check_command(["ps:start", "deeds"], [("ps:stop", "deeds")])

    def test_destroy_killed_everywhere(self):
        repo = self.repo(apps.echo("gone"))
        expected = self.inventory()
        deed = self.dokku_deed("apps:destroy", "--force", "brief")

        def each(point, client_goes):
            self.push(repo, "brief").must_succeed()
            _, done = self.crash(point, deed, client_goes)
            there = self.dokku("apps:exists", "brief").status == 0
            self.assertFalse(done and there)
            if there:
                self.dokku("apps:destroy", "--force", "brief").must_succeed()
            self.await_inventory(expected)
            self.assertEqual(self.kept("brief"), ([], []))

        self.push(repo, "brief").must_succeed()
        self.everywhere(self.points_of(deed), each)


if __name__ == "__main__":
    main()
