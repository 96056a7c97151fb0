"""HTTP as tests need it: with any Host header, counted, and without mercy for lost requests."""
import base64
import http.client
import os
import socket
import struct
import threading
import time


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    def __repr__(self):
        return f"HTTP {self.status} {dict(self.headers)}\n{self.text[:2000]}"


def request(port, host, path="/", method="GET", body=None, headers=None, address="127.0.0.1",
            timeout=30):
    connection = http.client.HTTPConnection(address, port, timeout=timeout)
    try:
        connection.request(method, path, body=body, headers={"Host": host, **(headers or {})})
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


class SteadyClient:
    """Sends requests at a steady rate over kept connections until stopped; counts what was lost.

    Written like the clients that suffer from careless servers: it does not look whether a kept
    connection was closed before it sends the next request on it, and it does not try again.
    """

    def __init__(self, port, host, path="/", per_second=200, connections=8):
        self.port, self.host, self.path = port, host, path
        self.interval = connections / per_second
        self.sent = 0
        self.lost = []       # sentences
        self.bodies = {}     # body → count
        self.times_ms = []
        self._guard = threading.Lock()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(i * self.interval / connections,))
                         for i in range(connections)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self, offset):
        connection = None
        due = time.monotonic() + offset
        while not self._stop.wait(max(0.0, due - time.monotonic())):
            due = max(due + self.interval, time.monotonic() - 1)
            begin = time.monotonic()
            try:
                connection = connection or self._connect()
                body, keep = self._exchange(connection)
                if not keep:
                    connection.close()
                    connection = None
                failure = None
            except (OSError, ValueError) as error:
                failure = f"{type(error).__name__}: {error}"
                if connection:
                    connection.close()
                connection = None
            took = (time.monotonic() - begin) * 1000
            with self._guard:
                self.sent += 1
                self.times_ms.append(took)
                if failure:
                    self.lost.append(failure)
                else:
                    self.bodies[body] = self.bodies.get(body, 0) + 1

    def _connect(self):
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def _exchange(self, connection):
        connection.sendall(f"GET {self.path} HTTP/1.1\r\nHost: {self.host}\r\n\r\n".encode())
        data = b""
        while b"\r\n\r\n" not in data:
            part = connection.recv(65536)
            if not part:
                raise ValueError("connection closed without an answer")
            data += part
        head, body = data.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        status = int(lines[0].split()[1])
        headers = {k.strip().lower(): v.strip() for k, _, v in
                   (line.partition(":") for line in lines[1:])}
        if status != 200:
            raise ValueError(f"status {status}")
        size = int(headers["content-length"])
        while len(body) < size:
            part = connection.recv(65536)
            if not part:
                raise ValueError("connection closed in mid-answer")
            body += part
        return body.decode("utf-8", "replace"), headers.get("connection", "").lower() != "close"


class WebSocket:
    """A websocket that sends and expects short text frames."""

    def __init__(self, port, host, path="/"):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall((f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\n"
                             f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                             f"Sec-WebSocket-Key: {key}\r\n\r\n").encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = self.socket.recv(1)
            if not byte:
                raise ConnectionError(f"closed during the handshake: {head!r}")
            head += byte
        if b" 101 " not in head.split(b"\r\n")[0]:
            raise ConnectionError(f"not switched: {head!r}")

    def echo(self, text):
        """Sends `text` (125 bytes at most) and returns the next frame's text."""
        mask = os.urandom(4)
        data = text.encode()
        masked = bytes(b ^ mask[i % 4] for i, b in enumerate(data))
        self.socket.sendall(struct.pack("BB", 0x81, 0x80 | len(data)) + mask + masked)
        _, size = self._read(2)
        return self._read(size).decode()

    def _read(self, size):
        data = b""
        while len(data) < size:
            part = self.socket.recv(size - len(data))
            if not part:
                raise ConnectionError("websocket closed")
            data += part
        return data

    def close(self):
        self.socket.close()
