"""HTTP/2: each frame in each state of a stream, and forms that are legal but rare (RFC 9113, 7541).

Where RFC 9113 leaves a choice, a case allows every code that it names.
"""
import struct
import unittest

from h2_client import (ACK, CANCEL, COMPRESSION, CONTINUATION, DATA, END_HEADERS, END_STREAM, FLOW,
                       FRAME_SIZE, GOAWAY, HEADERS, PADDED, PING, PREFACE, PRIO, PRIORITY, PROTOCOL,
                       PUSH, RST, SETTINGS, STREAM_CLOSED, WINDOW, Client, block, fields_of, frame,
                       literal, number, request)
from http2_test import END, GET, OPEN, Http2, setting
from live import forwarded

FINE = None
ONE = struct.pack(">I", 1)
RESET = frame(RST, 0, 1, struct.pack(">I", CANCEL))
# What may be sent for stream 1 whatever has become of it.
FRAMES = {
    "data": frame(DATA, END_STREAM, 1, b"x"),
    "headers": frame(HEADERS, END, 1, block(("a", "b"))),
    "priority": frame(PRIORITY, 0, 1, bytes(4) + b"\x10"),
    "reset": RESET,
    "push": frame(PUSH, END_HEADERS, 1, struct.pack(">I", 2) + request()),
    "window": frame(WINDOW, 0, 1, ONE),
    "continuation": frame(CONTINUATION, END_HEADERS, 1, b""),
    "unknown": frame(0xfe, 0xff, 1, b"?"),
}
WRONG = {"push": [PROTOCOL], "continuation": [PROTOCOL, STREAM_CLOSED]}


class States(Http2):
    """RFC 9113 §5.1. A state is what was sent before; `wrong` says which frames end how there."""

    def each_frame(self, before, wrong, wait=None, skip=()):
        for name, more in FRAMES.items():
            if name in skip:
                continue
            with self.subTest(name), Client(self.live) as client:
                client.send(*before)
                if wait:
                    wait(client)
                client.send(more)
                codes = {**WRONG, **wrong}.get(name, FINE)
                if codes is not FINE:
                    self.assertIn(client.stream_error(1), codes + [None])
                elif not (name == "data" and before == (OPEN,)):
                    self.assertTrue(client.still_works())

    def test_idle(self):
        self.each_frame((), {name: [PROTOCOL] for name in ("data", "reset", "window", "headers")})

    def test_open(self):
        self.each_frame((OPEN,), {})

    def test_half_closed_by_the_client(self):
        # The app is given no time to answer: all comes in one piece.
        for name, more in FRAMES.items():
            with self.subTest(name), Client(self.live) as client:
                client.send(GET + more)
                codes = {**WRONG, "data": [STREAM_CLOSED], "headers": [STREAM_CLOSED]}.get(name)
                if codes:
                    self.assertIn(client.goaway(), codes + [None])
                else:
                    self.assertTrue(client.still_works())

    def test_closed_by_both(self):
        self.each_frame((GET,), {"data": [STREAM_CLOSED], "headers": [STREAM_CLOSED]},
                        wait=lambda client: client.answer(1))

    def test_closed_by_the_clients_reset(self):
        self.each_frame((OPEN, RESET), {"data": [STREAM_CLOSED], "headers": [STREAM_CLOSED]})

    def test_closed_by_our_reset(self):
        """What the client sends before it hears of it is overlooked; its block is decoded."""
        bad = frame(HEADERS, END_HEADERS, 1, request(("Upper", "x"), method="POST"))
        self.each_frame((bad,), {}, wait=lambda client: client.stream_error(1))
        with Client(self.live) as client:
            client.send(bad)
            self.assertEqual(client.stream_error(1), PROTOCOL)
            client.send(frame(HEADERS, END, 1, b"\x40\x01a\x01b"),
                        frame(HEADERS, END, 3, request() + number(62, 7, 0x80)))
            self.assertEqual(client.status(3), 200)
            self.assertEqual(client.forwarded(), [forwarded("GET / HTTP/1.1", "a: b")])

    def test_ids_that_were_passed_over_are_not_opened_later(self):
        with Client(self.live) as client:
            client.send(frame(HEADERS, END, 5, request()))
            client.answer(5)
            client.send(frame(HEADERS, END, 3, request()))
            self.assertEqual(client.goaway(), PROTOCOL)

    def test_ids_up_to_the_last(self):
        client = self.client()
        client.send(frame(HEADERS, END, 0x7fffffff, request()))
        self.assertEqual(client.status(0x7fffffff), 200)

    def test_bodies_of_streams_that_are_over_leave_the_window_open(self):
        """Thirty streams with a window of bytes each: nobody takes them, all are given back."""
        client = self.client()
        for stream in range(1, 60, 2):
            client.send(frame(HEADERS, END_HEADERS, stream, request(("Bad", "x"), method="POST")),
                        *[frame(DATA, 0, stream, bytes(16384))] * 3)
            client.stream_error(stream)
        body = bytes(20000)
        client.send(frame(HEADERS, END_HEADERS, 101, request(method="POST")),
                    frame(DATA, 0, 101, body[:10000]), frame(DATA, END_STREAM, 101, body[10000:]))
        self.assertEqual(client.status(101), 200)


