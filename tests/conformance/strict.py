"""A second opinion on requests: RFC 9112 and RFC 9110 once more, in Python, as strict as the proxy
is meant to be (docs/life-of-a-request.md, "parse" and "write anew"). Shares no code with it.
"""
import re

TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
REQUEST_LINE = re.compile(rb"(" + TOKEN + rb") ([\x21\x22\x24-\x7e]+) HTTP/(\d)\.(\d)\Z")
FIELD = re.compile(rb"(" + TOKEN + rb"):[ \t]*((?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*"
                   rb"[\x21-\x7e\x80-\xff])?)?)[ \t]*\Z")
REG_NAME = rb"(?:[0-9A-Za-z\-._~!$&'()*+;=]|%[0-9A-Fa-f]{2})+"
AUTHORITY = re.compile(rb"(" + REG_NAME + rb"|\[[0-9A-Fa-f:.]{2,}\])(?::(\d*))?\Z")
ABSOLUTE = re.compile(rb"https?://([^/?]*)([/?].*)?\Z", re.I | re.S)
BLANK = rb"[ \t]*"
QUOTED = rb'"(?:[\t\x20\x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*"'
EXTENSIONS = rb"(?:" + BLANK + rb";" + BLANK + TOKEN + rb"(?:" + BLANK + rb"=" + BLANK + rb"(?:" + \
    TOKEN + rb"|" + QUOTED + rb"))?)*"
CHUNK = re.compile(rb"([0-9A-Fa-f]{1,15})(" + EXTENSIONS + rb")\Z")
HOPS = {b"connection", b"keep-alive", b"proxy-connection", b"te", b"transfer-encoding", b"upgrade",
        b"http2-settings"}
OURS = {b"forwarded", b"x-real-ip", b"x-request-start", b"x-request-id", b"proxy"}
PROTECTED = {b"host", b"content-length", b"authorization", b"cookie"} | OURS
FRAMING = {b"host", b"content-length", b"expect", b"connection"}
LATE = HOPS | OURS | {b"host", b"content-length", b"expect", b"max-forwards", b"authorization",
                      b"cookie", b"date", b"trailer"}


class Bad(Exception):
    """Not a message; what it breaks."""


class More(Exception):
    """The bytes end in the middle."""


class Message:
    def __init__(self):
        self.method = self.target = self.host = b""
        self.fields, self.trailers, self.body = [], [], b""
        self.last = False  # the connection ends with it

    def meaning(self):
        return (self.method, self.target, self.host.lower(), self.fields, self.body, self.trailers)


def _forwarding(name):
    return name in OURS or name.startswith(b"x-forwarded-")


def _line(data, at):
    end = data.find(b"\n", at)
    if end < 0:
        raise More
    if data[end - 1:end] != b"\r" or end == at:
        raise Bad("bare LF")
    return data[at:end - 1], end + 1


def _authority(text):
    match = AUTHORITY.match(text)
    if not match or int(match[2] or 0) > 65535:
        raise Bad("authority")
    return text


def _target(message, target):
    if target.startswith(b"/") or (target == b"*" and message.method == b"OPTIONS"):
        return target
    absolute = ABSOLUTE.match(target)
    if not absolute:
        raise Bad("target")
    message.host = _authority(absolute[1])
    path = absolute[2] or (b"*" if message.method == b"OPTIONS" else b"/")
    return path if path[:1] in b"/*" else b"/" + path


def _first_line(message, line):
    match = REQUEST_LINE.match(line)
    if not match:
        raise Bad("request line")
    message.method = match[1]
    if match[3] != b"1" or len(match[1]) > 32 or match[1] in (b"CONNECT", b"TRACE"):
        raise Bad("version or method")
    message.target = _target(message, match[2])
    return match[4] == b"0"


def _elements(fields, name):
    return [each.strip(b" \t") for n, v in fields if n == name for each in v.split(b",")
            if each.strip(b" \t")]


def _framing(message, fields, old):
    """The length of the body; None: chunked."""
    lengths = [v for n, v in fields if n == b"content-length"]
    codings = [v for n, v in fields if n == b"transfer-encoding"]
    if len(lengths) > 1 or any(not re.fullmatch(rb"\d+", v) or int(v) >= 1 << 63 for v in lengths):
        raise Bad("length")
    if codings and (len(codings) > 1 or codings[0].lower() != b"chunked" or lengths or old):
        raise Bad("coding")
    hosts = [v for n, v in fields if n == b"host"]
    if len(hosts) > 1 or (not hosts and not old):
        raise Bad("hosts")
    for host in hosts:
        message.host = message.host or host
        _authority(host)
    return None if codings else int(lengths[0]) if lengths else 0


def _kept(fields, named):
    """What an app may hear of, in order."""
    return [(n, v) for n, v in fields if n not in HOPS | FRAMING and not _forwarding(n)
            and b"_" not in n and n not in named]


def _head(data, at):
    message, fields = Message(), []
    line, at = _line(data, at)
    old = _first_line(message, line)
    while True:
        line, at = _line(data, at)
        if not line:
            break
        match = FIELD.match(line)
        if not match:
            raise Bad("field")
        fields.append((match[1].lower(), match[2]))
    length = _framing(message, fields, old)
    expected = [v.lower() for n, v in fields if n == b"expect"]
    if any(v != b"100-continue" for v in expected):
        raise Bad("expectation")
    options = [each.lower() for each in _elements(fields, b"connection")]
    if any(not re.fullmatch(TOKEN, each) for each in options):
        raise Bad("connection")
    named = {each for each in options if each not in PROTECTED and not _forwarding(each)}
    message.fields = _kept(fields, named)
    message.last = b"close" in options or (old and b"keep-alive" not in options)
    return message, length, at


def _chunks(message, data, at):
    while True:
        line, at = _line(data, at)
        match = CHUNK.match(line)
        if not match:
            raise Bad("chunk")
        size = int(match[1], 16)
        if size == 0:
            break
        message.body += data[at:at + size]
        at += size
        if not b"\r\n".startswith(data[at:at + 2]):
            raise Bad("chunk's end")
        if len(data) < at + 2:
            raise More
        at += 2
    while True:
        line, at = _line(data, at)
        if not line:
            return at
        match = FIELD.match(line)
        if not match:
            raise Bad("trailer")
        name = match[1].lower()
        if name not in LATE and not _forwarding(name) and b"_" not in name:
            message.trailers.append((name, match[2]))


def parse(data):
    """Whole messages, and what the rest is: "end", "bad" or "more", with what was begun of it."""
    messages, at = [], 0
    while True:
        for _ in range(4):
            if data[at:at + 2] == b"\r\n":
                at += 2
        if at == len(data):
            return messages, "end", None
        begun = None
        try:
            begun, length, at = _head(data, at)
            if length is None:
                at = _chunks(begun, data, at)
            elif len(data) < at + length:
                raise More
            else:
                begun.body, at = data[at:at + length], at + length
        except Bad as why:
            return messages, "bad", (begun, str(why))
        except More:
            return messages, "more", (begun, "")
        messages.append(begun)
        if begun.last:
            return messages, "end", None
