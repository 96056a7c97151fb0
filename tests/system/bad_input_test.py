"""Input that must be refused, with Dokku's line and status and nothing changed. "Bad input"."""
import os
import sqlite3
import subprocess

from harness import SystemTest, apps, main, run


class Callers(SystemTest):
    wants_stack = False

    def test_unknown_key_is_nobody(self):
        key = os.path.join(self.instance.client_dir, "stranger")
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key]).must_succeed()
        command = [c for c in self.instance.ssh_command("apps:list")]
        command[1:1] = ["-o", f"IdentityFile={key}", "-o", "IdentitiesOnly=yes"]
        command[command.index("-F") + 1] = "/dev/null"
        command[1:1] = ["-p", str(self.instance.ssh_port), "-o", "StrictHostKeyChecking=no",
                        "-o", "UserKnownHostsFile=/dev/null", "-o", "BatchMode=yes"]
        run(command, env=self.instance.environment()).must_end_with(255)

    def test_key_that_was_removed_is_nobody_at_once(self):
        self.ssh("apps:list").must_succeed()
        listed = self.dokku("ssh-keys:list").must_succeed().out
        self.assertIn("tester", listed)
        with open(os.path.join(self.instance.client_dir, "id_ed25519.pub"), encoding="utf-8") as f:
            public = f.read()
        self.dokku("ssh-keys:remove", "tester").must_succeed()
        self.ssh("apps:list").must_fail()
        self.dokku("ssh-keys:add", "tester", stdin=public).must_succeed()
        self.ssh("apps:list").must_succeed()

    def test_other_user_on_the_socket_is_refused(self):
        self.dokku("apps:create", "private").must_succeed()
        outcome = run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                       self.instance.path("bin", "dokku"), "apps:list"],
                      env=self.instance.environment())
        outcome.must_fail().must_not_say("private")

    def test_dokku_user_without_a_key_is_nobody(self):
        outcome = run(["setpriv", "--reuid=dokku", "--regid=dokku", "--init-groups",
                       self.instance.path("bin", "dokku"), "apps:list"],
                      env=self.instance.environment())
        outcome.must_fail()


class Names(SystemTest):
    wants_stack = False

    CASES = [
        # what, arguments, status, a part of the line
        ("bad app name", ("apps:create", "Bad_Name"), 1,
         " !     App name must begin with lowercase alphanumeric character"),
        ("path as app name", ("apps:create", "../etc"), 1, " !     App name must begin"),
        ("unknown app", ("config:show", "nobody"), 20, " !     App nobody does not exist"),
        ("unknown app, bash topic", ("domains:add", "nobody", "a.example.com"), 20,
         " !     App nobody does not exist"),
        ("missing app", ("config:show",), None, ""),
        ("missing app, ps", ("ps:restart",), 1,
         " !     Please specify an app to run the command on"),
        ("unknown command", ("frobnicate",), 1,
         " !     `frobnicate` is not a dokku command."),
        ("unknown flag", ("apps:list", "--frobnicate"), 2, ""),
        ("bad config key", ("config:set", "real", "1BAD=x"), 1, " !     Invalid key name: '1BAD'"),
        ("no config pair", ("config:set", "real"), 1,
         " !     At least one env pair must be given"),
        ("bad domain", ("domains:add", "real", "-bad-/domain"), 1, "is invalid. exiting..."),
        ("bad scale", ("ps:scale", "real", "web=x"), 1,
         " !     Invalid count for process type"),
        ("taken name", ("apps:create", "real"), 1, " !     Name is already taken"),
    ]

    def test_each_is_refused_with_dokkus_line_and_status(self):
        self.dokku("apps:create", "real").must_succeed()
        before = self.dokku("apps:list").out
        for what, arguments, status, line in self.CASES:
            for way in (self.dokku, self.ssh):
                with self.subTest(what=what, way=way.__name__):
                    outcome = way(*arguments)
                    if status is None:
                        continue
                    outcome.must_end_with(status)
                    self.assertIn(line, outcome.err)
        self.assertEqual(self.dokku("apps:list").out, before)

    def test_shell_characters_reach_no_shell(self):
        mark = self.instance.path("owned")
        self.ssh("apps:create", f"$(touch {mark})").must_fail()
        self.ssh(f"apps:list; touch {mark}")
        self.ssh(f"apps:create `touch {mark}`").must_fail()
        self.assertFalse(os.path.exists(mark))

    def test_clone_of_an_unknown_app_creates_none(self):
        before = self.dokku("apps:list").out
        self.instance.git("clone", self.instance.remote("ghost"),
                          self.instance.path("client", "ghost")).must_fail()
        self.assertEqual(self.dokku("apps:list").out, before)


