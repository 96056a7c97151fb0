"""Requests from clients, by section of RFC 9112 and RFC 9110. Each rule has its messages."""
from cases import (Custom, Forwarded, OK, Refused, chunked, expect, expect_refusal, get, passes,
                   post)

CHUNKED = "Transfer-Encoding: chunked"
SMUGGLED = "GET /smuggled HTTP/1.1\r\nHost: app.test\r\n\r\n"

LINES = [
    Refused("bare LF after the request line", "GET / HTTP/1.1\nHost: app.test\r\n\r\n",
            rule="line_ends_with_crlf"),
    Refused("bare LF after a field", "GET / HTTP/1.1\r\nHost: app.test\n\r\n",
            rule="line_ends_with_crlf"),
    Refused("bare LF instead of the empty line", "GET / HTTP/1.1\r\nHost: app.test\r\n\n",
            rule="line_ends_with_crlf"),
    Refused("bare CR in the request line", "GET /\r HTTP/1.1\r\nHost: app.test\r\n\r\n"),
    Refused("bare CR before the version", "GET / \rHTTP/1.1\r\nHost: app.test\r\n\r\n"),
    Refused("LF first", "\nGET / HTTP/1.1\r\nHost: app.test\r\n\r\n"),
    Forwarded("a few empty lines first", b"\r\n\r\n" + get(), passes()),
    Refused("many empty lines first", b"\r\n" * 5 + get(), rule="few_empty_lines_first"),
    Refused("blank before the request line", b" " + get()),
    Refused("blank before the first field", get(" A: b", host=""), rule=None),
    Refused("one word", "GET\r\nHost: app.test\r\n\r\n"),
    Refused("HTTP/0.9", "GET /\r\n\r\n"),
    Refused("two blanks", get(line="GET  / HTTP/1.1")),
    Refused("two blanks before the version", get(line="GET /  HTTP/1.1"),
            rule="version_is_literal"),
    Refused("a tab for a blank", get(line="GET\t/ HTTP/1.1")),
    Refused("blank at the end", get(line="GET / HTTP/1.1 "), rule="version_is_literal"),
    Refused("a byte that no method has", get(line="G@T / HTTP/1.1"), rule="method_is_token"),
    Refused("a method in quotes", get(line='"GET" / HTTP/1.1'), rule="method_is_token"),
    Refused("a long method", get(line="M" * 33 + " / HTTP/1.1"), 501, rule="method_length"),
    Forwarded("an unknown method", get(line="Purge+x / HTTP/1.1"),
              passes(line="Purge+x / HTTP/1.1")),
    Refused("a long target", get(line=f"GET /{'a' * 40000} HTTP/1.1"), 414,
            rule="request_line_limit"),
    Forwarded("an 8 kB target", get(line=f"GET /{'a' * 8000} HTTP/1.1"),
              passes(line=f"GET /{'a' * 8000} HTTP/1.1")),
    Refused("lower-case version", get(line="GET / http/1.1"), rule="version_is_literal"),
    Refused("a version of many digits", get(line="GET / HTTP/1.10"), rule="version_is_literal"),
    Refused("a version without a dot", get(line="GET / HTTP/11"), rule="version_is_literal"),
    Refused("HTTP/2.0", get(line="GET / HTTP/2.0"), 505, rule="version_major_is_1"),
    Refused("HTTP/0.9 spelled out", get(line="GET / HTTP/0.9"), 505, rule="version_major_is_1"),
    Forwarded("HTTP/1.9 is read as 1.1", get(line="GET / HTTP/1.9"), passes()),
    Forwarded("HTTP/1.0", get(line="GET / HTTP/1.0"), passes()),
]

