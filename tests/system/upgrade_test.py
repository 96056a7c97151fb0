"""A new version of every program takes over, and the way back: nothing of apps is lost."""
import signal
import sqlite3
import subprocess

from harness import apps, main
from harness.processes import wait_for
from harness.versions import REAL, UpgradeTest


class GoodVersion(UpgradeTest):
    """The life of an instance that is upgraded; each step needs the one before it."""

    def test_there_and_back(self):
        self.refuse_what_cannot_be()
        self.upgrade_with_a_push_under_way()
        self.roll_back()
        self.go_on_after_a_death()
        self.roll_back_without_a_way_back()

    def schema(self):
        with sqlite3.connect(self.instance.path("lib", "dokku.db")) as database:
            found = database.execute("PRAGMA user_version").fetchone()[0]
        database.close()
        return found

    def refuse_what_cannot_be(self):
        self.assertEqual(self.status()["last-result"], "none")
        self.dokku("upgrade:rollback").must_end_with(1).must_say("no upgrade was done yet")
        self.upgrade("0.9").must_end_with(1).must_say("There is no version 0.9 in ")
        self.upgrade("0.1.0").must_end_with(1).must_say("0.1.0 runs already")

    def upgrade_with_a_push_under_way(self):
        self.first_schema = self.schema()
        self.place("0.2.0")
        pack = self.repo(apps.own_pack_tree(
            "echo building; sleep 20; echo 'web: exec python3 server.py' > $1/Procfile"),
            name="slow-pack")
        repo = self.repo(apps.echo("old"))
        self.push(repo, "slow").must_succeed()
        self.dokku("config:set", "--no-restart", "slow",
                   f"BUILDPACK_URL=file://{pack.folder}").must_succeed()
        repo.commit(apps.echo("new"))
        with self.watched():
            push = self.instance.start_push(repo, "slow")
            said = ""
            while "building" not in said:
                said += push.stdout.readline()
            self.upgrade("0.2.0").must_succeed().must_say(
                "=====> 0.2.0 runs. The way back to 0.1.0: dokku upgrade:rollback")
            self.assertEqual(self.get("slow").text, "old")
            said += push.communicate(timeout=150)[0]
        self.assertEqual(push.returncode, 0, said)
        self.assertIn("the push begins again by itself", said)
        self.assertIn("=====> Application deployed:", said)
        self.assertEqual(self.get("slow").text, "new")
        self.assertEqual(self.all_versions(), {"0.2.0"})
        self.assertEqual(self.dokku("version").out, "dokku version 0.2.0\n")
        self.assertEqual(self.schema(), self.first_schema + 1)
        status = self.status()
        self.assertEqual((status["running"], status["previous"], status["last-result"]),
                         ("0.2.0", "0.1.0", "done"))
        self.assertIn(f"_schema{self.first_schema}_before-0.2.0.db", status["snapshots"])
        self.supervise("--status").must_succeed()

    def roll_back(self):
        """What was acknowledged since stays, although the schema goes back."""
        self.dokku("apps:create", "since").must_succeed()
        with self.watched():
            self.ssh("upgrade:rollback").must_succeed().must_say(
                "-----> Starting dokkud 0.1.0", "The database went back from schema",
                "=====> 0.1.0 runs.")
        self.assertEqual(self.all_versions(), {"0.1.0"})
        self.assertEqual(self.schema(), self.first_schema)
        self.dokku("apps:exists", "since").must_succeed()
        status = self.status()
        self.assertEqual((status["last-result"], status["previous"]),
                         ("done (upgrade:rollback)", "0.2.0"))
        self.assertIn("what was done since is kept", status["last-reason"])
        self.dokku("upgrade:status").must_succeed().must_say(
            "=====> --global upgrade information", "2 snapshots of the state in ",
            "_before-0.1.0.db", "_before-0.2.0.db")

    def go_on_after_a_death(self):
        """Whoever minds the upgrade is killed in the middle of it; another one finishes it."""
        with self.watched():
            minder = subprocess.Popen(
                [self.instance.path("bin", "dokku-supervise"), "--config",
                 self.instance.config_file, "--upgrade", "0.2.0"], stdout=subprocess.PIPE,
                text=True)
            for line in minder.stdout:
                if "Watching both" in line:
                    break
            minder.send_signal(signal.SIGKILL)
            minder.wait()
            minder.stdout.close()
            self.assertEqual(self.status()["last-result"], "upgrading")
            wait_for("its end", lambda: self.status()["last-result"] == "done", 60)
        wait_for("all programs", lambda: self.all_versions() == {"0.2.0"})

    def roll_back_without_a_way_back(self):
        """A newer version whose way back is no good: the snapshot is put in place, and it is said
        what that costs."""
        self.dokku("upgrade:rollback").must_succeed()
        self.place("0.3.0", dokkud="export DOKKU_NEXT_STEP=no-way-back\n" + REAL)
        self.upgrade("0.3.0").must_succeed()
        self.dokku("apps:create", "lost").must_succeed()
        with self.watched():
            self.dokku("upgrade:rollback").must_succeed().must_say(
                "The database had no way back", "it is the snapshot",
                "Lost from it: 1 commands since then")
        self.dokku("apps:exists", "lost").must_end_with(20)
        self.dokku("apps:exists", "since").must_succeed()
        self.assertEqual(self.schema(), self.first_schema)


if __name__ == "__main__":
    main()