class Sizes(Http2):
    """RFC 9113 §4.2, §6: what is too short or too long for its type."""

    def test_too_short_or_too_long(self):
        self.all_end_with([FRAME_SIZE, PROTOCOL], {
            "data, padded, empty": (OPEN, frame(DATA, PADDED, 1, b"")),
            "headers, padded, empty": (frame(HEADERS, END | PADDED, 1, b""),),
            "headers with half a priority": (frame(HEADERS, END | PRIO, 1, bytes(4)),),
            "priority of 6": (OPEN, frame(PRIORITY, 0, 1, bytes(6))),
            "reset of 5": (OPEN, frame(RST, 0, 1, bytes(5))),
            "settings of 7": (frame(SETTINGS, 0, 0, bytes(7)),),
            "ping of 7": (frame(PING, 0, 0, bytes(7)),),
            "ping of 9": (frame(PING, 0, 0, bytes(9)),),
            "ping, acknowledged, of 0": (frame(PING, ACK, 0, b""),),
            "goaway of 7": (frame(GOAWAY, 0, 0, bytes(7)),),
            "window of 5": (frame(WINDOW, 0, 0, bytes(5)),),
            "continuation of 16385": (frame(HEADERS, END_STREAM, 1, request()),
                                      frame(CONTINUATION, END_HEADERS, 1, bytes(16385)))})

    def test_padding_as_long_as_the_payload(self):
        self.all_end_with([PROTOCOL], {
            "data": (OPEN, frame(DATA, END_STREAM | PADDED, 1, b"\x01")),
            "headers": (frame(HEADERS, END | PADDED, 1, b"\x01"),),
            "headers, behind the priority":
                (frame(HEADERS, END | PADDED | PRIO, 1, b"\x01" + bytes(5)),)})

    def test_padding_alone(self):
        client = self.client()
        client.send(OPEN, frame(DATA, PADDED, 1, b"\x03" + bytes(3)),
                    frame(DATA, END_STREAM | PADDED, 1, b"\x00"))
        self.assertEqual(client.status(1), 200)
        self.assertTrue(client.forwarded()[0].endswith(b"\r\n\r\n0\r\n\r\n"))

    def test_padding_is_given_back_to_the_window(self):
        client = self.client()
        client.send(OPEN)
        for _ in range(600):  # 2.4 times the window of a stream
            client.send(frame(DATA, PADDED, 1, b"\xff" + bytes(255)))
            client.live._pump(0, client.sock, [], client.answers, False, False)
        client.send(frame(DATA, END_STREAM, 1, b"end"))
        self.assertEqual(client.status(1), 200)

    def test_empty_frames(self):
        client = self.client()
        client.send(OPEN, frame(DATA, 0, 1, b""), frame(DATA, END_STREAM, 1, b""))
        self.assertEqual(client.status(1), 200)
        with Client(self.live) as empty:
            empty.send(frame(HEADERS, END_STREAM, 1, b""),
                       frame(CONTINUATION, END_HEADERS, 1, request()))
            self.assertEqual(empty.status(1), 200)