TARGETS = [
    Refused("a fragment", get(line="GET /a#b HTTP/1.1"), rule="target_bytes"),
    Refused("a byte above 0x7f", get(line="GET /\xe4 HTTP/1.1"), rule="target_bytes"),
    Refused("a control character", get(line="GET /\x01 HTTP/1.1"), rule="target_bytes"),
    Refused("DEL", get(line="GET /\x7f HTTP/1.1"), rule="target_bytes"),
    Refused("NUL", get(line="GET /\0 HTTP/1.1"), rule="target_bytes"),
    Forwarded("nothing is decoded", get(line="GET //a/%2e%2E/../b?c=%00&d=<>|\"{} HTTP/1.1"),
              passes(line="GET //a/%2e%2E/../b?c=%00&d=<>|\"{} HTTP/1.1")),
    Forwarded("absolute form", get(line="GET http://app.test/a?b HTTP/1.1"),
              passes(line="GET /a?b HTTP/1.1")),
    Forwarded("absolute form, its host wins",
              get(line="GET http://app.test:81/a HTTP/1.1", host="Host: other.test"),
              passes(line="GET /a HTTP/1.1", host="app.test:81"), rule="absolute_host_wins"),
    Forwarded("absolute form without a path", get(line="GET http://app.test?q HTTP/1.1"),
              passes(line="GET /?q HTTP/1.1")),
    Forwarded("absolute form, scheme in capitals", get(line="GET HTTP://app.test/ HTTP/1.1"),
              passes()),
    Refused("absolute form with a user", get(line="GET http://u@app.test/ HTTP/1.1"),
            rule="host_is_authority"),
    Refused("absolute form without a host", get(line="GET http:///a HTTP/1.1"),
            rule="host_is_authority"),
    Refused("absolute form of another scheme", get(line="GET ftp://app.test/ HTTP/1.1"),
            rule="target_has_known_form"),
    Refused("no known form", get(line="GET a HTTP/1.1"), rule="target_has_known_form"),
    Forwarded("OPTIONS *", get(line="OPTIONS * HTTP/1.1"), passes(line="OPTIONS * HTTP/1.1")),
    Forwarded("OPTIONS of a whole server in absolute form",
              get(line="OPTIONS http://app.test HTTP/1.1"), passes(line="OPTIONS * HTTP/1.1")),
    Refused("GET *", get(line="GET * HTTP/1.1"), rule="asterisk_is_for_options"),
    Refused("CONNECT", get(line="CONNECT app.test:80 HTTP/1.1"), (405, 501),
            rule="connect_is_refused"),
    Refused("TRACE", get(line="TRACE / HTTP/1.1"), 405, rule="trace_is_refused"),
]

HOSTS = [
    Refused("no Host", get(host=""), rule="host_is_there"),
    Refused("two Hosts", get("Host: app.test"), rule="host_is_one"),
    Refused("two different Hosts", get("Host: b"), rule="host_is_one"),
    *(Refused(f"Host {value!r}", get(host=f"Host: {value}"), rule="host_is_authority")
      for value in ("u@app.test", "app.test, b", "app.test/", "app.test:8a", "app.test:99999",
                    "app test", "app.test#", "[::1", "[::1]x", "%zz", "")),
    Refused("no Host, absolute form", get(line="GET http://app.test/ HTTP/1.1", host=""),
            rule="host_is_there"),
    Refused("two Hosts, absolute form", get("Host: app.test", line="GET http://app.test/ HTTP/1.1"),
            rule="host_is_one"),
    Refused("a Host that is none, absolute form",
            get(line="GET http://app.test/ HTTP/1.1", host="Host: a b"), rule="host_is_authority"),
    Refused("two Hosts in HTTP/1.0", get("Host: b", line="GET / HTTP/1.0"), rule="host_is_one"),
    Refused("a Host that is none in HTTP/1.0", get(line="GET / HTTP/1.0", host="Host: a,b"),
            rule="host_is_authority"),
    Forwarded("Host with a port", get(host="Host: App.TEST:8080"), passes(host="App.TEST:8080")),
    Forwarded("Host with an empty port", get(host="Host: app.test:"), passes(host="app.test:")),
    Forwarded("Host with the root's dot", get(host="Host: app.test."), passes(host="app.test.")),
    Forwarded("Host with a port of many digits", get(host="Host: app.test:0000000080"),
              passes(host="app.test:0000000080")),
    *(Refused(f"Host {value!r}", get(host=f"Host: {value}"))
      for value in ("app.test\x00", "app.test\t:80", "app.test:-1", "app.test:80:80", "app.test?x",
                    "app.test@", "[]", "[::1]:x", "app\xe4.test", "app.test\\x", "http://app.test",
                    "<app.test>", "app.test:80 ,")),
    Forwarded("Host with blanks around", get(host="hOST:\t app.test \t"), passes()),
]


