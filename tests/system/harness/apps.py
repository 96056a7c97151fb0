"""Small apps that tests push. All but node's need only what is in the run base."""

SERVER = '''\
import http.server, os, signal, socketserver, sys, threading

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one segment, else Nagle holds the body for 40 ms
    def do_GET(self):
        body = answer(self.path).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        print("request", self.path, flush=True)

def answer(path):
    if path.startswith("/env/"):
        return os.environ.get(path[5:], "(unset)")
    if path == "/pid":
        return str(os.getpid())
    return MARK

class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 128

signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
print("started", MARK, flush=True)
Server((HOST, PORT), Handler).serve_forever()
'''


def echo(mark="hello", host="", port="int(os.environ['PORT'])", before=""):
    """Answers every request with `mark`; /env/NAME with a variable, /pid with the process id."""
    head = f"import os\nMARK = {mark!r}\nHOST = {host!r}\nPORT = {port}\n{before}\n"
    return {"server.py": head + SERVER, "Procfile": "web: exec python3 server.py\n"}


def exits(status=3, output="cannot find my settings"):
    return {"Procfile": "web: sh fail.sh\n", "fail.sh": f"echo {output}\nexit {status}\n"}


def silent():
    """Runs and never listens."""
    return {"Procfile": "web: exec sleep 100000\n"}


def eats_memory():
    return {"Procfile": "web: exec python3 eat.py\n",
            "eat.py": "print('eating', flush=True)\nkept = []\n"
                      "while True: kept.append(b'x' * (16 << 20))\n"}


def own_pack_tree(compile_script, detect="echo Own", release="echo --- {}"):
    """A classic buildpack, for a repository that is pushed elsewhere or given by path."""
    return {"bin/detect": f"#!/bin/bash\n{detect}\n",
            "bin/compile": f"#!/bin/bash\n{compile_script}\n",
            "bin/release": f"#!/bin/bash\n{release}\n"}


def node(version_line="hello from node"):
    return {
        "package.json": '{"name": "small", "version": "1.0.0", "private": true,\n'
                        ' "scripts": {"start": "node server.js"}}\n',
        "package-lock.json": '{"name": "small", "version": "1.0.0", "lockfileVersion": 3,\n'
                             ' "requires": true, "packages": {"": {"name": "small",'
                             ' "version": "1.0.0"}}}\n',
        "server.js": "require('http').createServer((q, a) => a.end("
                     f"{version_line!r})).listen(process.env.PORT);\n",
    }


def static():
    return {"index.html": "<h1>static hello</h1>\n", "style.css": "h1 { color: green }\n"}


# Answers plain requests and keeps websockets open, echoing each text frame. Standard library only.
WEBSOCKET = '''\
import base64, hashlib, os, socket, struct, threading

def serve(peer):
    data = b""
    while b"\\r\\n\\r\\n" not in data:
        part = peer.recv(65536)
        if not part:
            return
        data += part
    head, rest = data.split(b"\\r\\n\\r\\n", 1)
    headers = {k.strip().lower(): v.strip() for k, _, v in
               (line.partition(":") for line in head.decode().split("\\r\\n")[1:])}
    if headers.get("upgrade", "").lower() != "websocket":
        peer.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\nConnection: close\\r\\n\\r\\nok")
        peer.close()
        return
    key = headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
    peer.sendall(("HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\n"
                  "Connection: Upgrade\\r\\nSec-WebSocket-Accept: " + accept +
                  "\\r\\n\\r\\n").encode())
    stream = rest
    while True:
        while len(stream) < 6 or len(stream) < 6 + (stream[1] & 127):
            part = peer.recv(65536)
            if not part:
                return
            stream += part
        size = stream[1] & 127
        mask, payload, stream = stream[2:6], stream[6:6 + size], stream[6 + size:]
        text = bytes(b ^ mask[i % 4] for i, b in enumerate(payload))
        peer.sendall(struct.pack("BB", 0x81, len(text)) + text)

listener = socket.create_server(("", int(os.environ["PORT"])), backlog=128)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
'''


def websocket():
    return {"server.py": WEBSOCKET, "Procfile": "web: exec python3 server.py\n"}
