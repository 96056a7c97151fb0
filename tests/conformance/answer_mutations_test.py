"""Answers of apps with something changed: the client gets an answer that has one meaning, or 502,
or a connection that is cut off. Never a byte that HTTP forbids.

MUTATIONS=N and SEED=N make it another run.
"""
import os
import random
import re
import unittest

from live import Live
from mutations_test import change_byte, replace_one

SEED = int(os.environ.get("SEED", "9110"))
MUTATIONS = int(os.environ.get("MUTATIONS", "600"))
GET = b"GET / HTTP/1.1\r\nHost: app.test\r\n\r\n"
SEEDS = [
    b"HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\nA: b\r\n\r\n"
    b"5\r\nhello\r\n0\r\nT: u\r\n\r\n",
    b"HTTP/1.1 204 No Content\r\nA: b\r\n\r\n",
    b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.0 200 OK\r\nConnection: close\r\nSet-Cookie: a=b; Path=/\r\n\r\nhello",
    b"HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\nConnection: X-Gone\r\nX-Gone: 1\r\n\r\n",
]
LINES = [b"Content-Length: 3", b"Content-Length: -3", b"Content-Length: 5, 5", b" folded", b"A",
         b"Transfer-Encoding: x", b"Transfer-Encoding: chunked", b"A : b", b": b", b"A: \x00",
         b"Upgrade: x", b"Connection: close", b"Connection: Content-Length",
         b"Keep-Alive: timeout=x", b"A: \xff"]
WORDS = [(b"HTTP/1.1", w) for w in (b"HTTP/2.0", b"HTTP/1.0", b"http/1.1", b"HTTP/1.1 ", b"ICY")]
WORDS += [(b"200", w) for w in (b"101", b"100", b"099", b"20", b"2000", b"205", b"600", b"2x0")]
WORDS += [(b"\r\n", w) for w in (b"\n", b"\r", b"\r\n ", b"\r\n\r\n")]
FIELD = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+: [\t\x20-\x7e\x80-\xff]*\Z")
STATUS = re.compile(rb"HTTP/1\.1 ([1-9]\d\d) [\t\x20-\x7e\x80-\xff]*\Z")


def mutated(chance, data):
    at = chance.randrange(len(data))
    kind = chance.randrange(5)
    if kind <= 2:
        return change_byte(chance, data, at, kind)
    if kind == 3:
        return data.replace(b"\r\n", b"\r\n" + chance.choice(LINES) + b"\r\n", 1)
    return replace_one(chance, data, *chance.choice(WORDS))


class AnswerMutations(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.live = Live(settings={"proxy-read-timeout": 500, "lingering-timeout": 200})
        cls.addClassCleanup(cls.live.close)

    def message(self, data):
        """Takes one message off; what is left, or None when it is cut off."""
        head, end, rest = data.partition(b"\r\n\r\n")
        self.assertTrue(end, "half a head")
        first, *fields = head.split(b"\r\n")
        status = STATUS.match(first)
        self.assertTrue(status, "no status line")
        for field in fields:
            self.assertRegex(field, FIELD)
        names = [field.split(b":")[0].lower() for field in fields]
        for name in (b"content-length", b"transfer-encoding"):
            self.assertLessEqual(names.count(name), 1)
        chunked, sized = b"transfer-encoding" in names, b"content-length" in names
        self.assertFalse(chunked and sized, "framed twice")
        code = int(status[1])
        if code < 200:
            self.assertNotEqual(code, 101)
            return self.message(rest)
        if code in (204, 304):
            return rest
        if chunked:
            return self.chunks(rest)
        self.assertTrue(sized, "no framing")
        size = int([f.split(b":")[1] for f in fields if f.lower().startswith(b"content-length")][0])
        return rest[size:] if len(rest) >= size else None

    def chunks(self, data):
        while True:
            line, end, data = data.partition(b"\r\n")
            if not end:
                return None
            self.assertRegex(line, rb"\A[0-9a-f]{1,16}\Z")
            size = int(line, 16)
            if size == 0:
                break
            if len(data) < size + 2:
                return None
            self.assertEqual(data[size:size + 2], b"\r\n")
            data = data[size + 2:]
        while True:
            line, end, data = data.partition(b"\r\n")
            if not end:
                return None
            if not line:
                return data
            self.assertRegex(line, FIELD)

    def test_no_client_gets_what_is_none(self):
        for number in range(MUTATIONS):
            chance = random.Random(SEED * 1_000_003 + number)
            said = chance.choice(SEEDS)
            for _ in range(chance.choice((1, 1, 2))):
                said = mutated(chance, said)
            with self.subTest(number=number, seed=SEED, said=said):
                outcome = self.live.play(GET, answers=(said,), close=True)
                self.assertTrue(outcome.ended)
                if outcome.answer:
                    self.assertIn(self.message(outcome.answer), (None, b""))


if __name__ == "__main__":
    unittest.main()
