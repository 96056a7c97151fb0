"""What people type, over the socket and over ssh, with Dokku's lines and statuses. Point 9.

The wording of each command is tested in tests/cli; here is what needs a real instance.
"""
import hashlib
import os

from harness import SystemTest, apps, main, processes, run


class WithoutApps(SystemTest):
    wants_stack = False

    def both(self, *arguments, **options):
        """The command locally and over ssh; both must say the same."""
        local = self.dokku(*arguments, **options)
        far = self.ssh(*arguments, **options)
        self.assertEqual((local.status, local.out, local.err), (far.status, far.out, far.err))
        return local

    def test_version_and_help(self):
        self.assertRegex(self.both("version").must_succeed().out, r"^dokku version \S+\n$")
        self.both("help").must_succeed().must_say("apps", "config", "domains")
        self.both("apps:help").must_succeed().must_say("apps:create")

    def test_life_of_an_app_that_is_never_deployed(self):
        created = self.dokku("apps:create", "life").must_succeed()
        self.assertIn("-----> Creating life...", created.out)
        self.assertIn("life", self.both("apps:list").lines)
        self.both("apps:exists", "life").must_succeed()
        self.dokku("config:set", "life", "A=1", "B=two words").must_succeed()
        self.assertEqual(self.both("config:get", "life", "B").out, "two words\n")
        self.assertEqual(self.both("config:keys", "life").lines, ["A", "B"])
        self.both("config:show", "life").must_say("=====> life env vars", "B:  two words")
        self.both("config", "life").must_say("=====> life env vars")
        self.dokku("config:unset", "life", "A").must_succeed()
        self.both("config:get", "life", "A").must_end_with(1)
        self.both("apps:report", "life").must_succeed().must_say("App created at:")
        self.both("ps:report", "life").must_say("Deployed:")
        self.both("git:report", "life").must_succeed()
        self.both("logs", "life").must_end_with(1).must_say(
            " !     App life has not been deployed")
        self.dokku("run", "life", "true").must_end_with(1)
        self.dokku("ps:restart", "life").must_succeed()
        self.dokku("--force", "apps:destroy", "life").must_succeed()
        self.both("apps:exists", "life").must_end_with(20)

    def test_destroy_asks_for_the_name(self):
        self.dokku("apps:create", "asked").must_succeed()
        self.dokku("apps:destroy", "asked", stdin="wrong\n").must_end_with(1)
        self.dokku("apps:exists", "asked").must_succeed()
        self.dokku("apps:destroy", "asked", stdin="asked\n").must_succeed()
        self.dokku("apps:exists", "asked").must_end_with(20)

    def test_the_form_of_2013(self):
        self.dokku("apps:create", "old").must_succeed()
        self.both("urls", "old").must_succeed()
        self.dokku("delete", "old", stdin="old\n").must_succeed()
        self.dokku("apps:exists", "old").must_end_with(20)

    def test_values_with_newlines_and_quotes_come_back_whole(self):
        value = "line one\nline \"two\" 'three' $(no) `no` \\ end"
        self.dokku("apps:create", "values").must_succeed()
        self.dokku("config:set", "values", f"V={value}").must_succeed()
        self.assertEqual(self.dokku("config:get", "values", "V").out, value + "\n")


class Empty(SystemTest):
    wants_stack = False

    def test_no_apps_is_said_and_is_no_error(self):
        for way in (self.dokku, self.ssh):
            listed = way("apps:list").must_succeed()
            self.assertEqual(listed.err, " !     You haven't deployed any applications yet\n")
            self.assertEqual(way("apps:list", "--format", "json").out.strip(), "[]")


