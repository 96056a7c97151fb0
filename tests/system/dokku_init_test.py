"""dokku-init as PID 1 of a real pid namespace: signals, terminal, zombies, and a build's phases."""
import ctypes
import fcntl
import os
import select
import signal
import struct
import termios
import time
import unittest

BIN = os.environ.get("DOKKU_BIN", "build/dev/bin") + "/dokku-init"
LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWPID, CLONE_NEWNS, SYS_CLONE = 0x20000000, 0x00020000, 56
MS_REC_PRIVATE = 0x4000 | 0x40000
HELLO, RUN, KILL, STOP, OUTPUT, EXITED, REFUSED = range(1, 8)


class Container:
    """A pid namespace whose PID 1 is dokku-init. Its three streams are pipes or one terminal."""

    def __init__(self, *args, tty=False):
        if tty:
            self.out, inner = os.openpty()
            self.into = self.out
            theirs = (inner, inner, inner)
        else:
            stdin, self.into = os.pipe()
            self.out, stdout = os.pipe()
            theirs = (stdin, stdout, stdout)
        self.pid = LIBC.syscall(SYS_CLONE, CLONE_NEWPID | CLONE_NEWNS | signal.SIGCHLD, 0, 0, 0, 0)
        if self.pid == 0:
            try:
                self._become(args, theirs, tty)
            finally:
                os._exit(99)
        for fd in set(theirs):
            os.close(fd)
        self.status = None
        self.seen = b""

    def _become(self, args, theirs, tty):
        os.setsid()
        if tty:
            fcntl.ioctl(theirs[0], termios.TIOCSCTTY, 0)
        for number, fd in enumerate(theirs):
            os.dup2(fd, number)
        LIBC.mount(b"none", b"/", None, MS_REC_PRIVATE, None)
        LIBC.mount(b"proc", b"/proc", b"proc", 0, None)
        os.closerange(3, 256)
        os.execv(BIN, [BIN, *args])

    def read(self, size=65536, limit=20):
        if not select.select([self.out], [], [], limit)[0]:
            raise AssertionError(f"nothing to read; seen: {self.seen[-400:]!r}")
        try:
            piece = os.read(self.out, size)
        except OSError:  # a terminal whose other side is gone
            piece = b""
        self.seen += piece
        return piece

    def expect(self, text):
        while text not in self.seen:
            if not self.read():
                raise AssertionError(f"ended before {text!r}: {self.seen[-400:]!r}")
        self.seen = self.seen.split(text, 1)[1]

    def type(self, data):
        os.write(self.into, data)

    def wait(self):
        if self.status is None:
            deadline = time.monotonic() + 20
            fd = os.pidfd_open(self.pid)
            ready = select.select([fd], [], [], max(0, deadline - time.monotonic()))[0]
            os.close(fd)
            if not ready:
                raise AssertionError("dokku-init does not end")
            self.status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.status

    def close(self):
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.status = -9
        for fd in {self.into, self.out}:
            os.close(fd)

    # --- frames of base/phase_frames.h ---

    def send(self, kind, payload=b""):
        data = struct.pack("<cBBBI", b"D", 1, kind, 0, len(payload)) + payload
        while data:
            data = data[os.write(self.into, data):]

    def exactly(self, size):
        data = b""
        while len(data) < size:
            piece = self.read(size - len(data))
            if not piece:
                raise AssertionError("end of frames")
            data += piece
        self.seen = b""
        return data

    def frame(self):
        magic, version, kind, stream, length = struct.unpack("<cBBBI", self.exactly(8))
        assert (magic, version) == (b"D", 1)
        return kind, stream, self.exactly(length) if length else b""

    def run(self, *argv, env=("PATH=/usr/bin:/bin",), cwd="/", flags=0):
        strings = b"".join(s.encode() + b"\0" for s in (*argv, *env, cwd))
        self.send(RUN, struct.pack("<III", flags, len(argv), len(env)) + strings)

    def finish(self):
        """Reads to the end of a phase: its output by stream, and how it ended."""
        output = {1: b"", 2: b""}
        while True:
            kind, stream, payload = self.frame()
            if kind == OUTPUT:
                output[stream] += payload
            elif kind == EXITED:
                code, number, wall, cpu, left = struct.unpack("<iiQQI", payload)
                return output, code, number, left
            else:
                return output, payload.decode(), kind, None


