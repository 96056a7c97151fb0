"""dokkud or containerd die; apps, their clients and their logs notice nothing. Points 8 and 11."""
import os
import signal

from harness import SteadyClient, SystemTest, WebSocket, apps, main, processes
from harness.processes import wait_for


class Adoption(SystemTest):
    def setUp(self):
        self.use_domain()

    def kill(self, daemon):
        pid = self.instance.daemon_pid(daemon)
        os.kill(pid, signal.SIGKILL)
        processes.wait_for(f"{daemon} to be gone", lambda: not processes.is_running(pid))

    def test_dokkud_killed_same_processes_open_websocket_steady_client(self):
        self.push(self.repo(apps.echo("steady")), "steady").must_succeed()
        self.push(self.repo(apps.websocket()), "socket").must_succeed()
        before = self.instance.app_processes()
        socket = WebSocket(self.instance.http_port, "socket.example.test")
        self.assertEqual(socket.echo("before"), "before")
        with SteadyClient(self.instance.http_port, "steady.example.test") as client:
            for _ in range(3):
                self.kill("dokkud")
                self.assertEqual(socket.echo("while away"), "while away")
                self.instance.start()
                self.assertEqual(socket.echo("after"), "after")
        socket.close()
        self.assertEqual(client.lost, [])
        self.assertGreater(client.sent, 100)
        self.assertEqual(self.instance.app_processes(), before)
        # Until it was seen to listen once more, an adopted process is "starting" in the report.
        wait_for("the report says running", lambda: "running (CID" in
                 self.dokku("ps:report", "steady").must_succeed().out)

    def test_logs_have_no_gap_and_no_double_line_over_a_death(self):
        counter = ("import os, threading, time\n"
                   "def count():\n"
                   "    for i in range(10**9):\n"
                   "        print('line', i, flush=True)\n"
                   "        time.sleep(0.005)\n"
                   "threading.Thread(target=count, daemon=True).start()\n")
        self.push(self.repo(apps.echo("logs", before=counter)), "logs").must_succeed()
        self.kill("dokkud")
        self.instance.start()
        lines = self.dokku("logs", "-n", "100000", "-q", "logs").must_succeed().lines
        numbers = [int(line.split()[1]) for line in lines if line.startswith("line ")]
        self.assertGreater(len(numbers), 50)
        self.assertEqual(numbers, list(range(numbers[0], numbers[0] + len(numbers))))
        self.assertEqual(numbers[0], 0)

    def test_app_that_died_while_dokkud_was_away_is_started_again(self):
        self.push(self.repo(apps.echo("phoenix")), "phoenix").must_succeed()
        self.kill("dokkud")
        for pid in self.instance.app_processes("phoenix"):
            os.kill(pid, signal.SIGKILL)
        self.instance.start()
        processes.wait_for("the app to answer",
                           lambda: self.get("phoenix").text == "phoenix", 30)

    def test_app_that_is_killed_is_started_again(self):
        self.push(self.repo(apps.echo("again")), "killed").must_succeed()
        old = self.get("killed", "/pid").text
        before = self.instance.app_processes("killed")
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        processes.wait_for("the app to answer", lambda: self.get("killed").status == 200, 30)
        self.assertTrue(old)
        self.assertFalse(set(before.items()) & set(self.instance.app_processes("killed").items()))

    def test_containerd_killed_apps_serve_and_commands_work_within_two_seconds(self):
        self.push(self.repo(apps.echo("kept")), "kept").must_succeed()
        before = self.instance.app_processes("kept")
        with SteadyClient(self.instance.http_port, "kept.example.test") as client:
            self.kill("containerd")
            self.assertEqual(self.get("kept").text, "kept")
            processes.wait_for(
                "a command that needs containerd",
                lambda: self.dokku("run", "kept", "echo", "back").out.strip() == "back", 2)
        self.assertEqual(client.lost, [])
        self.assertEqual(self.instance.app_processes("kept"), before)


if __name__ == "__main__":
    main()
