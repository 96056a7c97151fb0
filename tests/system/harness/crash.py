"""dokkud is killed at one of its crash points, started again, and what is left is counted.

Which points lie on a path is asked of the program itself: the deed is done once while dokkud writes
down the points that it passes, then once for each of them with a kill there. One dokkud follows the
other; a file tells the running one where to die (`--crash-at @FILE`), so nothing is restarted but
what was killed.
"""
import collections
import os
import re
import signal
import subprocess
import threading

from harness import apps, processes
from harness.case import SystemTest
from harness.outcome import run

# What a client says when its daemon died meanwhile, and how it ends then.
DONE, NOT_DONE = "is done as a whole", ("was not done", "changed nothing")


class CrashTest(SystemTest):
    daemon = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.instance.dokku("domains:set-global", "example.test").must_succeed()
        cls.control = cls.instance.path("crash-at")
        cls.trace = cls.instance.path("crash-trace")
        cls.arm("")
        pid = cls.instance.daemon_pid("dokkud")
        os.kill(pid, signal.SIGTERM)
        processes.wait_for("dokkud to be gone", lambda: not processes.is_running(pid))
        cls.start_daemon()

    # --- dokkud ----------------------------------------------------------------------------------

    @classmethod
    def arm(cls, point):
        """Counting of points begins anew with this."""
        with open(cls.control + ".new", "w", encoding="utf-8") as file:
            file.write(point)
        os.replace(cls.control + ".new", cls.control)

    @classmethod
    def start_daemon(cls):
        """Returns when it answers, or has been killed by what is armed."""
        with open(cls.instance.path("log", "dokkud.log"), "a", encoding="utf-8") as log:
            daemon = subprocess.Popen(
                [cls.instance.path("bin", "dokkud"), "--config", cls.instance.config_file,
                 "--crash-at", "@" + cls.control, "--trace-crash-points", cls.trace],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd="/")
        # Where the instance's own end looks for it.
        with open(cls.instance.path("run", "dokkud.pid"), "w", encoding="utf-8") as file:
            file.write(f"{daemon.pid} {processes.start_time(daemon.pid)}\n")
        # Reaped as soon as it is dead, so that nobody takes it for running.
        threading.Thread(target=daemon.wait, daemon=True).start()
        cls.daemon = daemon
        processes.wait_for("dokkud to answer", lambda: cls.is_dead()
                           or cls.instance.dokku("version").status == 0, 60)

    @classmethod
    def is_dead(cls):
        return cls.daemon.poll() is not None

    def traced(self):
        with open(self.trace, encoding="utf-8") as file:
            return [line.split(":")[0] for line in file.read().splitlines()]

    def points_of(self, deed):
        """The points that `deed` passes, in order, each with its count."""
        self.quiet()  # else the end of an earlier deed is counted
        before = len(self.traced())
        client = self.begin(deed)
        text = client.communicate()[0]
        self.assertEqual(client.returncode, 0, text)
        self.quiet()
        counts = collections.Counter()
        points = []
        for name in self.traced()[before:]:
            counts[name] += 1
            points.append(f"{name}:{counts[name]}")
        self.assertTrue(points)
        return points

    # --- deeds -----------------------------------------------------------------------------------

    def dokku_deed(self, *words):
        return [self.instance.path("bin", "dokku"), *words], None

    def push_deed(self, repo, app):
        return ["git", "push", "-f", self.instance.remote(app),
                f"{repo.branch}:{repo.branch}"], repo.folder

    def begin(self, deed):
        command, folder = deed
        return subprocess.Popen(command, cwd=folder, env=self.instance.environment(),
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, start_new_session=True, text=True)

    def crash(self, point, deed, client_goes):
        """Does `deed` with a kill at `point`; a new dokkud runs when it returns.

        What the client said and True (it says that all is done) or False; None, None: it is gone.
        """
        self.arm(point)
        client = self.begin(deed)
        processes.wait_for(f"dokkud to die at {point}", self.is_dead, 60)
        self.arm("")
        if client_goes:
            # All that the person had: git and ssh; sshd's side notices by itself.
            os.killpg(client.pid, signal.SIGKILL)
            client.communicate()
            self.start_daemon()
            return None, None
        self.start_daemon()
        text = client.communicate(timeout=60)[0]
        done = client.returncode == 0
        if "dokkud ended while it ran" in text:
            self.assertEqual(DONE in text, done, text)
            self.assertEqual(any(words in text for words in NOT_DONE), not done, text)
        else:  # it had its answer already
            self.assertTrue(done, text)
        return text, done

    # --- what is there ---------------------------------------------------------------------------

    def ctr(self, *words):
        namespace = f"dokku-{self.instance.name}"
        socket = self.instance.config()["containerd_socket"]
        outcome = run(["ctr", "-a", socket, "-n", namespace, *words]).must_succeed()
        return [line.split()[0] for line in outcome.out.splitlines() if line.strip()]

    def files(self, *parts):
        folder = self.instance.path(*parts)
        return sorted(os.listdir(folder)) if os.path.isdir(folder) else []

    def inventory(self):
        """What belongs to apps, without the numbers of releases."""
        numbered = re.compile(r"\.r\d+$")
        running = [line.split() for line in run(
            ["ip", "-o", "link"]).out.splitlines() if f"dk{self.instance.name}-" in line]
        return {
            "containers": sorted(numbered.sub("", c) for c in self.ctr("containers", "ls", "-q")),
            "tasks": sorted(numbered.sub("", t) for t in self.ctr("tasks", "ls", "-q")),
            "links": len(running),
            "app processes": len(self.instance.app_processes()),
            "builds": [b for b in self.files("lib", "builds") if b != ".trash"],
            "trash": self.files("lib", "builds", ".trash"),
            "streams": self.files("run", "streams"),
            "build files": self.files("run", "builds"),
        }

    def quiet(self):
        """Until nothing changes for a moment: retired processes end in the background."""
        last, same = None, 0

        def calm():
            nonlocal last, same
            now = (self.inventory(), len(self.traced()))
            same = same + 1 if now == last else 0
            last = now
            return same >= 4

        processes.wait_for("quiet", calm, 60)

    def await_inventory(self, expected):
        """Clean-up goes on in the background; in the end there is what there was."""
        seen = None

        def equal():
            nonlocal seen
            seen = self.inventory()
            return seen == expected

        try:
            processes.wait_for("the inventory of before", equal, 40)
        except AssertionError:
            self.assertEqual(seen, expected)
            raise

    def seen_by_the_proxy(self):
        try:  # it writes once a second
            processes.wait_for("a complaint", lambda: "crash" in self.dokku(
                "nginx:error-logs", "crash").text, 3)
        except AssertionError:
            pass
        return "".join(self.dokku(command, "crash").text
                       for command in ("nginx:error-logs", "nginx:access-logs", "ps:report"))

    def kept(self, app):
        """Images and sources of an app: as many of one as of the other."""
        images = [i for i in self.ctr("images", "ls", "-q") if i.startswith(f"dokku/{app}:")]
        return images, self.files("lib", "sources", app)


