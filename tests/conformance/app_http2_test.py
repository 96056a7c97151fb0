"""Apps that speak HTTP/2 (port maps grpc and grpcs): what they say and do, frame by frame."""
import selectors
import socket
import time
import unittest

from h2_client import (ACK, CALM, CANCEL, DATA, END_STREAM, GOAWAY, HEADERS, INTERNAL, PING,
                       PROTOCOL, REFUSED, RST, WINDOW, frame)
from h2_peer import MAX_STREAMS, WINDOW_SIZE, AppPeer, ClientPeer, setting
from live import Live, free_port

MIB = 1 << 20


class GrpcLive(Live):
    """The app is asked by HTTP/2; clients come by `grpc_port`."""

    def put(self, settings=None, targets=None):
        if not hasattr(self, "grpc_port"):
            self.grpc_port = free_port()
        targets = [self.origin_port] if targets is None else targets
        group = {"key": "app", "hosts": ["app.test"],
                 "listeners": [{"port": self.grpc_port, "scheme": "grpc"}],
                 "settings": settings or {},
                 "targets": [{"address": "127.0.0.1", "port": port, "instance": "app.web.1"}
                             for port in targets]}
        reply = self.ask(op="put", groups=[group])
        assert reply["ok"], reply

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.grpc_port), timeout=self.limit)


