"""The soak: HTTP/1.1, HTTP/2 over TLS, gRPC streams and websockets at once, a route change each 100
ms, another program taking over again and again. No request is lost, no stream cut. Issue 5.

SOAK_SECONDS=600 makes it as long as the issue wants it, with an upgrade a minute and as many
requests of HTTP/1.1 as wrk can make; the short one is a smoke test.
"""
import contextlib
import os
import pathlib
import re
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
import unittest

import proxy_upgrade_test
from proxy_test import free_port, read_head, until
from proxy_tls_test import certificate
from proxy_upgrade_test import UPGRADE, Load, serve_and_echo

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "conformance"))
from h2_client import (ACK, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PING, RST, WINDOW,
                       frame, request)
from h2_peer import AppPeer, ClientPeer

SOAK_SECONDS = float(os.environ.get("SOAK_SECONDS", "6"))
LONG = SOAK_SECONDS > 120
UPGRADE_EVERY = 60 if LONG else 2
WINDOW_BYTES = 30_000


class EchoApp(AppPeer):
    """Echoes each stream's messages, and ends it well when the client has."""

    def serve(self):
        while (found := self.until(lambda f: True)) is not None:
            kind, flags, stream, payload = found
            end = flags & END_STREAM
            if kind == HEADERS:
                self.answer(stream, ("content-type", "application/grpc"))
            elif kind == DATA and payload:
                self.say(stream, payload)
                self.open_window(stream, len(payload))
            elif kind == PING and not flags & ACK:
                self.send(frame(PING, ACK, 0, payload))
            if end and kind in (HEADERS, DATA):
                self.trailers(stream, ("grpc-status", "0"))


class Call:
    """A gRPC call that stays open."""

    def __init__(self, port):
        self.peer = ClientPeer(socket.create_connection(("127.0.0.1", port), timeout=20))
        self.peer.ask(1, end=False)

    def turn(self, number):
        self.peer.say(1, b"%08d" % number)
        assert self.peer.body(1, 8) == b"%08d" % number, "not the echo"
        self.peer.open_window(1, 8)
        self.peer.frames.clear()

    def end(self):
        self.peer.say(1, b"", end=True)
        found = self.peer.until(lambda f: f[0] == HEADERS and f[1] & END_STREAM)
        assert found is not None, "no trailers"
        self.peer.sock.close()


class Socket:
    """A websocket that stays open."""

    def __init__(self, port):
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.sock.sendall(UPGRADE)
        head, _ = read_head(self.sock)
        assert head.startswith(b"HTTP/1.1 101"), head

    def turn(self, number):
        message = b"\x81\x08%08d" % number
        self.sock.sendall(message)
        data = b""
        while len(data) < len(message):
            piece = self.sock.recv(100)
            assert piece, "cut"
            data += piece
        assert data == message, data

    def end(self):
        self.sock.sendall(b"\x88\x00")  # goodbye, which is echoed, too
        self.sock.shutdown(socket.SHUT_WR)
        data = b""
        while piece := self.sock.recv(100):
            data += piece
        assert data == b"\x88\x00", data
        self.sock.close()