def unknown_host(live, case):
    outcome = case.play(live)
    expect(outcome.status == 404 and not outcome.forwarded, "not the default answer", outcome)


HOSTS.append(Custom("HTTP/1.0 without Host", "GET / HTTP/1.0\r\n\r\n", unknown_host))

VALUE_BYTES = "".join(map(chr, [*range(0x21, 0x7f), 9, 32, *range(0x80, 0x100)]))
FIELDS = [
    Forwarded("every byte that a name may have", get("!#$%&'*+-.^`|~09azAZ: x"),
              passes("!#$%&'*+-.^`|~09azAZ: x")),
    Forwarded("every byte that a value may have", get(f"A: {VALUE_BYTES}."),
              passes(f"A: {VALUE_BYTES}.")),
    *(Refused(f"{c!r} in a name", get(f"A{c}b: c"))
      for c in '"(),/;<=>?@[\\]{}\x7f\x00\x0b\x80\xa0'),
    Refused("0x0b around a value", get("A: \x0bb")),
    Refused("0x0b around a length", post("Content-Length: 5\x0b", body="hello")),
    Refused("a line of blanks", get(" ")),
    Refused("a line of a colon", get(":")),
    Refused("folding", get("A: b", " c: d"), rule="no_folding"),
    Refused("folding with a tab", get("A: b", "\tc: d"), rule="no_folding"),
    Refused("blank before the colon", get("A : b"), rule="name_is_token"),
    Refused("tab before the colon", get("A\t: b"), rule="name_is_token"),
    Refused("blank in a name", get("A b: c"), rule="name_is_token"),
    Refused("empty name", get(": b"), rule="name_is_token"),
    Refused("a byte that no name has", get("A(b: c"), rule="name_is_token"),
    Refused("a name above 0x7f", get("\xe4: c"), rule="name_is_token"),
    Refused("no colon", get("A")),
    *(Refused(f"{ord(c):#04x} in a value", get(f"A: b{c}c"), rule="value_bytes")
      for c in "\0\x01\x08\x0b\x0c\x0e\x1f\x7f\r"),
    Forwarded("tab and bytes above 0x7f in a value", get("A: b\tc\x80\xff"),
              passes("A: b\tc\x80\xff")),
    Forwarded("blanks around a value", get("A:\t b \t", "B:c"), passes("A: b", "B: c")),
    Forwarded("an empty value", get("A:", "B: "), passes("A: ", "B: ")),
    Forwarded("0x85 and 0xa0 are no blanks", get("A: \x85b\xa0"), passes("A: \x85b\xa0")),
    Forwarded("fields keep their order", get("B: 1", "A: 2", "B: 3"),
              passes("B: 1", "A: 2", "B: 3")),
    Forwarded("names with an underscore", get("Content_Length: 5", "A_b: c", "D: e",
                                              "Transfer_Encoding: chunked"),
              passes("D: e"), rule="underscores_are_dropped"),
    Forwarded("99 more fields", get(*["A: b"] * 99), passes(*["A: b"] * 99)),
    Refused("100 more fields", get(*["A: b"] * 100), 431, rule="fields_limit"),
    Refused("a head of 40 kB", get("A: " + "b" * 40000), 431, rule="head_limit"),
    Refused("a head of 40 kB in many fields", get(*["A: " + "b" * 800] * 50), 431,
            rule="head_limit"),
]

