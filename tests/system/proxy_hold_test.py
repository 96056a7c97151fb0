"""Requests to a held app wait, within bounds. Issue 5, point 6."""
import json
import socket
import struct
import threading
import time
import unittest

from proxy_test import ProxyTest, read_head, until

REQUEST = b"GET / HTTP/1.1\r\nHost: app.test\r\n\r\n"


class Hold(ProxyTest):
    def hold(self, proxy, *apps, **settings):
        group = {"key": "app", "hosts": ["app.test"], "settings": {"hold": True, **settings},
                 "targets": [{"address": "127.0.0.1", "port": app.port} for app in apps]}
        reply = proxy.ask(op="put", groups=[group])
        self.assertTrue(reply["ok"], json.dumps(reply))

    def ask(self, proxy, request=REQUEST):
        sock = proxy.connect()
        self.addCleanup(sock.close)
        sock.sendall(request)
        return sock

    def assertSilent(self, sock):
        sock.settimeout(0.2)
        with self.assertRaises(TimeoutError):
            sock.recv(1)
        sock.settimeout(30)

    def test_requests_wait_and_are_answered_when_the_app_is_let_go(self):
        proxy, app = self.proxy("--workers", "2"), self.app()
        self.hold(proxy)
        waiting = [self.ask(proxy) for _ in range(20)]
        self.assertSilent(waiting[0])
        self.assertTrue(proxy.put(app)["ok"])
        for sock in waiting:
            self.assertStatus(read_head(sock)[0], 200)
        self.assertTrue(proxy.ask(op="hold", key="app")["ok"])
        late = self.ask(proxy)
        self.assertSilent(late)
        self.assertTrue(proxy.ask(op="release", key="app")["ok"])
        self.assertStatus(read_head(late)[0], 200)
        self.assertEqual(proxy.ask(op="hold", key="nobody")["code"], "not_found")

    def test_a_body_that_came_while_it_was_held_arrives_whole(self):
        bodies = []

        def serve(sock, _):
            head, body = read_head(sock)
            while len(body) < 300_000:
                body += sock.recv(65536)
            bodies.append(body)
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        proxy, app = self.proxy("--workers", "1"), self.app(serve)
        self.hold(proxy)
        body = bytes(range(250)) * 1200
        sock = self.ask(proxy, b"POST / HTTP/1.1\r\nHost: app.test\r\n"
                        b"Content-Length: 300000\r\n\r\n")
        sender = threading.Thread(target=sock.sendall, args=(body,))
        sender.start()
        self.assertTrue(proxy.put(app)["ok"])
        self.assertStatus(read_head(sock)[0], 200)
        sender.join()
        self.assertEqual(bodies, [body])

    def test_no_more_wait_than_may(self):
        proxy, app = self.proxy("--workers", "1"), self.app()
        self.hold(proxy, **{"hold-requests-max": 3})
        waiting = [self.ask(proxy) for _ in range(3)]
        self.assertSilent(waiting[-1])
        head, _ = read_head(self.ask(proxy))
        self.assertStatus(head, 503)
        self.assertIn(b"Retry-After:", head)
        # Merely ending its own half is no farewell: this one goes for good.
        waiting[0].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        waiting[0].close()
        until(lambda: not self.refused(proxy, waiting))
        proxy.put(app)
        for sock in waiting[1:]:
            self.assertStatus(read_head(sock)[0], 200)

    def refused(self, proxy, waiting):
        sock = self.ask(proxy)
        sock.settimeout(0.2)
        try:
            return bool(sock.recv(1))
        except TimeoutError:
            sock.settimeout(30)
            waiting.append(sock)
            return False

    def test_bytes_that_wait_are_bounded(self):
        proxy = self.proxy("--workers", "1")
        self.hold(proxy, **{"hold-bytes-max": 8192})
        big = b"GET / HTTP/1.1\r\nHost: app.test\r\nX-Big: " + b"a" * 5000 + b"\r\n\r\n"
        first = self.ask(proxy, big)
        self.assertSilent(first)
        self.assertStatus(read_head(self.ask(proxy, big))[0], 503)

    def test_who_waits_too_long_is_told(self):
        proxy = self.proxy("--workers", "1")
        self.hold(proxy, **{"hold-timeout": 500})
        begin = time.monotonic()
        self.assertStatus(read_head(self.ask(proxy))[0], 504)
        self.assertGreater(time.monotonic() - begin, 0.45)
        self.assertLess(time.monotonic() - begin, 3)

    def test_a_held_app_that_goes_leaves_nobody_waiting(self):
        proxy = self.proxy("--workers", "1")
        self.hold(proxy)
        sock = self.ask(proxy)
        self.assertSilent(sock)
        self.assertTrue(proxy.ask(op="remove", key="app")["ok"])
        self.assertStatus(read_head(sock)[0], 404)


if __name__ == "__main__":
    unittest.main(verbosity=2)