class LongLived:
    """Streams of one kind, each used again and again; one more whenever it is asked for."""

    def __init__(self, make):
        self.make, self.open, self.lost, self.turns = make, [], [], 0
        self.wanted, self.ending = 1, threading.Event()
        self.thread = threading.Thread(target=self._run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.thread.join()

    def one_more(self):
        self.wanted += 1

    def _run(self):
        try:
            while not self.ending.wait(0.05):
                while len(self.open) < self.wanted:
                    self.open.append(self.make())
                for each in self.open:
                    self.turns += 1
                    each.turn(self.turns)
            for each in self.open:
                each.end()
        except (OSError, AssertionError) as error:
            self.lost.append(repr(error))


class Http2Load(Load):
    """Clients of HTTP/2 over TLS that follow GOAWAY; what it left out is asked again, not lost."""

    def _connect(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(["h2"])
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        return ClientPeer(context.wrap_socket(plain, server_hostname="app.test"))

    def _answered(self, peer, stream):
        """True: whole. False: to be asked again elsewhere."""
        def wanted(f):
            ours = f[2] == stream and (f[0] == RST or f[1] & END_STREAM)
            return ours or (f[0] == GOAWAY and int.from_bytes(f[3][:4], "big") < stream)
        found = peer.until(wanted)
        if found is None or found[0] == RST:
            raise ConnectionError(f"stream {stream}: {found!r}")
        return found[0] != GOAWAY

    def _ask(self):
        head = request(scheme="https")
        peer, stream = None, 1
        while not self.ending.is_set():
            try:
                if peer is None:
                    peer, stream = self._connect(), 1
                peer.send(frame(HEADERS, END_HEADERS | END_STREAM, stream, head))
                whole = self._answered(peer, stream)
                self.answered += whole
                stream += 2
                leaving = not whole or any(f[0] == GOAWAY for f in peer.frames)
                received = sum(len(f[3]) for f in peer.frames if f[0] == DATA)
                peer.frames.clear()
                if leaving or stream > 1 << 20:
                    peer.sock.close()
                    peer = None
                elif stream % 1000 == 1:
                    peer.send(frame(WINDOW, 0, 0, struct.pack(">I", WINDOW_BYTES)))
                assert received < WINDOW_BYTES
            except (OSError, AssertionError) as error:
                self.lost.append(repr(error))
                peer = None


class Soak(proxy_upgrade_test.Upgrade):
    test_no_request_is_lost_and_no_tunnel_is_cut = None
    test_a_program_that_does_not_start_changes_nothing = None
    test_idle_clients_learn_of_it_with_their_next_answer = None
    test_tunnels_that_outlive_all_patience_are_told_so = None

    @contextlib.contextmanager
    def full_load(self, proxy):
        """Of the long soak: wrk reports every answer but 2xx and every connection that broke."""
        if not LONG:
            yield
            return
        wrk = subprocess.Popen(["wrk", "-t1", "-c32", f"-d{SOAK_SECONDS:.0f}s", "--timeout", "20",
                                "-H", "Host: app.test", f"http://127.0.0.1:{proxy.port}/"],
                               stdout=subprocess.PIPE, text=True)
        try:
            yield
            said = wrk.communicate(timeout=60)[0]
        finally:
            wrk.kill()
            wrk.wait()
        print(said)
        self.assertGreater(int(re.search(r"(\d+) requests in", said)[1]), 1000)
        self.assertNotIn("Socket errors", said)
        self.assertNotIn("Non-2xx", said)

    def grpc_app(self):
        return self.app(lambda sock, _: EchoApp(sock).serve())

    def routes(self, proxy, web, calls):
        secure = certificate("app.test")
        target = {"address": "127.0.0.1", "instance": "web.1"}
        return [{"certificates": [secure], "groups": [{
            "key": "app", "hosts": ["app.test"], "certificates": [secure["id"]],
            "targets": [{**target, "port": web.port}], "settings": {"hsts": False},
            "listeners": [{"port": proxy.port, "scheme": "http"},
                          {"port": self.https, "scheme": "https"}]}]},
                {"groups": [{"key": "calls", "hosts": ["calls.test"],
                             "listeners": [{"port": self.grpc, "scheme": "grpc",
                                            "any_host": True}],
                             "targets": [{**target, "port": calls.port}]}]}]

    def test_soak(self):
        self.https, self.grpc = free_port(), free_port()
        proxy = self.start("--workers", "2", "--https-port", str(self.https))
        routes = self.routes(proxy, self.app(serve_and_echo), self.grpc_app())
        for route in routes:
            self.assertTrue(proxy.ask(op="put", **route)["ok"])
        end = time.monotonic() + SOAK_SECONDS
        next_upgrade, changes = time.monotonic() + UPGRADE_EVERY / 2, 0
        with Load(proxy.port) as one, Http2Load(self.https, clients=4) as two, \
                LongLived(lambda: Call(self.grpc)) as calls, \
                LongLived(lambda: Socket(proxy.port)) as sockets, self.full_load(proxy):
            while time.monotonic() < end:
                due = time.monotonic() + 0.1
                self.assertTrue(proxy.ask(op="put", **routes[changes % 2])["ok"])
                changes += 1
                if time.monotonic() > next_upgrade:
                    self.upgrade(proxy)
                    next_upgrade += UPGRADE_EVERY
                    calls.one_more()
                    sockets.one_more()
                until(lambda due=due: time.monotonic() > due)
        print(f"{one.answered} requests of HTTP/1.1 and {two.answered} of HTTP/2 over TLS; "
              f"{calls.turns} messages of {len(calls.open)} calls and {sockets.turns} of "
              f"{len(sockets.open)} websockets; {changes} changes, {len(self.pids) - 1} upgrades")
        for load in (one, two, calls, sockets):
            self.assertEqual(load.lost, [])
        self.assertGreater(min(one.answered, two.answered), 100)
        self.assertGreater(min(calls.turns, sockets.turns), 10)
        self.assertGreater(len(self.pids), 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
