"""packaging/proxy-alone: the proxy as a program of its own, and what it holds. Points 9 and 10."""
import json
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import unittest

from proxy_test import BIN, App, answering, free_port, read_head, until
from proxy_tls_test import certificate

SOURCE = pathlib.Path(os.environ.get("DOKKU_SOURCE", pathlib.Path(__file__).parents[2]))
SANITIZED = b"__asan_init" in (BIN / "dokku-proxy").read_bytes()


class Alone(unittest.TestCase):
    def start(self, hosts, *flags):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.port, file = free_port(), self.folder / "hosts.json"
        file.write_text(json.dumps([{"host": h, "upstream": f"127.0.0.1:{p}"} for h, p in hosts]))
        self.process = subprocess.Popen(
            [SOURCE / "packaging" / "proxy-alone", "--http-port", str(self.port), "--hosts", file,
             "--listen", "127.0.0.1", *flags], stderr=subprocess.DEVNULL,
            env={**os.environ, "DOKKU_BIN": str(BIN)})
        self.addCleanup(self.stop)
        until(self.answers)

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(20)

    def answers(self):
        self.assertIsNone(self.process.poll())
        try:
            self.connect().close()
            return True
        except ConnectionRefusedError:
            return False

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def app(self):
        app = App(answering())
        self.addCleanup(app.close)
        return app

    def ask(self, host, sock=None):
        with sock or self.connect() as sock:
            sock.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            return read_head(sock)[0]

    def test_it_serves_plain_and_tls_and_logs(self):
        made = certificate("a.test")
        with tempfile.TemporaryDirectory() as folder:
            paths = {name: pathlib.Path(folder) / name for name in ("chain", "private_key")}
            for name, path in paths.items():
                path.write_text(made[name])
            https = free_port()
            log, pid_file = pathlib.Path(folder) / "access.log", pathlib.Path(folder) / "pid"
            self.start([("a.test", self.app().port), ("b.test", self.app().port)], "--workers", "1",
                       "--https-port", str(https), "--cert", paths["chain"],
                       "--key", paths["private_key"], "--access-log", log,
                       "--pid-file", pid_file)
            for host in ("a.test", "b.test"):
                self.assertIn(b" 200 ", self.ask(host))
            self.assertIn(b" 404 ", self.ask("c.test"))
            context = ssl.create_default_context(cadata=made["chain"])
            plain = socket.create_connection(("127.0.0.1", https), timeout=20)
            with context.wrap_socket(plain, server_hostname="a.test") as sock:
                self.assertIn(b" 200 ", self.ask("a.test", sock))
            until(lambda: log.exists() and len(log.read_text().splitlines()) == 3)
            self.process.send_signal(signal.SIGUSR2)  # works without a control socket, too
            until(lambda: self.process.poll() is not None)
            self.assertIn(b" 200 ", self.ask("a.test"))
            os.kill(int(pid_file.read_text().split()[0]), signal.SIGINT)

    def test_a_thousand_hosts_start_at_once(self):
        app = self.app()
        begin = time.monotonic()
        self.start([(f"host{n}.test", app.port) for n in range(1000)], "--workers", "1")
        self.assertLess(time.monotonic() - begin, 5 if SANITIZED else 0.5)
        self.assertIn(b" 200 ", self.ask("host999.test"))

    def test_bad_hosts_are_said(self):
        with tempfile.NamedTemporaryFile("w") as file:
            file.write('[{"host":"a","upstream":"nowhere"}]')
            file.flush()
            done = subprocess.run(
                [SOURCE / "packaging" / "proxy-alone", "--http-port", str(free_port()), "--hosts",
                 file.name], capture_output=True, env={**os.environ, "DOKKU_BIN": str(BIN)},
                timeout=20)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"is no IP:PORT", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
