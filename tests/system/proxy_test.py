"""The proxy by itself: the real program, real sockets and processes, scripted apps. Point 7."""
import http.client
import json
import os
import pathlib
import pwd
import select
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
import unittest

BIN = pathlib.Path(os.environ.get("DOKKU_BIN", "build/dev/bin"))
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(what, limit=10.0):
    """Looks until `what()` is true; the limit is for a failing test, not for a passing one."""
    deadline = time.monotonic() + limit
    while not what():
        if time.monotonic() > deadline:
            raise AssertionError("it did not come to pass")
        select.select([], [], [], 0.01)


def read_head(sock):
    """One head, and what came behind it."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = sock.recv(65536)
        if not piece:
            return data, b""
        data += piece
    head, rest = data.split(b"\r\n\r\n", 1)
    return head + b"\r\n\r\n", rest


class App:
    """A scripted app: `serve(sock, number)` handles one connection, in a thread."""

    def __init__(self, serve, port=0):
        self.listener = socket.create_server(("127.0.0.1", port), backlog=512)
        self.port = self.listener.getsockname()[1]
        self.connections = 0
        self.serve = serve
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._run, args=(sock, self.connections), daemon=True).start()

    def _run(self, sock, number):
        try:
            with sock:
                self.serve(sock, number)
        except OSError:
            pass

    def close(self):
        if self.listener.fileno() >= 0:
            self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()


def answering(answer=OK, seen=None):
    """Answers each bodiless request of a connection with the same bytes."""
    def serve(sock, _):
        while True:
            head, _ = read_head(sock)
            if not head:
                return
            if seen is not None:
                seen.append(head)
            sock.sendall(answer)
    return serve


class Proxy:
    def __init__(self, folder, *flags, port=None, program=BIN / "dokku-proxy"):
        self.folder = pathlib.Path(folder)
        self.port = port or free_port()
        self.control = self.folder / "control.sock"
        # Freed memory must show as freed.
        environment = {**os.environ, "ASAN_OPTIONS": "quarantine_size_mb=1"}
        self.log = open(self.folder / "log", "ab")
        self.process = subprocess.Popen(
            [program, "--http-port", str(self.port), "--control", self.control,
             "--snapshot", self.folder / "state" / "routes.json", *flags],
            stderr=self.log, env=environment)
        until(self._answers)

    def _answers(self):
        try:
            return self.ask(op="list")["ok"]
        except (FileNotFoundError, ConnectionRefusedError):
            if self.process.poll() is not None:
                raise
            return False

    def ask(self, **request):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(30)
            sock.connect(str(self.control))
            body = json.dumps(request).encode()
            sock.sendall(struct.pack("<I", len(body)) + body)
            data = b""
            while len(data) < 4 or len(data) < 4 + struct.unpack("<I", data[:4])[0]:
                piece = sock.recv(65536)
                if not piece:
                    raise ConnectionError("no answer on the control socket")
                data += piece
            return json.loads(data[4:])

    def put(self, *apps, host="app.test", key="app", own_ports=()):
        group = {"key": key, "hosts": [host], "own_ports": list(own_ports), "targets": [
            {"address": "127.0.0.1", "port": getattr(app, "port", app), "instance": key + ".web.1"}
            for app in apps]}
        return self.ask(op="put", groups=[group])

    def drained(self, app, limit_ms):
        return self.ask(op="wait_drained", limit_ms=limit_ms,
                        targets=[{"address": "127.0.0.1", "port": app.port}])

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def exchange(self, request):
        """Sends raw bytes, returns all that comes until the end."""
        with self.connect() as sock:
            sock.sendall(request)
            data = b""
            while piece := sock.recv(65536):
                data += piece
            return data

    def get(self, path="/", host="app.test", method="GET"):
        return self.exchange(f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n"
                             "Connection: close\r\n\r\n".encode())

    def workers(self):
        pid = self.process.pid
        text = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text()
        return [int(word) for word in text.split()]

    def stop(self, number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            self.process.wait(40)
        finally:
            if self.process.poll() is None:
                self.process.kill()
            self.log.close()


class ProxyTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        os.chmod(self.folder, 0o755)

    def proxy(self, *flags, **options):
        proxy = Proxy(self.folder, *flags, **options)
        self.addCleanup(lambda: self.end(proxy))
        return proxy

    def end(self, proxy):
        if proxy.process.poll() is None:
            proxy.stop(signal.SIGINT)
        text = (proxy.folder / "log").read_text()
        self.assertNotIn("ERROR: AddressSanitizer", text)
        self.assertNotIn("runtime error", text)
        self.assertNotIn("LeakSanitizer: detected", text)

    def app(self, serve=None):
        app = App(serve or answering())
        self.addCleanup(app.close)
        return app

    def assertStatus(self, answer, status):
        self.assertEqual(answer[:12], b"HTTP/1.1 " + str(status).encode(), answer[:300])


class Messages(ProxyTest):
    def test_connections_are_kept_on_both_sides(self):
        proxy, app = self.proxy("--workers", "1"), self.app()
        proxy.put(app)
        client = http.client.HTTPConnection("127.0.0.1", proxy.port)
        for _ in range(50):
            client.request("GET", "/", headers={"Host": "app.test"})
            self.assertEqual(client.getresponse().read(), b"ok")
        self.assertEqual(app.connections, 1)
        client.close()

    def test_pipelined_requests_are_answered_in_order(self):
        def serve(sock, _):
            while True:
                head, _ = read_head(sock)
                if not head:
                    return
                path = head.split()[1]
                sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(path), path))
        proxy = self.proxy()
        proxy.put(self.app(serve))
        paths = [f"/{i:03}" for i in range(100)]
        request = "".join(f"GET {p} HTTP/1.1\r\nHost: app.test\r\n\r\n" for p in paths)
        last = "GET /end HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n\r\n"
        answer = proxy.exchange((request + last).encode()).decode()
        found = [part.split("\r\n\r\n")[1][:4] for part in answer.split("HTTP/1.1 200 OK")[1:]]
        self.assertEqual(found, paths + ["/end"])

    def test_the_app_learns_where_the_request_came_from(self):
        seen = []
        proxy = self.proxy()
        proxy.put(self.app(answering(seen=seen)))
        proxy.exchange(b"GET /a?b HTTP/1.1\r\nHost: App.Test:81\r\nX-Forwarded-For: 6.6.6.6\r\n"
                       b"Connection: close\r\n\r\n")
        lines = seen[0].decode().split("\r\n")
        self.assertEqual(lines[:2], ["GET /a?b HTTP/1.1", "Host: App.Test:81"])
        fields = dict(line.split(": ", 1) for line in lines[1:] if line)
        self.assertEqual(fields["X-Forwarded-For"], "127.0.0.1")
        self.assertEqual(fields["X-Forwarded-Proto"], "http")
        self.assertEqual(fields["X-Forwarded-Port"], str(proxy.port))
        self.assertEqual(fields["X-Forwarded-Host"], "App.Test:81")
        self.assertRegex(fields["X-Request-Id"], "^[0-9a-f]{32}$")
        self.assertLess(abs(float(fields["X-Request-Start"]) - time.time()), 5)

    def test_chunked_bodies_go_both_ways(self):
        got = []

        def serve(sock, _):
            head, data = read_head(sock)
            while not data.endswith(b"0\r\n\r\n"):
                data += sock.recv(65536)
            got.append((head, data))
            sock.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                         b"3;x=y\r\nabc\r\n0004\r\ndefg\r\n0\r\nX-Sum: 1\r\n\r\n")
        proxy = self.proxy()
        proxy.put(self.app(serve))
        answer = proxy.exchange(b"POST / HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n"
                                b"Transfer-Encoding: chunked\r\n\r\n5;ext\r\nhello\r\n0\r\n\r\n")
        head, body = answer.split(b"\r\n\r\n", 1)
        self.assertIn(b"Transfer-Encoding: chunked", head)
        self.assertEqual(body, b"7\r\nabcdefg\r\n0\r\nX-Sum: 1\r\n\r\n")
        self.assertIn(b"Transfer-Encoding: chunked", got[0][0])
        self.assertEqual(got[0][1], b"5\r\nhello\r\n0\r\n\r\n")

    def test_an_answer_that_ends_by_closing_becomes_chunked_or_stays_so_for_1_0(self):
        def serve(sock, _):
            read_head(sock)
            sock.sendall(b"HTTP/1.0 200 OK\r\n\r\nhello")
        proxy = self.proxy()
        proxy.put(self.app(serve))
        self.assertTrue(proxy.get().endswith(b"5\r\nhello\r\n0\r\n\r\n"))
        old = proxy.exchange(b"GET / HTTP/1.0\r\nHost: app.test\r\n\r\n")
        self.assertTrue(old.endswith(b"\r\n\r\nhello"))
        self.assertNotIn(b"chunked", old)

    def test_expectations_are_answered(self):
        def serve(sock, _):
            _, data = read_head(sock)
            while len(data) < 5:
                data += sock.recv(10)
            sock.sendall(OK)
        proxy = self.proxy()
        proxy.put(self.app(serve))
        with proxy.connect() as sock:
            sock.sendall(b"POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 5\r\n"
                         b"Expect: 100-continue\r\n\r\n")
            self.assertEqual(read_head(sock)[0], b"HTTP/1.1 100 Continue\r\n\r\n")
            sock.sendall(b"hello")
            self.assertStatus(read_head(sock)[0], 200)

    def test_an_early_answer_closes_after_lingering(self):
        def serve(sock, _):
            read_head(sock)
            sock.sendall(b"HTTP/1.1 413 Too Much\r\nContent-Length: 0\r\n\r\n")
            while sock.recv(65536):
                pass
        proxy = self.proxy()
        proxy.put(self.app(serve))
        with proxy.connect() as sock:
            sock.sendall(b"POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 100000000\r\n\r\n")
            head, _ = read_head(sock)
            self.assertStatus(head, 413)
            self.assertIn(b"Connection: close", head)

    def test_upgraded_connections_are_tunnels(self):
        def serve(sock, _):
            head, _ = read_head(sock)
            assert b"Upgrade: websocket\r\nConnection: upgrade\r\n" in head
            sock.sendall(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
                         b"Upgrade: websocket\r\n\r\nfirst")
            while data := sock.recv(65536):
                sock.sendall(data.upper())
            sock.sendall(b"bye")
        proxy, app = self.proxy(), self.app(serve)
        proxy.put(app)
        with proxy.connect() as sock:
            sock.sendall(b"GET /ws HTTP/1.1\r\nHost: app.test\r\nConnection: Upgrade\r\n"
                         b"Upgrade: websocket\r\n\r\nearly")
            head, rest = read_head(sock)
            self.assertStatus(head, 101)
            while len(rest) < 10:
                rest += sock.recv(100)
            self.assertEqual(rest, b"firstEARLY")
            big = os.urandom(300_000).hex().encode()
            threading.Thread(target=sock.sendall, args=(big,), daemon=True).start()
            back = b""
            while len(back) < len(big):
                back += sock.recv(65536)
            self.assertEqual(back, big.upper())
            self.assertFalse(proxy.drained(app, 50)["ok"])
            sock.shutdown(socket.SHUT_WR)
            self.assertEqual(sock.recv(100), b"bye")
            self.assertEqual(sock.recv(100), b"")
        self.assertTrue(proxy.drained(app, 5000)["ok"])

    def test_slow_heads_arrive_and_slower_ones_are_cut(self):
        proxy = self.proxy()
        proxy.put(self.app())
        with proxy.connect() as slow, proxy.connect() as slowest:
            for byte in b"GET / HTTP/1.1\r\nHost: app.test\r\n\r\n":
                slow.sendall(bytes([byte]))
            self.assertStatus(read_head(slow)[0], 200)
            slowest.sendall(b"GET / HTTP/1.1\r\nHo")
            started = time.monotonic()
            self.assertStatus(read_head(slowest)[0], 408)
            self.assertLess(abs(time.monotonic() - started - 10), 1.5)

    def test_large_bodies_flow_through_little_memory(self):
        size = 100_000_000

        def serve(sock, _):
            head, data = read_head(sock)
            if head.startswith(b"POST"):
                left = size - len(data)
                while left > 0:
                    left -= len(sock.recv(1 << 20))
                sock.sendall(OK)
            else:
                sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
                for _ in range(100):
                    sock.sendall(bytes(1_000_000))
        proxy = self.proxy("--workers", "1")
        proxy.put(self.app(serve))
        proxy.get(host="nobody.test")
        worker = pathlib.Path(f"/proc/{proxy.workers()[0]}/status")

        def resident_kb():
            return int(worker.read_text().split("VmHWM:")[1].split()[0])
        before = resident_kb()
        with proxy.connect() as sock:
            sock.sendall(b"POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: %d\r\n\r\n" % size)
            for _ in range(100):
                sock.sendall(bytes(1_000_000))
            self.assertStatus(read_head(sock)[0], 200)
        with proxy.connect() as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: app.test\r\n\r\n")
            head, data = read_head(sock)
            left = size - len(data)
            while left > 0:
                left -= len(sock.recv(1 << 20))
            self.assertEqual(left, 0)
        self.assertLess(resident_kb() - before, 8_000)


    def test_answers_that_an_h2_client_does_not_take_wait_at_the_app(self):
        """Sixty at once, 64 KiB of each would be 4 MB."""
        streams, sent = 60, []

        def serve(sock, _):
            read_head(sock)
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n" + bytes(200_000))
            sent.append(1)
            sock.sendall(bytes(99_800_000))
        proxy = self.proxy("--workers", "1")
        proxy.put(self.app(serve))
        proxy.get(host="nobody.test")
        status = pathlib.Path(f"/proc/{proxy.workers()[0]}/status")

        def resident_kb():
            return int(status.read_text().split("VmRSS:")[1].split()[0])

        def frame(kind, flags, stream, payload):
            return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags,
                                                                      stream) + payload
        block = b"\x82\x86\x84\x01\x08app.test"
        with proxy.connect() as sock:
            sock.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b""))
            before = resident_kb()
            sock.sendall(b"".join(frame(1, 5, 2 * i + 1, block) for i in range(streams)))
            until(lambda: len(sent) == streams)
            sock.sendall(frame(6, 0, 0, b"all here"))
            data = b""
            while b"all here" not in data:
                data += sock.recv(65536)
            self.assertLess(resident_kb() - before, 3_000)


class Trouble(ProxyTest):
    def test_unknown_hosts_and_missing_apps(self):
        proxy = self.proxy()
        self.assertStatus(proxy.get(), 404)
        proxy.put()
        self.assertStatus(proxy.get(), 502)
        proxy.put(free_port())
        self.assertStatus(proxy.get(), 502)
        self.assertStatus(proxy.get(method="POST"), 502)

    def test_a_refused_request_is_answered_and_reaches_nobody(self):
        app = self.app()
        proxy = self.proxy()
        proxy.put(app)
        answer = proxy.exchange(b"GET / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 1\r\n"
                                b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
        self.assertStatus(answer, 400)
        self.assertIn(b"Connection: close", answer)
        self.assertEqual(app.connections, 0)

    def test_answers_that_cannot_be_trusted_are_502(self):
        for bad in (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
                    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nok",
                    b"HTTP/1.1 101 Sure\r\nUpgrade: websocket\r\n\r\n", b"hello\r\n", b""):
            def serve(sock, _, bad=bad):
                read_head(sock)
                sock.sendall(bad)
            with self.subTest(bad=bad):
                proxy = self.proxy("--workers", "1")
                proxy.put(self.app(serve))
                self.assertStatus(proxy.get(), 502)
                self.end(proxy)

    def test_an_answer_that_was_cut_off_is_not_finished_politely(self):
        for begin in (b"Content-Length: 10\r\n\r\nabc",
                      b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"):
            def serve(sock, _, begin=begin):
                read_head(sock)
                sock.sendall(b"HTTP/1.1 200 OK\r\n" + begin)
            proxy = self.proxy("--workers", "1")
            proxy.put(self.app(serve))
            answer = proxy.get()
            self.assertIn(b"abc", answer)
            self.assertFalse(answer.endswith(b"0\r\n\r\n"))
            self.end(proxy)

    def test_bytes_behind_an_answer_reach_nobody(self):
        def serve(sock, _):
            while read_head(sock)[0]:
                sock.sendall(OK + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
        proxy, app = self.proxy("--workers", "1"), self.app(serve)
        proxy.put(app)
        for _ in range(5):
            self.assertTrue(proxy.get().endswith(b"\r\n\r\nok"))
        self.assertEqual(app.connections, 5)

    def test_an_app_that_answers_early_and_hangs_up_is_heard(self):
        def serve(sock, _):
            read_head(sock)
            sock.sendall(b"HTTP/1.1 413 Too Much\r\nContent-Length: 0\r\n\r\n")
            sock.recv(10)  # closing with bytes unread resets the connection
        proxy = self.proxy()
        proxy.put(self.app(serve))
        for _ in range(20):
            with proxy.connect() as sock:
                sock.sendall(b"POST / HTTP/1.1\r\nHost: app.test\r\n"
                             b"Content-Length: 3000000\r\n\r\n" + bytes(1_000_000))
                self.assertStatus(read_head(sock)[0], 413)

    def test_a_client_that_goes_away_takes_its_app_connection_along(self):
        ended = threading.Event()

        def serve(sock, _):
            read_head(sock)
            self.assertEqual(sock.recv(10), b"")
            ended.set()
        proxy, app = self.proxy(), self.app(serve)
        proxy.put(app)
        with proxy.connect() as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: app.test\r\n\r\n")
            until(lambda: app.connections == 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.assertTrue(ended.wait(5))
        self.assertTrue(proxy.drained(app, 5000)["ok"])

    def test_a_client_that_has_said_all_still_gets_its_answer(self):
        proxy = self.proxy()
        proxy.put(self.app())
        with proxy.connect() as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: app.test\r\n\r\n")
            sock.shutdown(socket.SHUT_WR)
            self.assertStatus(read_head(sock)[0], 200)

    def test_kept_connections_that_die_cost_no_request(self):
        def serve(sock, _):  # like a server whose idle limit strikes at once
            read_head(sock)
            sock.sendall(OK)
        proxy = self.proxy("--workers", "1")
        proxy.put(self.app(serve))
        client = http.client.HTTPConnection("127.0.0.1", proxy.port)
        for i in range(100):
            client.request("POST" if i % 2 else "GET", "/", headers={"Host": "app.test"})
            self.assertEqual(client.getresponse().read(), b"ok")
        client.close()

    def test_only_what_may_be_repeated_is_sent_again(self):
        seen = []

        def serve(sock, number):  # takes the second request of a connection and dies on it
            head, _ = read_head(sock)
            seen.append(head)
            sock.sendall(OK)
            head, _ = read_head(sock)
            seen.append(head)
        proxy = self.proxy("--workers", "1")
        proxy.put(self.app(serve))
        self.assertStatus(proxy.get(), 200)
        self.assertStatus(proxy.get("/again"), 200)
        self.assertEqual(len([h for h in seen if b"/again" in h]), 2)
        self.assertStatus(proxy.get("/once", method="POST"), 502)
        self.assertEqual(len([h for h in seen if b"/once" in h]), 1)

    def test_a_refused_connection_is_tried_elsewhere_for_any_method(self):
        proxy = self.proxy()
        proxy.put(self.app(), free_port())
        for i in range(40):
            self.assertStatus(proxy.get(method="POST" if i % 2 else "GET"), 200)

    def test_an_address_that_refused_is_asked_again_later(self):
        proxy, port = self.proxy("--workers", "1"), free_port()
        proxy.put(self.app(), port)
        for _ in range(4):  # both are drawn, one of them refuses once
            self.assertStatus(proxy.get(), 200)
        late = App(answering(), port)
        self.addCleanup(late.close)

        def asked():
            self.assertStatus(proxy.get(), 200)
            return late.connections > 0
        until(asked)

    def test_requests_go_where_fewer_are_under_way(self):
        release = threading.Event()

        def serve(sock, _):
            while read_head(sock)[0]:
                release.wait(20)
                sock.sendall(OK)
        proxy, slow, fast = self.proxy("--workers", "1"), self.app(serve), self.app()
        proxy.put(slow)
        with proxy.connect() as waiting:
            waiting.sendall(b"GET / HTTP/1.1\r\nHost: app.test\r\n\r\n")
            until(lambda: slow.connections == 1)
            proxy.put(slow, fast)
            for _ in range(30):
                self.assertStatus(proxy.get(), 200)
            self.assertEqual(slow.connections, 1)
            release.set()
            self.assertStatus(read_head(waiting)[0], 200)

    def test_a_worker_that_dies_costs_only_its_own(self):
        proxy, app = self.proxy("--workers", "2"), self.app()
        proxy.put(app)
        clients = [proxy.connect() for _ in range(16)]
        request = b"GET / HTTP/1.1\r\nHost: app.test\r\n\r\n"

        def ask(sock):
            try:
                sock.sendall(request)
                return read_head(sock)[0][:12] == b"HTTP/1.1 200"
            except OSError:
                return False
        self.assertTrue(all(ask(sock) for sock in clients))
        before = proxy.workers()
        os.kill(before[0], signal.SIGKILL)
        until(lambda: len(proxy.workers()) == 2 and proxy.workers() != before)
        self.assertTrue(any(ask(sock) for sock in clients))
        for _ in range(32):
            self.assertStatus(proxy.get(), 200)
        self.assertTrue(proxy.put(app, host="other.test")["ok"])
        for _ in range(16):
            self.assertStatus(proxy.get(host="other.test"), 200)
        for sock in clients:
            sock.close()


class Routes(ProxyTest):
    def test_own_ports_come_and_go(self):
        proxy, app, own = self.proxy(), self.app(), free_port()
        self.assertTrue(proxy.put(app, own_ports=[own])["ok"])
        for address in ("127.0.0.1", "::1"):
            with socket.create_connection((address, own)) as sock:
                sock.sendall(b"GET / HTTP/1.1\r\nHost: whatever\r\n\r\n")
                self.assertStatus(read_head(sock)[0], 200)
        with socket.create_server(("127.0.0.1", 0)) as taken:
            refused = proxy.put(app, own_ports=[taken.getsockname()[1]])
            self.assertEqual(refused["code"], "conflict")
        socket.create_connection(("127.0.0.1", own)).close()
        self.assertTrue(proxy.put(app)["ok"])
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", own))

    def test_bad_changes_change_nothing(self):
        proxy, app = self.proxy(), self.app()
        proxy.put(app)
        self.assertEqual(proxy.put(app, key="other")["code"], "conflict")
        self.assertEqual(proxy.put(app, key="x", host="a b")["code"], "invalid_argument")
        self.assertEqual(proxy.ask(op="dance")["code"], "invalid_argument")
        self.assertEqual([g["key"] for g in proxy.ask(op="list")["groups"]], ["app"])
        self.assertStatus(proxy.get(), 200)

    def test_a_second_proxy_on_the_same_place_is_told_so(self):
        proxy = self.proxy()
        with tempfile.TemporaryDirectory() as folder:
            second = subprocess.run(
                [BIN / "dokku-proxy", "--http-port", str(proxy.port), "--control", folder + "/c"],
                stderr=subprocess.PIPE, timeout=20)
        self.assertEqual(second.returncode, 1)
        self.assertIn(b"Address already in use", second.stderr)

    def test_the_snapshot_serves_without_the_control_plane(self):
        proxy, app = self.proxy(), self.app()
        own = free_port()
        proxy.put(app, own_ports=[own])
        proxy.stop(signal.SIGKILL)
        again = self.proxy(port=proxy.port)
        self.assertStatus(again.get(), 200)
        socket.create_connection(("127.0.0.1", own)).close()
        again.stop()
        (again.folder / "state" / "routes.json").write_text("[{")
        self.assertStatus(self.proxy(port=proxy.port).get(), 404)

    def test_switching_under_load_loses_no_request(self):
        def version(name):
            body = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(name), name)
            return self.app(answering(body))
        proxy = self.proxy("--workers", "2")
        current = version(b"v0")
        proxy.put(current)
        ending, lost, bodies = threading.Event(), [], set()

        def load():
            client = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=10)
            while not ending.is_set():
                try:
                    client.request("GET", "/", headers={"Host": "app.test"})
                    answer = client.getresponse()
                    body = answer.read()
                    bodies.add(body)
                    if answer.status != 200:
                        lost.append(answer.status)
                except (OSError, http.client.HTTPException) as error:
                    lost.append(repr(error))
                    client.close()
            client.close()
        threads = [threading.Thread(target=load) for _ in range(8)]
        for thread in threads:
            thread.start()
        for number in range(1, 21):
            fresh = version(b"v%d" % number)
            self.assertTrue(proxy.put(fresh)["ok"])
            self.assertTrue(proxy.drained(current, 5000)["ok"])
            current.close()
            current = fresh
        ending.set()
        for thread in threads:
            thread.join()
        self.assertEqual(lost, [])
        self.assertIn(b"v20", bodies)

    def test_drain_waits_for_requests_and_says_when_they_take_too_long(self):
        release = threading.Event()

        def serve(sock, _):
            read_head(sock)
            release.wait(20)
            sock.sendall(OK)
        proxy, old, new = self.proxy(), self.app(serve), self.app()
        proxy.put(old)
        with proxy.connect() as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: app.test\r\n\r\n")
            until(lambda: old.connections == 1)
            proxy.put(new)
            self.assertEqual(proxy.drained(old, 200)["code"], "timed_out")
            replies = []
            waiter = threading.Thread(target=lambda: replies.append(proxy.drained(old, 10_000)))
            waiter.start()
            self.assertTrue(proxy.put(new)["ok"])  # a drain holds up nobody
            release.set()
            waiter.join()
            self.assertTrue(replies[0]["ok"])
            self.assertStatus(read_head(sock)[0], 200)


class Life(ProxyTest):
    def test_sigterm_finishes_what_is_under_way(self):
        release = threading.Event()

        def serve(sock, _):
            read_head(sock)
            release.wait(20)
            sock.sendall(OK)
        proxy, app = self.proxy(), self.app(serve)
        proxy.put(app)
        with proxy.connect() as sock, proxy.connect() as idle:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: app.test\r\n\r\n")
            until(lambda: app.connections == 1)
            proxy.process.send_signal(signal.SIGTERM)
            self.assertEqual(idle.recv(10), b"")
            release.set()
            head, _ = read_head(sock)
            self.assertStatus(head, 200)
            self.assertIn(b"Connection: close", head)
        self.assertEqual(proxy.process.wait(10), 0)

    def test_workers_end_when_the_parent_is_gone(self):
        proxy = self.proxy()
        workers = proxy.workers()
        proxy.stop(signal.SIGKILL)
        until(lambda: not any(pathlib.Path(f"/proc/{pid}").exists() for pid in workers))

    @unittest.skipUnless(os.geteuid() == 0, "only root can become another user")
    def test_rights_are_given_up(self):
        proxy, app = self.proxy("--user", "nobody"), self.app()
        self.assertTrue(proxy.put(app, own_ports=[free_port()])["ok"])
        self.assertStatus(proxy.get(), 200)
        uid = str(pwd.getpwnam("nobody").pw_uid)
        for pid, capabilities in [(proxy.process.pid, "0000000000000400")] + [
                (worker, "0000000000000000") for worker in proxy.workers()]:
            status = pathlib.Path(f"/proc/{pid}/status").read_text()
            self.assertEqual(status.split("Uid:")[1].split()[:4], [uid] * 4)
            self.assertEqual(status.split("CapPrm:")[1].split()[0], capabilities)
        self.assertTrue((proxy.folder / "state" / "routes.json").exists())
        mode = os.stat(proxy.control).st_mode & 0o777
        self.assertEqual(mode, 0o600)


if __name__ == "__main__":
    unittest.main(verbosity=2)
