"""Checks, limits, storage and one-offs over the real thing: what processes get and may do."""
import json
import os
import signal

from harness import SystemTest, apps, main, processes


def checked(content="fine", says="fine", more=()):
    """An app whose app.json asks /health for `content`, where it says `says`."""
    files = apps.echo("old", before=f"HEALTH = {says!r}")
    files["server.py"] = files["server.py"].replace(
        "    return MARK", "    return HEALTH if path == '/health' else MARK")
    checks = [{"type": "startup", "name": "health", "path": "/health", "content": content,
               "attempts": 2, "wait": 0, "timeout": 2}, *more]
    files["app.json"] = json.dumps({"healthchecks": {"web": checks}})
    return files


class Running(SystemTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.instance.dokku("domains:set-global", "example.test").must_succeed()
        command = {"type": "startup", "name": "file", "command": ["test", "-f", "server.py"]}
        cls.files = checked(more=[command])
        cls.files["Procfile"] += "worker: exec sleep 100000\n"
        cls.app = cls.instance.repo(cls.files)
        cls.first = cls.instance.push(cls.app, "app").must_succeed()

    def kill_daemon(self):
        pid = self.instance.daemon_pid("dokkud")
        os.kill(pid, signal.SIGKILL)
        processes.wait_for("dokkud to be gone", lambda: not processes.is_running(pid))

    def test_checks_that_pass_are_told(self):
        self.first.must_say("Executing 2 healthchecks", "Healthcheck succeeded name='health'",
                            "Healthcheck succeeded name='file'", "All checks successful (web.1)")
        self.dokku("checks:run", "app", "web.1").must_succeed().must_say(
            "-----> Running checks for app (app.web.1)", "Healthcheck succeeded name='file'")

    def test_a_failing_check_rejects_the_push_and_the_old_release_serves_on(self):
        repo = self.repo(checked())
        self.push(repo, "strict").must_succeed()
        repo.commit(checked(says="broken"))
        bad = self.push(repo, "strict").must_fail()
        bad.must_say("Failure in name='health': expected \"fine\" in the body, got \"broken\"",
                     "Could not start due to 1 failed checks (web.1)", "serves on as before",
                     "started old", "pre-receive hook declined")
        self.assertEqual(self.get("strict", "/health").text, "fine")
        self.dokku("logs:failed", "strict").must_succeed().must_say("app[web.1]: started old")
        self.dokku("checks:skip", "strict", "web").must_succeed()
        self.push(repo, "strict").must_succeed()
        processes.wait_for("the new release to answer",
                           lambda: self.get("strict", "/health").text == "broken")

    def test_a_memory_limit_kills_and_is_named(self):
        self.dokku("apps:create", "hungry").must_succeed()
        self.dokku("resource:limit", "--memory", "64m", "hungry").must_succeed()
        refused = self.push(self.repo(apps.eats_memory()), "hungry").must_fail()
        refused.must_say("out of memory (limit 64 MB)",
                         "dokku resource:limit --memory 128m hungry")

    def test_port_is_told_to_web_and_to_no_other(self):
        self.dokku("ps:scale", "app", "worker=1").must_succeed()
        told = self.dokku("enter", "app", "web", "--", "printenv", "PORT").must_succeed()
        self.assertEqual(told.out, "5000\n")
        self.dokku("enter", "app", "worker", "--", "printenv", "PORT").must_end_with(1)
        self.dokku("ps:scale", "app", "worker=0").must_succeed()

    def test_storage_is_seen_by_app_and_run_and_outlives_them(self):
        self.dokku("storage:ensure-directory", "shelf").must_succeed()
        folder = self.instance.path("lib", "data", "storage", "shelf")
        self.ssh("storage:mount", "app", "shelf:/shelf").must_succeed()
        self.ssh("storage:mount", "app", "/etc:/host").must_end_with(1)
        self.dokku("ps:restart", "app").must_succeed()
        self.dokku("run", "app", "sh", "-c", "echo kept > /shelf/note").must_succeed()
        self.assertEqual(self.dokku("enter", "app", "web", "--", "cat", "/shelf/note").out,
                         "kept\n")
        with open(os.path.join(folder, "note"), encoding="utf-8") as file:
            self.assertEqual(file.read(), "kept\n")
        self.dokku("storage:unmount", "app", "shelf:/shelf").must_succeed()
        self.dokku("ps:restart", "app").must_succeed()
        self.assertNotEqual(self.dokku("enter", "app", "web", "--", "ls", "/shelf").status, 0)
        self.assertTrue(os.path.exists(os.path.join(folder, "note")))

    def test_a_detached_run_outlives_the_daemon_and_keeps_its_logs(self):
        before = self.instance.app_processes()
        name = self.ssh("run:detached", "-e", "WORD=begun", "app", "sh", "-c",
                        "'echo $WORD; exec sleep 100000'").must_succeed().out.strip()
        self.assertRegex(name, r"^app\.run\.\d+$")
        processes.wait_for("its first line", lambda: "begun" in self.dokku(
            "run:logs", "--container", name).must_succeed().out)
        running = self.instance.app_processes()
        self.kill_daemon()
        self.instance.start()
        self.assertEqual(self.instance.app_processes(), running)
        listed = json.loads(self.dokku("run:list", "app", "--format", "json").must_succeed().out)
        self.assertEqual([one["name"] for one in listed], [name])
        self.dokku("run:stop", "app").must_succeed().must_say(f"Stopping {name}")
        processes.wait_for("nothing left over", lambda: self.instance.app_processes() == before)
        self.assertEqual(self.dokku("run:list", "app", "--format", "json").out, "[]\n")
        self.dokku("run:logs", "app").must_succeed().must_say("begun")
        self.assertNotIn("begun", self.dokku("logs", "app").must_succeed().out)

    def test_a_run_ends_with_its_time(self):
        before = self.instance.app_processes()
        self.dokku("run:detached", "--ttl-seconds", "1", "app", "sleep", "100000").must_succeed()
        late = self.dokku("run", "--ttl-seconds", "1", "app", "sleep", "100000")
        late.must_end_with(137).must_say("The command was ended after 1 s",
                                         "dokku run --ttl-seconds 2 app ...")
        self.dokku("resource:limit", "--memory", "64m", "app").must_succeed()
        hungry = self.dokku("run", "app", "python3", "-c", "b'x' * (1 << 30)")
        hungry.must_end_with(137).must_say("out of memory (limit 64 MB)")
        self.dokku("resource:limit-clear", "app").must_succeed()
        processes.wait_for("both to be gone", lambda: self.instance.app_processes() == before)

    def test_restart_of_one_type_leaves_the_web_process(self):
        self.dokku("ps:scale", "app", "worker=1").must_succeed()
        web = self.get("app", "/pid").text
        before = set(self.instance.app_processes("app"))
        self.dokku("ps:restart", "app", "worker").must_succeed()
        self.assertEqual(self.get("app", "/pid").text, web)
        self.assertNotEqual(set(self.instance.app_processes("app")), before)
        self.dokku("ps:scale", "app", "worker=0").must_succeed()


if __name__ == "__main__":
    main()
