"""Nothing is held back: what one side has said, the other hears before anything else is said."""
import select
import socket
import struct
import time
import unittest

from live import Live

GET = b"GET / HTTP/1.1\r\nHost: app.test\r\n\r\n"
UPGRADE = (b"GET / HTTP/1.1\r\nHost: app.test\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
SWITCH = (b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n"
          b"Upgrade: websocket\r\n\r\n")
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"


def segments_in(sock):
    """How many packets the other side has sent: tcpi_segs_in of struct tcp_info."""
    info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
    return struct.unpack_from("I", info, 140)[0]


class Streaming(unittest.TestCase):
    settings = None

    @classmethod
    def setUpClass(cls):
        cls.live = Live(settings=cls.settings)
        cls.addClassCleanup(cls.live.close)

    def client(self, request):
        sock = self.live.connect()
        self.addCleanup(sock.close)
        sock.sendall(request)
        return sock

    def app(self):
        """The connection that the proxy makes next."""
        ready, _, _ = select.select([self.live.listener], [], [], 10)
        self.assertTrue(ready, "the proxy did not connect")
        sock, _ = self.live.listener.accept()
        sock.settimeout(10)
        self.addCleanup(sock.close)
        return sock

    def hears(self, sock, end):
        """Reads until `end` has come."""
        data = b""
        while not data.endswith(end):
            piece = sock.recv(65536)
            self.assertTrue(piece, f"ended after {data!r}")
            data += piece
        return data

    def meet(self, request=GET):
        client = self.client(request)
        app = self.app()
        self.hears(app, b"\r\n\r\n")
        return client, app

    def ends(self, sock):
        try:
            while sock.recv(65536):
                pass
        except ConnectionResetError:
            pass


class NothingIsHeldBack(Streaming):
    def test_server_sent_events(self):
        client, app = self.meet()
        app.sendall(CHUNKED + b"Content-Type: text/event-stream\r\n\r\n")
        self.hears(client, b"\r\n\r\n")
        for number in range(20):
            event = b"data: %02d\n\n" % number
            app.sendall(b"a\r\n" + event + b"\r\n")
            self.assertIn(event, self.hears(client, event + b"\r\n"))

    def test_events_of_an_app_that_ends_by_closing(self):
        client, app = self.meet()
        app.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        self.hears(client, b"\r\n\r\n")
        for number in range(20):
            app.sendall(b"%02d" % number)
            self.hears(client, b"2\r\n%02d\r\n" % number)
        app.close()
        self.hears(client, b"0\r\n\r\n")

    def test_a_known_length_in_single_bytes(self):
        client, app = self.meet()
        app.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n")
        self.hears(client, b"\r\n\r\n")
        for number in range(20):
            app.sendall(bytes([65 + number]))
            self.hears(client, bytes([65 + number]))

    def test_long_polling(self):
        waiting = [self.meet() for _ in range(10)]
        for number, (client, app) in reversed(list(enumerate(waiting))):
            app.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d" % number)
            self.hears(client, b"%d" % number)

    def test_uploads(self):
        client, app = self.meet(b"POST / HTTP/1.1\r\nHost: app.test\r\n"
                                b"Transfer-Encoding: chunked\r\n\r\n")
        for number in range(20):
            client.sendall(b"2\r\n%02d\r\n" % number)
            self.hears(app, b"2\r\n%02d\r\n" % number)
        client.sendall(b"0\r\n\r\n")
        self.hears(app, b"0\r\n\r\n")

    def test_websocket_messages_both_ways(self):
        client, app = self.meet(UPGRADE)
        app.sendall(SWITCH)
        self.assertIn(b"Connection: upgrade", self.hears(client, b"\r\n\r\n"))
        for number in range(20):
            message = b"\x81\x02%02d" % number
            client.sendall(message)
            self.hears(app, message)
            app.sendall(message)
            self.hears(client, message)

    def test_halves_of_a_websocket_end_one_by_one(self):
        client, app = self.meet(UPGRADE)
        app.sendall(SWITCH)
        self.hears(client, b"\r\n\r\n")
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(app.recv(100), b"")
        app.sendall(b"last")
        self.hears(client, b"last")
        app.close()
        self.assertEqual(client.recv(100), b"")

    def test_a_websocket_is_told_that_its_app_has_gone(self):
        """RFC 6455 §7.4.1: 1001, once, and only between two frames."""
        going_away, whole, half = b"\x88\x02\x03\xe9", b"\x81\x02hi", b"\x81\x05hi"
        for said, reset, wanted in ((b"", False, going_away), (whole, False, whole + going_away),
                                    (whole, True, whole + going_away), (half, False, half),
                                    (half, True, half), (b"\x88\x00", False, b"\x88\x00")):
            with self.subTest(said=said, reset=reset):
                client, app = self.meet(UPGRADE)
                app.sendall(SWITCH + said)
                data = self.hears(client, b"\r\n\r\n" + said).split(b"\r\n\r\n", 1)[1]
                if reset:
                    app.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                app.close()
                try:
                    while piece := client.recv(100):
                        data += piece
                except ConnectionResetError:
                    self.assertTrue(reset and said == half)
                self.assertEqual(data, wanted)

    def test_other_upgrades_end_as_they_are(self):
        client, app = self.meet(UPGRADE.replace(b"websocket", b"other"))
        app.sendall(SWITCH.replace(b"websocket", b"other"))
        self.hears(client, b"\r\n\r\n")
        app.close()
        self.assertEqual(client.recv(100), b"")

    def test_messages_of_a_websocket_are_not_acknowledged_one_by_one(self):
        """The next message tells as much: an extra packet for each would double their number."""
        client, app = self.meet(UPGRADE)
        app.sendall(SWITCH)
        self.hears(client, b"\r\n\r\n")
        before = segments_in(app)
        for number in range(200):
            message = b"\x81\x04%04d" % number
            client.sendall(message)
            self.hears(app, message)
            app.sendall(message)
            self.hears(client, message)
        self.assertLess(segments_in(app) - before, 250)

    def test_apps_that_write_head_and_body_apart_do_not_wait(self):
        """With Nagle's algorithm the body leaves when the head is acknowledged: 40 ms each time."""
        client, app = self.meet()
        started = time.monotonic()
        for round_ in range(25):
            if round_ > 0:
                client.sendall(GET)
                self.hears(app, b"\r\n\r\n")
            app.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
            app.sendall(b"o")
            app.sendall(b"k")
            self.hears(client, b"ok")
        self.assertLess(time.monotonic() - started, 25 * 0.030)


class Kept(Streaming):
    def test_as_many_connections_as_were_used_at_once(self):
        """Fewer, and each burst would open and close connections to the app."""
        pairs = [self.meet() for _ in range(150)]
        for client, app in pairs:
            app.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            self.hears(client, b"ok")
        for client, _ in pairs:
            client.sendall(GET)
        for _, app in pairs:
            self.hears(app, b"\r\n\r\n")
        ready, _, _ = select.select([self.live.listener], [], [], 0)
        self.assertFalse(ready, "another connection was made")


class Limits(Streaming):
    settings = {"client-max-body-size": 1000, "client-body-timeout": 300, "send-timeout": 300,
                "client-header-timeout": 300, "underscore-in-headers": True,
                "keepalive-timeout": 300, "lingering-timeout": 300, "proxy-read-timeout": 300,
                "proxy-send-timeout": 300, "proxy-tunnel-timeout": 300, "proxy-keepalive": 0,
                "large-client-header-buffers": 1000}

    def status(self, sock):
        data = sock.recv(65536)
        self.assertTrue(data, "the connection ended without an answer")
        return int(data[9:12])

    def refused(self, request, status):
        client = self.client(request)
        self.assertEqual(self.status(client), status)
        self.ends(client)
        ready, _, _ = select.select([self.live.listener], [], [], 0)
        self.assertFalse(ready, "the app has heard of it")

    def test_client_max_body_size(self):
        post = b"POST / HTTP/1.1\r\nHost: app.test\r\n"
        self.refused(post + b"Content-Length: 1001\r\n\r\n", 413)
        self.refused(post + b"Transfer-Encoding: chunked\r\n\r\n3e9\r\n" + bytes(1001)
                     + b"\r\n0\r\n\r\n", 413)
        client, app = self.meet(post + b"Transfer-Encoding: chunked\r\n\r\n")
        client.sendall(b"3e8\r\n" + bytes(1000) + b"\r\n")
        self.hears(app, bytes(1000) + b"\r\n")
        client.sendall(b"1\r\n!\r\n0\r\n\r\n")
        self.assertEqual(self.status(client), 413)
        self.assertEqual(app.recv(100), b"")  # cut, and not ended

    def test_large_client_header_buffers(self):
        self.refused(GET[:-2] + b"A: " + b"b" * 1000 + b"\r\n\r\n", 431)

    def test_underscore_in_headers(self):
        client = self.client(GET[:-2] + b"Api_Key: k\r\nContent_Length: 5\r\n\r\n")
        self.addCleanup(client.close)
        head = self.hears(self.app(), b"\r\n\r\n")
        self.assertIn(b"\r\nApi_Key: k\r\n", head)
        self.assertNotIn(b"Content_Length", head)

    def test_client_header_timeout(self):
        """Of the app that was asked before: a head that is not whole names none."""
        client, app = self.meet()
        app.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        self.hears(client, b"ok")
        started = time.monotonic()
        client.sendall(b"GET /")
        self.assertEqual(self.status(client), 408)
        self.assertLess(time.monotonic() - started, 5)
        self.ends(client)

    def test_client_body_timeout(self):
        client, app = self.meet(b"POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 9\r\n\r\n")
        self.assertEqual(self.status(client), 408)
        self.ends(client)
        self.assertEqual(app.recv(100), b"")

    def test_keepalive_timeout(self):
        client, app = self.meet()
        app.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        self.hears(client, b"ok")
        self.assertEqual(client.recv(100), b"")

    def test_proxy_keepalive(self):
        _, app = self.meet()
        app.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        self.assertEqual(app.recv(100), b"")

    def test_proxy_read_timeout(self):
        client, app = self.meet()
        self.assertEqual(self.status(client), 504)
        self.assertEqual(app.recv(100), b"")
        client, app = self.meet()
        app.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello")
        self.hears(client, b"hello")
        self.ends(client)

    def test_proxy_tunnel_timeout(self):
        client, app = self.meet(UPGRADE)
        app.sendall(SWITCH)
        self.hears(client, b"\r\n\r\n")
        self.ends(client)
        self.ends(app)

    def test_send_timeout(self):
        """A client that does not read is let go, and its app, too."""
        client, app = self.meet()
        app.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        with self.assertRaises((ConnectionError, BrokenPipeError)):
            for _ in range(1000):
                app.sendall(bytes(1_000_000))
        client.close()


if __name__ == "__main__":
    unittest.main()