LENGTHS = [
    *(Refused(f"length {value!r}, no body", post(f"Content-Length: {value}"))
      for value in ("-0", "+0", "0x0", "0,0", "0 0", "0;", "\xb0", "1e0", "0_0")),
    Refused("a length behind another one's name", post("Content-Length: 0", "content-length: 5",
                                                       body="hello")),
    Forwarded("a length of many zeros", post("Content-Length: " + "0" * 200 + "5", body="hello"),
              passes(line="POST / HTTP/1.1", framing=["Content-Length: 5"], body=b"hello")),
    Forwarded("empty lines between requests", post("Content-Length: 2", body="hi") + b"\r\n\r\n"
              + get(), passes(line="POST / HTTP/1.1", framing=["Content-Length: 2"], body=b"hi"),
              passes()),
    Forwarded("a length", post("Content-Length: 5", body="hello"),
              passes(line="POST / HTTP/1.1", framing=["Content-Length: 5"], body=b"hello")),
    Forwarded("a length with leading zeros", post("Content-Length: 0005", body="hello"),
              passes(line="POST / HTTP/1.1", framing=["Content-Length: 5"], body=b"hello")),
    Forwarded("GET with a body", get("Content-Length: 1", body="x"),
              passes(framing=["Content-Length: 1"], body=b"x")),
    Forwarded("neither: what follows is a request", post() + get(),
              passes(line="POST / HTTP/1.1"), passes()),
    Forwarded("what follows a length is a request", post("Content-Length: 2", body="hi") + get(),
              passes(line="POST / HTTP/1.1", framing=["Content-Length: 2"], body=b"hi"), passes()),
    *(Refused(f"length {value!r}", post(f"Content-Length: {value}", body="hello"),
              rule="length_is_digits")
      for value in ("+5", "-5", "5 5", "0x5", "5;", "5,5", "5, 5", "", "five", "5.0", "5\x0b",
                    "9223372036854775808", "18446744073709551621", "\xb2")),
    Refused("two lengths", post("Content-Length: 5", "Content-Length: 6", body="hello"),
            rule="length_is_one"),
    Refused("two equal lengths", post("Content-Length: 5", "Content-Length: 5", body="hello"),
            rule="length_is_one"),
]

CODINGS = [
    Forwarded("chunked", chunked("5\r\nhello\r\n0\r\n\r\n"),
              passes(line="POST / HTTP/1.1", framing=[CHUNKED], body=b"5\r\nhello\r\n0\r\n\r\n")),
    Forwarded("what follows chunks is a request", chunked("5\r\nhello\r\n0\r\n\r\n") + get(),
              passes(line="POST / HTTP/1.1", framing=[CHUNKED], body=b"5\r\nhello\r\n0\r\n\r\n"),
              passes()),
    Forwarded("chunks stay chunks though Connection names them",
              post("Connection: Transfer-Encoding, close", CHUNKED, body="2\r\nhi\r\n0\r\n\r\n"),
              passes(line="POST / HTTP/1.1", framing=[CHUNKED], body=b"2\r\nhi\r\n0\r\n\r\n")),
    Forwarded("chunked in any case, after a tab",
              post("Transfer-Encoding:\tcHUNKED", body="0\r\n\r\n"),
              passes(line="POST / HTTP/1.1", framing=[CHUNKED], body=b"0\r\n\r\n")),
    *(Refused(f"coding {value!r}", post(f"Transfer-Encoding: {value}", body="0\r\n\r\n"),
              (400, 501), rule="coding_is_chunked")
      for value in ("gzip", "gzip, chunked", "chunked, chunked", "chunked, identity", "identity",
                    "chunked;a=b", "xchunked", "chunked,", ",chunked", '"chunked"', "chu nked",
                    "")),
    Refused("a coding behind a vertical tab",
            post("Transfer-Encoding: \x0bchunked", body="0\r\n\r\n")),
    Refused("two codings", post(CHUNKED, CHUNKED, body="0\r\n\r\n"), (400, 501),
            rule="coding_is_one"),
    Refused("a coding and a length", post(CHUNKED, "Content-Length: 5", body="0\r\n\r\n"),
            rule="coding_or_length"),
    Refused("CL.TE", post("Content-Length: 6", CHUNKED, body="0\r\n\r\nG" + SMUGGLED),
            rule="coding_or_length"),
    Refused("TE.CL", post(CHUNKED, "Content-Length: 4", body="2d\r\n" + SMUGGLED + "\r\n0\r\n\r\n"),
            rule="coding_or_length"),
    Refused("a coding in HTTP/1.0", get(CHUNKED, line="POST / HTTP/1.0", body="0\r\n\r\n"),
            rule="coding_needs_1_1"),
    Refused("a coding behind a blank", get("Transfer-Encoding : chunked", body="0\r\n\r\n")),
    Refused("a folded coding", get("Transfer-Encoding:", " chunked", body="0\r\n\r\n"), (400, 501)),
]

