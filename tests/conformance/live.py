"""A live proxy, a client and a recording origin in one thread: what was sent, what arrived.

No clocks and no threads: `play` moves bytes until the client's connection has ended, and by then
all that the proxy has forwarded lies in the origin's sockets.
"""
import json
import os
import pathlib
import re
import selectors
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("DOKKU_BIN", SOURCE / "build" / "dev" / "bin"))
PROXY = BIN / "dokku-proxy"
BREAKABLE = BIN / "dokku-proxy-breakable"
OK = b"HTTP/1.1 200 OK\r\nDate: D\r\nContent-Length: 2\r\n\r\nok"
LIMIT = 15.0  # for a failing test; a passing one waits for nothing but bytes


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def whole(data, method=b""):
    """Length of the first whole message in `data`; 0: more bytes are needed."""
    end = data.find(b"\r\n\r\n") + 4
    if end < 4:
        return 0
    head = data[:end].lower()
    length = re.search(rb"\r\ncontent-length: *(\d+)", head)
    if length:
        end += int(length[1])
    elif b"\r\ntransfer-encoding:" in head:
        while True:
            line = data.find(b"\r\n", end)
            if line < 0:
                return 0
            try:
                size = int(data[end:line].split(b";")[0], 16)
            except ValueError:
                return 0
            if size == 0:
                stop = data.find(b"\r\n\r\n", line)
                return stop + 4 if stop >= 0 else 0
            end = line + 2 + size + 2
    return end if len(data) >= end else 0


class Connection:
    """One connection that the proxy made to the origin."""

    def __init__(self, sock, number):
        self.sock, self.number = sock, number
        self.unread = b""     # of the message under way
        self.recorded = b""   # since the play began
        self.answered = False  # the message under way, before it was whole


class Outcome:
    def __init__(self, answer, forwarded, connections, ended):
        self.answer = answer            # all that the client got
        self.forwarded = forwarded      # normalised bytes per connection that got any
        self.connections = connections  # numbers of those connections
        self.ended = ended              # by the proxy, in order

    @property
    def status(self):
        match = re.match(rb"HTTP/1\.1 (\d{3})", self.answer)
        return int(match[1]) if match else 0


