"""Packs that people choose by command: they build in their order, and win over what is detected."""
import os

from harness import SystemTest, apps, main


class Buildpacks(SystemTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.instance.dokku("domains:set-global", "example.test").must_succeed()

    def pack(self, name):
        """A pack that leaves a mark; in a folder that the build user may read."""
        folder = self.instance.path("packs-of-test", name)
        for path, text in apps.own_pack_tree(f"echo made by {name}\necho {name} >> $1/marks",
                                             f"echo {name}").items():
            file = os.path.join(folder, path)
            os.makedirs(os.path.dirname(file), exist_ok=True)
            with open(file, "w", encoding="utf-8") as out:
                out.write(text)
            os.chmod(file, 0o755)
        return folder

    def test_chosen_packs_build_in_their_order(self):
        first, second = self.pack("first"), self.pack("second")
        self.dokku("apps:create", "app").must_succeed()
        self.dokku("buildpacks:add", "app", second).must_succeed()
        self.ssh("buildpacks:add", "--index", "1", "app", first).must_succeed()
        self.dokku("buildpacks:list", "app").must_say(f"       {first}\n       {second}")
        repo = self.repo(apps.echo("built"))
        pushed = self.push(repo, "app").must_succeed()
        self.assertLess(pushed.err.index("made by first"), pushed.err.index("made by second"))
        self.assertEqual(self.get("app").text, "built")
        self.assertEqual(self.dokku("run", "app", "cat", "marks").out, "first\nsecond\n")
        self.dokku("buildpacks:remove", "app", second).must_say(f"-----> Removing {second}")
        self.dokku("ps:rebuild", "app").must_succeed().must_not_say("made by second")
        self.dokku("builder:set", "app", "selected", "null").must_succeed()
        self.dokku("ps:rebuild", "app").must_succeed().must_not_say("made by first")
        self.dokku("buildpacks:add", "app", "cobol").must_end_with(1).must_say(
            "Invalid buildpack specified: cobol")


if __name__ == "__main__":
    main()