CHUNKS = [
    Forwarded("blanks where an extension may have them",
              chunked("5 \t; \ta \t= \tb\r\nhello\r\n0;a ;b\r\n\r\n"),
              passes(line="POST / HTTP/1.1", framing=[CHUNKED], body=b"5\r\nhello\r\n0\r\n\r\n")),
    Forwarded("a size of 15 digits", chunked("000000000000005\r\nhello\r\n0\r\n\r\n"),
              passes(line="POST / HTTP/1.1", framing=[CHUNKED], body=b"5\r\nhello\r\n0\r\n\r\n")),
    Refused("blank behind the last size", chunked("0 \r\n\r\n")),
    Refused("trailer without a colon", chunked("0\r\nA\r\n\r\n")),
    Refused("trailer with a blank before the colon", chunked("0\r\nA : b\r\n\r\n")),
    Forwarded("no names of one hop in trailers",
              chunked("0\r\nConnection: A\r\nTE: x\r\nUpgrade: x\r\nAuthorization: x\r\nA: b\r\n"
                      "\r\n"),
              passes(line="POST / HTTP/1.1", framing=[CHUNKED], body=b"0\r\nA: b\r\n\r\n")),
    Forwarded("sizes in both cases and with zeros before",
              chunked("A\r\n0123456789\r\n00b\r\n0123456789a\r\n000\r\n\r\n"),
              passes(line="POST / HTTP/1.1", framing=[CHUNKED],
                     body=b"15\r\n01234567890123456789a\r\n0\r\n\r\n")),
    *(Refused(f"chunk size {size!r}", chunked(f"{size}\r\nhello\r\n0\r\n\r\n"),
              rule="chunk_size_digits") for size in ("+5", "-5", " 5", "x5", "\t5", "_5")),
    Refused("chunk size 0x5", chunked("0x5\r\nhello\r\n0\r\n\r\n")),
    Refused("no chunk size", chunked("\r\nhello\r\n0\r\n\r\n")),
    Refused("blank behind a chunk size", chunked("5 \r\nhello\r\n0\r\n\r\n"),
            rule="chunk_extension_syntax"),
    Refused("a chunk size of 16 digits", chunked("0000000000000005\r\nhello\r\n0\r\n\r\n"),
            rule="chunk_size_limit"),
    Refused("a chunk size above 64 bits", chunked("10000000000000005\r\nhello\r\n0\r\n\r\n"),
            rule="chunk_size_limit"),
    Refused("bare LF behind a chunk size", chunked("5\nhello\r\n0\r\n\r\n"), rule="chunk_line_end"),
    Refused("bare LF behind an extension", chunked("5;a\nhello\r\n0\r\n\r\n")),
    Refused("bare CR behind a chunk size", chunked("5\rhello\r\n0\r\n\r\n")),
    Refused("bare CR in an extension", chunked("5;a\rb\r\nhello\r\n0\r\n\r\n"),
            rule=None),
    Forwarded("extensions are dropped",
              chunked("5;a;b=c ; d = \"e\\\"\x80\"\r\nhello\r\n0;last\r\n\r\n"),
              passes(line="POST / HTTP/1.1", framing=[CHUNKED], body=b"5\r\nhello\r\n0\r\n\r\n")),
    *(Refused(f"extension {text!r}", chunked(f"5{text}\r\nhello\r\n0\r\n\r\n"),
              rule="chunk_extension_syntax")
      for text in (";", ";=a", ";a=", ";a b", ";a=\"b\"c", ";a=\x01", ";a=\"\0\"")),
    Refused("long extensions", chunked(f"5;{'a' * 5000}\r\nhello\r\n0\r\n\r\n"),
            rule="chunk_extension_limit"),
    Refused("data longer than its chunk", chunked("5\r\nhelloXX0\r\n\r\n"), rule="chunk_data_end"),
    Refused("LF behind the data", chunked("5\r\nhello\n0\r\n\r\n")),
    Forwarded("trailers go as trailers", chunked("0\r\nA: b\r\nC:d\r\n\r\n"),
              passes(line="POST / HTTP/1.1", framing=[CHUNKED], body=b"0\r\nA: b\r\nC: d\r\n\r\n")),
    Forwarded("no framing in trailers",
              chunked("0\r\nContent-Length: 9\r\nTransfer-Encoding: x\r\nHost: b\r\nCookie: c\r\n"
                      "X-Forwarded-For: 1\r\nA_b: c\r\nA: b\r\n\r\n"),
              passes(line="POST / HTTP/1.1", framing=[CHUNKED], body=b"0\r\nA: b\r\n\r\n"),
              rule="trailer_names"),
    Refused("a trailer that is none", chunked("0\r\nA b: c\r\n\r\n"), rule="trailer_lines"),
    Refused("a folded trailer", chunked("0\r\nA: b\r\n c\r\n\r\n"), rule="trailer_lines"),
    Refused("a control character in a trailer", chunked("0\r\nA: \x01\r\n\r\n"),
            rule="trailer_lines"),
    Refused("bare LF in trailers", chunked("0\r\nA: b\n\r\n")),
    Refused("long trailers", chunked(f"0\r\nA: {'b' * 9000}\r\n\r\n"), rule="trailer_limit"),
]