class InitCase(unittest.TestCase):
    def start(self, *args, **more):
        container = Container(*args, **more)
        self.addCleanup(container.close)
        return container

    def sh(self, script, **more):
        return self.start("--", "/bin/sh", "-c", script, **more)


class OneCommand(InitCase):
    def test_exits_as_the_command_does(self):
        self.assertEqual(self.sh("exit 7").wait(), 7)
        self.assertEqual(self.sh("kill -9 $$").wait(), 137)
        self.assertEqual(self.sh("true").wait(), 0)

    def test_names_a_command_that_is_not_there(self):
        container = self.start("--", "no-such-command")
        container.expect(b"dokku-init: exec no-such-command: No such file or directory\n")
        self.assertEqual(container.wait(), 127)
        self.assertEqual(self.start("--", "/etc/passwd").wait(), 126)

    def test_refuses_to_run_outside_a_container(self):
        self.assertEqual(os.spawnv(os.P_WAIT, BIN, [BIN, "--", "true"]), 125)

    def test_sigterm_reaches_every_process(self):
        container = self.sh(
            'sh -c \'trap "echo inner; exit 0" TERM; echo ready; while :; do sleep 0.05; done\' &'
            ' trap "wait; echo outer; exit 5" TERM; while :; do sleep 0.05; done')
        container.expect(b"ready\n")
        os.kill(container.pid, signal.SIGTERM)
        container.expect(b"inner\n")
        container.expect(b"outer\n")
        self.assertEqual(container.wait(), 5)

    def test_passes_other_signals_to_the_command(self):
        container = self.sh('trap "echo usr1" USR1; trap "echo int; exit 3" INT; echo ready;'
                            " while :; do sleep 0.05; done")
        container.expect(b"ready\n")
        os.kill(container.pid, signal.SIGUSR1)
        container.expect(b"usr1\n")
        os.kill(container.pid, signal.SIGINT)
        container.expect(b"int\n")
        self.assertEqual(container.wait(), 3)

    def test_reaps_what_nobody_waits_for(self):
        container = self.sh(
            "for i in 1 2 3 4 5; do sh -c '(exec sleep 0.01) & exit'; done; echo started; "
            "while grep -qsE '^(State:.Z|Name:.sleep)' /proc/[0-9]*/status; do :; done;"
            " echo reaped")
        container.expect(b"started\n")
        container.expect(b"reaped\n")
        self.assertEqual(container.wait(), 0)

    def test_a_group_kill_of_the_app_stays_in_the_app(self):
        self.assertEqual(self.sh("sleep 100 & trap 'exit 4' TERM; kill 0; wait; exit 9").wait(), 4)


class Terminal(InitCase):
    def test_ctrl_c_ends_the_command(self):
        container = self.sh("echo ready; exec sleep 100", tty=True)
        container.expect(b"ready")
        container.type(b"\x03")
        self.assertEqual(container.wait(), 130)

    def test_ctrl_c_comes_once(self):
        container = self.sh('trap "echo int" INT; echo ready; read x; read x; read x; exit 6',
                            tty=True)
        container.expect(b"ready")
        container.type(b"\x03")
        container.expect(b"int\r\n")
        container.type(b"\na\nb\nc\n")
        self.assertEqual(container.wait(), 6)
        while container.read():
            pass
        self.assertNotIn(b"int", container.seen)

    def test_ctrl_z_gives_an_interactive_shell_its_prompt_back(self):
        container = self.start("--", "/bin/bash", "--norc", "--noprofile", "-i", tty=True)
        container.type(b"PS1='pro''mpt> '\n")
        container.expect(b"prompt> ")
        container.type(b"sh -c 'echo wai\"\"ting; exec sleep 100'\n")
        container.expect(b"waiting\r\n")
        container.type(b"\x1a")
        container.expect(b"Stopped")
        container.expect(b"prompt> ")
        container.type(b"kill -9 %1; exec sh -c 'exit 8'\n")
        self.assertEqual(container.wait(), 8)

    def test_ctrl_z_does_not_stop_a_command_for_ever(self):
        container = self.sh("echo ready; cat", tty=True)
        container.expect(b"ready")
        container.type(b"\x1a")
        container.type(b"still here\n")
        container.expect(b"still here\r\nstill here\r\n")

    def test_a_resize_reaches_the_command(self):
        container = self.sh('trap "stty size; exit 0" WINCH; echo ready; while :; do sleep 0.05;'
                            " done", tty=True)
        container.expect(b"ready")
        fcntl.ioctl(container.out, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 101, 0, 0))
        container.expect(b"33 101")

    def test_a_lost_terminal_ends_everything(self):
        container = self.sh("sleep 100 & echo ready; sleep 100", tty=True)
        container.expect(b"ready")
        twin = os.dup(container.out)
        os.close(container.out)
        os.close(twin)
        container.out = container.into = os.open("/dev/null", os.O_RDONLY)
        self.assertEqual(container.wait(), 129)


