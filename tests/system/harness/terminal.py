"""A program on a terminal of its own, as a person uses it: typed at, read from, resized."""
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time


class Terminal:
    def __init__(self, command, env, columns=80, rows=24):
        self.master, self.slave = pty.openpty()
        self.resize(columns, rows)

        def take_terminal():
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        # The slave end stays open here too, so that its modes can be looked at afterwards.
        self.process = subprocess.Popen(
            command, env={**env, "TERM": "xterm"}, stdin=self.slave, stdout=self.slave,
            stderr=self.slave, preexec_fn=take_terminal, close_fds=True)
        self.seen = ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.master)
        os.close(self.slave)

    def resize(self, columns, rows):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text):
        os.write(self.master, text.encode())

    def expect(self, text, seconds=30):
        """Reads until `text` was printed; what came before and with it is not seen again."""
        deadline = time.monotonic() + seconds
        while text not in self.seen:
            ready, _, _ = select.select([self.master], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                raise AssertionError(f"after {seconds} s no {text!r} in {self.seen!r}")
            self.seen += os.read(self.master, 65536).decode("utf-8", "replace")
        before, self.seen = self.seen.split(text, 1)
        return before

    def is_raw(self):
        return not termios.tcgetattr(self.slave)[3] & termios.ICANON

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def status(self, seconds=30):
        """The exit status; reads on meanwhile, so that nothing blocks."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None:
            if time.monotonic() > deadline:
                raise AssertionError(f"still runs after {seconds} s: {self.seen!r}")
            ready, _, _ = select.select([self.master], [], [], 0.02)
            if ready:
                self.seen += os.read(self.master, 65536).decode("utf-8", "replace")
        return self.process.returncode