class AppHttp2(unittest.TestCase):
    settings = None

    def setUp(self):
        self.live = GrpcLive(settings=self.settings)
        self.addCleanup(self.live.close)

    def client(self, **options):
        sock = self.live.connect()
        self.addCleanup(sock.close)
        return ClientPeer(sock, **options)

    def accept(self):
        """The connection that the proxy makes next."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.live.listener, selectors.EVENT_READ)
            self.assertTrue(selector.select(15), "the proxy did not connect")
        sock, _ = self.live.listener.accept()
        sock.setblocking(True)
        self.addCleanup(sock.close)
        return sock

    def app(self, **options):
        return AppPeer(self.accept(), **options)

    def meet(self, end=True, **options):
        """A client, an app, and the stream that has come there."""
        client = self.client()
        client.ask(1, end=end)
        app = self.app(**options)
        stream, whole = app.request()
        self.assertEqual(whole, end)
        return client, app, stream

    def trailers(self, client, stream):
        """Head, body and trailers of a whole answer, as they came."""
        head = client.expect(HEADERS, stream)
        body = b""
        while True:
            found = client.until(lambda f: f[2] == stream and f[0] in (DATA, HEADERS, RST))
            self.assertIsNotNone(found)
            self.assertNotEqual(found[0], RST)
            if found[0] == HEADERS:
                return head, body, found
            body += found[3]
            if found[1] & END_STREAM:
                return head, body, None

    def well(self, client, app, stream):
        """Request and answer still go through, by the connections that are there."""
        client.ask(stream)
        there, _ = app.request()
        app.answer(there, ("grpc-status", "0"), end=True)
        found = client.expect(HEADERS, stream)
        self.assertTrue(found[1] & END_STREAM)


class Streams(AppHttp2):
    def test_trailers_arrive(self):
        client, app, stream = self.meet()
        app.answer(stream, ("content-type", "application/grpc"))
        app.say(stream, b"hello")
        app.trailers(stream, ("grpc-status", "0"), ("x-late", "yes"))
        _, body, trailers = self.trailers(client, 1)
        self.assertEqual(body, b"hello")
        self.assertIsNotNone(trailers)

    def test_each_side_hears_the_other_before_it_goes_on(self):
        client, app, stream = self.meet(end=False)
        app.answer(stream)
        client.expect(HEADERS, 1)
        for turn in range(50):
            client.say(1, b"c%02d" % turn)
            self.assertEqual(app.body(stream, 3), b"c%02d" % turn)
            app.say(stream, b"a%02d" % turn)
            self.assertEqual(client.body(1, 3), b"a%02d" % turn)
        client.say(1, b"", end=True)
        app.until(lambda f: f[0] == DATA and f[2] == stream and f[1] & END_STREAM)
        app.trailers(stream, ("grpc-status", "0"))
        self.assertTrue(client.expect(HEADERS, 1)[1] & END_STREAM)

    def test_the_answer_may_be_whole_before_the_request(self):
        client, app, stream = self.meet(end=False)
        client.say(1, b"more to come")
        app.answer(stream, ("grpc-status", "3"), end=True)
        self.assertTrue(client.expect(HEADERS, 1)[1] & END_STREAM)
        self.assertEqual(app.code(stream), CANCEL)
        self.well(client, app, 3)

    def test_many_streams_share_one_connection(self):
        client, app, first = self.meet()
        streams = [first]
        for number in range(3, 61, 2):
            client.ask(number)
            streams.append(app.request()[0])
        self.assertEqual(len(set(streams)), 30)
        for stream in reversed(streams):
            app.answer(stream, ("grpc-status", "0"), end=True)
        for number in range(1, 61, 2):
            client.expect(HEADERS, number)

    def test_more_than_the_app_allows_get_a_connection_of_their_own(self):
        client, app, first = self.meet(settings=setting(MAX_STREAMS, 1))
        app.answer(first)  # our settings have been heard before this
        client.expect(HEADERS, 1)
        client.ask(3)
        other = self.app()
        second, _ = other.request()
        other.answer(second, ("grpc-status", "0"), end=True)
        client.expect(HEADERS, 3)
        self.assertTrue(app.quiet(HEADERS, 3))
        app.trailers(first, ("grpc-status", "0"))
        client.expect(HEADERS, 1)

    def test_a_client_of_http_1_gets_its_answer(self):
        with self.live.connect() as sock:
            sock.sendall(b"POST /a HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n"
                         b"\r\n3\r\nabc\r\n0\r\n\r\n")
            app = self.app()
            stream, whole = app.request()
            self.assertFalse(whole)
            self.assertEqual(app.body(stream, 3), b"abc")
            app.answer(stream)
            app.say(stream, b"hello")
            app.trailers(stream, ("x-late", "yes"))
            data = b""
            while not data.endswith(b"\r\n\r\n") or b"x-late" not in data:
                data += sock.recv(4096)
            self.assertIn(b"transfer-encoding: chunked\r\n", data.lower())
            self.assertTrue(data.endswith(b"5\r\nhello\r\n0\r\nx-late: yes\r\n\r\n"), data)


class Windows(AppHttp2):
    def test_a_body_waits_at_the_client_until_the_app_takes_it(self):
        client, app, stream = self.meet(end=False, settings=setting(WINDOW_SIZE, 0))
        self.assertTrue(app.quiet(DATA, stream))  # our settings count now
        sent = 0
        window = 65535
        # As much as the proxy lets us: nothing has reached the app.
        while window > 0:
            size = min(window, 16384)
            client.say(1, bytes(size))
            sent, window = sent + size, window - size
            window += client.updated(1)
        self.assertLessEqual(sent, 4 * 65536)
        self.assertTrue(app.quiet(DATA, stream))
        app.open_window(stream, MIB)
        self.assertEqual(len(app.body(stream, sent)), sent)

    def test_an_answer_waits_at_the_app_until_the_client_takes_it(self):
        client = self.client(settings=setting(WINDOW_SIZE, 0))
        client.ask(1)
        app = self.app()
        stream, _ = app.request()
        app.answer(stream)
        sent, window = 0, 65535
        while window > 0:
            size = min(window, 16384)
            app.say(stream, bytes(size))
            sent, window = sent + size, window - size
            window += app.updated(stream)
        self.assertLessEqual(sent, 4 * 65536)
        # Others are not held up by it.
        client.ask(3)
        there, _ = app.request()
        app.answer(there, ("grpc-status", "0"), end=True)
        client.expect(HEADERS, 3)
        client.open_window(1, MIB)
        self.assertEqual(len(client.body(1, sent)), sent)
        app.trailers(stream, ("grpc-status", "0"))
        client.expect(HEADERS, 1)

    def test_forty_clients_that_read_nothing_do_not_starve_the_next(self):
        slow = self.client(settings=setting(WINDOW_SIZE, 0))
        app = None
        for number in range(1, 81, 2):
            slow.ask(number)
            app = app or self.app()
            stream, _ = app.request()
            app.answer(stream)
            app.say(stream, bytes(65535))
        quick = self.client()
        quick.ask(1)
        stream, _ = app.request()
        app.answer(stream)
        app.say(stream, bytes(60000))
        app.trailers(stream, ("grpc-status", "0"))
        _, body, _ = self.trailers(quick, 1)
        self.assertEqual(len(body), 60000)


class Resets(AppHttp2):
    def test_the_apps_code_reaches_the_client(self):
        for code, seen in ((CANCEL, CANCEL), (CALM, CALM), (0xc, 0xc), (PROTOCOL, INTERNAL)):
            with self.subTest(code):
                client, app, stream = self.meet()
                app.answer(stream)
                client.expect(HEADERS, 1)
                app.reset(stream, code)
                self.assertEqual(client.code(1), seen)
                self.well(client, app, 3)
                app.sock.close()

    def test_before_the_answer_too(self):
        client, app, stream = self.meet()
        app.reset(stream, CALM)
        self.assertEqual(client.code(1), CALM)
        self.well(client, app, 3)

    def test_a_client_that_cancels_is_heard_by_the_app(self):
        client, app, stream = self.meet(end=False)
        app.answer(stream)
        client.expect(HEADERS, 1)
        client.send(frame(RST, 0, 1, b"\0\0\0\x08"))
        self.assertEqual(app.code(stream), CANCEL)
        self.well(client, app, 3)

    def test_a_client_that_goes_cancels_all_that_it_asked(self):
        client, app, stream = self.meet(end=False)
        client.ask(3)
        other, _ = app.request()
        client.sock.close()
        self.assertEqual(app.code(stream), CANCEL)
        self.assertEqual(app.code(other), CANCEL)
        self.well(self.client(), app, 1)

    def test_a_refused_stream_is_asked_again(self):
        client, app, stream = self.meet(end=False)
        client.say(1, b"body", end=True)
        app.body(stream, 4)
        app.reset(stream, REFUSED)
        again, _ = app.request()
        self.assertNotEqual(again, stream)
        self.assertEqual(app.body(again, 4), b"body")
        app.answer(again, ("grpc-status", "0"), end=True)
        client.expect(HEADERS, 1)

    def test_but_not_for_ever(self):
        client, app, stream = self.meet()
        for _ in range(2):
            app.reset(stream, REFUSED)
            stream, _ = app.request()
        app.reset(stream, REFUSED)
        self.assertEqual(client.code(1), REFUSED)

    def test_nor_when_it_was_too_long_to_be_kept(self):
        client, app, stream = self.meet(end=False)
        client.say(1, bytes(60000))
        app.body(stream, 60000)
        app.open_window(stream, MIB)
        client.expect(WINDOW, 1)
        client.say(1, bytes(30000), end=True)
        app.body(stream, 30000)
        app.reset(stream, REFUSED)
        self.assertEqual(client.code(1), REFUSED)

    def test_a_malformed_answer_ends_its_stream_alone(self):
        client, app, stream = self.meet()
        app.answer(stream, ("Upper", "case"))
        head = client.expect(HEADERS, 1)
        self.assertTrue(head[1] & END_STREAM)  # trailers only: grpc-status 14
        self.assertNotEqual(app.code(stream), 0)
        self.well(client, app, 3)


class Goodbyes(AppHttp2):
    def test_what_is_under_way_ends_and_the_next_goes_elsewhere(self):
        client, app, stream = self.meet()
        app.goodbye(stream)
        client.ask(3)
        other = self.app()
        second, _ = other.request()
        other.answer(second, ("grpc-status", "0"), end=True)
        client.expect(HEADERS, 3)
        app.answer(stream, ("grpc-status", "0"), end=True)
        client.expect(HEADERS, 1)
        self.assertIsNone(app.until(lambda f: f[0] == DATA))  # and the old one is closed

    def test_what_it_left_out_is_asked_again(self):
        client, app, stream = self.meet()
        client.ask(3, end=False)
        client.say(3, b"body", end=True)
        second, _ = app.request()
        app.body(second, 4)
        app.goodbye(stream)
        other = self.app()
        again, _ = other.request()
        self.assertEqual(other.body(again, 4), b"body")
        other.answer(again, ("grpc-status", "0"), end=True)
        client.expect(HEADERS, 3)
        app.answer(stream, ("grpc-status", "0"), end=True)
        client.expect(HEADERS, 1)

    def test_an_app_that_dies_takes_its_streams_along(self):
        client, app, stream = self.meet()
        app.answer(stream)
        client.expect(HEADERS, 1)
        client.ask(3)
        app.request()
        app.sock.close()
        for stream in (1, 3):  # trailers, and trailers only: grpc-status 14
            self.assertTrue(client.expect(HEADERS, stream)[1] & END_STREAM)
        client.ask(5)
        other = self.app()
        there, _ = other.request()
        other.answer(there, ("grpc-status", "0"), end=True)
        client.expect(HEADERS, 5)

    def test_a_changed_route_leaves_running_streams_alone(self):
        client, app, stream = self.meet(end=False)
        app.answer(stream)
        client.expect(HEADERS, 1)
        with socket.create_server(("127.0.0.1", 0)) as fresh:
            self.live.put(targets=[fresh.getsockname()[1]])
            client.say(1, b"still")
            self.assertEqual(app.body(stream, 5), b"still")
            client.ask(3)
            sock, _ = fresh.accept()
            self.addCleanup(sock.close)
            new = AppPeer(sock)
            there, _ = new.request()
            new.answer(there, ("grpc-status", "0"), end=True)
            client.expect(HEADERS, 3)
            app.trailers(stream, ("grpc-status", "0"))
            client.expect(HEADERS, 1)
            self.assertIsNone(app.until(lambda f: f[0] == DATA))

    def test_an_idle_connection_is_closed_with_its_route(self):
        client, app, stream = self.meet()
        app.answer(stream, ("grpc-status", "0"), end=True)
        client.expect(HEADERS, 1)
        self.live.put(targets=[1])
        app.expect(GOAWAY)
        self.assertIsNone(app.until(lambda f: f[0] == DATA))


class Trouble(AppHttp2):
    settings = {"proxy-read-timeout": 300, "proxy-send-timeout": 300,
                "proxy-keepalive-timeout": 300, "client-body-timeout": 300,
                "grpc-read-timeout": 3000}

    def fields(self, client, stream):
        head = client.expect(HEADERS, stream)
        return bool(head[1] & END_STREAM)

    def test_a_dead_app_is_found_by_ping(self):
        """It stands still: nothing it was asked will ever be answered."""
        client, app, stream = self.meet()
        app.answer(stream, ("grpc-status", "0"), end=True)
        client.expect(HEADERS, 1)
        begun = time.monotonic()
        client.ask(3)
        client.ask(5)
        app.request()
        app.request()
        app.expect(PING)
        self.assertTrue(self.fields(client, 3))
        self.assertTrue(self.fields(client, 5))
        self.assertLess(time.monotonic() - begun, 2.5)  # long before grpc-read-timeout
        self.assertIsNone(app.until(lambda f: False), "the connection is closed")
        client.ask(7)
        there, _ = self.app().request()
        self.assertGreater(there, 0)

    def test_a_call_may_be_silent_while_its_app_lives(self):
        """A question of an hour is no mistake. And no app is asked too often whether it lives."""
        client, app, stream = self.meet()
        ping = app.expect(PING)
        app.send(frame(PING, ACK, 0, ping[3]))
        client.sock.settimeout(1.5)
        with self.assertRaises(TimeoutError):
            client.until(lambda f: f[2] == 1)
        client.sock.settimeout(15)
        app.answer(stream, ("grpc-status", "0"), end=True)
        self.assertTrue(self.fields(client, 1))
        self.assertTrue(app.quiet(PING, 0))

    def test_but_not_for_ever(self):
        client, app, stream = self.meet()
        ping = app.expect(PING)
        app.send(frame(PING, ACK, 0, ping[3]))
        self.assertTrue(self.fields(client, 1))
        self.assertEqual(app.code(stream), CANCEL)

    def test_what_is_no_call_has_an_answer_in_time(self):
        client = self.client()
        client.ask(1, fields=())
        app = self.app()
        stream, _ = app.request()
        self.assertFalse(self.fields(client, 1))
        self.assertIn(b"504", client.expect(DATA, 1)[3])
        self.assertEqual(app.code(stream), CANCEL)

    def test_an_app_that_takes_nothing_for_too_long(self):
        client, app, stream = self.meet(end=False, settings=setting(WINDOW_SIZE, 0))
        self.assertTrue(app.quiet(DATA, stream))
        client.say(1, bytes(100))
        self.assertTrue(self.fields(client, 1))
        self.assertEqual(app.code(stream), CANCEL)

    def test_once_it_has_begun_a_call_may_be_silent(self):
        client, app, stream = self.meet(end=False)
        app.answer(stream)
        client.expect(HEADERS, 1)
        app.send(frame(PING, ACK, 0, app.expect(PING)[3]))
        client.sock.settimeout(1.5)
        with self.assertRaises(TimeoutError):
            client.until(lambda f: f[2] == 1)
        client.sock.settimeout(15)
        client.say(1, b"still here")
        app.body(stream, 10)
        app.trailers(stream, ("grpc-status", "0"))
        client.expect(HEADERS, 1)

    def test_an_idle_connection_is_not_kept_for_ever(self):
        client, app, stream = self.meet()
        app.answer(stream, ("grpc-status", "0"), end=True)
        client.expect(HEADERS, 1)
        app.expect(GOAWAY)

    def test_an_app_that_speaks_http_1(self):
        client = self.client()
        client.ask(1)
        sock = self.accept()
        sock.recv(65536)
        sock.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        self.assertTrue(self.fields(client, 1))

    def test_no_app_at_all(self):
        self.live.put(targets=[free_port()])
        client = self.client()
        client.ask(1)
        self.assertTrue(self.fields(client, 1))
        # To what is no call the usual page.
        client.ask(3, fields=())
        self.assertFalse(self.fields(client, 3))
        self.assertIn(b"502", client.expect(DATA, 3)[3])


if __name__ == "__main__":
    unittest.main()
