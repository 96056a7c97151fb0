"""The doctor on a real instance: well, broken in a few ways, mended. Other checks have fakes."""
import json
import os
import time

from harness import SystemTest, main, processes, run

APPS = 100


class Doctor(SystemTest):
    wants_stack = False

    def findings(self):
        """{check: [finding]} and the exit status."""
        outcome = self.dokku("doctor", "--format", "json")
        found = {}
        for one in json.loads(outcome.out):
            found.setdefault(one["check"], []).append(one)
        return found, outcome.status

    def wrong(self, check):
        return [one for one in self.findings()[0].get(check, []) if one["state"] == "wrong"]

    def test_a_well_instance_has_nothing_wrong_of_its_own(self):
        found, _ = self.findings()
        for check in ("containerd", "kernel", "network", "ports", "store", "left-overs", "keys"):
            self.assertEqual([one["state"] for one in found[check]], ["good"], found[check])
        self.assertRegex(found["containerd"][0]["what"], r"^containerd \d+\.\d+.* answers$")
        # Whose name servers they are, and how busy with other things, is not the instance's to say.
        processes.wait_for("a name server's answer", lambda: self.wrong("names") == [])

    def test_rules_that_somebody_flushed_come_back(self):
        """Until then the doctor names them, and may be asked to hurry."""
        run(["nft", "delete", "table", "inet", f"dokku_{self.instance.name}"]).must_succeed()
        for broken in self.wrong("network"):
            self.assertIn("rules of this instance are gone", broken["what"])
            self.assertEqual(broken["mend"], "dokku doctor:mend")
        processes.wait_for("the rules", lambda: self.wrong("network") == [], 5)
        self.dokku("doctor:mend").must_succeed()
        self.assertEqual(self.wrong("network"), [])

    def test_left_overs_are_named_and_mended(self):
        os.makedirs(self.instance.path("lib", "sources", "gone"))
        os.makedirs(self.instance.path("lib", "logs", "gone", "web.1"))
        self.assertIn("2 folders that no app owns", self.wrong("left-overs")[0]["what"])
        self.dokku("doctor:mend").must_succeed()
        self.assertEqual(self.wrong("left-overs"), [])

    def test_a_database_that_others_may_read_is_named(self):
        database = self.instance.path("lib", "dokku.db")
        os.chmod(database, 0o644)
        broken = self.wrong("keys")
        self.assertIn("others may read it (0644)", broken[0]["what"])
        run(["sh", "-c", broken[0]["mend"]]).must_succeed()
        self.assertEqual(self.wrong("keys"), [])

    def test_a_proxy_that_is_away_is_named(self):
        pid = self.instance.daemon_pid("dokku-proxy")
        os.kill(pid, 15)
        processes.wait_for("the proxy's end", lambda: not processes.is_running(pid))
        found, status = self.findings()
        self.assertEqual(status, 1)
        self.assertIn(f"nobody listens on the http port {self.instance.http_port}",
                      [one["what"] for one in found["ports"]])
        self.instance.instance_command("stop")
        self.instance.start()
        self.assertEqual(self.wrong("ports"), [])

    def test_a_hundred_apps_take_less_than_a_second(self):
        for number in range(APPS):
            self.dokku("apps:create", f"app{number}").must_succeed()
            self.dokku("domains:set", f"app{number}", f"app{number}.example.test").must_succeed()
        before = self.dokku("events", "-n", "5").out
        times = []
        for _ in range(5):
            begin = time.monotonic()
            self.dokku("doctor")
            times.append(time.monotonic() - begin)
        print(f"doctor with {APPS} apps: {sorted(times)[2] * 1000:.0f} ms")
        self.assertLess(sorted(times)[2], 1.0, times)
        self.assertEqual(self.dokku("events", "-n", "5").out, before)  # it only looks


if __name__ == "__main__":
    main()
