"""What the proxy writes down: access logs, error logs, counters. Issue 5, point 8."""
import json
import pathlib
import re
import signal
import unittest

from proxy_test import ProxyTest, answering, free_port, until

BODY = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


class Logs(ProxyTest):
    def start(self, *flags):
        self.logs = pathlib.Path(self.folder) / "logs"
        return self.proxy("--workers", "2", "--log-dir", self.logs, *flags)

    def put(self, proxy, app, release=1, **settings):
        reply = proxy.ask(op="put", groups=[{
            "key": "app", "hosts": ["app.test"], "generation": release, "settings": settings,
            "targets": [{"address": "127.0.0.1", "port": getattr(app, "port", app)}]}])
        self.assertTrue(reply["ok"], reply)

    def ask(self, proxy, path="/", fields=b""):
        return proxy.exchange(b"GET " + path.encode() + b" HTTP/1.1\r\nHost: app.test\r\n" + fields
                              + b"Connection: close\r\n\r\n")

    def lines(self, count, name="app-access.log"):
        file = self.logs / name
        until(lambda: file.exists() and len(file.read_text().splitlines()) >= count)
        return file.read_text().splitlines()

    def test_combined(self):
        proxy = self.start()
        self.put(proxy, self.app(answering(BODY)))
        self.ask(proxy, "/a?b=c", b'Referer: http://x.test/\r\nUser-Agent: Say "hi"\\\r\n')
        self.ask(proxy, "/plain")
        first, second = sorted(self.lines(2))
        pattern = r'127\.0\.0\.1 - - \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000\] '
        self.assertRegex(first, "^" + pattern + re.escape(
            r'"GET /a?b=c HTTP/1.1" 200 5 "http://x.test/" "Say \x22hi\x22\x5C"') + "$")
        self.assertRegex(second, "^" + pattern + '"GET /plain HTTP/1.1" 200 5 "-" "-"$')

    def test_json(self):
        proxy, seen = self.start(), []
        app = self.app(answering(BODY, seen))
        self.put(proxy, app, 7, **{"access-log": "json"})
        self.ask(proxy, '/q?"', b'User-Agent: a "b"\xe9\t\r\n')
        (line,) = self.lines(1)
        entry = json.loads(line)
        self.assertIn(b"X-Request-Id: " + entry["id"].encode(), seen[0])
        self.assertRegex(entry["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertGreater(entry["duration_us"], 0)
        for key, value in {"client": "127.0.0.1", "scheme": "http", "method": "GET",
                           "host": "app.test", "target": '/q?"', "protocol": "HTTP/1.1",
                           "user_agent": 'a "b"\xe9', "status": 200, "bytes_in": 0, "bytes_out": 5,
                           "upstream": f"127.0.0.1:{app.port}", "app": "app",
                           "release": 7}.items():
            self.assertEqual(entry[key], value, key)

    def test_off_is_off(self):
        proxy = self.start()
        self.put(proxy, free_port(), **{"access-log": "off"})
        self.assertStatus(self.ask(proxy), 502)
        self.assertIn("refuses the connection", self.lines(1, "app-error.log")[0])
        proxy.stop(signal.SIGINT)
        self.assertFalse((self.logs / "app-access.log").exists())

    def test_errors_say_which_request_and_why(self):
        proxy, port = self.start(), free_port()
        self.put(proxy, port)
        self.assertStatus(self.ask(proxy, "/lost"), 502)
        line = self.lines(1, "app-error.log")[0]
        self.assertRegex(line, r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[error\] 127\.0\.0\.1:"
                         + f"{port} refuses the connection, client: 127.0.0.1, "
                         r'request: "GET /lost HTTP/1.1"$')
        self.assertIn('"GET /lost HTTP/1.1" 502', self.lines(1)[0])

    def test_one_file_for_all_and_nothing_is_lost_at_the_end(self):
        path = pathlib.Path(self.folder) / "all.log"
        proxy = self.proxy("--workers", "1", "--access-log", path)
        self.put(proxy, self.app(answering(BODY)))
        for number in range(50):
            self.ask(proxy, f"/{number}")
        proxy.stop()
        self.assertEqual(len(path.read_text().splitlines()), 50)

    def test_a_moved_file_is_made_anew_on_hangup(self):
        proxy = self.start()
        self.put(proxy, self.app(answering(BODY)))
        self.ask(proxy, "/old")
        self.lines(1)
        (self.logs / "app-access.log").rename(self.logs / "moved")
        proxy.process.send_signal(signal.SIGHUP)
        self.ask(proxy, "/new")
        self.assertIn("/new", self.lines(1)[0])
        self.assertNotIn("/new", (self.logs / "moved").read_text())


class Counters(ProxyTest):
    def release(self, proxy, app, number):
        proxy.ask(op="put", groups=[{
            "key": "app", "hosts": ["app.test"], "generation": number,
            "targets": [{"address": "127.0.0.1", "port": getattr(app, "port", app)}]}])

    def test_requests_are_counted_by_app_and_release(self):
        proxy = self.proxy("--workers", "2")
        self.release(proxy, self.app(answering(BODY)), 1)
        for _ in range(10):
            proxy.get()
        self.release(proxy, free_port(), 2)
        for _ in range(3):
            self.assertStatus(proxy.get(), 502)
        reply = proxy.ask(op="traffic")
        traffic = reply["traffic"]
        self.assertEqual(traffic["totals"]["workers"], 2)
        self.assertEqual(traffic["totals"]["requests"], 13)
        first, second = traffic["apps"]
        self.assertEqual((first["key"], first["release"], first["requests"]), ("app", 1, 10))
        self.assertEqual(first["answers"], [0, 0, 10, 0, 0, 0])
        self.assertEqual((first["bytes-out"], first["open"]), (50, 0))
        self.assertGreater(first["latency-us"]["p50"], 0)
        self.assertGreaterEqual(first["latency-us"]["p99"], first["latency-us"]["p50"])
        self.assertEqual((second["release"], second["answers"][5]), (2, 3))
        self.assertGreaterEqual(second["connect-failures"], 3)
        self.assertEqual(proxy.ask(op="traffic", key="other")["traffic"]["apps"], [])
        proxy.ask(op="remove", key="app")
        self.assertEqual(proxy.ask(op="traffic")["traffic"]["apps"], [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