class WithApps(SystemTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.instance.dokku("domains:set-global", "example.test").must_succeed()
        files = apps.echo("here")
        files["Procfile"] += "worker: exec sleep 100000\n"
        cls.instance.push(cls.instance.repo(files), "app").must_succeed()

    def test_config_reaches_the_process_after_its_restart(self):
        self.dokku("config:set", "app", "COLOUR=green").must_succeed()
        self.assertEqual(self.get("app", "/env/COLOUR").text, "green")
        self.dokku("config:unset", "app", "COLOUR").must_succeed()
        self.assertEqual(self.get("app", "/env/COLOUR").text, "(unset)")

    def test_run_gives_status_streams_and_leaves_no_container(self):
        before = self.instance.app_processes()
        done = self.dokku("run", "app", "sh", "-c", "echo out; echo err >&2; exit 7")
        done.must_end_with(7)
        self.assertEqual((done.out, done.err), ("out\n", "err\n"))
        self.assertEqual(self.ssh("run", "app", "sh", "-c", "'exit 9'").status, 9)
        # What the restart before has replaced may still be ending, too.
        processes.wait_for("the run's container to go", lambda:
                           self.instance.app_processes().items() <= before.items())

    def test_run_passes_bytes_both_ways(self):
        data = os.urandom(8 << 20)
        sent = self.ssh("run", "app", "sha256sum", stdin=data).must_succeed()
        self.assertEqual(sent.out.split()[0], hashlib.sha256(data).hexdigest())
        back = self.ssh("run", "app", "cat", stdin=data, binary=True)
        self.assertEqual(back.out, data)

    def test_enter_runs_in_the_running_container(self):
        pid = self.get("app", "/pid").text
        listed = self.dokku("enter", "app", "web", "--", "ls", "/proc").must_succeed().lines
        self.assertIn(pid, listed)

    def test_scale_restart_stop_start(self):
        self.dokku("ps:scale", "app", "web=2", "worker=1").must_succeed()
        self.dokku("ps:scale", "app").must_say("web:  2", "worker: 1")
        self.dokku("ps:report", "app").must_say("Status web 2:", "Status worker 1:")
        self.dokku("ps:scale", "app", "web=1", "worker=0").must_succeed()
        before = self.get("app", "/pid")
        self.assertEqual(before.status, 200)
        self.dokku("ps:restart", "app").must_succeed()
        self.assertEqual(self.get("app").text, "here")
        self.dokku("ps:stop", "app").must_succeed()
        self.assertEqual(self.instance.app_processes("app"), {})
        self.dokku("config:set", "app", "WHILE=stopped").must_succeed()
        self.assertEqual(self.instance.app_processes("app"), {})
        self.dokku("ps:start", "app").must_succeed()
        self.assertEqual(self.get("app", "/env/WHILE").text, "stopped")

    def test_logs_of_one_process_type(self):
        self.get("app", "/in-the-log")
        processes.wait_for("the request to be logged",
                           lambda: "/in-the-log" in self.dokku("logs", "app").out)
        line = [x for x in self.dokku("logs", "app").lines if "/in-the-log" in x][0]
        self.assertRegex(line, r"^\S+ app\[web\.1\]: request /in-the-log$")
        self.assertEqual(self.dokku("logs", "-n", "1", "-q", "app").lines,
                         ["request /in-the-log"])
        self.assertEqual(self.dokku("logs", "-p", "worker", "-q", "app").lines, [])

    def test_rebuild_works_after_the_ref_was_lost(self):
        git_dir = self.instance.path("lib", "git", "app.git")
        for ref in ("refs/heads/main", "refs/heads/master"):
            run(["setpriv", "--reuid=dokku", "--regid=dokku", "--init-groups", "git",
                 "--git-dir", git_dir, "update-ref", "-d", ref])
        self.dokku("ps:rebuild", "app").must_succeed().must_say("=====> Application deployed:")
        self.assertEqual(self.get("app").text, "here")

    def test_clone_gives_back_what_was_pushed(self):
        repo = self.repo(apps.echo("cloned"))
        self.push(repo, "cloned").must_succeed()
        target = self.instance.path("client", "clone-target")
        self.instance.git("clone", self.instance.remote("cloned"), target).must_succeed()
        with open(os.path.join(target, "server.py"), encoding="utf-8") as file:
            self.assertIn("cloned", file.read())

    def test_destroy_leaves_nothing(self):
        self.push(self.repo(apps.echo("gone")), "gone").must_succeed()
        self.dokku("--force", "apps:destroy", "gone").must_succeed()
        self.assertEqual(self.get("gone").status, 404)
        self.assertEqual(self.instance.app_processes("gone"), {})
        self.assertFalse(os.path.exists(self.instance.path("lib", "git", "gone.git")))


class Keys(SystemTest):
    wants_stack = False

    def test_adding_listing_and_the_old_command(self):
        key = os.path.join(self.instance.client_dir, "second")
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key]).must_succeed()
        with open(key + ".pub", encoding="utf-8") as file:
            public = file.read()
        self.dokku("ssh-keys:add", "second", stdin=public).must_succeed().must_say("SHA256:")
        self.dokku("ssh-keys:add", "second", stdin=public).must_end_with(1)
        self.dokku("ssh-keys:list").must_say('NAME="second"')
        self.ssh("ssh-keys:remove", "second").must_fail().must_say("root")
        self.dokku("ssh-keys:remove", "second").must_succeed()
        self.dokku("ssh-keys:list").must_not_say('NAME="second"')


if __name__ == "__main__":
    main()
