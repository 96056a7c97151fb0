"""The processes of one app share a shim; its death is theirs alone, and they come back."""
import os
import signal
import threading

from harness import SteadyClient, SystemTest, apps, main, processes
from harness.processes import wait_for

PROCFILE = "web: exec python3 server.py\nworker: exec sleep 1000000\n"


class ShimGroup(SystemTest):
    def setUp(self):
        self.use_domain()

    def deploy(self, app, **scale):
        files = {**apps.echo(app), "Procfile": PROCFILE}
        self.push(self.repo(files), app).must_succeed()
        if scale:
            self.dokku("ps:scale", app, *(f"{k}={v}" for k, v in scale.items())).must_succeed()

    def shims(self):
        """Process ids of this instance's shims, without the programs that begin and end them."""
        address = self.instance.path("run", "containerd.sock")
        lines = {pid: processes.command_line(pid) for pid in processes.pids()}
        return {pid for pid, line in lines.items() if "containerd-shim" in line
                and address in line and line.split()[-1] not in ("start", "delete")}

    def shim_of(self, app):
        parents = {processes.parent(pid) for pid in self.instance.app_processes(app)}
        return parents & self.shims()

    def test_one_shim_per_app_and_its_death_is_that_apps_alone(self):
        before = self.shims()
        self.deploy("many", web=2, worker=2)
        self.deploy("other")
        shim = self.shim_of("many")
        self.assertEqual(len(shim), 1)
        self.assertNotEqual(shim, self.shim_of("other"))
        self.assertEqual(len(self.shims() - before), 2)
        others = self.instance.app_processes("other")
        with SteadyClient(self.instance.http_port, "other.example.test") as client:
            os.kill(shim.pop(), signal.SIGKILL)
            wait_for("all processes of the app to run again", lambda: self.dokku(
                "ps:report", "many").must_succeed().out.count("running (CID") == 4, 30)
            wait_for("the app to answer", lambda: self.get("many").text == "many", 30)
        self.assertEqual(client.lost, [])
        self.assertEqual(self.instance.app_processes("other"), others)
        self.assertEqual(len(self.shim_of("many")), 1)
        self.assertEqual(len(self.shims() - before), 2)

    def test_killed_shim_while_dokkud_and_containerd_are_dead_too(self):
        self.deploy("lost", web=2)
        pids = [self.instance.daemon_pid("dokkud"), self.instance.daemon_pid("containerd"),
                *self.shim_of("lost")]
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        for pid in pids:
            wait_for("it to be gone", lambda p=pid: not processes.is_running(p))
        self.instance.start()
        wait_for("the app to answer", lambda: self.get("lost").text == "lost", 30)
        wait_for("both processes to run", lambda: self.dokku(
            "ps:report", "lost").must_succeed().out.count("running (CID") == 2, 30)
        self.assertEqual(len(self.shim_of("lost")), 1)

    def test_restarts_and_runs_that_meet_ending_shims_lose_nothing(self):
        """Without a process of its own, an app's shim ends with each run: starts meet ends."""
        self.deploy("empty", web=0)
        wait_for("its processes to be gone", lambda: not self.instance.app_processes("empty"), 60)
        failed = []

        def runs(number):
            for turn in range(6):
                word = f"{number}.{turn}"
                outcome = self.dokku("run", "empty", "echo", word)
                if outcome.status != 0 or outcome.out.strip() != word:
                    failed.append(outcome)

        threads = [threading.Thread(target=runs, args=(number,)) for number in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failed, [])
        self.dokku("ps:scale", "empty", "web=1").must_succeed()
        with SteadyClient(self.instance.http_port, "empty.example.test") as client:
            for _ in range(4):
                self.dokku("ps:restart", "empty").must_succeed()
        self.assertEqual(client.lost, [])
        wait_for("one shim to be left", lambda: len(self.shim_of("empty")) == 1, 60)


if __name__ == "__main__":
    main()
