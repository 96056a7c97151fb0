#!/usr/bin/env python3
"""The way in: the command socket, ssh keys, and what a run streams through them."""
import hashlib
import os
import pwd
import signal
import socket
import struct
import subprocess

from harness import SystemTest, Terminal, apps, main, processes, run
from harness.processes import wait_for


def greeting(version=1):
    return b"dokku/" + struct.pack("<H", version)


class Way(SystemTest):
    """Who may call, and what is said to those who may not. No app is deployed."""

    wants_stack = False

    def test_version_and_status_travel_by_socket_and_ssh(self):
        for done in (self.dokku("version"), self.ssh("version")):
            self.assertRegex(done.must_succeed().out, r"^dokku version \S+\n$")
        self.ssh("apps:exists", "nobody").must_end_with(20).must_say("App nobody does not exist")
        self.ssh("apps:list", "--nonsense").must_end_with(2)
        self.ssh("no:such").must_end_with(1).must_say("is not a dokku command")

    def test_ssh_without_a_command_shows_help_and_words_keep_their_quotes(self):
        self.ssh().must_succeed().must_say("config", "apps")
        self.dokku("apps:create", "quoted").must_succeed()
        self.ssh("config:set --no-restart quoted 'A=it is  \"so\"' B=a\\ b C='$HOME `id`'")
        values = [self.dokku("config:get", "quoted", key).out for key in "ABC"]
        self.assertEqual(values, ['it is  "so"\n', "a b\n", "$HOME `id`\n"])
        self.ssh("config:set quoted 'A=").must_end_with(1).must_say("Unmatched quote")

    def test_a_key_that_is_unknown_or_was_removed_is_nobodys(self):
        stranger = self.instance.path("client", "stranger")
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", stranger]).must_succeed()
        command = [part.replace("dokku@localhost", "dokku@localhost")
                   for part in self.instance.ssh_command("version")]
        command[1:1] = ["-o", f"IdentityFile={stranger}", "-o", "IdentitiesOnly=yes"]
        command[command.index("-F") + 1] = self._config_without_identity()
        run(command, env=self.instance.environment()).must_end_with(255).must_say("denied")
        # sshd lets it in, but the daemon does not know it: a line that was left in the file.
        as_key = ["--ssh-key", "SHA256:" + "A" * 43]
        self.dokku(*as_key, env={"SSH_ORIGINAL_COMMAND": "apps:list"}).must_end_with(1).must_say(
            "Access denied")
        self.dokku(*as_key, env={"SSH_ORIGINAL_COMMAND": "git-receive-pack 'evil'"}).must_end_with(
            1).must_say("Access denied")
        self.dokku("apps:exists", "evil").must_end_with(20)

    def _config_without_identity(self):
        source = self.instance.path("client", "ssh_config")
        copy = self.instance.path("client", "ssh_config_plain")
        with open(source, encoding="utf-8") as old, open(copy, "w", encoding="utf-8") as new:
            new.writelines(line for line in old if "Identit" not in line)
        return copy

    def test_another_user_of_the_machine_is_told_to_use_sudo(self):
        nobody = pwd.getpwnam("nobody")
        done = subprocess.run(
            [self.instance.path("bin", "dokku"), "apps:list"], user=nobody.pw_uid,
            group=nobody.pw_gid, extra_groups=[], capture_output=True, text=True, check=False,
            env={"DOKKU_SOCKET": self.instance.path("run", "dokku.sock"), "PATH": "/usr/bin:/bin"})
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr, " !     This needs root. Type: sudo dokku apps:list\n")

    def test_a_member_of_the_group_is_nobody_all_the_same(self):
        nobody = pwd.getpwnam("nobody")
        group = os.stat(self.instance.path("run", "dokku.sock")).st_gid
        done = subprocess.run(
            [self.instance.path("bin", "dokku"), "apps:list"], user=nobody.pw_uid, group=group,
            extra_groups=[], capture_output=True, text=True, check=False,
            env={"DOKKU_SOCKET": self.instance.path("run", "dokku.sock"), "PATH": "/usr/bin:/bin"})
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("Access denied", done.stderr)

    def test_garbage_and_other_versions_are_cut_off_and_harm_nobody(self):
        for bytes_ in (b"GET / HTTP/1.1\r\n\r\n", greeting(77), os.urandom(4096),
                       greeting() + struct.pack("<IBBH", 0xFFFFFFFF, 1, 0, 0),
                       greeting() + struct.pack("<IBBH", 4, 1, 0, 0) + b"\xff" * 4):
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(self.instance.path("run", "dokku.sock"))
                client.sendall(bytes_)
                client.settimeout(10)
                received = b""
                try:
                    while piece := client.recv(4096):
                        received += piece
                except ConnectionResetError:
                    pass
                self.assertEqual(received, greeting())
        self.dokku("version").must_succeed()

    def test_a_client_that_is_too_old_is_told_what_to_type(self):
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(self.instance.path("run", "dokku.sock"))
            client.sendall(greeting(0))
            client.settimeout(10)
            received = b""
            while piece := client.recv(4096):
                received += piece
        length, kind = struct.unpack("<IB", received[8:13])
        said, end = received[16:16 + length].decode(), received[16 + length:]
        self.assertEqual((received[:8], kind), (greeting(), 33))
        self.assertIn("This program is the older one. Type: ", said)
        path = said.rsplit("Type: ", 1)[1].strip()
        self.assertTrue(os.path.samefile(path, self.instance.path("bin", "dokku")))
        self.assertEqual(end, struct.pack("<IBBHB", 1, 34, 0, 0, 1))

    def test_git_words_follow_the_names_of_apps(self):
        for name in ("Bad_Name", "home/dokku/app", "..", "-x", "a'b"):
            self.instance.git("clone", self.instance.remote(name),
                              self.instance.path("client", "c")).must_fail()
        self.instance.git("clone", self.instance.remote("unknown"),
                          self.instance.path("client", "c")).must_fail().must_say(
                              "App unknown does not exist")
        self.dokku("apps:exists", "unknown").must_end_with(20)
        self.ssh("git-annex-shell", "x").must_end_with(128).must_say("unrecognized command")

    def test_a_daemon_that_is_away_is_named_with_the_next_command(self):
        done = self.dokku("apps:list", env={"DOKKU_SOCKET": self.instance.path("run", "none.sock")})
        done.must_end_with(1).must_say("dokkud does not run", "Start it: ", "dokku")


