"""Answers of apps, by section of RFC 9112 and RFC 9110."""
from cases import Answered, BadAnswer, Custom, OK, expect, get

HEAD = get(line="HEAD / HTTP/1.1")
OLD = get(line="GET / HTTP/1.0")


def says(*fields, line="HTTP/1.1 200 OK", body=""):
    return "\r\n".join([line, "Date: D", *fields]) + "\r\n\r\n" + body


CHUNKED = "Transfer-Encoding: chunked"

HEADS = [
    Answered("as it came", says("Server: s", "Content-Length: 2", "A: b", body="ok"),
             says("Server: s", "A: b", "Content-Length: 2", body="ok")),
    Answered("without a reason", says("Content-Length: 0", line="HTTP/1.1 299"),
             says("Content-Length: 0", line="HTTP/1.1 299 ")),
    Answered("lines of hand-written servers", "HTTP/1.1 200 OK\nDate: D\nContent-Length: 2\n\nok",
             says("Content-Length: 2", body="ok")),
    Answered("Date is added", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
             "HTTP/1.1 200 OK\r\nDate: NOW\r\nContent-Length: 0\r\n\r\n", rule="date_is_added"),
    Answered("fields of one hop",
             says("Connection: keep-alive, X-Gone", "Keep-Alive: timeout=9", "X-Gone: 1",
                  "Proxy-Connection: x", "Content-Length: 0"),
             says("Content-Length: 0"), rule="hop_by_hop_is_dropped"),
    BadAnswer("no status line", "hello\r\n\r\n"),
    BadAnswer("another protocol", says("Content-Length: 2", line="ICYX/1.1 200 OK", body="ok"),
              rule="status_line"),
    BadAnswer("a status of two digits",
              says("Content-Length: 2", line="HTTP/1.1 20 OKAY", body="ok"),
              rule="status_line"),
    BadAnswer("a control character in the reason",
              says("Content-Length: 2",
                   line="HTTP/1.1 200 O\x01K", body="ok"), rule="reason_bytes"),
    BadAnswer("a bare CR in the reason",
              says("Content-Length: 2", line="HTTP/1.1 200 O\rK", body="ok"), rule="reason_bytes"),
    BadAnswer("a control character in a field", says("A: \x01", "Content-Length: 2", body="ok"),
              rule="value_bytes"),
    BadAnswer("NUL in a field", says("A: \0", "Content-Length: 2", body="ok"), rule="value_bytes"),
    BadAnswer("blank before the colon",
              says("Content-Length : 2", body="ok"), rule="name_is_token"),
    BadAnswer("folding", says("A: b", " c: d", "Content-Length: 2", body="ok"), rule="no_folding"),
]

INTERIM = [
    Answered("100 and 103 are passed on",
             "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + says("Content-Length: 2",
           body="ok"),
             "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + says("Content-Length: 2",
           body="ok")),
    Answered("nothing interim to HTTP/1.0",
             "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + says("Content-Length: 2",
           body="ok"),
             says("Content-Length: 2", "Connection: close", body="ok"), request=OLD,
             rule="no_interim_to_1_0"),
    Answered("an interim answer has no body, whatever it says",
             "HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\n" + says("Content-Length: 2",
           body="ok"),
             "HTTP/1.1 103 Early Hints\r\n\r\n" + says("Content-Length: 2", body="ok")),
    BadAnswer("101 that nobody asked for",
              "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
              "Connection: upgrade\r\n\r\n", rule="no_101_unasked"),
]

BODIES = [
    Answered("HEAD has no body",
             says("Content-Length: 2"), says("Content-Length: 2"), request=HEAD),
    Answered("204 has no body",
             says("Content-Length: 2", line="HTTP/1.1 204 No Content", body="ok"),
             says(line="HTTP/1.1 204 No Content"), rule="no_body_by_status"),
    Answered("304 has no body", says("Content-Length: 2", line="HTTP/1.1 304 Not Modified"),
             says("Content-Length: 2", line="HTTP/1.1 304 Not Modified")),
    Answered("204 is not chunked", says(CHUNKED, line="HTTP/1.1 204 No Content"),
             says(line="HTTP/1.1 204 No Content")),
    Answered("205 has no body", says("Content-Length: 2", line="HTTP/1.1 205 Reset", body="ok"),
             says("Content-Length: 0", line="HTTP/1.1 205 Reset"), rule="reset_content_is_empty"),
    Answered("chunked", says(CHUNKED, body="3;x\r\nabc\r\n2\r\nde\r\n0\r\nA: b\r\n\r\n"),
             says(CHUNKED, body="5\r\nabcde\r\n0\r\nA: b\r\n\r\n")),
    Answered("chunked, to HTTP/1.0", says(CHUNKED, body="3\r\nabc\r\n0\r\n\r\n"),
             says("Connection: close", body="abc"), request=OLD),
    Answered("until close", says(body="hello"),
             says(CHUNKED, body="5\r\nhello\r\n0\r\n\r\n"), close=True),
    Answered("equal lengths are one", says("Content-Length: 2", "Content-Length: 2, 2", body="ok"),
             says("Content-Length: 2", body="ok")),
    BadAnswer("lengths that differ", says("Content-Length: 2", "Content-Length: 1", body="ok"),
              rule="lengths_agree"),
    BadAnswer("a list of lengths that differ", says("Content-Length: 2, 1", body="ok"),
              rule="lengths_agree"),
    BadAnswer("a length that is none", says("Content-Length: +2", body="ok"),
              rule="length_is_digits"),
    BadAnswer("a coding and a length",
              says(CHUNKED, "Content-Length: 5", body="0\r\n\r\n"), rule="answer_coding_or_length"),
    BadAnswer("another coding", says("Transfer-Encoding: gzip", body="0\r\n\r\n"),
              rule="answer_coding_is_chunked"),
    BadAnswer("two codings", says(CHUNKED, CHUNKED, body="0\r\n\r\n"),
              rule="answer_coding_is_chunked"),
    BadAnswer("a coding in HTTP/1.0", says(CHUNKED, line="HTTP/1.0 200 OK", body="0\r\n\r\n"),
              rule="answer_coding_or_length"),
]


def cut(live, case):
    outcome = case.play(live, close=True)
    expect(outcome.ended, "not cut off", outcome)
    expect(not outcome.answer.endswith(b"0\r\n\r\n"), "finished as if it were whole", outcome)
    expect(b"hello" in outcome.answer, "what came was not passed on", outcome)


def other_connection(live, case):
    """Bytes behind an answer are nobody's; the next request goes elsewhere."""
    first = case.play(live)
    expect(first.answer == OK, "not the answer alone", first)
    second = live.play(get())
    expect(second.answer == OK, "not the answer alone", second)
    expect(second.connections != first.connections, "the connection was used again", second)


ENDS = [
    Custom("cut off in a chunked body", get(), cut, rule="cut_off_is_not_whole",
           answers=(says(CHUNKED, body="5\r\nhello\r\n").encode(),)),
    Custom("cut off in a known length", get(), cut,
           answers=(says("Content-Length: 10", body="hello").encode(),)),
    BadAnswer("a bad chunk in an answer", says(CHUNKED, body="5\r\nhello\r\nzz\r\n")),
    Custom("bytes behind an answer",
           get(), other_connection, answers=(OK + b"HTTP/1.1 200 OK\r\n",),
           rule="nothing_behind_an_answer"),
]

ALL = HEADS + INTERIM + BODIES + ENDS