class Connection(Http2):
    def test_3_4_a_preface_in_pieces(self):
        client = self.client(preface=None)
        for byte in PREFACE + frame(SETTINGS):
            client.send(bytes([byte]))
        client.send(GET)
        self.assertEqual(client.status(1), 200)

    def test_3_4_settings_may_come_late_but_first(self):
        for name, first in {"headers": GET, "window": frame(WINDOW, 0, 0, ONE),
                            "an acknowledgement": frame(SETTINGS, ACK),
                            "something unknown": frame(0xfe)}.items():
            with self.subTest(name), Client(self.live, preface=None) as client:
                client.send(PREFACE, first)
                self.assertIn(client.goaway(), (PROTOCOL, None))

    def test_5_4_1_a_goaway_names_the_last_stream(self):
        with Client(self.live) as client:
            client.send(GET)
            client.answer(1)
            client.send(frame(PING, 0, 3, bytes(8)))
            client.goaway()
            last = [f for f in client.frames if f[0] == GOAWAY][-1]
            self.assertEqual(int.from_bytes(last[3][:4], "big"), 1)

    def test_6_5_settings_in_order_the_last_wins(self):
        said = (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + b"x" * 100,)
        client = self.client(settings=setting(4, 1) + setting(4, 100) + setting(3, 0)
                             + setting(2, 0) + setting(2, 1) + setting(5, 0xffffff)
                             + setting(6, 1 << 20), answers=said)
        client.send(GET)
        self.assertEqual(client.answer(1)[1], b"x" * 100)

    def test_6_5_a_window_of_one(self):
        client = self.client(settings=setting(4, 1))
        client.send(GET)
        self.assertEqual(client.until(lambda f: f[0] == DATA)[3], b"o")
        client.send(frame(WINDOW, 0, 1, ONE))
        self.assertEqual(client.until(lambda f: f[0] == DATA and f[3] == b"k")[3], b"k")

    def test_6_5_a_window_of_nothing_opened_by_settings(self):
        client = self.client(settings=setting(4, 0))
        client.send(GET)
        client.until(lambda f: f[0] == HEADERS)
        client.send(frame(SETTINGS, 0, 0, setting(4, 2)))
        self.assertEqual(client.answer(1)[1], b"ok")

    def test_6_8_requests_after_the_clients_goaway_of_another_kind(self):
        client = self.client()
        client.send(frame(GOAWAY, 0, 0, bytes(4) + struct.pack(">I", 2) + b"debug"), GET)
        self.assertIn(client.answer(1)[1], (b"ok", b""))

    def test_6_9_windows_that_grow_too_far(self):
        half = struct.pack(">I", 0x40000000)
        with Client(self.live) as client:
            client.send(OPEN, frame(WINDOW, 0, 1, half), frame(WINDOW, 0, 1, half))
            self.assertEqual(client.stream_error(1), FLOW)
        self.ends_with([FLOW], frame(WINDOW, 0, 0, half), frame(WINDOW, 0, 0, half))
        with Client(self.live) as client:  # §6.9.2: by the initial window, too
            client.send(OPEN, frame(WINDOW, 0, 1, struct.pack(">I", 0x7fff0000 - 1)),
                        frame(SETTINGS, 0, 0, setting(4, 0x7fffffff)))
            self.assertEqual(client.stream_error(1), FLOW)

    def test_6_9_the_reserved_bit_of_an_increment(self):
        with Client(self.live) as client:
            client.send(OPEN, frame(WINDOW, 0, 1, struct.pack(">I", 0x80000000)))
            self.assertEqual(client.stream_error(1), PROTOCOL)

    def test_6_9_a_shut_connection_window_holds_all_streams(self):
        said = (b"HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\n" + bytes(70000),)
        client = self.client(settings=setting(4, 100000), answers=said)
        client.send(GET, frame(PING, 0, 0, bytes(8)))
        client.until(lambda f: sum(len(g[3]) for g in client.frames if g[0] == DATA) >= 65535)
        client.send(frame(HEADERS, END, 3, request(method="HEAD")))
        client.until(lambda f: f[0] == HEADERS and f[2] == 3)
        self.assertEqual(sum(len(f[3]) for f in client.frames if f[0] == DATA), 65535)
        client.send(frame(WINDOW, 0, 0, struct.pack(">I", 70000)))
        self.assertEqual(len(client.answer(1)[1]), 70000)


