#!/usr/bin/python3
"""Loads for bench/proxy that Debian's wrk and h2load do not have, and the app that they talk to.

    proxy_client.py origin PORT                      websocket echo and events, on every address
    proxy_client.py tls-full|tls-resumed PORT SECONDS  handshakes, one request each
    proxy_client.py websocket|events PORT SECONDS    64 connections
    proxy_client.py idle PORT COUNT                  opens, asks once, waits for end of input

Prints how many requests (handshakes, messages, events) there were.
"""
import asyncio
import contextlib
import resource
import socket
import ssl
import sys
import time

CONNECTIONS = 64
EVENT = b"data: " + b"x" * 50 + b"\n\n"
MESSAGE = b"\x82\xb2" + b"\0" * 4 + b"m" * 50  # a masked frame of 50 bytes
ASK = b"GET %s HTTP/1.1\r\nHost: %s\r\n%s\r\n"
UPGRADE = (b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
           b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")


async def serve(reader, writer):
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            if b"upgrade: websocket" in head.lower():
                writer.write(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
                             b"Upgrade: websocket\r\n"
                             b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
                while piece := await reader.read(4096):
                    writer.write(piece)
                break
            if b"/events" in head:
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                             b"Transfer-Encoding: chunked\r\n\r\n")
                chunk = b"%x\r\n%s\r\n" % (len(EVENT), EVENT)
                while True:
                    writer.write(chunk)
                    await writer.drain()
                    await asyncio.sleep(0.01)
            await take_body(reader, head.lower())
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    writer.close()


async def take_body(reader, head):
    """An answer that overtakes its request's body would measure something else."""
    if b"content-length: " in head:
        left = int(head.split(b"content-length: ", 1)[1].split(b"\r\n", 1)[0])
        while left > 0:
            left -= len(await reader.read(min(left, 1 << 18)))
        return
    while b"transfer-encoding: chunked" in head:
        size = int((await reader.readuntil(b"\r\n")).split(b";")[0], 16)
        await reader.readexactly(size + 2)
        if size == 0:
            return


async def origin(port):
    server = await asyncio.start_server(serve, "0.0.0.0", port, backlog=1024, limit=1 << 18)
    await server.serve_forever()


def handshakes(port, seconds, resumed):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    ask = ASK % (b"/", b"app.test", b"Connection: close\r\n")
    session, count, reused = None, 0, 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with socket.create_connection(("127.0.0.1", port)) as plain:
            # Else the request waits for the acknowledgement of what ended the handshake.
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with context.wrap_socket(plain, server_hostname="app.test",
                                     session=session if resumed else None) as sock:
                sock.sendall(ask)
                while sock.recv(65536):
                    pass
                count += 1
                reused += sock.session_reused
                session = session if sock.session_reused else sock.session
    if resumed and reused < count / 2:
        sys.exit(f"only {reused} of {count} sessions were resumed")
    return count


async def live(port, seconds, path, fields, message):
    count = 0
    end = time.monotonic() + seconds

    async def one():
        nonlocal count
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(ASK % (path, b"live.test", fields))
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 101 " not in head and b" 200 " not in head:
            sys.exit(f"no stream: {head}")
        while time.monotonic() < end:
            if message:
                writer.write(message)
                await reader.readexactly(len(message))
                count += 1
            else:
                piece = await reader.read(65536)
                count += piece.count(b"data: ")
        writer.close()
    await asyncio.gather(*(one() for _ in range(CONNECTIONS)))
    return count


def idle(port, count):
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    kept = []
    for number in range(count):
        # One source address has 28,000 ports: enough here, not for twice as many.
        sock = socket.create_connection(("127.0.0.1", port))
        sock.sendall(ASK % (b"/", b"app.test", b""))
        kept.append(sock)
        if number % 64 == 63:
            for each in kept[-64:]:
                each.recv(4096)
    print(len(kept), flush=True)
    sys.stdin.read()


def main():
    what, port = sys.argv[1], int(sys.argv[2])
    if what == "origin":
        asyncio.run(origin(port))
    elif what == "idle":
        idle(port, int(sys.argv[3]))
    elif what.startswith("tls-"):
        print(handshakes(port, float(sys.argv[3]), what == "tls-resumed"))
    elif what == "websocket":
        print(asyncio.run(live(port, float(sys.argv[3]), b"/socket", UPGRADE, MESSAGE)))
    else:
        print(asyncio.run(live(port, float(sys.argv[3]), b"/events", b"", b"")))


if __name__ == "__main__":
    main()
