"""dokkud dies at each crash point of server:restore and apps:import.

Afterwards all of it is there or nothing is, the folders of apps' storage included, and the command
that the person types next works.
"""
import os
import shutil

from harness import apps, main, processes
from harness.crash import CrashTest

# The volume's file, as a web page; whatever MARK says.
KEEPS = apps.echo("keeps", before="")
KEEPS["server.py"] = KEEPS["server.py"].replace(
    "    return MARK", "    return open('/data/note').read()")


class CrashingArrival(CrashTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        instance = cls.instance
        instance.dokku("apps:create", "shop").must_succeed()
        instance.dokku("storage:ensure-directory", "data").must_succeed()
        instance.dokku("storage:mount", "shop", "data:/data").must_succeed()
        with open(cls.storage("data", "note"), "w", encoding="utf-8") as file:
            file.write("kept")
        instance.dokku("config:set", "--no-restart", "shop", "KEPT=yes").must_succeed()
        instance.push(instance.repo(KEEPS), "shop").must_succeed()
        cls.export = instance.path("client", "export")
        cls.backup = instance.path("client", "backup")
        instance.dokku("apps:export", "shop", cls.export, timeout=240).must_succeed()
        instance.dokku("server:backup", cls.backup, timeout=240).must_succeed()

    @classmethod
    def storage(cls, *parts):
        return cls.instance.path("lib", "data", "storage", *parts)

    def named(self):
        return set(self.dokku("apps:list").out.split()) & {"shop", "copy"}

    def state(self):
        """What apps have beyond processes; names of releases' files without their digests."""
        return {
            "apps": sorted(self.named()),
            "images": sorted(i for i in self.ctr("images", "ls", "-q")
                             if i.startswith(("dokku/", "transfer/"))),
            "sources": {app: len(self.files("lib", "sources", app))
                        for app in self.files("lib", "sources")},
            "storage": self.files("lib", "data", "storage"),
            "transfers": self.files("lib", "transfers"),
            "repositories": self.files("lib", "git"),
            "homes": [name for name in self.files("home") if not name.startswith(".")],
        }

    def await_state(self, expected):
        seen = None

        def equal():
            nonlocal seen
            seen = self.state()
            return seen == expected

        try:
            processes.wait_for("the state of before", equal, 40)
        except AssertionError:
            self.assertEqual(seen, expected)
            raise

    def expect_app(self, app):
        processes.wait_for(f"{app} to serve", lambda: self.get(app).text == "kept", 60)
        self.assertEqual(self.dokku("config:get", app, "KEPT").out, "yes\n")
        clone = self.instance.path("client", "clone")
        shutil.rmtree(clone, ignore_errors=True)
        self.instance.git("clone", "-q", self.instance.remote(app), clone).must_succeed()
        self.assertTrue(os.path.exists(os.path.join(clone, "server.py")))
        with open(self.instance.path("home", app, "VHOST"), encoding="utf-8") as file:
            self.assertEqual(file.read(), f"{app}.example.test\n")

    def everywhere(self, deed, words, arrived, leave):
        """`arrived`: looks at what came; `leave`: back to before."""
        before = self.state()
        inventory = self.inventory()
        points = self.points_of(deed)
        after = self.state()
        arrived()
        leave()
        self.await_state(before)
        for name in ("restore.staged:1", "restore.placed:1", "restore.committed:1",
                     "restore.finished:1"):
            self.assertIn(name, points)
        for number, point in enumerate(points):
            with self.subTest(point=point):
                text, done = self.crash(point, deed, number % 2 == 1)
                there = self.named() == set(after["apps"])
                if done is not None:
                    self.assertEqual(there, done, text)
                if not there:
                    self.await_state(before)
                    self.await_inventory(inventory)
                    self.dokku(*words, timeout=240).must_succeed()
                arrived()
                self.await_state(after)
                leave()
                self.await_state(before)
                self.await_inventory(inventory)

    def destroy(self, app, *volumes):
        self.dokku("apps:destroy", "--force", app).must_succeed()
        for volume in volumes:
            shutil.rmtree(self.storage(volume))


class CrashingImport(CrashingArrival):
    def test_import_killed_everywhere(self):
        words = ["apps:import", "--name", "copy", self.export]
        self.everywhere(self.dokku_deed(*words), words, lambda: self.expect_app("copy"),
                        lambda: self.destroy("copy", "copy-data"))


class CrashingRestore(CrashingArrival):
    def test_restore_killed_everywhere(self):
        self.destroy("shop", "data")
        words = ["server:restore", self.backup]
        self.everywhere(self.dokku_deed(*words), words, lambda: self.expect_app("shop"),
                        lambda: self.destroy("shop", "data"))


if __name__ == "__main__":
    main()