class Hpack(Http2):
    """RFC 7541: what is legal, in each of its forms."""

    def answered(self, *blocks, then=()):
        client = self.client()
        for at, fields in enumerate(blocks):
            client.send(frame(HEADERS, END, 2 * at + 1, fields))
            self.assertEqual(client.status(2 * at + 1), 200)
        self.assertEqual(client.forwarded(), [b"".join(
            forwarded("GET / HTTP/1.1", *fields) for fields in then or [()] * len(blocks))])

    def test_2_the_static_table(self):
        self.answered(b"\x82\x86\x84\x41\x08app.test")

    def test_5_2_huffman(self):
        # RFC 7541, C.4.1: www.example.com; here as the value of a field.
        coded = bytes.fromhex("8cf1e3c2e5f23a6ba0ab90f4ff")
        self.answered(request() + b"\x00\x01a" + coded, then=[("a: www.example.com",)])

    def test_6_2_literals_of_every_kind(self):
        kinds = b"".join(first + b"\x01a\x01b" for first in (b"\x40", b"\x00", b"\x10"))
        self.answered(request() + kinds, request() + number(62, 7, 0x80),
                      then=[("a: b",) * 3, ("a: b",)])

    def test_6_2_names_from_the_table(self):
        never = number(62, 4, 0x10) + b"\x01d"
        self.answered(request() + b"\x40\x01a\x01b" + number(62, 6, 0x40) + b"\x01c" + never,
                      then=[("a: b", "a: c", "a: d")])

    def test_4_2_table_sizes_at_the_start(self):
        sizes = number(0, 5, 0x20) + number(4096, 5, 0x20)
        self.answered(sizes + request() + b"\x40\x01a\x01b", request() + number(62, 7, 0x80),
                      then=[("a: b",), ("a: b",)])

    def test_4_3_a_smaller_table_forgets(self):
        with Client(self.live) as client:
            client.send(frame(HEADERS, END, 1, request() + b"\x40\x01a\x01b"))
            client.answer(1)
            client.send(frame(HEADERS, END, 3, number(0, 5, 0x20) + request()
                              + number(62, 7, 0x80)))
            self.assertIn(client.goaway(), (COMPRESSION, None))

    def test_4_4_an_entry_larger_than_the_table_empties_it(self):
        long = b"\x40\x01a" + number(5000, 7) + b"x" * 5000
        with Client(self.live) as client:
            client.send(frame(HEADERS, END, 1, request() + b"\x40\x01a\x01b" + long
                              + number(62, 7, 0x80)))
            self.assertIn(client.goaway(), (COMPRESSION, None))

    def test_4_4_old_entries_make_room(self):
        entries = b"".join(b"\x40\x02" + b"%02d" % n + number(400, 7) + b"x" * 400
                           for n in range(20))
        with Client(self.live) as client:
            client.send(frame(HEADERS, END, 1, request() + entries + number(62 + 8, 7, 0x80)))
            self.assertEqual(client.status(1), 200)
            client.send(frame(HEADERS, END, 3, request() + number(62 + 9, 7, 0x80)))
            self.assertIn(client.goaway(), (COMPRESSION, None))

    def test_what_cannot_be_decoded(self):
        self.all_end_with([COMPRESSION], {
            "two sizes, the first too large":
                (frame(HEADERS, END, 1, number(5000, 5, 0x20) + b"\x20" + request()),),
            "a size at the end": (frame(HEADERS, END, 1, request() + number(100, 5, 0x20)),),
            "a size as trailers": (OPEN, frame(HEADERS, END, 1, literal("a", "b") + b"\x20")),
            "an index into an empty table":
                (frame(HEADERS, END, 1, request() + number(62, 7, 0x80)),),
            "a name into an empty table":
                (frame(HEADERS, END, 1, request() + number(62, 6, 0x40) + b"\x01b"),),
            "a number without an end": (frame(HEADERS, END, 1, request() + b"\xff\xff\xff"),),
            "a name without an end": (frame(HEADERS, END, 1, request() + b"\x00\x05ab"),),
            "a length without a string": (frame(HEADERS, END, 1, request() + b"\x00\x01a\x05"),),
            "a half block": (frame(HEADERS, END, 1, request()[:-1]),)})

    def test_4_2_our_encoder_follows_a_smaller_table(self):
        """§4.2: an announced limit of nothing is confirmed before anything else is said."""
        client = self.client(settings=setting(1, 0))
        client.send(GET)
        head, _ = client.answer(1)
        self.assertEqual(head[0], 0x20)
        for byte in head[1:3]:
            self.assertNotEqual(byte & 0xc0, 0x40, "it has entered something")


