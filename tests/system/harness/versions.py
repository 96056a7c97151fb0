"""Versions of all programs below one instance, and versions that were built to fail."""
import json
import os
import shutil

from harness import apps, places, processes
from harness.case import SystemTest
from harness.clients import SteadyClient, WebSocket
from harness.outcome import run

# In place of dokkud: facts are the real one's, so that it gets as far as being started.
SCRIPT = """#!/bin/sh
here=${0%/*}
[ "$1" != --facts ] || exec "$here/dokkud.real" "$@"
"""
REAL = 'exec "$here/dokkud.real" "$@"\n'

# Answers on the command socket as dokkud does, knows `version` and nothing else.
ANSWERS_VERSION_ONLY = '''
import json, os, socket, struct, sys
root = json.load(open(sys.argv[2]))["root"]
path = root + "/run/dokku.sock"
if os.path.exists(path):
    os.unlink(path)
listener = socket.socket(socket.AF_UNIX)
listener.bind(path)
listener.listen(50)
def frame(kind, payload):
    return struct.pack("<IBBH", len(payload), kind, 0, 0) + payload
while True:
    client, _ = listener.accept()
    try:
        call = client.recv(65536)
        client.sendall(b"dokku/" + struct.pack("<H", 1))
        if b"version" in call:
            client.sendall(frame(32, b"dokku version 0.2.0\\n") + frame(34, b"\\0"))
        else:
            client.sendall(frame(33, b" !     not in this version\\n") + frame(34, b"\\1"))
    except OSError:
        pass  # a client that did not wait
    client.close()
'''


class UpgradeTest(SystemTest):
    """One instance that dokku-supervise keeps running, with an app that has a websocket open."""

    old = "0.1.0"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.instance.dokku("domains:set-global", "example.test").must_succeed()
        cls.instance.push(cls.instance.repo(apps.websocket()), "app").must_succeed()
        cls.supervise("--start").must_succeed()

    @classmethod
    def supervise(cls, *words, timeout=180):
        return run([cls.instance.path("bin", "dokku-supervise"), "--config",
                    cls.instance.config_file, *words], timeout=timeout)

    # --- versions

    def place(self, version, dokkud=None, real="dokkud-next", **scripts):
        """All programs of this build as another version. `dokkud`: what its script does; others by
        name, with "_" for "-"; {real} is the real one."""
        folder = self.instance.path("versions", version)
        # Folders are copied, files are the same.
        run(["cp", "-rl", self.instance.path("bin") + "/.", folder]).must_succeed()
        os.unlink(os.path.join(folder, "dokkud"))
        target = os.path.join(folder, "dokkud" if dokkud is None else "dokkud.real")
        if os.path.exists(target):
            os.unlink(target)
        self.link(os.path.join(places.BIN, real), target)
        if dokkud is not None:
            self.write(os.path.join(folder, "dokkud"), SCRIPT + dokkud)
        for name, text in scripts.items():
            program = os.path.join(folder, name.replace("_", "-"))
            os.rename(program, program + ".real")
            self.write(program, text)
        return folder

    @staticmethod
    def link(source, target):
        try:
            os.link(source, target)
        except OSError:
            shutil.copy2(source, target)

    @staticmethod
    def write(path, text):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, 0o755)

    def upgrade(self, version):
        return self.supervise("--upgrade", version)

    # --- what is seen

    def current(self):
        return os.path.basename(os.readlink(self.instance.path("bin")))

    def version_of(self, daemon):
        path = os.readlink(f"/proc/{self.instance.daemon_pid(daemon)}/exe")
        return os.path.basename(os.path.dirname(path))

    def all_versions(self):
        return {self.version_of(one) for one in ("dokkud", "dokku-proxy", "dokku-supervise")}

    def status(self):
        return json.loads(self.dokku("upgrade:status", "--format", "json").must_succeed().out)

    def watched(self):
        return Watched(self)


class Watched:
    """What the app's users see meanwhile: fifty requests a second, and an open websocket."""

    def __init__(self, test):
        self.test = test
        self.client = SteadyClient(test.instance.http_port, "app.example.test", per_second=50,
                                   connections=4)

    def __enter__(self):
        self.processes = self.test.instance.app_processes("app")
        self.socket = WebSocket(self.test.instance.http_port, "app.example.test")
        self.test.assertEqual(self.socket.echo("before"), "before")
        self.client.__enter__()
        processes.wait_for("requests", lambda: self.client.sent > 20)
        return self

    def __exit__(self, kind, *_):
        sent = self.client.sent
        if kind is None:
            processes.wait_for("more requests", lambda: self.client.sent > sent + 20)
        self.client.__exit__(None, None, None)
        if kind is not None:
            return
        test = self.test
        test.assertEqual(self.client.lost, [])
        test.assertEqual(set(self.client.bodies), {"ok"})
        test.assertEqual(self.socket.echo("after"), "after")
        self.socket.close()
        test.assertEqual(test.instance.app_processes("app"), self.processes)
        slowest = max(self.client.times_ms)
        print(f"\n  {self.client.sent} requests, none lost, the slowest {slowest:.0f} ms",
              flush=True)