class Streams(SystemTest):
    """run and enter, with all that can happen to their streams."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.instance.dokku("domains:set-global", "example.test").must_succeed()
        repo = cls.instance.repo(apps.echo())
        cls.instance.push(repo, "app").must_succeed()

    def terminal(self, *words, ssh=False, **size):
        command = (self.instance.ssh_command(*words, tty=True) if ssh
                   else [self.instance.path("bin", "dokku"), *words])
        return Terminal(command, self.instance.environment(), **size)

    def runs(self):
        """Processes in one-off containers."""
        found = []
        for pid in processes.in_cgroup(self.instance.cgroup):
            if any("/app.run." in c for c in processes.cgroups(pid)):
                found.append(pid)
        return found

    def kill_daemon(self):
        pid = self.instance.daemon_pid("dokkud")
        os.kill(pid, signal.SIGKILL)
        wait_for("it is gone", lambda: processes.start_time(pid) is None)

    def tearDown(self):
        wait_for("no one-off container is left", lambda: not self.runs())

    def test_a_terminal_has_the_callers_size_and_follows_it(self):
        for ssh in (False, True):
            with self.subTest(ssh=ssh), self.terminal("run", "app", ssh=ssh, columns=101,
                                                      rows=37) as terminal:
                terminal.type("stty size; echo TERM=$TERM\n")
                terminal.expect("37 101")
                terminal.expect("TERM=xterm")
                terminal.resize(133, 55)
                terminal.type("until stty size | grep -q '55 133'; do :; done; echo fol''lowed\n")
                terminal.expect("followed")
                terminal.type("exit 23\n")
                self.assertEqual(terminal.status(), 23)
                self.assertFalse(terminal.is_raw())

    def test_ctrl_c_and_ctrl_z_go_to_the_process(self):
        for ssh in (False, True):
            with self.subTest(ssh=ssh), self.terminal("run", "app", "bash", ssh=ssh) as terminal:
                # Not bash itself: at its prompt it may only note the signal until the next key.
                terminal.type("sleep 900\n")
                self._runs_in_front("sleep 900")
                terminal.type("\x03")
                terminal.type("echo status=$?\n")
                terminal.expect("status=130")
                terminal.type("sleep 1000\n")
                self._runs_in_front("sleep 1000")
                terminal.type("\x1a")
                terminal.expect("Stopped")
                terminal.type("fg\n")
                terminal.expect("fg\r\n")
                terminal.expect("sleep 1000")
                # bash says so first, then gives it the terminal, then lets it go on.
                self._runs_in_front("sleep 1000")
                terminal.type("\x03")
                terminal.expect("$ ")
                terminal.type("exit 4\n")
                self.assertEqual(terminal.status(), 4)

    def _runs_in_front(self, line):
        wait_for(f"{line} runs", lambda: any(
            line in processes.command_line(p) and processes.in_front(p)
            and processes.state(p) == "S" for p in self.runs()))

    def test_a_hundred_megabytes_pass_both_ways_and_not_through_the_daemon(self):
        data = os.urandom(1 << 20) * 100
        wanted = hashlib.sha256(data).hexdigest()
        before = self._daemon_read()
        back = self.dokku("run", "app", "cat", stdin=data, binary=True, timeout=200)
        self.assertEqual(hashlib.sha256(back.out).hexdigest(), wanted)
        self.assertEqual((back.status, back.err), (0, b""))
        over_ssh = self.ssh("run", "app", "cat", stdin=data, binary=True, timeout=200)
        self.assertEqual(hashlib.sha256(over_ssh.out).hexdigest(), wanted)
        self.assertLess(self._daemon_read() - before, 10 << 20)

    def _daemon_read(self):
        with open(f"/proc/{self.instance.daemon_pid('dokkud')}/io", encoding="utf-8") as file:
            return int(file.readline().split()[1])

    def test_streams_stay_apart_and_the_status_is_exact(self):
        script = "cat; echo to-err >&2; exit 42"
        for call in (self.dokku, self.ssh):
            done = call("run", "app", "bash", "-c", f"'{script}'" if call == self.ssh else script,
                        stdin="given\n")
            self.assertEqual((done.out, done.err, done.status), ("given\n", "to-err\n", 42))
        self.assertEqual(self.dokku("run", "app", "bash", "-c", "kill -9 $$").status, 137)

    def test_variables_procfile_types_and_flags(self):
        self.dokku("run", "-e", "A=x y", "--env", "B=2", "app", "printenv A B").must_succeed(
            ).must_say("x y\n2\n")
        self.dokku("run", "-e", "nonsense", "app", "true").must_end_with(1).must_say(
            "Invalid env pair")
        self.dokku("run", "--nonsense", "app").must_end_with(2)
        self.dokku("run", "app", "printenv", "--null", "DYNO").must_say("run.")
        forced = self.dokku("run", "--force-tty", "app", "tty").must_succeed()
        self.assertIn("/dev/", forced.out)
        self.assertIn("not a tty", self.dokku("run", "app", "tty").out)

    def test_a_cut_connection_takes_the_container_along(self):
        for tty in (False, True):
            for number in (signal.SIGKILL, signal.SIGTERM):
                client = subprocess.Popen(
                    self.instance.ssh_command("run", "app", "sleep", "1000", tty=tty),
                    env=self.instance.environment(), stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
                wait_for("it runs", self.runs)
                client.send_signal(number)
                client.wait()
                client.stdout.close()
                wait_for("its container is gone", lambda: not self.runs())

    def test_a_killed_client_leaves_a_sane_terminal_and_no_container(self):
        with self.terminal("run", "app", "bash") as terminal:
            terminal.type("echo rea''dy\n")
            terminal.expect("ready")
            self.assertTrue(terminal.is_raw())
            terminal.kill()
            wait_for("the terminal is as before", lambda: not terminal.is_raw())
            wait_for("its container is gone", lambda: not self.runs())

    def test_a_run_outlives_the_daemon_and_its_status_too(self):
        with self.terminal("run", "app", "bash") as terminal:
            terminal.type("echo rea''dy\n")
            terminal.expect("ready")
            self.kill_daemon()
            terminal.type("echo still-''here\n")
            terminal.expect("still-here")
            self.instance.start()
            self.dokku("version").must_succeed()
            terminal.type("echo af''ter; exit 17\n")
            terminal.expect("after")
            self.assertEqual(terminal.status(), 17)
            self.assertFalse(terminal.is_raw())

    def test_a_waiting_command_says_what_became_of_it_when_the_daemon_dies(self):
        client = subprocess.Popen(
            [self.instance.path("bin", "dokku"), "logs", "-t", "app"],
            env=self.instance.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        self.assertIn("started", client.stdout.readline())
        self.kill_daemon()
        self.instance.start()
        _, err = client.communicate(timeout=30)
        self.assertEqual(client.returncode, 1)
        self.assertEqual(err, " !     dokkud ended while it ran `logs -t app`; waiting for it to "
                         "come back\n"
                         " !     It is back: `logs -t app` changed nothing\n"
                         " !     Type it again: dokku logs -t app\n")

    def test_enter_reaches_the_running_container(self):
        done = self.dokku("enter", "app", "web", "--", "bash", "-c", "echo $DYNO; cat; exit 6",
                          stdin="in\n")
        self.assertEqual((done.out, done.status), ("web.1\nin\n", 6))
        self.dokku("enter", "app", "worker").must_end_with(1).must_say(
            "No containers found for type 'worker'")
        with self.terminal("enter", "app", columns=90, rows=33) as terminal:
            terminal.type("stty size\n")
            terminal.expect("33 90")
            terminal.type("exit 5\n")
            self.assertEqual(terminal.status(), 5)

    def test_logs_are_followed_until_the_client_goes(self):
        client = subprocess.Popen(
            self.instance.ssh_command("logs", "-t", "-q", "app"), env=self.instance.environment(),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        with client:
            self.assertIn("started", client.stdout.readline())
            self.get("app.example.test", "/seen-in-the-log")
            client.kill()

    def test_many_commands_at_once_do_not_wait_for_long_ones(self):
        long_ones = [subprocess.Popen(
            [self.instance.path("bin", "dokku"), "logs", "-t", "app"],
            env=self.instance.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL) for _ in range(20)]
        try:
            for _ in range(5):
                self.dokku("apps:list", timeout=10).must_succeed()
        finally:
            for one in long_ones:
                one.kill()
                one.wait()


if __name__ == "__main__":
    main()