class Live:
    """`program` runs until close(). `answers`: what the origin says to each message in turn."""

    def __init__(self, program=PROXY, limit=LIMIT, flags=(), settings=None):
        self.limit = limit
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="conformance-"))
        self.rules = self.folder / "broken-rules"
        self.rules.write_bytes(bytes(256))
        self.port = free_port()
        self.control = self.folder / "control.sock"
        self.log = open(self.folder / "log", "ab")
        self.process = subprocess.Popen(
            [program, "--http-port", str(self.port), "--workers", "1", "--listen", "127.0.0.1",
             "--control", self.control, *flags],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, cwd=self.folder)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.listener.setblocking(False)
        self.origin_port = self.listener.getsockname()[1]
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.listener, selectors.EVENT_READ, "listener")
        self.origin = {}
        self.made = 0
        self._until_answers()
        self.put(settings)

    def _until_answers(self):
        deadline = time.monotonic() + 30
        while True:
            try:
                self.ask(op="list")
                return
            except (FileNotFoundError, ConnectionRefusedError):
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise
                self.selector.select(0.01)

    def put(self, settings=None):
        group = {"key": "app", "hosts": ["app.test"], "own_ports": [], "targets": [
            {"address": "127.0.0.1", "port": self.origin_port, "instance": "app.web.1"}]}
        if settings is not None:
            group["settings"] = settings
        reply = self.ask(op="put", groups=[group])
        assert reply["ok"], reply

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

    def break_rule(self, index, off=True):
        with open(self.rules, "r+b") as file:
            file.seek(index)
            file.write(bytes([off]))

    def worker(self):
        pid = self.process.pid
        return int(pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])

    def connect(self):
        sock = socket.create_connection(("127.0.0.1", self.port), timeout=self.limit)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    # --- the origin ---------------------------------------------------------------------------

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except BlockingIOError:
                return
            sock.setblocking(False)
            self.made += 1
            connection = Connection(sock, self.made)
            self.origin[sock] = connection
            self.selector.register(sock, selectors.EVENT_READ, connection)

    def _drop(self, connection):
        if self.origin.pop(connection.sock, None):
            self.selector.unregister(connection.sock)
            connection.sock.close()

    def _read_origin(self, connection, answers, early, close):
        try:
            data = connection.sock.recv(1 << 20)
        except BlockingIOError:
            return
        except ConnectionError:
            data = b""
        if not data:
            self.selector.unregister(connection.sock)
            del self.origin[connection.sock]
            connection.sock.close()
            self.gone.append(connection)
            return
        connection.recorded += data
        connection.unread += data
        while size := whole(connection.unread) or (early and not connection.answered
                                                   and b"\r\n\r\n" in connection.unread):
            if size is True:
                connection.answered = True
            else:
                connection.unread = connection.unread[size:]
                if connection.answered:
                    connection.answered = False
                    continue
            answer = answers[min(self.answers_given, len(answers) - 1)]
            self.answers_given += 1
            connection.sock.sendall(answer)
            if close:
                self.gone.append(connection)
                self._drop(connection)
                return

    def _pump(self, timeout, client, received, answers, early, close):
        """False: the client's connection has ended."""
        alive = True
        for key, _ in self.selector.select(timeout):
            if key.data == "listener":
                self._accept()
            elif key.data == "client":
                try:
                    piece = client.recv(1 << 20)
                except ConnectionError:
                    piece = b""
                if piece:
                    received.append(piece)
                else:
                    alive = False
            else:
                self._read_origin(key.data, answers, early, close)
        return alive

    def play(self, request, answers=(OK,), early=False, close=False, pieces=0, half_close=True):
        """Sends `request`, half-closes, and returns what came of it when the proxy has closed.

        early: answer on the head. close: the origin closes after its answer. pieces: bytes a send.
        """
        self.gone, self.answers_given = [], 0
        for connection in self.origin.values():
            connection.recorded = b""
        received = []
        deadline = time.monotonic() + self.limit
        ended = True
        with self.connect() as client:
            self.selector.register(client, selectors.EVENT_READ, "client")
            try:
                self._send(client, request, pieces, (received, answers, early, close))
                if half_close:
                    client.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # refused while we were sending
            while self._pump(0.2, client, received, answers, early, close):
                if time.monotonic() > deadline:
                    ended = False
                    break
            self.selector.unregister(client)
        self._settle(answers, early, close)
        seen = [c for c in list(self.origin.values()) + self.gone if c.recorded]
        seen.sort(key=lambda c: c.number)
        return Outcome(b"".join(received), [self.normal(c.recorded) for c in seen],
                       [c.number for c in seen], ended)

    def _send(self, client, request, pieces, rest):
        step = pieces or len(request) or 1
        for at in range(0, len(request), step):
            client.sendall(request[at:at + step])
            if pieces:
                self._pump(0, client, *rest)

    def _settle(self, answers, early, close):
        """All that was forwarded lies in our sockets: take it."""
        for _ in range(64):
            events = [key.data for key, _ in self.selector.select(0)]
            if not events:
                return
            for data in events:
                if data == "listener":
                    self._accept()
                else:
                    self._read_origin(data, answers, early, close)

    def normal(self, data):
        """Without what differs from run to run."""
        data = re.sub(rb"(?m)^(X-Request-Id: )[0-9a-f]{32}\r$", rb"\1ID\r", data)
        data = re.sub(rb"(?m)^(X-Request-Start: )[0-9.]+\r$", rb"\1START\r", data)
        return data.replace(b"X-Forwarded-Port: %d\r" % self.port, b"X-Forwarded-Port: PORT\r")

    def forget_origin(self):
        for connection in list(self.origin.values()):
            self._drop(connection)

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(20)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
        self.forget_origin()
        self.selector.close()
        self.listener.close()
        self.log.close()
        text = (self.folder / "log").read_text(errors="replace")
        shutil.rmtree(self.folder, ignore_errors=True)
        for word in ("ERROR: AddressSanitizer", "runtime error", "LeakSanitizer: detected"):
            assert word not in text, text[-4000:]


def forwarded(line, *fields, host="app.test", framing=(), body=b"", after=()):
    """The message that the app must get, byte for byte (Live.normal)."""
    lines = [line, f"Host: {host}", *fields, *framing, "X-Forwarded-For: 127.0.0.1",
             "X-Forwarded-Proto: http", "X-Forwarded-Port: PORT"]
    if host:
        lines.append(f"X-Forwarded-Host: {host}")
    lines += ["X-Request-Id: ID", "X-Request-Start: START", *after, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body