class Phases(InitCase):
    def serve(self):
        container = self.start("--serve")
        self.assertEqual(container.frame(), (HELLO, 0, b""))
        return container

    def test_runs_one_phase_after_the_other(self):
        container = self.serve()
        container.run("/bin/sh", "-c", "echo $A; pwd; exit 3", env=("A=b c",), cwd="/usr")
        self.assertEqual(container.finish(), ({1: b"b c\n/usr\n", 2: b""}, 3, -1, 0))
        container.run("sh", "-c", "cat; echo err >&2; kill -15 $$", flags=1)
        self.assertEqual(container.finish(), ({1: b"", 2: b"err\n"}, -1, 15, 0))
        container.send(STOP)
        self.assertEqual(container.wait(), 0)

    def test_ends_at_end_of_file(self):
        container = self.serve()
        os.close(container.into)
        container.into = container.out
        self.assertEqual(container.wait(), 0)

    def test_names_what_could_not_be_started(self):
        container = self.serve()
        container.run("/bin/no-such")
        self.assertEqual(container.finish()[1:3],
                         ("exec /bin/no-such: No such file or directory", REFUSED))
        container.run("/bin/true", cwd="/no/such/place")
        self.assertEqual(container.finish()[1:3],
                         ("chdir /no/such/place: No such file or directory", REFUSED))
        container.run("/bin/true")
        self.assertEqual(container.finish()[1], 0)

    def test_kills_what_a_phase_leaves_behind(self):
        container = self.serve()
        container.run("/bin/sh", "-c",
                      "sleep 100 & setsid sh -c 'while :; do echo x; done' & exit 2")
        output, code, _, left = container.finish()
        self.assertEqual((code, left >= 2), (2, True))
        container.run("/bin/ls", "/proc")
        alive = [name for name in container.finish()[0][1].split() if name.isdigit()]
        self.assertEqual(len(alive), 2)  # init, ls

    def test_minds_the_process_and_not_its_output(self):
        container = self.serve()
        container.run("/bin/sh", "-c", "echo a; exec >&- 2>&-; sleep 0.1; exit 4")
        self.assertEqual(container.finish()[:2], ({1: b"a\n", 2: b""}, 4))

    def test_kill_ends_a_phase_that_does_not_end(self):
        container = self.serve()
        container.run("/bin/sh", "-c", "trap '' TERM; echo ready; while :; do sleep 100; done")
        self.assertEqual(container.frame(), (OUTPUT, 1, b"ready\n"))
        container.send(KILL)
        self.assertEqual(container.finish()[1:3], (-1, 9))

    def test_passes_a_gigabyte_in_bounded_memory(self):
        container = self.serve()
        container.run("/bin/sh", "-c", "head -c 1073741824 /dev/zero")
        total = 0
        while True:
            kind, _, payload = container.frame()
            if kind == EXITED:
                break
            total += len(payload)
        self.assertEqual(total, 1 << 30)
        with open(f"/proc/{container.pid}/status") as status:
            peak = [line for line in status if line.startswith("VmHWM")][0].split()[1]
        self.assertLess(int(peak), 2048)  # kB

    def test_a_phase_cannot_reach_into_the_frames(self):
        container = self.serve()
        container.run("/usr/bin/setpriv", "--reuid", "32767", "--clear-groups", "/bin/sh", "-c",
                      "echo fake > /proc/1/fd/1")
        output, code, _, _ = container.finish()
        self.assertNotEqual(code, 0)
        self.assertIn(b"Permission denied", output[1])

    def test_nonsense_ends_it(self):
        container = self.serve()
        container.type(b"x" * 8)
        self.assertEqual(container.wait(), 0)


if __name__ == "__main__":
    unittest.main()
