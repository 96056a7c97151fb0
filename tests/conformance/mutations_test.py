"""Valid requests with something changed, a thousand and more: each is refused, or arrives with the
meaning that a second, independent parser (strict.py) finds in it. Nothing else.

MUTATIONS=N and SEED=N make it another run; what failed is printed with its seed.
"""
import os
import random
import re
import unittest

import strict
from live import Live

SEED = int(os.environ.get("SEED", "9112"))
MUTATIONS = int(os.environ.get("MUTATIONS", "1200"))
CANARY = b"GET /canary HTTP/1.1\r\nHost: app.test\r\nA: b\r\n\r\n"
SEEDS = [
    b"GET / HTTP/1.1\r\nHost: app.test\r\n\r\n",
    b"GET /a/b?c=d&e=%20 HTTP/1.1\r\nHost: app.test\r\nAccept: */*\r\nUser-Agent: x (y; z)\r\n\r\n",
    b"GET http://app.test/x?y HTTP/1.1\r\nHost: app.test\r\nA: b\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: app.test:80\r\n\r\n",
    b"POST /p HTTP/1.1\r\nHost: app.test\r\nContent-Length: 11\r\n\r\nhello=world",
    b"PUT /p HTTP/1.1\r\nHost: app.test\r\nContent-Type: a/b\r\nContent-Length: 2\r\n\r\n\r\n",
    b"POST /c HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5\r\nhello\r\n0\r\n\r\n",
    b"POST /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\nHost: app.test\r\n\r\n"
    b"a;x=y\r\n0123456789\r\n3;\"q\r\nabc\r\n0;z=\"q\\\"\"\r\nT: u\r\n\r\n",
    b"POST /c HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\nTrailer: Sum\r\n\r\n"
    b"1F\r\n0123456789012345678901234567890\r\n000\r\nSum: 1\r\nOther: 2\r\n\r\n",
    b"GET / HTTP/1.0\r\nHost: app.test\r\nConnection: keep-alive\r\n\r\n",
    b"GET /h HTTP/1.1\r\nHost: app.test\r\nConnection: X-One, keep-alive\r\nX-One: 1\r\n"
    b"X-Two: 2\r\nTE: trailers\r\nKeep-Alive: timeout=5\r\n\r\n",
    b"DELETE /d HTTP/1.1\r\nHost: app.test\r\nContent-Length: 0\r\nCookie: a=b; c=d\r\n"
    b"Authorization: Basic eA==\r\nX-Forwarded-For: 6.6.6.6\r\nForwarded: for=6.6.6.6\r\n\r\n",
]
BYTES = [bytes([b]) for b in b"\0\x01\x08\t\n\x0b\x0c\r\x1f !\"#%&'()*+,-./0159:;<=>?@A[\\]^_`{|}~"
         b"\x7f\x80\x85\xa0\xc3\xff"] + [b"\r\n", b"\n\n", b"\r\r", b" \t", b"0x", b"\xe2\x80\xa8"]
LINES = [b"Host: app.test", b"Host: b.test", b"Host:", b"Content-Length: 5", b"Content-Length: +5",
         b"Content-Length: 5, 5", b"Content-Length : 5", b"Transfer-Encoding: chunked",
         b"Transfer-Encoding: identity", b"Transfer-Encoding: chunked, chunked", b" folded: x",
         b"Transfer_Encoding: chunked", b"Transfer-Encoding:\tchunked", b"Content_Length: 5",
         b"Connection: close", b"Connection: Content-Length, Host", b"Connection: , ,A,",
         b"Connection: transfer-encoding", b"Expect: 100-continue", b"Expect: x", b"Upgrade: h2c",
         b"X-Forwarded-Proto: https", b"X-Real-IP: 1.2.3.4", b"Proxy: x", b"!#$%&'*+-.^`|~: x",
         b"A:", b"A:b:c", b"A: \xff\xfe", b": x", b"A", b"TE: gzip",
         b"Content-Length: 0x5", b"Content-Length: 00000000000000000000005"]
WORDS = [(b"HTTP/1.1", w) for w in (b"HTTP/1.0", b"HTTP/1.2", b"HTTP/1.10", b"HTTP/2.0",
                                    b"http/1.1", b"HTTP/0.9", b"HTTP/1,1", b"HTTP/1.", b"HTTP/11")]
WORDS += [(b"GET", w) for w in (b"get", b"G\xcbT", b"HEADER", b"TRACE", b"CONNECT", b"A" * 33)]
WORDS += [(b"app.test", w) for w in (b"App.Test", b"app.test.", b"app.test:", b"app.test:99999",
                                     b"u@app.test", b"app.test/x", b"app.test,b", b"[::1]", b"")]
