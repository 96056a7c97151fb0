"""What became of a command: status and output, with readable failures."""
import subprocess


class Outcome:
    def __init__(self, command, status, out, err):
        self.command, self.status, self.out, self.err = command, status, out, err

    def __repr__(self):
        return (f"$ {' '.join(map(str, self.command))}\n[status {self.status}]\n"
                f"--- stdout ---\n{self.out}--- stderr ---\n{self.err}")

    @property
    def text(self):
        """All that was printed; git puts what the server says on stderr."""
        return self.out + self.err

    @property
    def lines(self):
        return self.out.splitlines()

    def must_succeed(self):
        return self.must_end_with(0)

    def must_fail(self):
        if self.status == 0:
            raise AssertionError(f"expected a failure:\n{self!r}")
        return self

    def must_end_with(self, status):
        if self.status != status:
            raise AssertionError(f"expected status {status}:\n{self!r}")
        return self

    def must_say(self, *texts):
        for text in texts:
            if text not in self.text:
                raise AssertionError(f"expected {text!r} in:\n{self!r}")
        return self

    def must_not_say(self, *texts):
        for text in texts:
            if text in self.text:
                raise AssertionError(f"did not expect {text!r} in:\n{self!r}")
        return self


def run(command, *, env=None, cwd=None, stdin=None, timeout=300, binary=False):
    """Runs without a shell. `stdin`: text or bytes; none: /dev/null."""
    if isinstance(stdin, str):
        stdin = stdin.encode()
    source = {"input": stdin} if stdin is not None else {"stdin": subprocess.DEVNULL}
    done = subprocess.run([str(c) for c in command], env=env, cwd=cwd, timeout=timeout,
                          capture_output=True, check=False, **source)
    if binary:
        return Outcome(command, done.returncode, done.stdout, done.stderr)
    return Outcome(command, done.returncode, done.stdout.decode("utf-8", "replace"),
                   done.stderr.decode("utf-8", "replace"))
