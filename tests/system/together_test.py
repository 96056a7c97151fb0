"""A hundred clients at once: nothing hangs, is lost or half done, whoever is killed when."""
import concurrent.futures
import json
import os
import random
import signal
import subprocess

from harness import SystemTest, apps, main, processes

CLIENTS = 100
SEED = int(os.environ.get("DOKKU_TEST_SEED", random.SystemRandom().randrange(1 << 32)))


def at_once(jobs):
    """Runs all jobs together, each on a thread of its own; their results in order."""
    with concurrent.futures.ThreadPoolExecutor(max(1, len(jobs))) as pool:
        return [done.result() for done in [pool.submit(job) for job in jobs]]


class OneApp(SystemTest):
    wants_stack = False

    def test_no_key_and_no_domain_is_lost(self):
        self.dokku("apps:create", "one").must_succeed()
        jobs = []
        for i in range(CLIENTS):
            way = self.ssh if i % 10 == 0 else self.dokku
            if i % 2:
                jobs.append(lambda i=i, way=way: way(
                    "config:set", "--no-restart", "one", f"K{i}=v{i}", f"L{i}=v{i}"))
            elif i % 4:
                jobs.append(lambda i=i, way=way: way("domains:add", "one", f"d{i}.example.com"))
            else:
                jobs.append(lambda way=way: way("config:show", "one"))
        for done in at_once(jobs):
            done.must_succeed()
        values = json.loads(self.dokku("config:export", "--format", "json", "one").out)
        expected = {f"{letter}{i}": f"v{i}" for i in range(1, CLIENTS, 2) for letter in "KL"}
        self.assertEqual({k: v for k, v in values.items() if k in expected}, expected)
        domains = self.dokku("domains:report", "one", "--domains-app-vhosts").out.split()
        self.assertLessEqual({f"d{i}.example.com" for i in range(2, CLIENTS, 4)}, set(domains))

    def test_of_a_hundred_that_create_one_app_one_wins(self):
        done = at_once([lambda: self.dokku("apps:create", "wanted")] * CLIENTS)
        self.assertEqual(sum(one.status == 0 for one in done), 1)
        for one in done:
            if one.status != 0:
                self.assertEqual(one.err, " !     Name is already taken\n")

    def test_a_change_is_whole_or_not_there_while_others_look(self):
        """Each writer sets two keys to one number: whoever reads finds them equal."""
        self.dokku("apps:create", "pairs").must_succeed()
        self.dokku("config:set", "--no-restart", "pairs", "A=x", "B=x").must_succeed()

        def write(i):
            return self.dokku("config:set", "--no-restart", "pairs", f"A={i}", f"B={i}")

        def read():
            seen = json.loads(self.dokku("config:export", "--format", "json", "pairs").out)
            self.assertEqual(seen["A"], seen["B"])

        at_once([(lambda i=i: write(i).must_succeed()) if i % 2 else read
                 for i in range(CLIENTS)])


class ManyApps(SystemTest):
    wants_stack = False

    def test_mixed_commands_end_and_leave_whole_apps(self):
        print(f"seed {SEED}")
        self.use_domain()
        names = [f"app{i}" for i in range(10)]

        def life(number):
            chance = random.Random(SEED + number)
            for _ in range(6):
                app = chance.choice(names)
                other = f"{chance.randrange(10**6)}"
                command = chance.choice([
                    ["apps:create", app], ["config:set", "--no-restart", app, f"K{other}=v"],
                    ["domains:add", app, f"d{other}.example.com"], ["config:unset", app, "K"],
                    ["ps:scale", "--skip-deploy", app, f"web={chance.randrange(4)}"],
                    ["apps:report"], ["ps:report", app], ["domains:report", "--global"],
                    ["urls", app], ["apps:lock", app], ["domains:reset", app],
                    ["--force", "apps:destroy", app]])
                done = self.dokku(*command)
                known = done.status == 0 or (
                    done.status == 20 and f"App {app} does not exist" in done.err) or (
                    done.status == 1 and any(text in done.err for text in (
                        "Name is already taken", "does not exist")))
                self.assertTrue(known, done)

        at_once([lambda i=i: life(i) for i in range(CLIENTS)])
        alive = self.dokku("--quiet", "apps:list").must_succeed().lines
        self.assertEqual(set(self.folders()) & set(names), set(alive) & set(names))
        for app in alive:
            for topic in ("apps", "config", "domains", "ps"):
                verb = "show" if topic == "config" else "report"
                self.dokku(f"{topic}:{verb}", app).must_succeed()

    def folders(self):
        return os.listdir(self.instance.path("home"))