class Unknown(Http2):
    """RFC 9113 §5.5, §7: what nobody knows changes nothing."""

    def test_7_error_codes(self):
        for code in (0xff, 0xffffffff):
            client = self.client()
            client.send(OPEN, frame(RST, 0, 1, struct.pack(">I", code)))
            self.assertTrue(client.still_works())
        client = self.client()
        client.send(frame(GOAWAY, 0, 0, struct.pack(">II", 0, 0xff) + b"why"),
                    frame(PING, 0, 0, b"any more"))
        found = client.until(lambda f: f[0] == PING)
        self.assertTrue(found is None or (found[1] & ACK and found[3] == b"any more"))

    def test_5_5_frames_among_a_stream(self):
        client = self.client()
        client.send(OPEN, frame(0x0b, 0xff, 1, bytes(100)), frame(DATA, 0, 1, b"a"),
                    frame(0xfe, 0, 1, b""), frame(0x10, 0, 0, b"priority update"),
                    frame(DATA, END_STREAM, 1, b"b"))
        self.assertEqual(client.status(1), 200)
        self.assertTrue(client.forwarded()[0].endswith(b"\r\n0\r\n\r\n"))

    def test_5_5_a_frame_that_is_too_long_though_unknown(self):
        self.ends_with([FRAME_SIZE], frame(0xfe, 0, 0, bytes(16385)))

    def test_6_5_settings_that_nobody_knows(self):
        client = self.client(settings=setting(8, 1) + setting(9, 1) + setting(10, 7)
                             + setting(0xffff, 0xffffffff))
        client.send(GET)
        self.assertEqual(client.status(1), 200)


class Priorities(Http2):
    """RFC 9113 §5.3.2: deprecated, to be read all the same."""

    def test_every_form(self):
        client = self.client()
        for dependency in (0, 7, 0x80000000, 0x80000007):
            for weight in (0, 255):
                client.send(frame(PRIORITY, 0, 5, struct.pack(">IB", dependency, weight)))
        client.send(frame(HEADERS, END | PRIO, 5, struct.pack(">IB", 0x80000000, 255) + request()),
                    frame(PRIORITY, 0, 2, struct.pack(">IB", 0, 1)))
        self.assertEqual(client.status(5), 200)
        self.assertTrue(client.still_works())

    def test_of_a_stream_that_was_passed_over(self):
        client = self.client()
        client.send(frame(HEADERS, END, 5, request()), frame(PRIORITY, 0, 3, bytes(5)))
        self.assertTrue(client.still_works())