class CrashingPush(CrashTest):
    """A push of a change to a running app, killed everywhere."""

    client_goes = False
    RELEASES_KEPT = 5

    def check_push(self):
        repo = self.repo(apps.echo("0"))
        count = 0

        def change():
            nonlocal count
            repo.commit(apps.echo(str(count + 1)))
            count += 1
            return self.push_deed(repo, "crash")

        def push():
            client = self.begin(change())
            text = client.communicate(timeout=120)[0]
            self.assertEqual(client.returncode, 0, text)
            self.assertEqual(self.get("crash").text, str(count))

        # So many that each further one prunes.
        for _ in range(self.RELEASES_KEPT):
            push()
        points = self.points_of(change())
        self.assertIn("deploy.live-committed:1", points)
        self.assertIn("deploy.pruned-release:1", points)
        expected = self.inventory()
        for point in points:
            with self.subTest(point=point):
                text, done = self.crash(point, change(), self.client_goes)
                serves = self.get("crash").text
                allowed = (str(count), str(count - 1)) if done is None else (
                    str(count if done else count - 1),)
                if serves not in allowed:
                    self.fail(f"{serves}\nand not {allowed}\n{text}\n"
                              f"{self.seen_by_the_proxy()}")
                if done:
                    self.assertIn(repo.head(), self.instance.git(
                        "ls-remote", self.instance.remote("crash"), cwd=repo.folder).out)
                push()
                self.await_inventory(expected)
                images, sources = self.kept("crash")
                self.assertEqual(len(images), len(sources))
                self.assertLessEqual(len(images), self.RELEASES_KEPT + 1)
