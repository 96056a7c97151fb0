"""The README's first command in a place of its own, and no trace after --stop. Points 2, 3."""
import json
import os
import shutil
import socket
import subprocess
import tempfile

from harness import SystemTest, main, places, request, run


class Quickstart(SystemTest):
    wants_instance = False

    def setUp(self):
        self.root = tempfile.mkdtemp(prefix=f"dokku-test-{os.getpid()}-")
        self.addCleanup(shutil.rmtree, self.root, True)
        self.addCleanup(self.quickstart, "--purge")
        self.http_port, self.ssh_port = places.free_ports(2)

    def command(self, *arguments):
        return [os.path.join(places.PACKAGING, "quickstart"), "--root", self.root,
                "--http-port", str(self.http_port), "--ssh-port", str(self.ssh_port), *arguments]

    def quickstart(self, *arguments, **options):
        # The programs of this build are used: compiling `release` here would take minutes.
        return run(self.command(*arguments), timeout=500,
                   env={**os.environ, "DOKKU_QUICKSTART_BIN": places.BIN,
                        "DOKKU_QUICKSTART_STACK": places.STACK}, **options)

    def inventory(self, users=True):
        """What is on the machine."""
        lines = run([os.path.join(places.PACKAGING, "instance"), "inventory"]).must_succeed().lines
        return [x for x in lines if users or not x.startswith("user ")]

    def own_traces(self):
        """What is left of this instance; "" is nothing."""
        return run([os.path.join(places.PACKAGING, "instance"), "inventory", "--root",
                    self.root]).must_succeed().out

    def others(self):
        try:
            return set(os.listdir(places.INSTANCES)) - {".sysctls", ".made-run-sshd", self.name()}
        except OSError:
            return set()

    def name(self):
        try:
            with open(os.path.join(self.root, "instance.json"), encoding="utf-8") as file:
                return json.load(file)["name"]
        except OSError:
            return "(none yet)"

    def in_its_shell(self, text):
        script = f'eval "$({" ".join(self.command("--env"))})" && {text}'
        return run(["bash", "-c", script], cwd=self.root)

    def test_serves_the_example_then_again_then_leaves_no_trace(self):
        alone = not self.others()  # else the machine as a whole changes beside us
        before = self.inventory()
        first = self.quickstart().must_succeed()
        first.must_say("=====> Application deployed:", "What took how long", "What to type next")
        self.in_its_shell("dokku apps:list").must_succeed().must_say("node-hello")
        self.in_its_shell("ssh dokku@localhost apps:list").must_succeed().must_say("node-hello")
        self.in_its_shell("git clone dokku@localhost:node-hello cloned").must_succeed()
        url = self.in_its_shell("dokku url node-hello").must_succeed().out.strip()
        port = int(url.rsplit(":", 1)[1])
        self.assertEqual(request(port, "any").status, 200)

        again = self.quickstart().must_succeed()
        again.must_say("Everything up-to-date")

        self.quickstart("--stop").must_succeed()
        self.assertEqual(self.own_traces(), "")
        if alone and not self.others():
            self.assertEqual(self.inventory(users=False),
                             [x for x in before if not x.startswith("user ")])
        self.quickstart().must_succeed()
        self.quickstart("--purge").must_succeed()
        if alone and not self.others():
            self.assertEqual(self.inventory(), before)
        self.assertFalse(os.path.exists(self.root))

    def test_second_one_on_the_same_place_says_so(self):
        holder = subprocess.Popen(["flock", os.path.join(self.root, ".quickstart.lock"), "cat"],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            holder.stdin.write(b"held\n")
            holder.stdin.flush()
            holder.stdout.readline()  # cat runs, so the lock is held
            self.quickstart().must_end_with(1).must_say("Another quickstart works in", "--root")
        finally:
            holder.stdin.close()
            holder.wait()
            holder.stdout.close()

    def test_taken_port_is_named_with_a_way_on(self):
        with socket.create_server(("", self.http_port)):
            self.quickstart().must_end_with(1).must_say(
                f"Port {self.http_port} is taken by", "--http-port")

    def test_env_and_stop_without_an_instance(self):
        self.quickstart("--env").must_end_with(1).must_say("There is no instance")
        self.quickstart("--stop").must_succeed().must_say("no instance")


if __name__ == "__main__":
    main()
