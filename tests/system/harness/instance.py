"""One real instance in a directory of its own: started, used, ended without a trace."""
import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

from harness import clients, places, processes
from harness.outcome import run
from harness.repo import IDENTITY, Repo


class Instance:
    """`start()` it, and `stop()` it whatever happens; usable in a `with` statement."""

    def __init__(self, name=None, bin_dir=None):
        self.bin_dir = bin_dir or places.BIN
        # The process id in the name lets a later test find what a killed one left.
        self.root = tempfile.mkdtemp(prefix=f"dokku-test-{os.getpid()}-")
        os.chmod(self.root, 0o755)
        self.name = name or "t" + re.sub(r"[^a-z0-9]", "", self.root[-8:].lower())
        self.http_port, self.https_port, self.ssh_port = places.free_ports(3)
        self.client_dir = os.path.join(self.root, "client")
        self.stack = places.STACK
        self.address = "127.0.0.1"  # as clients see it

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    # --- life ------------------------------------------------------------------------------------

    def start(self):
        self.instance_command("start", "--name", self.name, "--http-port", self.http_port,
                              "--https-port", self.https_port, "--ssh-port", self.ssh_port,
                              "--bin", self.bin_dir, "--stack", self.stack).must_succeed()
        if not os.path.exists(self.client_dir):
            self._make_client()
        return self

    def instance_command(self, verb, *arguments):
        return run([os.path.join(places.PACKAGING, "instance"), verb, "--root", self.root,
                    *arguments], timeout=180)

    def stop(self):
        """Ends all of it and removes the directory. Raises when something was left behind."""
        if not os.path.exists(self.root):
            return
        left = ""
        if os.path.exists(os.path.join(self.root, "instance.json")):
            self.instance_command("stop")
            left = self.instance_command("inventory").out
        self.instance_command("stop", "--purge")
        shutil.rmtree(self.root, ignore_errors=True)
        if left.strip():
            raise AssertionError(f"left behind after stop:\n{left}")

    def prepare_stack(self):
        """Builds the base (and what is named) once per machine; seconds when it is there."""
        os.makedirs(self.stack, exist_ok=True)
        with open(os.path.join(self.stack, ".lock"), "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            run([os.path.join(self.root, "bin", "dokkud"), "--config", self.config_file,
                 "--prepare-stack"], timeout=1500).must_succeed()

    @property
    def config_file(self):
        return os.path.join(self.root, "instance.json")

    def config(self):
        with open(self.config_file, encoding="utf-8") as file:
            return json.load(file)

    def path(self, *parts):
        return os.path.join(self.root, *parts)

    # --- commands --------------------------------------------------------------------------------

    def environment(self):
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("DOKKU_", "GIT_"))}
        return {**clean, **IDENTITY, "DOKKU_SOCKET": self.path("run", "dokku.sock"),
                "GIT_SSH_COMMAND": f"ssh -F {self.client_dir}/ssh_config",
                "GIT_TERMINAL_PROMPT": "0"}

    def dokku(self, *arguments, stdin=None, timeout=120, env=None, binary=False):
        """A command typed on the server by root."""
        return run([self.path("bin", "dokku"), *arguments], stdin=stdin, timeout=timeout,
                   env={**self.environment(), **(env or {})}, binary=binary)

    def ssh_command(self, *arguments, tty=False):
        return ["ssh", "-F", f"{self.client_dir}/ssh_config", *(["-tt"] if tty else []),
                "dokku@localhost", "--", *arguments]

    def ssh(self, *arguments, stdin=None, timeout=120, tty=False, binary=False):
        """A command typed far away by the holder of the key `tester`."""
        return run(self.ssh_command(*arguments, tty=tty), stdin=stdin, timeout=timeout,
                   env=self.environment(), binary=binary)

    def push(self, repo, app, refspec=None, options=(), timeout=600):
        refspec = refspec or f"{repo.branch}:{repo.branch}"
        return run(["git", "push", *options, self.remote(app), refspec], cwd=repo.folder,
                   env=self.environment(), timeout=timeout)

    def start_push(self, repo, app, refspec=None):
        """A push that goes on while the test looks; the caller waits for it or kills it."""
        refspec = refspec or f"{repo.branch}:{repo.branch}"
        return subprocess.Popen(
            ["git", "push", self.remote(app), refspec], cwd=repo.folder, env=self.environment(),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True, text=True)

    def git(self, *arguments, cwd=None, timeout=300):
        return run(["git", *arguments], cwd=cwd, env=self.environment(), timeout=timeout)

    def remote(self, app):
        return f"dokku@localhost:{app}"

    def repo(self, files, name=None):
        folder = tempfile.mkdtemp(dir=self.client_dir) if name is None else None
        return Repo(os.path.join(folder or self.client_dir, name or "repo"), files)

    def get(self, host, path="/", **options):
        return clients.request(self.http_port, host, path,
                               **{"address": self.address, **options})

    # --- what runs -------------------------------------------------------------------------------

    @property
    def cgroup(self):
        return "/dokku" if self.name == "dokku" else f"/dokku-{self.name}"

    def app_processes(self, app=None):
        """{pid: start time} of the processes inside app containers of this instance."""
        found = {}
        for pid, begun in processes.in_cgroup(self.cgroup).items():
            if app is None or any(f"/{app}." in c for c in processes.cgroups(pid)):
                found[pid] = begun
        return found

    def daemon_pid(self, daemon):
        """Of "dokkud", "dokku-proxy", "sshd" or "containerd"."""
        with open(self.path("run", daemon + ".pid"), encoding="utf-8") as file:
            return int(file.read().split()[0])

    def log(self, daemon="dokkud"):
        try:
            with open(self.path("log", daemon + ".log"), encoding="utf-8", errors="replace") as f:
                return f.read()
        except OSError:
            return ""

    # --- inside ----------------------------------------------------------------------------------

    def _make_client(self):
        """A key of our own, known to the instance, and a configuration that knows host and port."""
        os.makedirs(self.client_dir)
        key = os.path.join(self.client_dir, "id_ed25519")
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "tester", "-f",
             key]).must_succeed()
        with open(os.path.join(self.client_dir, "ssh_config"), "w", encoding="utf-8") as file:
            file.write(f"Host localhost\n  HostName {self.address}\n  Port {self.ssh_port}\n"
                       f"  IdentityFile {key}\n  IdentitiesOnly yes\n  BatchMode yes\n"
                       f"  StrictHostKeyChecking accept-new\n"
                       f"  UserKnownHostsFile {self.client_dir}/known_hosts\n"
                       f"  GlobalKnownHostsFile /dev/null\n  LogLevel ERROR\n")
        with open(key + ".pub", encoding="utf-8") as file:
            self.dokku("ssh-keys:add", "tester", stdin=file.read()).must_succeed()


def end_what_killed_tests_left():
    """Instances whose test is gone are ended by the next test that starts."""
    if not os.path.isdir(places.INSTANCES):
        return
    for name in os.listdir(places.INSTANCES):
        if name.startswith("."):
            continue
        try:
            with open(os.path.join(places.INSTANCES, name), encoding="utf-8") as file:
                root = file.read().strip()
        except OSError:
            continue
        match = re.search(r"/dokku-test-(\d+)-", root)
        if match and not processes.is_running(int(match[1])):
            print(f"ending what a killed test left in {root}", file=sys.stderr)
            run([os.path.join(places.PACKAGING, "instance"), "stop", "--purge", "--root", root],
                timeout=180)