class Deployed(SystemTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.instance.dokku("domains:set-global", "example.test").must_succeed()
        cls.instance.push(cls.instance.repo(apps.echo("first")), "app").must_succeed()

    def start(self, *arguments):
        return subprocess.Popen(
            [self.instance.path("bin", "dokku"), *arguments], env=self.instance.environment(),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True)

    def test_pushes_scaling_config_and_reports_of_one_app(self):
        repos = [self.repo(apps.echo(f"push {i}")) for i in range(2)]
        jobs = [lambda r=r: self.push(r, "app", options=["--force"]) for r in repos]
        jobs += [lambda i=i: self.dokku("ps:scale", "app", f"web={1 + i % 2}") for i in range(3)]
        jobs += [lambda i=i: self.dokku("config:set", "app", f"T{i}=v{i}") for i in range(3)]
        for i in range(CLIENTS - len(jobs)):
            command = (["ps:report", "app"], ["config:get", "app", "KEY"], ["urls", "app"],
                       ["config:set", "--no-restart", "app", f"N{i}=v"],
                       ["domains:add", "app", f"n{i}.example.com"])[i % 5]
            jobs.append(lambda c=command: self.dokku(*c))
        done = at_once(jobs)
        for one in done[:8]:
            one.must_succeed()
        values = json.loads(self.dokku("config:export", "--format", "json", "app").out)
        for key in [f"T{i}" for i in range(3)] + [f"N{i}" for i in range(3, CLIENTS - 8, 5)]:
            self.assertIn(key, values)
        self.dokku("ps:scale", "app", "web=1").must_succeed()
        self.assertIn(self.get("app").text, ("push 0", "push 1"))
        self.assertEqual(self.get("app", "/env/T2").text, "v2")
        self.assertEqual(self.get("n4.example.com").status, 200)
        self.assertEqual(len(self.dokku("ps:report", "app").text.split("Status web ")) - 1, 1)

    def test_clients_killed_at_any_moment_leave_nothing_half_done(self):
        print(f"seed {SEED}")
        chance = random.Random(SEED)
        self.dokku("config:set", "app", "A=0", "B=0").must_succeed()
        for i in range(12):
            command = chance.choice([["config:set", "app", f"A={i}", f"B={i}"],
                                     ["ps:restart", "app"], ["ps:scale", "app", f"web={1 + i % 2}"],
                                     ["ps:rebuild", "app"]])
            client = self.start(*command)
            try:
                client.wait(timeout=chance.random() * 1.5)
            except subprocess.TimeoutExpired:
                client.send_signal(chance.choice([signal.SIGINT, signal.SIGTERM, signal.SIGKILL]))
            client.wait(timeout=60)
            values = json.loads(self.dokku("config:export", "--format", "json", "app").out)
            self.assertEqual(values["A"], values["B"], command)
            self.assertEqual(self.get("app").status, 200, command)
        # No lock is left, and what runs becomes what is wanted.
        self.dokku("ps:scale", "app", "web=1").must_succeed()
        self.dokku("ps:restart", "app").must_succeed()
        values = json.loads(self.dokku("config:export", "--format", "json", "app").out)
        self.assertEqual(self.get("app", "/env/A").text, values["A"])
        self.assertEqual(self.get("app", "/env/B").text, values["B"])
        processes.wait_for("one web process to be left", self.one_web_is_left)

    def one_web_is_left(self):
        return self.dokku("ps:report", "app", "--processes").out == "1\n"

    def test_destroy_during_a_deploy_waits_or_is_refused(self):
        slow = apps.echo("slow", before="import time, select\nselect.select([], [], [], 2)")
        push = self.instance.start_push(self.repo(slow), "gone")
        for line in push.stdout:
            if "Deploying" in line or "Building" in line:
                break
        destroyed = self.dokku("--force", "apps:destroy", "gone")
        push.communicate(timeout=60)
        listed = self.dokku("--quiet", "apps:list").lines
        if destroyed.status != 0:
            self.assertIn("gone", listed)
            self.dokku("--force", "apps:destroy", "gone").must_succeed()
        self.assertNotIn("gone", self.dokku("--quiet", "apps:list").lines)
        processes.wait_for("its processes to end", lambda: not self.instance.app_processes("gone"))
        self.assertNotIn("gone", os.listdir(self.instance.path("home")))
        self.assertNotEqual(self.get("gone").status, 200)


if __name__ == "__main__":
    main()
