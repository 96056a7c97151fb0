"""dokkud dies at each crash point of apps:rename: the app has one name, serves, and is whole."""
from harness import apps, main, processes
from harness.crash import CrashTest


class Rename(CrashTest):
    def named(self, *names):
        return [name for name in names if self.dokku("apps:exists", name).status == 0]

    def test_rename_killed_everywhere(self):
        self.push(self.repo(apps.echo("same")), "before").must_succeed()
        self.dokku("config:set", "--no-restart", "before", "KEPT=yes").must_succeed()
        deed = self.dokku_deed("apps:rename", "before", "after")
        expected = self.inventory()

        def back():
            if self.named("after"):
                self.dokku("apps:rename", "after", "before").must_succeed()
            self.await_inventory(expected)
            self.assertEqual(self.get("before").text, "same")

        def each(point, client_goes):
            text, done = self.crash(point, deed, client_goes)
            there = self.named("before", "after")
            self.assertEqual(len(there), 1, text)
            if done is not None:
                self.assertEqual(there, ["after" if done else "before"], text)
            app, = there
            other, = {"before", "after"} - {app}
            self.assertEqual(self.get(app).text, "same")
            self.assertEqual(self.get(other).status, 404)
            self.assertEqual(self.dokku("config:get", app, "KEPT").out, "yes\n")
            processes.wait_for("nothing of the other name", lambda: self.kept(other) == ([], []))
            self.assertNotIn(f"{other}.git", self.files("lib", "git"))
            # What was moved can be built and started from.
            self.dokku("ps:restart", app).must_succeed()
            back()

        points = self.points_of(deed)
        back()
        self.assertIn("deploy.renamed-in-store:1", points)
        self.assertIn("deploy.renamed-files:1", points)
        for number, point in enumerate(points):
            with self.subTest(point=point):
                each(point, number % 2 == 1)


if __name__ == "__main__":
    main()
