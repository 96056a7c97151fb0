"""HTTP/2 by RFC 9113 and RFC 7541, section by section, against a live proxy over plain TCP."""
import os
import struct
import unittest

from h2_client import (ACK, CALM, CANCEL, COMPRESSION, CONTINUATION, DATA, END_HEADERS, END_STREAM,
                       FLOW, FRAME_SIZE, GOAWAY, HEADERS, NO_ERROR, PADDED, PING, PREFACE, PRIO,
                       PRIORITY, PROTOCOL, PUSH, REFUSED, RST, SETTINGS, STREAM_CLOSED, WINDOW,
                       Client, block, frame, literal, number, request)
from live import Live, forwarded

LIMIT = float(os.environ.get("CONFORMANCE_LIMIT", "15"))
END = END_STREAM | END_HEADERS
GET = frame(HEADERS, END, 1, request())
OPEN = frame(HEADERS, END_HEADERS, 1, request(method="POST"))


def setting(number_, value):
    return struct.pack(">HI", number_, value)


class Http2(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.live = Live(limit=LIMIT)
        cls.addClassCleanup(cls.live.close)

    def client(self, *args, **options):
        client = Client(self.live, *args, **options)
        self.addCleanup(client.close)
        return client

    def ends_with(self, codes, *frames, **options):
        """The connection ends with one of `codes`, or without a word."""
        with Client(self.live, **options) as client:
            client.send(*frames)
            code = client.goaway()
            self.assertTrue(code is None or code in codes, code)
            return code

    def all_end_with(self, codes, cases):
        for name, frames in cases.items():
            with self.subTest(name):
                self.ends_with(codes, *frames)

    def stream_ends_with(self, codes, *frames, stream=1, **options):
        with Client(self.live, **options) as client:
            client.send(*frames)
            self.assertIn(client.stream_error(stream), codes)
            self.assertEqual(client.forwarded(), [])


class Connection(Http2):
    def test_3_4_settings_come_first_and_a_request_is_answered(self):
        client = self.client()
        client.send(GET)
        self.assertEqual(client.status(1), 200)
        self.assertEqual(client.answer(1)[1], b"ok")
        self.assertEqual(client.frames[0][0], SETTINGS)
        self.assertEqual(client.forwarded(), [forwarded("GET / HTTP/1.1")])

    def test_3_4_a_bad_preface_ends_the_connection(self):
        self.ends_with([PROTOCOL], preface=PREFACE[:-1] + b"X")

    def test_3_4_something_else_than_settings_first(self):
        with Client(self.live, preface=None) as client:
            client.send(PREFACE, frame(PING, payload=bytes(8)))
            self.assertIn(client.goaway(), (None, PROTOCOL))

    def test_4_1_unknown_frames_are_ignored(self):
        client = self.client()
        client.send(frame(0xfe, 0xff, 0, b"any"), frame(0xfe, 0, 7, b"thing"), GET)
        self.assertEqual(client.status(1), 200)

    def test_4_1_reserved_bits_and_unknown_flags_are_ignored(self):
        client = self.client()
        ping = frame(PING, 0xfe, 0x80000000, b"12345678")
        client.send(ping, frame(HEADERS, END | 0xc0, 1 | 0x80000000, request()))
        self.assertEqual(client.status(1), 200)

    def test_4_2_frames_of_up_to_16384_bytes(self):
        client = self.client()
        body = b"x" * 16384
        client.send(OPEN, frame(DATA, END_STREAM, 1, body))
        self.assertEqual(client.status(1), 200)
        self.assertIn(b"4000\r\n" + body + b"\r\n0\r\n\r\n", client.forwarded()[0])

    def test_4_2_longer_frames(self):
        self.all_end_with([FRAME_SIZE], {
            "data": (OPEN, frame(DATA, 0, 1, bytes(16385))),
            "headers": (frame(HEADERS, END, 1, request(("a", "b" * 16500))),),
            "settings": (frame(SETTINGS, 0, 0, setting(1, 1) * 2731),)})

    def test_4_3_blocks_that_cannot_be_decoded(self):
        self.all_end_with([COMPRESSION], {
            "nonsense": (frame(HEADERS, END, 1, b"\xff" * 20),),
            "index 0": (frame(HEADERS, END, 1, request() + b"\x80"),),
            "index beyond the table": (frame(HEADERS, END, 1, request() + number(200, 7, 0x80)),),
            "name beyond the table": (frame(HEADERS, END, 1, request() + number(200, 4) + b"\1a"),),
            "table size above what was announced":
                (frame(HEADERS, END, 1, number(4097, 5, 0x20) + request()),),
            "table size inside a block": (frame(HEADERS, END, 1, request() + b"\x20"),),
            "integer overflow":
                (frame(HEADERS, END, 1, request() + b"\xff" + b"\xff" * 12 + b"\0"),),
            "a string beyond the block": (frame(HEADERS, END, 1, request() + b"\0\x05ab"),),
            "padding of more than 7 bits":
                (frame(HEADERS, END, 1, request() + b"\0\x01a\x82\x1f\xff"),),
            "padding of zeros": (frame(HEADERS, END, 1, request() + b"\0\x01a\x81\x18"),),
            "end of string in a string":
                (frame(HEADERS, END, 1, request() + b"\0\x01a\x84\xff\xff\xff\xff"),)})

    def test_4_3_a_refused_stream_is_decoded(self):
        """The table is shared: what a refused request entered is there for the next."""
        client = self.client()
        indexed = b"\x40" + b"\x01a\x01b"
        client.send(frame(HEADERS, END, 1, request(("Upper", "x")) + indexed))
        self.assertEqual(client.stream_error(1), PROTOCOL)
        client.send(frame(HEADERS, END, 3, request() + number(62, 7, 0x80)))
        self.assertEqual(client.status(3), 200)
        self.assertEqual(client.forwarded(), [forwarded("GET / HTTP/1.1", "a: b")])


class States(Http2):
    def test_5_1_idle_streams(self):
        self.all_end_with([PROTOCOL], {
            "data": (frame(DATA, END_STREAM, 1, b"x"),),
            "reset": (frame(RST, 0, 1, struct.pack(">I", CANCEL)),),
            "window": (frame(WINDOW, 0, 1, struct.pack(">I", 1)),),
            "continuation": (frame(CONTINUATION, END_HEADERS, 1, request()),)})

    def test_5_1_half_closed_streams(self):
        for name, more in {"data": frame(DATA, END_STREAM, 1, b"x"),
                           "headers": frame(HEADERS, END, 1, request()),
                           "continuation": frame(CONTINUATION, END_HEADERS, 1, b"")}.items():
            # Once while the app thinks, once when the answer has gone out.
            with self.subTest(name), Client(self.live) as client:
                client.send(GET, more)
                self.assertIn(client.goaway(), (STREAM_CLOSED, PROTOCOL))
            with self.subTest(name + ", answered"), Client(self.live) as client:
                client.send(GET)
                client.answer(1)
                client.send(more)
                self.assertIn(client.goaway(), (STREAM_CLOSED, PROTOCOL))

    def test_5_1_streams_that_the_client_has_reset(self):
        reset = frame(RST, 0, 1, struct.pack(">I", CANCEL))
        self.all_end_with([STREAM_CLOSED], {
            "data": (OPEN, reset, frame(DATA, END_STREAM, 1, b"x")),
            "headers": (OPEN, reset, frame(HEADERS, END, 1, request()))})

    def test_5_1_window_updates_and_priorities_of_closed_streams_are_fine(self):
        client = self.client()
        client.send(GET)
        client.answer(1)
        client.send(frame(WINDOW, 0, 1, struct.pack(">I", 1)), frame(PRIORITY, 0, 1, bytes(5)),
                    frame(RST, 0, 1, struct.pack(">I", CANCEL)))
        self.assertTrue(client.still_works())

    def test_5_1_1_ids(self):
        self.all_end_with([PROTOCOL, STREAM_CLOSED], {
            "even": (frame(HEADERS, END, 2, request()),),
            "falling": (frame(HEADERS, END, 5, request()), frame(HEADERS, END, 3, request()))})

    def test_5_1_2_too_many_streams(self):
        with Client(self.live) as client:
            client.until(lambda f: f[0] == SETTINGS and f[1] & ACK)
            client.send(frame(SETTINGS, ACK))
            for stream in range(1, 2 * 120, 2):
                client.send(frame(HEADERS, END_HEADERS, stream, request(method="POST")))
            found = client.until(lambda f: f[0] in (RST, GOAWAY))
            code = int.from_bytes(found[3][:4] if found[0] == RST else found[3][4:8], "big")
            self.assertIn(code, (PROTOCOL, REFUSED))

    def test_5_3_a_stream_that_depends_on_itself(self):
        itself = struct.pack(">IB", 1, 15)
        with Client(self.live) as client:
            client.send(frame(HEADERS, END | PRIO, 1, itself + request()))
            self.assertEqual(client.stream_error(1), PROTOCOL)
        with Client(self.live) as client:
            client.send(OPEN, frame(PRIORITY, 0, 1, itself))
            self.assertEqual(client.stream_error(1), PROTOCOL)


class Frames(Http2):
    def test_6_frames_on_the_wrong_stream(self):
        self.all_end_with([PROTOCOL], {
            "data": (frame(DATA, END_STREAM, 0, b"x"),),
            "headers": (frame(HEADERS, END, 0, request()),),
            "priority": (frame(PRIORITY, 0, 0, bytes(5)),),
            "reset": (frame(RST, 0, 0, bytes(4)),),
            "settings": (frame(SETTINGS, 0, 1),),
            "push": (frame(PUSH, END_HEADERS, 1, struct.pack(">I", 2) + request()),),
            "ping": (frame(PING, 0, 1, bytes(8)),),
            "goaway": (frame(GOAWAY, 0, 1, bytes(8)),),
            "continuation": (frame(HEADERS, END_STREAM, 1, request()),
                             frame(CONTINUATION, END_HEADERS, 0, b""))})

    def test_6_frames_of_the_wrong_size(self):
        self.all_end_with([FRAME_SIZE], {
            "priority": (OPEN, frame(PRIORITY, 0, 1, bytes(4))),
            "reset": (OPEN, frame(RST, 0, 1, bytes(3))),
            "settings": (frame(SETTINGS, 0, 0, bytes(5)),),
            "acknowledgement": (frame(SETTINGS, ACK, 0, setting(1, 1)),),
            "ping": (frame(PING, 0, 0, bytes(6)),),
            "window": (frame(WINDOW, 0, 0, bytes(3)),),
            "window of a stream": (OPEN, frame(WINDOW, 0, 1, bytes(5)))})

    def test_6_padding(self):
        self.all_end_with([PROTOCOL], {
            "data": (OPEN, frame(DATA, END_STREAM | PADDED, 1, b"\x06hello")),
            "headers": (frame(HEADERS, END | PADDED, 1, b"\xff" + request()),)})
        client = self.client()
        client.send(frame(HEADERS, END_HEADERS | PADDED | PRIO, 1,
                          b"\x04" + bytes(4) + b"\x10" + request(method="POST") + bytes(4)),
                    frame(DATA, END_STREAM | PADDED, 1, b"\x03hello" + bytes(3)))
        self.assertEqual(client.status(1), 200)
        self.assertTrue(client.forwarded()[0].endswith(b"5\r\nhello\r\n0\r\n\r\n"))

    def test_6_5_settings(self):
        self.all_end_with([PROTOCOL], {
            "push 2": (frame(SETTINGS, 0, 0, setting(2, 2)),),
            "frames of 16383": (frame(SETTINGS, 0, 0, setting(5, 16383)),),
            "frames of 2^24": (frame(SETTINGS, 0, 0, setting(5, 1 << 24)),)})
        self.all_end_with([FLOW], {"window": (frame(SETTINGS, 0, 0, setting(4, 1 << 31)),)})
        client = self.client(ack=False)
        client.send(frame(SETTINGS, 0, 0, setting(0xabcd, 7)), frame(SETTINGS), frame(PING, 0, 0,
                                                                                      b"12345678"))
        client.until(lambda f: f[0] == PING)
        self.assertEqual(sum(f[0] == SETTINGS and f[1] & ACK for f in client.frames), 3)

    def test_6_7_ping_is_answered_with_the_same_bytes_and_an_ack_is_not(self):
        client = self.client()
        client.send(frame(PING, ACK, 0, b"ackedxxx"), frame(PING, 0, 0, b"87654321"))
        found = client.until(lambda f: f[0] == PING)
        self.assertEqual((found[1], found[3]), (ACK, b"87654321"))

    def test_6_8_goaway_of_the_client_lets_requests_finish(self):
        client = self.client()
        client.send(GET, frame(GOAWAY, 0, 0, bytes(8)))
        self.assertEqual(client.status(1), 200)

    def test_6_9_windows(self):
        self.all_end_with([PROTOCOL], {"0": (frame(WINDOW, 0, 0, bytes(4)),)})
        self.all_end_with([FLOW], {
            "overflow": (frame(WINDOW, 0, 0, struct.pack(">I", 0x7fffffff)),)})
        for code, value in ((PROTOCOL, 0), (FLOW, 0x7fffffff)):
            with self.subTest(value), Client(self.live) as client:
                client.send(OPEN, frame(WINDOW, 0, 1, struct.pack(">I", value)))
                self.assertEqual(client.stream_error(1), code)

    def test_6_9_no_more_than_the_window_is_sent_also_when_it_becomes_negative(self):
        body = b"x" * 1000
        said = (b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + body,)
        client = self.client(settings=setting(4, 10), answers=said)
        client.send(GET)
        client.until(lambda f: f[0] == DATA)
        self.assertEqual(len(client.frames[-1][3]), 10)
        client.send(frame(SETTINGS, 0, 0, setting(4, 5)), frame(WINDOW, 0, 1, struct.pack(">I", 5)),
                    frame(PING, 0, 0, bytes(8)))
        client.until(lambda f: f[0] == PING)
        self.assertEqual(sum(len(f[3]) for f in client.frames if f[0] == DATA), 10)
        client.send(frame(WINDOW, 0, 1, struct.pack(">I", 990)))
        self.assertEqual(client.answer(1)[1], body)

    def test_6_10_nothing_comes_between_headers_and_their_end(self):
        begun = frame(HEADERS, END_STREAM, 1, request())
        self.all_end_with([PROTOCOL], {
            "data": (begun, frame(DATA, 0, 1, b"")),
            "settings": (begun, frame(SETTINGS)),
            "ping": (begun, frame(PING, 0, 0, bytes(8))),
            "unknown": (begun, frame(0xfe, 0, 0, b"")),
            "another stream": (begun, frame(CONTINUATION, END_HEADERS, 3, b"")),
            "headers": (begun, frame(HEADERS, END, 3, request())),
            "no continuation": (GET, frame(CONTINUATION, END_HEADERS, 1, b""))})

    def test_6_10_continuations(self):
        client = self.client()
        whole = request(("a", "b"))
        client.send(frame(HEADERS, END_STREAM, 1, whole[:5]), frame(CONTINUATION, 0, 1, whole[5:9]),
                    frame(CONTINUATION, END_HEADERS, 1, whole[9:]))
        self.assertEqual(client.status(1), 200)


class Messages(Http2):
    def malformed(self, cases):
        for name, fields in cases.items():
            with self.subTest(name):
                self.stream_ends_with([PROTOCOL], frame(HEADERS, END, 1, fields))

    def test_8_2_names(self):
        self.malformed({f"name {name!r}": request((name, "x"))
                        for name in ("Upper", "a b", "a:b", "\x01", "a\x7f", "\xe4", "")})

    def test_8_2_values(self):
        self.malformed({f"value {value!r}": request(("a", value))
                        for value in ("\0", "a\rb", "a\nb", " a", "a ", "\ta", "a\t", "\x01")})

    def test_8_2_2_fields_of_one_hop(self):
        self.malformed({name: request((name, value)) for name, value in (
            ("connection", "close"), ("keep-alive", "1"), ("proxy-connection", "close"),
            ("transfer-encoding", "chunked"), ("upgrade", "websocket"), ("te", "gzip"),
            ("te", "trailers, deflate"))})
        client = self.client()
        client.send(frame(HEADERS, END, 1, request(("te", "trailers"))))
        self.assertEqual(client.status(1), 200)

    def test_8_3_pseudo_fields(self):
        self.malformed({
            "after others": block(("a", "b")) + request(),
            "unknown": request((":a", "b")),
            "of answers": request((":status", "200")),
            "no method": request(method=None), "no scheme": request(scheme=None),
            "no path": request(path=None), "empty path": request(path=""),
            "two methods": literal(":method", "GET") + request(),
            "two schemes": literal(":scheme", "http") + request(),
            "two paths": literal(":path", "/") + request(),
            "two authorities": literal(":authority", "app.test") + request(),
            "a path without a slash": request(path="a"),
            "* for GET": request(path="*"),
            "no authority": request(authority=None),
            "userinfo": request(authority="u@app.test"),
            "authority and another Host": request(("host", "other.test")),
            "two Hosts": request(("host", "app.test"), ("host", "app.test"))})

    def test_8_3_values_that_would_be_something_else_in_http_1(self):
        self.malformed({
            "blank in the path": request(path="/ HTTP/1.1"),
            "line end in the path": request(path="/\r\nA: b"),
            "fragment": request(path="/a#b"),
            "path above 0x7f": request(path="/\xe4"),
            "blank in the method": request(method="GET /x"),
            "line end in the authority": request(authority="app.test\r\nA: b"),
            "list in the authority": request(authority="app.test, b"),
            "length that is none": request(("content-length", "+1")),
            "two lengths": request(("content-length", "0"), ("content-length", "0"))})

    def test_8_1_trailers(self):
        trailers = frame(HEADERS, END, 1, block(("x-sum", "1"), ("x-forwarded-for", "9")))
        client = self.client()
        client.send(OPEN, frame(DATA, 0, 1, b"hello"), trailers)
        self.assertEqual(client.status(1), 200)
        self.assertTrue(client.forwarded()[0].endswith(b"5\r\nhello\r\n0\r\nx-sum: 1\r\n\r\n"))
        for name, fields in {"pseudo-fields": block((":path", "/")),
                             "without an end": None}.items():
            with self.subTest(name), Client(self.live) as bad:
                flags = END if fields else END_HEADERS
                bad.send(OPEN, frame(HEADERS, flags, 1, fields or block(("a", "b"))))
                self.assertEqual(bad.stream_error(1), PROTOCOL)

    def test_8_1_1_content_length_and_data_agree(self):
        def post(length):
            return frame(HEADERS, END_HEADERS, 1, request(("content-length", length),
                                                          method="POST"))
        for name, frames in {
                "less": (post("5"), frame(DATA, END_STREAM, 1, b"hell")),
                "more": (post("3"), frame(DATA, END_STREAM, 1, b"hell")),
                "several":
                    (post("3"), frame(DATA, 0, 1, b"he"), frame(DATA, END_STREAM, 1, b"ll")),
                "none": (frame(HEADERS, END, 1, request(("content-length", "1"))),)}.items():
            with self.subTest(name), Client(self.live) as client:
                client.send(*frames)
                self.assertEqual(client.stream_error(1), PROTOCOL)
        client = self.client()
        client.send(post("4"), frame(DATA, END_STREAM, 1, b"hell"))
        self.assertEqual(client.status(1), 200)
        self.assertEqual(client.forwarded(), [forwarded(
            "POST / HTTP/1.1", framing=["Content-Length: 4"], body=b"hell")])

    def test_8_2_3_cookies_become_one(self):
        client = self.client()
        client.send(frame(HEADERS, END, 1,
                          request(("cookie", "a=b"), ("x", "y"), ("cookie", "c=d"))))
        client.answer(1)
        self.assertEqual(client.forwarded(),
                         [forwarded("GET / HTTP/1.1", "x: y", "cookie: a=b; c=d")])

    def test_8_4_a_client_may_not_push(self):
        self.ends_with([PROTOCOL], OPEN, frame(PUSH, END_HEADERS, 1,
                                               struct.pack(">I", 2) + request()))

    def test_rules_of_http_1_hold_here_too(self):
        client = self.client()
        client.send(frame(HEADERS, END, 1, request(("a_b", "c"), ("x-forwarded-for", "6.6.6.6"),
                                                   ("d", "e"))))
        client.answer(1)
        self.assertEqual(client.forwarded(), [forwarded("GET / HTTP/1.1", "d: e")])
        for stream, (status, fields) in enumerate({
                405: request(method="TRACE"), 417: request(("expect", "wonders")),
                431: request(("a", "b" * 9000), ("c", "d" * 9000), ("e", "f" * 9000),
                             ("g", "h" * 9000))}.items()):
            with self.subTest(status), Client(self.live) as bad:
                first, rest = fields[:16000], fields[16000:]
                frames = [frame(HEADERS, END_STREAM | (0 if rest else END_HEADERS), 1, first)]
                while rest:
                    piece, rest = rest[:16000], rest[16000:]
                    frames.append(frame(CONTINUATION, 0 if rest else END_HEADERS, 1, piece))
                bad.send(*frames)
                self.assertEqual(bad.status(1), status)

    def test_connect_is_refused(self):
        client = self.client()
        client.send(frame(HEADERS, END, 1, block((":method", "CONNECT"), (":authority", "a:1"))))
        self.assertEqual(client.status(1), 405)

    def test_an_unknown_host_gets_404(self):
        client = self.client()
        client.send(frame(HEADERS, END, 1, request(authority="nobody.test")))
        self.assertEqual(client.status(1), 404)


class Answers(Http2):
    def test_many_streams_at_once(self):
        client = self.client()
        for stream in range(1, 101, 2):
            client.send(frame(HEADERS, END, stream, request(path=f"/{stream}")))
        for stream in range(1, 101, 2):
            self.assertEqual(client.answer(stream)[1], b"ok")

    def test_an_answer_larger_than_every_buffer(self):
        body = bytes(range(256)) * 4000
        said = (b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body,)
        client = self.client(settings=setting(4, 1 << 24), answers=said)
        client.send(frame(WINDOW, 0, 0, struct.pack(">I", 1 << 24)), GET)
        self.assertEqual(client.answer(1)[1], body)

    def test_trailers_of_an_app(self):
        said = (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                b"2\r\nok\r\n0\r\nx-t: 1\r\n\r\n",)
        client = self.client(answers=said)
        client.send(GET)
        self.assertEqual(client.answer(1)[1], b"ok")
        last = [f for f in client.frames if f[2] == 1][-1]
        self.assertEqual((last[0], last[1] & END_STREAM), (HEADERS, END_STREAM))

    def test_an_answer_that_is_cut_off_is_reset(self):
        said = (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\nzz\r\n",)
        client = self.client(answers=said)
        client.send(GET)
        code = client.stream_error(1) if client.answer(1)[1] == b"ok" else None
        self.assertTrue(code or client.status(1) == 502)

    def test_head_has_no_body(self):
        client = self.client(answers=(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n",))
        client.send(frame(HEADERS, END, 1, request(method="HEAD")))
        self.assertEqual((client.status(1), client.answer(1)[1]), (200, b""))

    def test_an_early_answer_asks_for_no_more_body(self):
        client = self.client(answers=(b"HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n",), early=True)
        client.send(OPEN, frame(DATA, 0, 1, b"hello"))
        self.assertEqual(client.status(1), 413)
        self.assertEqual(client.stream_error(1), NO_ERROR)
        client.send(frame(DATA, END_STREAM, 1, b"more"))  # was on its way
        client.early, client.answers = False, (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",)
        self.live.forget_origin()
        self.assertTrue(client.still_works())


class Abuse(Http2):
    """RFC 9113 §10.5: all of it ends with ENHANCE_YOUR_CALM."""

    def test_rapid_reset(self):
        flood = []
        for stream in range(1, 400, 2):
            flood += [frame(HEADERS, END_HEADERS, stream, request(method="POST")),
                      frame(RST, 0, stream, struct.pack(">I", CANCEL))]
        self.ends_with([CALM], *flood)

    def test_resets_that_the_client_provokes(self):
        flood = [frame(HEADERS, END, stream, request(path="bad")) for stream in range(1, 400, 2)]
        self.ends_with([CALM], *flood)

    def test_floods(self):
        self.all_end_with([CALM], {
            "ping": [frame(PING, 0, 0, bytes(8))] * 2000,
            "settings": [frame(SETTINGS, 0, 0, setting(3, 5))] * 2000,
            "empty data": [OPEN] + [frame(DATA, 0, 1)] * 2000,
            "priority": [frame(PRIORITY, 0, 7, bytes(5))] * 2000,
            "window updates": [OPEN] + [frame(WINDOW, 0, 1, struct.pack(">I", 1))] * 3000,
            "unknown frames": [frame(0xfe)] * 3000})

    def test_continuations_without_end(self):
        begun = [frame(HEADERS, END_STREAM, 1, request())]
        self.ends_with([CALM], *begun, *[frame(CONTINUATION, 0, 1, literal("a", "b"))] * 100)
        self.ends_with([CALM], *begun, *[frame(CONTINUATION, 0, 1, b"")] * 100)

    def test_a_head_that_becomes_huge(self):
        """4 kB in the table, named 4,000 times: 16 MB out of some kB."""
        bomb = b"\x40" + b"\x01a" + number(4000, 7) + b"x" * 4000 + b"\xbe" * 4000
        self.ends_with([CALM], frame(HEADERS, END, 1, request() + bomb))


if __name__ == "__main__":
    unittest.main()