WORDS += [(b"chunked", w) for w in (b"CHUNKED", b"chunked;q=1", b"\"chunked\"", b"gzip")]
WORDS += [(b"\r\n5\r\n", w) for w in (b"\r\n05\r\n", b"\r\n+5\r\n", b"\r\n 5\r\n", b"\r\n5 \r\n",
                                      b"\r\n5;\r\n", b"\r\n5;a\r\n", b"\r\n5;a=\r\n", b"\r\n5\n",
                                      b"\r\n0x5\r\n", b"\r\n4\r\n", b"\r\n6\r\n",
                                      b"\r\n0000000000000005\r\n")]
WORDS += [(b"\r\n", w) for w in (b"\n", b"\r", b"\r\n ", b"\r\n\t", b"\r\n\r\n", b"\r\r\n")]


def replace_one(chance, data, old, new):
    places = [match.start() for match in re.finditer(re.escape(old), data)]
    if not places:
        return data
    at = chance.choice(places)
    return data[:at] + new + data[at + len(old):]


def change_byte(chance, data, at, kind):
    """0: one more, 1: another one, 2: one less."""
    if kind == 0:
        return data[:at] + chance.choice(BYTES) + data[at:]
    if kind == 1:
        return data[:at] + chance.choice(BYTES) + data[at + 1:]
    return data[:at] + data[at + 1:]


def mutated(chance, data):
    kind = chance.randrange(6)
    at = chance.randrange(len(data))
    if kind <= 2:
        return change_byte(chance, data, at, kind)
    if kind == 3:
        end = data.find(b"\r\n\r\n") + 2
        lines = [m.end() for m in re.finditer(b"\r\n", data[:end])] or [0]
        at = chance.choice(lines)
        return data[:at] + chance.choice(LINES) + b"\r\n" + data[at:]
    return replace_one(chance, data, *chance.choice(WORDS))


def ours_left_out(message):
    """As the app got it, without what the proxy adds to every request."""
    added = {b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-port", b"x-forwarded-host",
             b"x-request-id", b"x-request-start"}
    method, target, host, fields, body, trailers = message.meaning()
    return method, target, host, [f for f in fields if f[0] not in added], body, trailers


class Mutations(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.live = Live(settings={"lingering-timeout": 200})
        cls.addClassCleanup(cls.live.close)

    def app_heard(self, outcome):
        """Whole messages, and whether something that is not whole was begun."""
        whole, begun = [], False
        for data in outcome.forwarded:
            messages, rest, _ = strict.parse(data)
            if rest == "bad":
                self.fail("what reached the app is no HTTP")
            whole += messages
            begun = begun or rest == "more"
        return whole, begun

    def check(self, data):
        messages, rest, detail = strict.parse(data)
        for_app = [m for m in messages if re.split(rb":", m.host.lower())[0].rstrip(b".") ==
                   b"app.test"]
        outcome = self.live.play(data)
        self.assertTrue(outcome.ended, "the connection did not end")
        whole, begun = self.app_heard(outcome)
        self.assertEqual([ours_left_out(m) for m in whole], [m.meaning() for m in for_app])
        statuses = re.findall(rb"(?:^|ok|</html>\n|\n)HTTP/1\.1 ([2-5]\d\d)", outcome.answer)
        if rest == "end":
            self.assertFalse(begun, "a message was begun that is none")
            self.assertEqual(len(statuses), len(messages), "not an answer each")
        elif rest == "bad":
            self.assertFalse(begun and detail[0] is None, "bytes of a bad head reached the app")
            refusals = [int(status) for status in statuses[len(messages):]]
            # Trailers are judged when all are there, and the client may have stopped before.
            self.assertTrue(refusals or detail[0] is not None, "not refused")
            self.assertLessEqual(set(refusals), {400, 405, 414, 417, 431, 501, 505})

    def test_each_is_refused_or_keeps_its_meaning(self):
        for number in range(MUTATIONS):
            chance = random.Random(SEED * 1_000_003 + number)
            data = chance.choice(SEEDS)
            if chance.random() < 0.5:
                data += CANARY
            for _ in range(chance.choice((1, 1, 1, 2))):
                data = mutated(chance, data)
            with self.subTest(number=number, seed=SEED, data=data):
                self.check(data)

    def test_the_seeds_themselves(self):
        for data in SEEDS:
            with self.subTest(data=data):
                self.check(data + CANARY)


if __name__ == "__main__":
    unittest.main()
