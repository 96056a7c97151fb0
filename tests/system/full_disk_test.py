"""A disk that is full, or almost.

No app stops, nothing that was acknowledged is lost, errors say why and what to type, and all goes
on once there is room.
"""
import json
import os
import time

from harness import apps, main, processes
from harness.small_disk import SmallDisk


class FullDisk(SmallDisk):
    def setUp(self):
        if not hasattr(type(self), "made"):
            type(self).made = True
            self.dokku("config:set", "--global", "EVERYWHERE=1").must_succeed()
            type(self).source = self.repo(apps.echo("served"))
            self.push(self.source, "full").must_succeed()
            self.push(self.repo(apps.echo("other")), "other").must_succeed()
        self.addCleanup(self.instance.release)

    def test_below_the_floor_a_build_is_refused_and_all_else_goes_on(self):
        free, size = self.instance.space()
        self.instance.fill(leave=size // 100 * 8)
        before = self.instance.app_processes("full")
        served = self.get("full").text
        self.source.commit(apps.echo("new"))
        refused = self.push(self.source, "full").must_fail()
        for words in ("is almost full", "a build may not begin below", "It holds: images",
                      "The largest apps:", "dokku disk:report", "dokku cleanup"):
            self.assertIn(words, refused.out + refused.err)
        self.assertEqual(self.get("full").text, served)
        self.assertEqual(self.instance.app_processes("full"), before)
        doctor = self.dokku("doctor", "--format", "json")
        wrong = [one["what"] for one in json.loads(doctor.out) if one["state"] == "wrong"]
        self.assertTrue(any("is almost full" in what for what in wrong), wrong)
        # What needs little room works.
        self.dokku("config:set", "full", "KEY=1").must_succeed()
        self.dokku("ps:restart", "full").must_succeed()
        self.dokku("ps:scale", "full", "web=2").must_succeed()
        self.dokku("ps:scale", "full", "web=1").must_succeed()
        self.dokku("cleanup").must_succeed().must_say("freed")
        self.assertEqual(self.get("full", "/env/KEY").text, "1")
        self.instance.release()
        self.push(self.source, "full").must_succeed()
        self.assertEqual(self.get("full").text, "new")

    def test_a_disk_without_a_byte_stops_no_app_and_loses_nothing(self):
        self.dokku("config:set", "--no-restart", "other", "BEFORE=1").must_succeed()
        before = self.instance.app_processes()
        self.instance.fill()
        self.assertEqual(self.instance.space()[0], 0)
        acknowledged = {"BEFORE": "1"}
        refused = []
        # Some are still taken (the log of the database has room of its own), until one is refused.
        for number in range(4000):
            value = f"{number}" * 200
            outcome = self.dokku("config:set", "--no-restart", "other", f"K{number}={value}")
            if outcome.status == 0:
                acknowledged[f"K{number}"] = value
            else:
                refused.append(outcome)
                break
            self.instance.fill()
        self.assertTrue(refused, "nothing was ever refused")
        self.assertIn("No space left on device", refused[0].err)
        self.assertIn("dokku cleanup", refused[0].err)
        # A push finds no room for the tree; a log line none for itself.
        self.source.commit(apps.echo("late"))
        self.push(self.source, "full").must_fail()
        for _ in range(50):
            self.assertEqual(self.get("other").text, "other")
        self.assertIn("full", self.dokku("disk:report").must_succeed().out)
        self.assertEqual(self.instance.app_processes(), before)
        self.instance.release()
        kept = json.loads(self.dokku("config:export", "--format", "json", "other")
                          .must_succeed().out)
        for key, value in acknowledged.items():
            self.assertEqual(kept.get(key), value, key)
        # And after a crash at that.
        self.restart_dokkud()
        kept = json.loads(self.dokku("config:export", "--format", "json", "other")
                          .must_succeed().out)
        for key, value in acknowledged.items():
            self.assertEqual(kept.get(key), value, key)
        self.assertEqual(self.instance.app_processes(), before)
        self.push(self.source, "full").must_succeed()
        self.assertEqual(self.get("full").text, "late")
        self.get("other", "/again")
        processes.wait_for("the line in the log", lambda: "/again" in self.dokku(
            "logs", "other", "-n", "50").out)

    def restart_dokkud(self):
        pid = self.instance.daemon_pid("dokkud")
        os.kill(pid, 9)
        processes.wait_for("dokkud's end", lambda: not processes.is_running(pid))
        self.instance.start()

    def test_a_build_that_fills_the_disk_fails_and_leaves_no_trace(self):
        free, size = self.instance.space()
        self.instance.fill(leave=size // 100 * 10 + (40 << 20))
        before = self.instance.app_processes()
        used = free - self.instance.space()[0]
        # Small for git, large as a tree: it is the build that meets the end of the disk.
        self.source.commit({**apps.echo("huge"), "data.bin": b"\0" * (400 << 20)})
        self.addCleanup(self.source.commit, {**apps.echo("small again"), "data.bin": None})
        failed = self.push(self.source, "full", timeout=300).must_fail()
        self.assertIn("No space left on device", failed.out + failed.err)
        self.assertIn("dokku cleanup", failed.out + failed.err)
        self.assertEqual(self.instance.app_processes(), before)
        self.instance.release()
        self.dokku("cleanup").must_succeed()
        deadline = time.monotonic() + 20
        while self.instance.space()[0] < free - (60 << 20) and time.monotonic() < deadline:
            self.dokku("cleanup").must_succeed()
        self.assertGreater(self.instance.space()[0], free - (60 << 20), used)


if __name__ == "__main__":
    main()