class WordsOverSsh(SystemTest):
    """Store, routes and processes of a real instance are the same before and after."""

    # In quotes as ssh hands them on: nothing on the way may take them apart or run them.
    WORDS = {
        "over-long": "a" * 100_000,
        "substitution": "'$(touch MARK)'",
        "backquotes": "'`touch MARK`'",
        "separator": "'x; touch MARK'",
        "redirection": "'x > MARK'",
        "traversal": "../../etc/passwd",
        "dashes": "--frobnicate",
        "empty": "''",
        "not UTF-8": b"\xff\xfe\x01".decode("utf-8", "surrogateescape"),
        "control": "'\x1b[31m'",
    }
    COMMANDS = ["apps:create", "apps:destroy", "apps:report", "config:set", "config:get",
                "domains:add", "git:set", "logs", "ps:scale", "ps:restart", "run", "enter",
                "urls", "git-receive-pack", "git-upload-pack"]

    def everything(self):
        database = sqlite3.connect(f"file:{self.instance.path('lib', 'dokku.db')}?mode=ro",
                                   uri=True)
        tables = [row[0] for row in database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table'") if row[0] != "events"]
        dump = {table: sorted(map(str, database.execute(f"SELECT * FROM {table}")))
                for table in tables}
        # Refused commands are in the audit log, too: it alone may grow.
        dump["sqlite_sequence"] = [row for row in dump["sqlite_sequence"] if "'events'" not in row]
        database.close()
        return dump, self.get("blog").text, self.instance.app_processes()

    def test_nothing_is_changed_and_nothing_is_run(self):
        self.use_domain()
        self.push(self.repo(apps.echo("here")), "blog").must_succeed()
        mark = self.instance.path("owned")
        before = self.everything()
        for what, word in self.WORDS.items():
            word = word.replace("MARK", mark)
            for command in self.COMMANDS:
                with self.subTest(command=command, word=what):
                    outcome = self.ssh(command, word)
                    self.assertIn(outcome.status, (1, 2, 20, 128), outcome.err[:300])
                    self.assertNotIn("\x1b", outcome.err)
                    self.assertLess(len(outcome.err), 8000)
        self.assertFalse(os.path.exists(mark))
        self.assertEqual(self.everything(), before)


class Trees(SystemTest):
    """git itself keeps most evil names out; what it lets through is refused by the entry's name."""

    def setUp(self):
        self.use_domain()

    def push_entry(self, mode, content, path, app):
        """Pushes a tree that has one entry more, written as an object without a look."""
        repo = self.repo(apps.echo("x"))
        blob = subprocess.run(["git", "hash-object", "-w", "--stdin"], cwd=repo.folder,
                              input=content, capture_output=True, check=True).stdout.decode()
        listing = repo.git("ls-tree", "HEAD").out
        tree = subprocess.run(["git", "mktree"], cwd=repo.folder, check=True, capture_output=True,
                              input=(listing + f"{mode} blob {blob.strip()}\t{path}\n").encode())
        commit = repo.git("commit-tree", "-m", "evil", tree.stdout.decode().strip()).out.strip()
        return self.push(repo, app, f"{commit}:refs/heads/main")

    def test_link_that_leads_outside(self):
        self.push_entry("120000", b"../../etc/passwd", "leak", "link-out").must_fail() \
            .must_say("leak")

    def test_absolute_link(self):
        self.push_entry("120000", b"/etc/passwd", "abs", "link-abs").must_fail().must_say("abs")


if __name__ == "__main__":
    main()
