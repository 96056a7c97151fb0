"""Another program takes over from a running proxy: nothing is refused, reset or cut. Point 9."""
import http.client
import os
import pathlib
import shutil
import signal
import socket
import threading
import unittest

from proxy_test import BIN, OK, ProxyTest, answering, read_head, until

REQUEST = b"GET / HTTP/1.1\r\nHost: app.test\r\n\r\n"
UPGRADE = (b"GET /socket HTTP/1.1\r\nHost: app.test\r\nConnection: Upgrade\r\n"
           b"Upgrade: websocket\r\n\r\n")


def serve_and_echo(sock, _):
    while True:
        head, _ = read_head(sock)
        if not head:
            return
        if b"/socket" not in head:
            sock.sendall(OK)
            continue
        sock.sendall(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
                     b"Upgrade: websocket\r\n\r\n")
        while piece := sock.recv(4096):
            sock.sendall(piece)
        return


class Load:
    """Clients that keep their connections and count what goes wrong."""

    def __init__(self, port, clients=8):
        self.ending, self.lost, self.answered = threading.Event(), [], 0
        self.port = port
        self.threads = [threading.Thread(target=self._ask) for _ in range(clients)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        for thread in self.threads:
            thread.join()

    def _ask(self):
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        while not self.ending.is_set():
            try:
                client.request("GET", "/", headers={"Host": "app.test"})
                answer = client.getresponse()
                answer.read()
                if answer.status != 200:
                    self.lost.append(answer.status)
            except (OSError, http.client.HTTPException) as error:
                self.lost.append(repr(error))
                client.close()
            self.answered += 1
        client.close()


class Upgrade(ProxyTest):
    def start(self, *flags):
        self.program = pathlib.Path(self.folder) / "dokku-proxy"
        shutil.copy(BIN / "dokku-proxy", self.program)
        self.pid_file = pathlib.Path(self.folder) / "pid"
        proxy = self.proxy(*flags, "--pid-file", self.pid_file, program=self.program)
        self.addCleanup(self.end_all)
        self.pids = [proxy.process.pid]
        return proxy

    def end_all(self):
        for pid in self.pids[1:]:
            if self.alive(pid):
                os.kill(pid, signal.SIGINT)
                until(lambda pid=pid: not self.alive(pid))

    @staticmethod
    def alive(pid):
        try:
            stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return False
        return stat.rsplit(")", 1)[1].split()[0] != "Z"

    def upgrade(self, proxy):
        self.assertTrue(proxy.ask(op="upgrade")["ok"])
        until(lambda: int(self.pid_file.read_text().split()[0]) not in self.pids)
        self.pids.append(int(self.pid_file.read_text().split()[0]))

    def test_no_request_is_lost_and_no_tunnel_is_cut(self):
        proxy, app = self.start("--workers", "2"), self.app(serve_and_echo)
        proxy.put(app)
        with proxy.connect() as tunnel, Load(proxy.port) as load:
            tunnel.sendall(UPGRADE)
            self.assertStatus(read_head(tunnel)[0], 101)
            for _ in range(3):
                before = load.answered
                until(lambda: load.answered > before + 200)
                self.upgrade(proxy)
                self.assertTrue(proxy.put(app, key="app", host="app.test")["ok"])
                tunnel.sendall(b"still there?")
                self.assertEqual(tunnel.recv(100), b"still there?")
            # The tunnel's process of three generations ago is still waited for.
            replacement = self.app()
            self.assertTrue(proxy.put(replacement)["ok"])
            self.assertEqual(proxy.drained(app, 300)["code"], "timed_out")
            tunnel.shutdown(socket.SHUT_RDWR)
            self.assertTrue(proxy.drained(app, 10_000)["ok"])
        self.assertEqual(load.lost, [])
        until(lambda: not any(self.alive(pid) for pid in self.pids[:-1]), 20)

    def test_a_program_that_does_not_start_changes_nothing(self):
        proxy = self.start("--workers", "1")
        proxy.put(self.app())
        with Load(proxy.port, clients=2) as load:
            for text in ("#!/bin/false\n", "#!/no/such/program\n", ""):
                self.program.unlink()
                self.program.write_text(text)
                self.program.chmod(0o755)
                self.assertEqual(proxy.ask(op="upgrade")["code"], "unavailable")
                self.assertTrue(proxy.put(self.app())["ok"])
        self.assertEqual(load.lost, [])
        self.assertIsNone(proxy.process.poll())
        self.assertIn("serving on", (proxy.folder / "log").read_text())

    def test_tunnels_that_outlive_all_patience_are_told_so(self):
        def serve(sock, _):
            read_head(sock)
            sock.sendall(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
                         b"Upgrade: websocket\r\n\r\n\x81\x02hi")
            while sock.recv(4096):
                pass
        proxy = self.start("--workers", "1", "--patience", "1")
        proxy.put(self.app(serve))
        with proxy.connect() as tunnel:
            tunnel.sendall(UPGRADE)
            _, data = read_head(tunnel)
            self.upgrade(proxy)
            while piece := tunnel.recv(100):
                data += piece
            self.assertEqual(data, b"\x81\x02hi\x88\x02\x03\xe9")

    def answer(self, client):
        client.sendall(REQUEST)
        head, _ = read_head(client)
        self.assertStatus(head, 200)
        return head

    def test_idle_clients_learn_of_it_with_their_next_answer(self):
        proxy = self.start("--workers", "1")
        proxy.put(self.app(answering()))
        with proxy.connect() as idle:
            idle.sendall(REQUEST)
            self.assertNotIn(b"close", read_head(idle)[0])
            os.kill(proxy.process.pid, signal.SIGUSR2)
            until(lambda: int(self.pid_file.read_text().split()[0]) not in self.pids)
            self.pids.append(int(self.pid_file.read_text().split()[0]))
            # Its worker hears of the upgrade a moment after the new program says who it is.
            until(lambda: b"Connection: close" in self.answer(idle))
        self.assertEqual(proxy.process.wait(10), 0)
        self.assertStatus(proxy.get(), 200)


if __name__ == "__main__":
    unittest.main(verbosity=2)