class Heads(Http2):
    def test_padding_and_priority_with_continuations(self):
        whole = request(("a", "b"))
        client = self.client()
        client.send(frame(HEADERS, END_STREAM | PADDED | PRIO, 1,
                          b"\x07" + bytes(4) + b"\x10" + whole[:9] + bytes(7)),
                    frame(CONTINUATION, 0, 1, whole[9:10]), frame(CONTINUATION, 0, 1, b""),
                    frame(CONTINUATION, END_HEADERS, 1, whole[10:]))
        self.assertEqual(client.status(1), 200)
        self.assertEqual(client.forwarded(), [forwarded("GET / HTTP/1.1", "a: b")])

    def test_fields_that_only_http_1_would_mind(self):
        client = self.client()
        client.send(frame(HEADERS, END, 1, request(("trailer", "x"), ("proxy", "evil"),
                                                   ("x-request-id", "mine"), ("a", "\x80\xff"),
                                                   ("b", ""), ("c", "d\te"))))
        self.assertEqual(client.status(1), 200)
        self.assertEqual(client.forwarded(), [forwarded(
            "GET / HTTP/1.1", "trailer: x", "a: \x80\xff", "b: ", "c: d\te")])

    def test_what_is_malformed_whatever_its_kind(self):
        bad = {"a CR at the end of a value": ("a", "b\r"), "DEL in a value": ("a", "b\x7f"),
               "0x0b in a value": ("a", "b\x0bc"), "a comma in a name": ("a,b", "c"),
               "a blank at a name's end": ("a ", "c"), "a CR in a name": ("a\rb", "c"),
               "a colon at a name's end": ("a:", "c"), "only a colon": (":", "c"),
               "a pseudo-field in capitals": (":Path", "/"), "TE in a list": ("te", "trailers,x"),
               "an empty length": ("content-length", ""), "a list of lengths":
               ("content-length", "0, 0"), "a length above 63 bits":
               ("content-length", "9223372036854775808")}
        for name, field in bad.items():
            with self.subTest(name), Client(self.live) as client:
                client.send(frame(HEADERS, END, 1, request(field)))
                self.assertIn(client.stream_error(1), (PROTOCOL,))
                self.assertEqual(client.forwarded(), [])

    def test_targets_that_are_none(self):
        for path in ("//", "/%", "/?", "/a?b?c", "/;=,:@"):
            with self.subTest(path), Client(self.live) as client:
                client.send(frame(HEADERS, END, 1, request(path=path)))
                self.assertEqual(client.status(1), 200)
                self.assertEqual(client.forwarded(), [forwarded(f"GET {path} HTTP/1.1")])
        for path in ("http://app.test/", "a/b", " /", "/ ", "/\t", "/\0", "/a\x7f", "?a", "#", "**"):
            with self.subTest(path), Client(self.live) as client:
                client.send(frame(HEADERS, END, 1, request(path=path)))
                self.assertEqual(client.stream_error(1), PROTOCOL)
                self.assertEqual(client.forwarded(), [])

    def test_methods(self):
        for method, status in (("PURGE", 200), ("a+b", 200), ("M" * 33, 501)):
            with self.subTest(method), Client(self.live) as client:
                client.send(frame(HEADERS, END, 1, request(method=method)))
                self.assertEqual(client.status(1), status)
        for method in ("G@T", "GET ", " GET", "G\tT", "GE\0"):
            with self.subTest(method), Client(self.live) as client:
                client.send(frame(HEADERS, END, 1, request(method=method)))
                self.assertEqual(client.stream_error(1), PROTOCOL)