HOPS = [
    Forwarded("lists with empty elements", get("Connection: , X-One,,close ,", "X-One: 1", "A: b"),
              passes("A: b")),
    Forwarded("Connection in several fields",
              get("Connection: X-One", "Connection: X-Two", "X-One: 1", "x-two: 2", "A: b"),
              passes("A: b")),
    Refused("Connection with a quoted name", get('Connection: "close"')),
    Forwarded("a name that Connection names twice, sent twice",
              get("Connection: x-one, X-ONE", "X-One: 1", "X-One: 2"), passes()),
    Forwarded("Upgrade of several protocols",
              get("Connection: x, Upgrade", "Upgrade: a/1, websocket"),
              passes(after=["Upgrade: a/1", "Connection: upgrade"])),
    Forwarded("Upgrade to TLS or to another HTTP", get("Connection: Upgrade",
                                                       "Upgrade: TLS/1.0, HTTP/2.0"), passes()),
    Refused("two expectations", get("Expect: 100-continue, x"), 417),
    Forwarded("100-continue in capitals, without a body", get("Expect: 100-CONTINUE"), passes()),
    Forwarded("Max-Forwards that is no number", get("Max-Forwards: x", line="OPTIONS /a HTTP/1.1"),
              passes("Max-Forwards: x", line="OPTIONS /a HTTP/1.1")),
    Forwarded("fields of one hop",
              get("Keep-Alive: timeout=5", "Proxy-Connection: keep-alive", "TE: gzip",
                  "HTTP2-Settings: x", "A: b"), passes("A: b"), rule="hop_by_hop_is_dropped"),
    Forwarded("claims of the client about itself",
              get("X-Forwarded-For: 6.6.6.6", "x-forwarded-proto: https", "X-Forwarded-Anything: a",
                  "Forwarded: for=6.6.6.6", "X-Real-IP: 6.6.6.6", "X-Request-Start: 1",
                  "Proxy: http://evil", "A: b"),
              passes("A: b"), rule="forwarding_is_dropped"),
    Forwarded("fields that Connection names",
              get("Connection: X-One, x-two", "X-One: 1", "X-Two: 2", "A: b"),
              passes("A: b"), rule="connection_names_are_dropped"),
    Forwarded("fields that Connection may not name",
              get("Connection: Host, Authorization, Cookie, X-Forwarded-For, Content-Length",
                  "Authorization: x", "Cookie: y"),
              passes("Authorization: x", "Cookie: y"), rule="protected_names_stay"),
    Refused("Connection that is no list of names", get("Connection: a b"),
            rule="connection_is_tokens"),
    Forwarded("Upgrade", get("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: k"),
              passes("Sec-WebSocket-Key: k",
                     after=["Upgrade: websocket", "Connection: upgrade"])),
    Forwarded("Upgrade without Connection", get("Upgrade: websocket"), passes()),
    Forwarded("Upgrade of POST",
              post("Connection: Upgrade", "Upgrade: websocket", "Content-Length: 0"),
              passes(line="POST / HTTP/1.1", framing=["Content-Length: 0"]),
              rule="upgrade_conditions"),
    Forwarded("Upgrade in HTTP/1.0",
              get("Connection: Upgrade", "Upgrade: websocket", line="GET / HTTP/1.0"), passes(),
              rule="upgrade_conditions"),
    Forwarded("Upgrade to h2c", get("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c",
                                    "HTTP2-Settings: x"), passes(), rule="h2c_is_dropped"),
    Refused("an unknown expectation", get("Expect: wonders"), 417, rule="expectation_is_known"),
    Forwarded("OPTIONS with hops left", get("Max-Forwards: 7", line="OPTIONS /a HTTP/1.1"),
              passes(line="OPTIONS /a HTTP/1.1", framing=["Max-Forwards: 6"]),
              rule="max_forwards_counts"),
    Forwarded("Max-Forwards of GET is the app's", get("Max-Forwards: 0"),
              passes("Max-Forwards: 0")),
]


