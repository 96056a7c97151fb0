"""Either side of an HTTP/2 connection, frames by hand: a client, or an app that the proxy asks."""
import socket
import struct

from h2_client import (ACK, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PING, PREFACE, RST,
                       SETTINGS, WINDOW, block, cut, frame, request)

MAX_STREAMS, WINDOW_SIZE = 3, 4
CALL = (("te", "trailers"), ("content-type", "application/grpc"))


def setting(number, value):
    return struct.pack(">HI", number, value)


class Peer:
    def __init__(self, sock, settings=b"", acknowledge=True):
        self.sock, self.data, self.frames = sock, b"", []
        self.acknowledge, self.ended = acknowledge, False
        sock.settimeout(15)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.preface = self.opening()
        self.send(self.preface, frame(SETTINGS, payload=settings))

    def opening(self):
        return b""

    def send(self, *frames):
        self.sock.sendall(b"".join(frames))
        return self

    def _receive(self):
        try:
            piece = self.sock.recv(65536)
        except ConnectionError:
            piece = b""
        if not piece:
            self.ended = True
        self.data += piece
        self._cut()

    def _cut(self):
        frames, self.data = cut(self.data)
        self.frames += frames
        for kind, flags, _, _ in frames:
            if kind == SETTINGS and not flags & ACK and self.acknowledge:
                self.send(frame(SETTINGS, ACK))

    def until(self, wanted):
        """The first frame of all that is wanted; it is not found again. None: the end came."""
        seen = 0
        self._cut()
        while True:
            while seen < len(self.frames):
                if wanted(self.frames[seen]):
                    return self.frames.pop(seen)
                seen += 1
            if self.ended:
                return None
            self._receive()

    def expect(self, kind, stream=None):
        found = self.until(lambda f: f[0] == kind and stream in (None, f[2]))
        assert found is not None, f"ended without frame {kind}; there are {self.frames!r}"
        return found

    def body(self, stream, size):
        """DATA of this stream, until there are `size` bytes."""
        data = b""
        while len(data) < size:
            data += self.expect(DATA, stream)[3]
        return data

    def code(self, stream):
        return int.from_bytes(self.expect(RST, stream)[3], "big")

    def quiet(self, kind, stream):
        """After a round trip nothing of that kind has come."""
        self.send(frame(PING, payload=b"a quiet?"))
        self.until(lambda f: f[0] == PING and f[1] & ACK)
        return not any(f[0] == kind and f[2] == stream for f in self.frames)

    def updated(self, stream):
        """By how much the window of the stream has been opened by now (a round trip)."""
        self.send(frame(PING, payload=b"windows?"))
        self.until(lambda f: f[0] == PING and f[1] & ACK)
        mine = [f for f in self.frames if f[0] == WINDOW and f[2] == stream]
        self.frames = [f for f in self.frames if f not in mine]
        return sum(int.from_bytes(f[3], "big") for f in mine)

    def open_window(self, stream, size):
        self.send(frame(WINDOW, 0, stream, struct.pack(">I", size)),
                  frame(WINDOW, 0, 0, struct.pack(">I", size)))

    def say(self, stream, data, end=False):
        for at in range(0, max(1, len(data)), 16384):
            last = end and at + 16384 >= len(data)
            self.send(frame(DATA, END_STREAM if last else 0, stream, data[at:at + 16384]))


class ClientPeer(Peer):
    def opening(self):
        return PREFACE

    def ask(self, stream, *more, end=True, path="/echo.Echo/Say", fields=CALL):
        head = request(*fields, *more, method="POST", path=path)
        self.send(frame(HEADERS, END_HEADERS | (END_STREAM if end else 0), stream, head))
        return stream


class AppPeer(Peer):
    """`sock`: as accepted."""

    def opening(self):
        while len(self.data) < len(PREFACE):
            piece = self.sock.recv(65536)
            assert piece, "ended in the preface"
            self.data += piece
        assert self.data.startswith(PREFACE), self.data
        self.data = self.data[len(PREFACE):]
        return b""

    def request(self):
        """The next request: its stream, and whether that was all."""
        _, flags, stream, _ = self.expect(HEADERS)
        return stream, bool(flags & END_STREAM)

    def answer(self, stream, *more, status="200", end=False):
        flags = END_HEADERS | (END_STREAM if end else 0)
        self.send(frame(HEADERS, flags, stream, block((":status", status), *more)))

    def trailers(self, stream, *fields):
        self.send(frame(HEADERS, END_HEADERS | END_STREAM, stream, block(*fields)))

    def goodbye(self, last):
        self.send(frame(GOAWAY, 0, 0, struct.pack(">II", last, 0)))

    def reset(self, stream, code):
        self.send(frame(RST, 0, stream, struct.pack(">I", code)))
