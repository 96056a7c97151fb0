"""One case: a message, what must come of it, and which rule it is there for."""
import re

from live import OK, forwarded


GET = "GET / HTTP/1.1\r\nHost: app.test\r\n\r\n"


def latin(text):
    return text if isinstance(text, bytes) else text.encode("latin-1")


class Case:
    """`rule`: a name of proxy/h1/rules.h; a build with that rule off must fail this case."""

    def __init__(self, name, request, rule=None, **options):
        self.name, self.request, self.rule, self.options = name, latin(request), rule, options

    def play(self, live, **more):
        return live.play(self.request, **{**self.options, **more})

    def check(self, live):
        raise NotImplementedError


def expect(truth, what, outcome):
    if not truth:
        raise AssertionError(f"{what}\nanswer: {outcome.answer[:600]!r}\n"
                             f"forwarded: {[f[:1500] for f in outcome.forwarded]!r}")


def expect_refusal(outcome, statuses):
    """One answer of ours, with all that a refusal carries, and the end of the connection."""
    expect(outcome.ended, "the connection did not end", outcome)
    expect(outcome.status in statuses, f"not refused with {statuses}", outcome)
    head, _, body = outcome.answer.partition(b"\r\n\r\n")
    expect(b"\r\nConnection: close" in head, "no Connection: close", outcome)
    expect(b"\r\nDate: " in head, "no Date", outcome)
    length = re.search(rb"\r\nContent-Length: (\d+)", head)
    expect(length and int(length[1]) == len(body), "not one whole page", outcome)


class Refused(Case):
    """Refused with one of `statuses`; not a byte reaches the app."""

    def __init__(self, name, request, statuses=(400,), rule=None, **options):
        super().__init__(name, request, rule, **options)
        self.statuses = (statuses,) if isinstance(statuses, int) else statuses

    def check(self, live):
        outcome = self.play(live)
        expect(not outcome.forwarded, "bytes reached the app", outcome)
        expect_refusal(outcome, self.statuses)
        cut = self.play(live, pieces=7) if len(self.request) < 2000 else outcome
        expect(cut.status in self.statuses, "another verdict in pieces", cut)


class Forwarded(Case):
    """The app gets exactly `messages`, on one connection, and the client its answers."""

    def __init__(self, name, request, *messages, rule=None, **options):
        super().__init__(name, request, rule, **options)
        self.messages = messages

    def check(self, live):
        outcome = self.play(live)
        wanted = b"".join(self.messages)
        if outcome.forwarded != [wanted]:
            expect(False, f"wanted:    {[wanted[:1500]]!r}", outcome)
        expect(outcome.status == 200, "the client got no answer", outcome)


class Answered(Case):
    """The client gets exactly `answer` for what the app says; the connection then ends."""

    def __init__(self, name, app_says, answer, rule=None, request=None, **options):
        options["answers"] = tuple(map(latin, app_says)) if isinstance(app_says, tuple) else (
            latin(app_says),)
        super().__init__(name, request or GET, rule, **options)
        self.answer = latin(answer)

    def check(self, live):
        outcome = self.play(live)
        expect(outcome.ended, "the connection did not end", outcome)
        got = re.sub(rb"Date: \w{3}, [^\r]+", b"Date: NOW", outcome.answer)
        expect(got == self.answer, f"wanted: {self.answer!r}", outcome)


class BadAnswer(Case):
    """What the app says is not passed on: 502, and its connection is used no more."""

    def __init__(self, name, app_says, rule=None, request=None, **options):
        options["answers"] = (latin(app_says),)
        super().__init__(name, request or GET, rule, **options)

    def check(self, live):
        outcome = self.play(live)
        expect(outcome.status == 502, "not 502", outcome)
        expect(len(outcome.forwarded) == 1, "not sent once", outcome)
        after = live.play(b"GET / HTTP/1.1\r\nHost: app.test\r\n\r\n")
        expect(after.status == 200 and after.connections != outcome.connections,
               "the app's connection was used again", after)


class Custom(Case):
    """`look(live, case)` raises AssertionError when it is not as it should be."""

    def __init__(self, name, request, look, rule=None, **options):
        super().__init__(name, request, rule, **options)
        self.look = look

    def check(self, live):
        self.look(live, self)


def get(*fields, line="GET / HTTP/1.1", host="Host: app.test", body=""):
    lines = [line, *([host] if host else []), *fields]
    return latin("\r\n".join(lines) + "\r\n\r\n" + body)


def post(*fields, body="", line="POST / HTTP/1.1"):
    return get(*fields, line=line, body=body)


def chunked(body):
    return post("Transfer-Encoding: chunked", body=body)


def passes(*fields, line="GET / HTTP/1.1", **options):
    return forwarded(line, *fields, **options)


__all__ = ["Answered", "BadAnswer", "Case", "Custom", "Forwarded", "OK", "Refused", "chunked",
           "expect", "expect_refusal", "forwarded", "get", "latin", "passes", "post"]
