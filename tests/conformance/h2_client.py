"""An HTTP/2 client that says what it is told, also what no client may: frames by hand."""
import struct
import time

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = range(10)
END_STREAM, END_HEADERS, PADDED, PRIO, ACK = 1, 4, 8, 32, 1
(NO_ERROR, PROTOCOL, INTERNAL, FLOW, SETTINGS_TIMEOUT, STREAM_CLOSED, FRAME_SIZE, REFUSED, CANCEL,
 COMPRESSION, CONNECT, CALM) = range(12)


def frame(kind, flags=0, stream=0, payload=b"", length=None):
    size = len(payload) if length is None else length
    return struct.pack(">I", size)[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def cut(data):
    """The whole frames that `data` begins with, as (kind, flags, stream, payload), and the rest."""
    frames = []
    while len(data) >= 9 and len(data) >= 9 + int.from_bytes(data[:3], "big"):
        end = 9 + int.from_bytes(data[:3], "big")
        stream = int.from_bytes(data[5:9], "big") & 0x7fffffff
        frames.append((data[3], data[4], stream, data[9:end]))
        data = data[end:]
    return frames, data


def number(value, bits, first=0):
    top = (1 << bits) - 1
    if value < top:
        return bytes([first | value])
    out, value = [first | top], value - top
    while value >= 128:
        out.append(value % 128 + 128)
        value //= 128
    return bytes(out + [value])


def text(value):
    value = value.encode("latin-1") if isinstance(value, str) else value
    return number(len(value), 7) + value


def literal(name, value):
    """Without indexing, without Huffman."""
    return b"\0" + text(name) + text(value)


def block(*fields):
    return b"".join(literal(name, value) for name, value in fields)


def request(*more, method="GET", path="/", authority="app.test", scheme="http"):
    fields = [(":method", method), (":scheme", scheme), (":path", path), (":authority", authority)]
    return block(*[f for f in fields if f[1] is not None], *more)


def read_number(data, at, bits):
    top = (1 << bits) - 1
    value = data[at] & top
    at += 1
    if value < top:
        return value, at
    shift = 0
    while True:
        value += (data[at] & 127) << shift
        at, shift = at + 1, shift + 7
        if not data[at - 1] & 128:
            return value, at


class Client:
    """One connection. `live`: the proxy and its origin, which are moved on while we wait."""

    def __init__(self, live, preface=PREFACE, settings=b"", answers=None, ack=True, early=False):
        self.live, self.ack = live, ack
        self.answers = answers or (b"HTTP/1.1 200 OK\r\nDate: D\r\nContent-Length: 2\r\n\r\nok",)
        self.early = early
        live.gone, live.answers_given = [], 0
        for connection in live.origin.values():
            connection.recorded = b""
        self.sock = live.connect()
        self.data, self.frames, self.ended = b"", [], False
        live.selector.register(self.sock, 1, "client")
        if preface is not None:
            self.send(preface, frame(SETTINGS, payload=settings))

    def send(self, *frames):
        try:
            self.sock.sendall(b"".join(frames))
        except OSError:
            pass
        return self

    def _take(self):
        frames, self.data = cut(self.data)
        self.frames += frames
        for kind, flags, _, _ in frames:
            if kind == SETTINGS and not flags & ACK and self.ack:
                self.send(frame(SETTINGS, ACK))

    def until(self, wanted):
        """Moves all on until wanted(frame) is true; returns that frame. None: it ended."""
        deadline = time.monotonic() + self.live.limit
        seen = 0
        while True:
            while seen < len(self.frames):
                seen += 1
                if wanted(self.frames[seen - 1]):
                    return self.frames[seen - 1]
            if self.ended:
                return None
            if time.monotonic() > deadline:
                raise AssertionError(f"nothing came; so far {self.frames!r}")
            received = []
            if not self.live._pump(0.2, self.sock, received, self.answers, self.early, False):
                self.ended = True
            self.data += b"".join(received)
            self._take()

    def close(self):
        self.live.selector.unregister(self.sock)
        self.sock.close()
        self.live._settle(self.answers, False, False)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # --- what is waited for

    def goaway(self):
        """The code of the GOAWAY that ends the connection; None: it ended without."""
        found = self.until(lambda f: f[0] == GOAWAY and int.from_bytes(f[3][4:8], "big") != 0)
        return None if found is None else int.from_bytes(found[3][4:8], "big")

    def stream_error(self, stream):
        """The code that ends the stream, or the whole connection."""
        found = self.until(lambda f: (f[0] == RST and f[2] == stream) or f[0] == GOAWAY)
        if found is None:
            return None
        return int.from_bytes(found[3][:4] if found[0] == RST else found[3][4:8], "big")

    def answer(self, stream):
        """Head block and body of a whole answer."""
        self.until(lambda f: f[2] == stream and (f[0] == RST or (f[0] in (DATA, HEADERS)
                                                                 and f[1] & END_STREAM)))
        head = b"".join(f[3] for f in self.frames if f[2] == stream and f[0] == HEADERS)
        body = b"".join(f[3] for f in self.frames if f[2] == stream and f[0] == DATA)
        return head, body

    def status(self, stream):
        """Of an answer: the static table knows 200, 204, 206, 304, 400, 404, 500."""
        head, _ = self.answer(stream)
        known = {8: 200, 9: 204, 10: 206, 11: 304, 12: 400, 13: 404, 14: 500}
        at = 0
        while at < len(head) and head[at] & 0xe0 == 0x20:
            _, at = read_number(head, at, 5)
        if at >= len(head):
            return 0
        if head[at] & 0x80:
            return known.get(head[at] & 0x7f, 0)
        # A literal value of :status: Huffman-coded digits, or plain.
        bits = 6 if head[at] & 0x40 else 4
        _, at = read_number(head, at, bits)
        return int(read_text(head, at)[0])

    def forwarded(self):
        self.live._settle(self.answers, self.early, False)
        seen = [c for c in list(self.live.origin.values()) + self.live.gone if c.recorded]
        return [self.live.normal(c.recorded) for c in sorted(seen, key=lambda c: c.number)]

    def still_works(self, stream=101):
        """The connection has taken no harm."""
        self.send(frame(HEADERS, END_STREAM | END_HEADERS, stream, request()))
        return self.status(stream) == 200


# RFC 7541, appendix B, as far as names and our values need it: symbols by the length of their code;
# the codes of each length follow each other.
HUFFMAN = {5: "012aceiost", 6: " %-./3456789=A_bdfghlmnpru", 7: ":BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz",
           8: "&*,;XZ"}
# RFC 7541, appendix A: the names.
STATIC = (":authority :method :method :path :path :scheme :scheme" + " :status" * 7 + """
accept-charset accept-encoding accept-language accept-ranges accept access-control-allow-origin age
allow authorization cache-control content-disposition content-encoding content-language
content-length content-location content-range content-type cookie date etag expect expires from host
if-match if-modified-since if-none-match if-range if-unmodified-since last-modified link location
max-forwards proxy-authenticate proxy-authorization range referer refresh retry-after server
set-cookie strict-transport-security transfer-encoding user-agent vary via
www-authenticate""").encode().split()


def unhuffman(data):
    codes, next_code = {}, 0
    for size, symbols in HUFFMAN.items():
        next_code <<= 1
        for symbol in symbols:
            codes[f"{next_code:0{size}b}"] = symbol
            next_code += 1
    bits, out, word = "".join(f"{byte:08b}" for byte in data), "", ""
    for bit in bits:
        word += bit
        if word in codes:
            out, word = out + codes[word], ""
    return out.encode()


def read_text(data, at):
    huffman = data[at] & 0x80
    size, at = read_number(data, at, 7)
    value = data[at:at + size]
    return unhuffman(value) if huffman else value, at + size


def fields_of(data):
    """(name, value) of a block that uses no dynamic table; value None: one of the static table."""
    at, fields = 0, []
    while at < len(data):
        first = data[at]
        if first & 0x80:
            index, at = read_number(data, at, 7)
            fields.append((STATIC[index - 1], None))
            continue
        if first & 0xe0 == 0x20:
            _, at = read_number(data, at, 5)
            continue
        index, at = read_number(data, at, 6 if first & 0x40 else 4)
        name, at = read_text(data, at) if index == 0 else (STATIC[index - 1], at)
        value, at = read_text(data, at)
        fields.append((name, value))
    return fields


__all__ = [name for name in dir() if not name.startswith("_") and name not in ("struct", "time")]
