"""Answers every request, with Python's standard library alone."""
import http.server
import os
import platform
import signal
import sys


class Hello(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        greeting = os.environ.get("GREETING", "Hello")
        body = f"{greeting} from Python {platform.python_version()}\n".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


# A deploy ends the old process politely.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
port = int(os.environ.get("PORT", "5000"))
print(f"listening on {port}", flush=True)
http.server.ThreadingHTTPServer(("0.0.0.0", port), Hello).serve_forever()