class Messages(Http2):
    def malformed(self, cases, before=()):
        for name, frames in cases.items():
            with self.subTest(name), Client(self.live) as client:
                client.send(*before, *(frames if isinstance(frames, tuple) else (frames,)))
                self.assertIn(client.stream_error(1), (PROTOCOL, None))

    def test_8_1_trailers_are_fields_like_others(self):
        self.malformed({name: frame(HEADERS, END, 1, fields) for name, fields in {
            "a method": block((":method", "GET")), "a status": block((":status", "200")),
            "a pseudo-field behind": block(("a", "b"), (":path", "/")),
            "upper case": block(("A", "b")), "connection": block(("connection", "close")),
            "te": block(("te", "gzip")), "blank": block(("a", " b")),
            "line end": block(("a", "b\nc"))}.items()}, before=(OPEN, frame(DATA, 0, 1, b"x")))

    def test_8_1_trailers_without_an_end(self):
        self.malformed({"with a body": (OPEN, frame(DATA, 0, 1, b"x"),
                                        frame(HEADERS, END_HEADERS, 1, block(("a", "b")))),
                        "without": (OPEN, frame(HEADERS, END_HEADERS, 1, block(("a", "b"))))})

    def test_8_1_trailers_in_pieces(self):
        client = self.client()
        client.send(OPEN, frame(HEADERS, END_STREAM, 1, b""),
                    frame(CONTINUATION, END_HEADERS, 1, block(("x-sum", "1"))))
        self.assertEqual(client.status(1), 200)
        self.assertTrue(client.forwarded()[0].endswith(b"0\r\nx-sum: 1\r\n\r\n"))

    def test_8_1_1_a_length_with_trailers(self):
        for length, code in (("1", FINE), ("2", PROTOCOL)):
            with self.subTest(length), Client(self.live) as client:
                client.send(frame(HEADERS, END_HEADERS, 1, request(("content-length", length),
                                                                   method="POST")),
                            frame(DATA, 0, 1, b"x"), frame(HEADERS, END, 1, block(("a", "b"))))
                if code is FINE:
                    self.assertEqual(client.status(1), 200)
                else:
                    self.assertEqual(client.stream_error(1), code)

    def test_8_3_pseudo_fields_of_connect_and_of_extensions(self):
        self.malformed({
            "CONNECT with a path": frame(HEADERS, END, 1, request(method="CONNECT")),
            "CONNECT without an authority": frame(HEADERS, END, 1, block((":method", "CONNECT"))),
            "a protocol that nobody offered":
                frame(HEADERS, END, 1, request((":protocol", "websocket"), method="CONNECT")),
            "an empty method": frame(HEADERS, END, 1, request(method="")),
            "another scheme": frame(HEADERS, END, 1, request(scheme="ftp")),
            "an empty authority": frame(HEADERS, END, 1, request(authority="")),
            "a port that is none": frame(HEADERS, END, 1, request(authority="app.test:x"))})

    def test_8_3_1_host_in_place_of_authority(self):
        client = self.client()
        client.send(frame(HEADERS, END, 1, request(("host", "app.test"), authority=None)))
        self.assertEqual(client.status(1), 200)
        client.send(frame(HEADERS, END, 3, request(("host", "App.Test"))))
        self.assertEqual(client.status(3), 200)

    def test_8_3_1_options_of_the_whole_server(self):
        client = self.client()
        client.send(frame(HEADERS, END, 1, request(method="OPTIONS", path="*")))
        self.assertEqual(client.status(1), 200)
        self.assertEqual(client.forwarded(), [forwarded("OPTIONS * HTTP/1.1")])

    def test_8_2_2_upgrade_and_settings_of_http_1(self):
        self.malformed({name: frame(HEADERS, END, 1, request((name, "h2c")))
                        for name in ("upgrade", "connection", "proxy-connection")})

    def test_8_6_answers_that_have_no_body(self):
        for status in (204, 304):
            with self.subTest(status):
                said = (b"HTTP/1.1 %d X\r\nDate: D\r\n\r\n" % status,)
                client = self.client(answers=said)
                client.send(GET)
                self.assertEqual((client.status(1), client.answer(1)[1]), (status, b""))

    def test_8_1_interim_answers(self):
        said = (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
                b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",)
        client = self.client(answers=said)
        client.send(GET)
        self.assertEqual(client.answer(1)[1], b"ok")
        heads = [f for f in client.frames if f[0] == HEADERS]
        self.assertEqual([f[1] & END_STREAM for f in heads], [0, 0])

    def test_8_1_expectations_are_answered(self):
        client = self.client()
        client.send(frame(HEADERS, END_HEADERS, 1, request(("expect", "100-continue"),
                                                           method="POST")))
        client.until(lambda f: f[0] == HEADERS)
        client.send(frame(DATA, END_STREAM, 1, b"x"))
        self.assertEqual(client.answer(1)[1], b"ok")

    def test_8_2_answers_have_lower_case_names_and_nothing_of_one_hop(self):
        said = (b"HTTP/1.1 200 OK\r\nX-Upper: a\r\nConnection: x-gone\r\nX-Gone: b\r\n"
                b"Keep-Alive: timeout=9\r\nContent-Length: 2\r\n\r\nok",)
        client = self.client(settings=setting(1, 0), answers=said)
        client.send(GET)
        head, _ = client.answer(1)
        names = [name for name, _ in fields_of(head)]
        self.assertIn(b"x-upper", names)
        for name in (b"connection", b"keep-alive", b"x-gone", b"transfer-encoding"):
            self.assertNotIn(name, names)
        self.assertEqual(names, [name.lower() for name in names])


if __name__ == "__main__":
    unittest.main()
