"""Every process of the instance ends and its run directory is lost, as in a reboot. Point 11."""
import sqlite3

from harness import SystemTest, apps, main, processes, run


class Reboot(SystemTest):
    def take_schema_back(self):
        """For a return to an older version; the next start brings the database forward again."""
        daemon = [self.instance.path("bin", "dokkud"), "--config", self.instance.config_file]
        run([*daemon, "--schema-back", "99"]).must_end_with(1).must_say("already")
        run([*daemon, "--schema-back", "x"]).must_end_with(1).must_say("not the number of a schema")
        with sqlite3.connect(self.instance.path("lib", "dokku.db")) as database:
            newest = database.execute("PRAGMA user_version").fetchone()[0]
        database.close()
        run([*daemon, "--schema-back", newest - 1]).must_succeed().must_say(
            f"The database has schema {newest - 1} now.")

    def test_apps_answer_again_and_stopped_ones_stay_stopped(self):
        self.use_domain()
        self.push(self.repo(apps.echo("runs")), "runs").must_succeed()
        self.push(self.repo(apps.echo("stopped")), "stopped").must_succeed()
        self.push(self.repo(apps.echo("by hand")), "byhand").must_succeed()
        self.dokku("ps:set", "byhand", "restore", "false").must_succeed()
        self.dokku("ps:stop", "stopped").must_succeed()
        self.dokku("config:set", "--no-restart", "runs", "KEPT=yes").must_succeed()

        self.dokku("domains:disable", "runs").must_succeed()
        port_url = self.dokku("url", "runs").out
        self.dokku("domains:enable", "runs").must_succeed()

        self.instance.instance_command("stop").must_succeed()
        self.assertEqual(self.instance.instance_command("inventory").out, "")
        self.take_schema_back()
        self.instance.start()

        processes.wait_for("the app to answer", lambda: self.get("runs").text == "runs", 60)
        processes.wait_for("dokkud to say how long it took", lambda:
                           "boot: 1 processes were started in" in self.instance.log())
        self.dokku("domains:disable", "runs").must_succeed()
        self.assertEqual(self.dokku("url", "runs").out, port_url)
        self.dokku("domains:enable", "runs").must_succeed()
        self.assertEqual(self.get("stopped").status, 502)
        self.assertEqual(self.instance.app_processes("stopped"), {})
        self.assertEqual(self.dokku("config:get", "runs", "KEPT").out, "yes\n")
        self.assertEqual(self.get("byhand").status, 502)
        self.dokku("ps:restore", "byhand").must_succeed().must_say("dokku ps:start byhand")
        self.dokku("ps:start", "byhand").must_succeed()
        self.assertEqual(self.get("byhand").text, "by hand")
        self.dokku("ps:start", "stopped").must_succeed()
        self.assertEqual(self.get("stopped").text, "stopped")


if __name__ == "__main__":
    main()