def ours(live, case):
    outcome = case.play(live)
    expect(outcome.status == 200 and not outcome.forwarded, "not answered by us", outcome)


def page_then_nothing(live, case):
    outcome = case.play(live)
    expect(not outcome.forwarded, "bytes reached the app", outcome)
    expect_refusal(outcome, (400,))


def only_the_head(live, case):
    outcome = case.play(live)
    wanted = passes(after=["Upgrade: websocket", "Connection: upgrade"])
    expect(outcome.forwarded == [wanted], "more than the head", outcome)


def continued(live, case):
    outcome = case.play(live)
    wanted = passes(line="POST / HTTP/1.1", framing=["Content-Length: 2"], body=b"hi")
    expect(outcome.forwarded == [wanted], f"wanted: {wanted!r}", outcome)
    expect(outcome.answer == OK, "not one answer", outcome)


def cut_in_pieces(live, case):
    """The head has gone out before the fault: the app must see that its request is not whole."""
    outcome = case.play(live, pieces=16)
    expect(outcome.status == 400, "not refused", outcome)
    for message in outcome.forwarded:
        expect(not message.endswith(b"0\r\n\r\n"), "a broken body was finished", outcome)


def closes_after_early_answer(live, case):
    outcome = case.play(live, early=True, half_close=False)
    expect(outcome.ended and outcome.status == 413, "not the app's answer and an end", outcome)
    expect(b"\r\nConnection: close\r\n" in outcome.answer, "the connection seems kept", outcome)
    expect(outcome.answer.count(b"HTTP/1.1") == 1, "a body was taken for a request", outcome)


def second_is_answered(live, case):
    outcome = case.play(live)
    expect(outcome.status == 404 and outcome.answer.endswith(OK), "no second answer", outcome)
    expect(outcome.forwarded == [passes()], "not the second request", outcome)


CONNECTIONS = [
    Custom("OPTIONS that ends here", get("Max-Forwards: 0", line="OPTIONS * HTTP/1.1"), ours,
           rule="max_forwards_counts"),
    Forwarded("pipelined requests", get(line="GET /1 HTTP/1.1") + get(line="GET /2 HTTP/1.1"),
              passes(line="GET /1 HTTP/1.1"), passes(line="GET /2 HTTP/1.1")),
    Custom("pipelined behind our own page", get(host="Host: nobody.test") + get(),
           second_is_answered),
    Forwarded("nothing after Connection: close",
              get("Connection: close") + get(), passes()),
    Forwarded("nothing after HTTP/1.0", get(line="GET / HTTP/1.0") + get(), passes()),
    Custom("nothing after a refusal", get("A : b") + get(), page_then_nothing,
           rule="refusal_ends_connection"),
    Custom("nothing behind an upgrade before the app agrees",
           get("Connection: upgrade", "Upgrade: websocket", body="\x81\x05hello"), only_the_head,
           rule="upgrade_waits_for_101"),
    Custom("a body that comes without waiting",
           post("Expect: 100-continue", "Content-Length: 2", body="hi"), continued),
    Custom("a bad chunk behind a good one",
           chunked("5\r\nhello\r\n5\r\nhelloX\r\n0\r\n\r\n"), cut_in_pieces),
    Custom("an answer that overtakes its request",
           post("Content-Length: 100", body="GET /x HTTP/1.1\r\nHost: app.test\r\n\r\n"),
           closes_after_early_answer, rule="early_answer_ends_connection",
           answers=(b"HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n",)),
]

ALL = LINES + TARGETS + HOSTS + FIELDS + LENGTHS + CODINGS + CHUNKS + HOPS + CONNECTIONS
