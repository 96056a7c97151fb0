"""Pushes that are refused: the old release serves on, and the person reads why."""
import os

from harness import SystemTest, apps, main, processes


class PushRefused(SystemTest):
    """The old release serves on, and the person reads why."""

    def setUp(self):
        self.use_domain()

    def served_app(self, name):
        repo = self.repo(apps.echo("old"))
        self.push(repo, name).must_succeed()
        return repo

    def refuse(self, name, files, *texts):
        repo = self.served_app(name)
        before = self.instance.app_processes(name)
        repo.commit(files)
        outcome = self.push(repo, name).must_fail().must_say(*texts)
        outcome.must_say("pre-receive hook declined")
        self.assertEqual(self.get(name).text, "old")
        self.assertEqual(self.instance.app_processes(name), before)
        return outcome

    def test_failing_compile(self):
        self.refuse("broken", {"requirements.txt": "nothing-of-this-name==99\n",
                               "wheels/none.txt": ""}, " !     ")

    def test_app_that_exits(self):
        self.refuse("exits", apps.exits(3, "cannot find my settings"),
                    "cannot find my settings", "3")

    def test_app_out_of_memory(self):
        self.refuse("eater", apps.eats_memory(), "137", "memory")

    def test_app_that_listens_on_127(self):
        self.refuse("local", apps.echo("new", host="127.0.0.1"), "127.0.0.1")

    def test_app_that_listens_on_another_port(self):
        self.refuse("elsewhere", apps.echo("new", port="4321"), "4321")

    def test_no_pack_detects(self):
        repo = self.repo({"README": "no app here\n"})
        self.push(repo, "nothing").must_fail().must_say("package.json", "Procfile")
        self.dokku("apps:list").must_say("nothing")

    def test_other_refs_tags_and_deletions(self):
        repo = self.served_app("refs")
        self.push(repo, "refs", "main:feature").must_fail().must_say("git push", "feature:main")
        repo.git("tag", "v1")
        self.push(repo, "refs", "v1").must_fail()
        self.push(repo, "refs", ":main").must_fail().must_say("apps:destroy refs").must_not_say(
            "commit 0000")
        self.assertEqual(self.get("refs").text, "old")


class PushSilent(SystemTest):
    def test_app_that_never_listens_is_refused_after_its_time(self):
        self.use_domain()
        repo = self.repo(apps.echo("old"))
        self.push(repo, "silent").must_succeed()
        repo.commit({**apps.silent(), "server.py": None})
        self.push(repo, "silent").must_fail().must_say("5000")
        self.assertEqual(self.get("silent").text, "old")

    def test_client_gone_in_mid_build_leaves_the_old_release(self):
        self.use_domain()
        pack = self.repo(apps.own_pack_tree("echo building; sleep 600"), name="slow-pack")
        repo = self.repo(apps.echo("old"))
        self.push(repo, "cut").must_succeed()
        self.dokku("config:set", "--no-restart", "cut",
                   f"BUILDPACK_URL=file://{pack.folder}").must_succeed()
        repo.commit(apps.echo("new"))
        push = self.instance.start_push(repo, "cut")
        for line in push.stdout:
            if "building" in line:
                break
        os.killpg(push.pid, 9)
        push.wait()
        push.stdout.close()
        self.dokku("config:unset", "--no-restart", "cut", "BUILDPACK_URL").must_succeed()
        processes.wait_for("the build's processes to end",
                           lambda: not self.instance.app_processes("build"))
        self.assertEqual(self.get("cut").text, "old")
        self.push(repo, "cut").must_succeed()
        self.assertEqual(self.get("cut").text, "new")


if __name__ == "__main__":
    main()
