"""Keys with a role or for some apps, over a real ssh and git, and what the audit log says of it."""
import json
import os

from harness import SystemTest, apps, main, run


class Keys(SystemTest):
    wants_stack = False

    def setUp(self):
        if not hasattr(type(self), "made"):
            type(self).made = True
            self.dokku("apps:create", "blog").must_succeed()
            self.dokku("apps:create", "hidden").must_succeed()
            self.dokku("config:set", "hidden", "PASSWORD=hunter2").must_succeed()

    def key(self, name, *flags):
        """A new key; returns a function that calls over ssh with it, and git's environment."""
        file = os.path.join(self.instance.client_dir, name)
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file]).must_succeed()
        self.dokku("ssh-keys:add", *flags, name, f"{file}.pub").must_succeed()
        config = os.path.join(self.instance.client_dir, "ssh_config")
        with open(config, encoding="utf-8") as old, \
                open(f"{file}.config", "w", encoding="utf-8") as new:
            new.write("".join(f"  IdentityFile {file}\n" if "IdentityFile" in line else line
                              for line in old))
        environment = dict(self.instance.environment())
        environment["GIT_SSH_COMMAND"] = f"ssh -F {file}.config"

        def call(*words):
            return run(["ssh", "-F", f"{file}.config", "dokku@localhost", "--", *words],
                       env=environment)
        return call, environment

    def test_reader_looks_and_changes_nothing(self):
        reader, git = self.key("reader", "--role", "read")
        reader("apps:list").must_succeed().must_say("blog")
        outcome = reader("config:show", "hidden").must_end_with(1)
        self.assertEqual(outcome.err.splitlines()[0], " !     Access denied")
        self.assertIn("dokku ssh-keys:set reader role deploy", outcome.err)
        self.assertNotIn("hunter2", outcome.out + outcome.err)
        reader("apps:create", "other").must_end_with(1)
        repo = self.repo(apps.echo("x"))
        pushed = run(["git", "push", self.instance.remote("blog"), "main"], cwd=repo.folder,
                     env=git).must_fail()
        pushed.must_say("Access denied").must_say("needs deploy")
        pushed = run(["git", "push", self.instance.remote("brand-new"), "main"], cwd=repo.folder,
                     env=git).must_fail()
        self.assertNotIn("brand-new", self.dokku("apps:list").out)

    def test_key_of_one_app_meets_no_other(self):
        one, git = self.key("one", "--app", "blog")
        self.assertEqual(one("apps:list").must_succeed().out, "=====> My Apps\nblog\n")
        outcome = one("config:show", "hidden").must_end_with(20)
        self.assertEqual(outcome.err, " !     App hidden does not exist\n")
        clone = run(["git", "clone", self.instance.remote("hidden"),
                     self.instance.path("client", "stolen")], env=git).must_fail()
        clone.must_say("App hidden does not exist")
        self.dokku("ssh-keys:set", "one", "apps", "blog", "hidden").must_succeed()
        one("config:get", "hidden", "PASSWORD").must_succeed().must_say("hunter2")

    def test_tab_offers_what_the_key_may_use(self):
        def words(call, *typed):
            done = call("complete", "--", *(word or "''" for word in typed)).must_succeed()
            return [line.split("\t")[0] for line in done.out.splitlines()]

        reader, _ = self.key("tab-reader", "--role", "read", "--app", "blog")
        self.assertEqual(words(reader, "url", ""), ["blog"])
        self.assertEqual(words(reader, "apps:destroy", ""), [])
        self.assertIn("apps:list", words(reader, "apps:"))
        self.assertNotIn("apps:create", words(reader, "apps:"))
        self.assertNotIn("trace:", words(reader, ""))
        one, _ = self.key("tab-one", "--app", "blog")
        self.assertEqual(words(one, "config:set", ""), ["blog"])
        self.assertEqual(words(one, "domains:add-global", ""), [])

    def test_every_deed_is_in_the_log_with_its_end_and_no_value(self):
        call, _ = self.key("deployer", "--role", "deploy")
        call("config:set", "--no-restart", "blog", "TOKEN=sesame").must_succeed()
        call("config:set", "nobody", "A=1").must_end_with(20)
        call("apps:destroy", "--force", "blog").must_end_with(1)
        events = json.loads(self.dokku("events", "--format", "json").must_succeed().out)
        mine = [(e["command"], e["app"], e["detail"], e["status"]) for e in events
                if e["who"] == "deployer"]
        self.assertEqual(mine, [("config:set", "blog", "TOKEN", "0"),
                                ("config:set", "nobody", "", "20"),
                                ("apps:destroy", "", "refused", "1")])
        self.assertNotIn("sesame", self.dokku("events").out)


if __name__ == "__main__":
    main()
