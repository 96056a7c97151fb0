"""Ports, certificates and the proxy's settings of pushed apps, as people type them."""
import os
import pathlib
import socket
import ssl
import subprocess

from harness import SystemTest, Terminal, apps, main, places, processes


class Ways(SystemTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.instance.dokku("domains:set-global", "example.test").must_succeed()
        cls.instance.push(cls.instance.repo(apps.echo("blog")), "blog").must_succeed()

    def files(self, *names, serial=1):
        """A certificate and its key, made by openssl as the tutorials do."""
        folder = pathlib.Path(self.instance.client_dir)
        crt, key = folder / "server.crt", folder / "server.key"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "9",
             "-set_serial", str(serial), "-subj", f"/CN={names[0]}", "-addext",
             "subjectAltName=" + ",".join(f"DNS:{name}" for name in names), "-out", crt,
             "-keyout", key], check=True, capture_output=True)
        return crt, key

    def curl(self, url, *flags):
        port = url.split(":")[2].split("/")[0]
        host = url.split("/")[2].split(":")[0]
        return subprocess.run(
            ["curl", "-sS", "--max-time", "20", "--resolve", f"{host}:{port}:127.0.0.1", *flags,
             url], capture_output=True, text=True, check=False)

    def https(self, host="blog.example.test", path="/"):
        return f"https://{host}:{self.instance.https_port}{path}"

    def shown(self, host):
        probe = subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{self.instance.https_port}",
             "-servername", host], input="", capture_output=True, text=True, check=False)
        return probe.stdout + probe.stderr

    def test_a_certificate_is_served_by_name(self):
        crt, key = self.files("blog.example.test")
        said = self.dokku("certs:add", "blog", str(crt), str(key)).must_succeed()
        said.must_say("Certificate for blog.example.test")
        got = self.curl(self.https(path="/env/DYNO"), "--cacert", str(crt))
        self.assertEqual(got.stdout, "web.1", got.stderr)
        self.assertIn("subject=CN = blog.example.test", self.shown("blog.example.test"))
        self.assertIn("unrecognized name", self.shown("stranger.example.test"))
        moved = self.curl(f"http://blog.example.test:{self.instance.http_port}/a?b", "-i")
        self.assertIn(" 301 ", moved.stdout)
        self.assertIn(f"Location: {self.https(path='/a?b')}", moved.stdout)
        head = self.curl(self.https(), "-i", "--cacert", str(crt)).stdout.lower()
        self.assertIn("strict-transport-security: max-age=15724800; includesubdomains", head)
        self.dokku("nginx:set", "blog", "hsts", "false").must_succeed()
        head = self.curl(self.https(), "-i", "--cacert", str(crt)).stdout.lower()
        self.assertNotIn("strict-transport", head)
        self.dokku("nginx:set", "blog", "hsts", "").must_succeed()
        self.assertEqual(self.dokku("url", "blog").out.strip(), self.https(path=""))
        self.dokku("certs:report", "blog", "--ssl-verified").must_say("self signed")
        self.assertEqual(self.dokku("certs:show", "blog", "key").out.splitlines()[0],
                         "-----BEGIN PRIVATE KEY-----")
        self.no_key_lies_about(key)
        self.update_by_tar_drops_no_connection()
        self.dokku("certs:remove", "blog").must_succeed()
        self.assertIn("unrecognized name", self.shown("blog.example.test"))
        self.assertEqual(self.get("blog").text, "blog")

    def no_key_lies_about(self, key):
        secret = key.read_text().splitlines()[1]
        for daemon in ("dokkud", "dokku-proxy"):
            self.assertNotIn(secret, self.instance.log(daemon))
        self.assertNotIn(secret, self.dokku("events").out)
        self.assertNotIn(secret, self.dokku("proxy:show-config", "blog").out)
        kept = list(pathlib.Path(self.instance.path("proxy", "certs")).iterdir())
        self.assertEqual([file.stat().st_mode & 0o777 for file in kept], [0o600])
        database = pathlib.Path(self.instance.path("lib", "dokku.db"))
        self.assertEqual(database.stat().st_mode & 0o077, 0)

    def update_by_tar_drops_no_connection(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        plain = socket.create_connection(("127.0.0.1", self.instance.https_port), timeout=20)
        with context.wrap_socket(plain, server_hostname="blog.example.test") as sock:
            ask = b"GET /pid HTTP/1.1\r\nHost: blog.example.test\r\n\r\n"
            sock.sendall(ask)
            before = sock.recv(65536)
            crt, key = self.files("blog.example.test", serial=7)
            tar = subprocess.run(["tar", "cf", "-", "-C", str(crt.parent), crt.name, key.name],
                                 check=True, capture_output=True).stdout
            self.ssh("certs:update", "blog", stdin=tar, binary=True).must_succeed()
            sock.sendall(ask)
            self.assertEqual(sock.recv(65536)[-4:], before[-4:])
        self.assertEqual(self.curl(self.https(), "--cacert", str(crt)).stdout, "blog")

    def test_ports_come_and_go(self):
        port, = places.free_ports(1)
        self.push(self.repo(apps.echo("shop")), "shop").must_succeed()
        self.dokku("ports:add", "shop", f"http:{port}:5000").must_succeed() \
            .must_say("replace the detected ones: http:80:5000")
        self.assertEqual(self.instance.get("shop.example.test").status, 404)
        got = self.curl(f"http://shop.example.test:{port}/")
        self.assertEqual(got.stdout, "shop", got.stderr)
        self.dokku("ports:add", "shop", "http:80:5000").must_succeed()
        self.assertEqual(self.get("shop").text, "shop")
        self.dokku("urls", "shop").must_say(f"http://shop.example.test:{port}")
        self.dokku("ports:clear", "shop").must_succeed()
        processes.wait_for("the port to be closed", lambda: self.refused(port), 20)
        self.assertEqual(self.get("shop").text, "shop")
        self.dokku("proxy:disable", "shop").must_succeed()
        self.assertEqual(self.get("shop").status, 404)
        own = self.dokku("url", "shop").must_succeed().out.strip()
        got = subprocess.run(["curl", "-sS", own], capture_output=True, text=True, check=False)
        self.assertEqual(got.stdout, "shop", got.stderr)
        self.dokku("proxy:enable", "shop").must_succeed()
        self.assertEqual(self.get("shop").text, "shop")

    def test_the_container_side_of_the_first_map_is_port(self):
        first, second = places.free_ports(2)
        two = apps.echo("two", before="import threading, http.server as h\n"
                        "class B(h.BaseHTTPRequestHandler):\n"
                        "    def do_GET(self):\n"
                        "        self.send_response(200)\n"
                        "        self.end_headers()\n"
                        "        self.wfile.write(b'behind')\n"
                        "threading.Thread(target=h.HTTPServer(('', 4000), B).serve_forever,\n"
                        "                 daemon=True).start()")
        self.dokku("apps:create", "two").must_succeed()
        self.dokku("ports:set", "two", "http:80:3000", f"http:{first}:4000").must_succeed()
        self.push(self.repo(two), "two").must_succeed()
        self.assertEqual(self.get("two", "/env/PORT").text, "3000")
        self.assertEqual(self.curl(f"http://two.example.test:{first}/").stdout, "behind")
        self.dokku("ports:set", "two", "http:80:80", f"http:{second}:4000").must_succeed() \
            .must_say("PORT is 3000 until the next start, then 80")
        self.assertEqual(self.get("two", "/env/PORT").text, "3000")
        self.dokku("ps:restart", "two").must_succeed()
        self.assertEqual(self.get("two", "/env/PORT").text, "80")
        self.assertEqual(self.curl(f"http://two.example.test:{second}/").stdout, "behind")

    def test_a_port_that_cannot_be_had_changes_nothing(self):
        with socket.create_server(("0.0.0.0", 0)) as taken:
            port = taken.getsockname()[1]
            self.dokku("ports:set", "blog", f"http:{port}:5000").must_fail() \
                .must_say("stay as they were")
        self.dokku("ports:list", "blog").must_fail()
        self.assertEqual(self.get("blog").text, "blog")

    @staticmethod
    def refused(port):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
            return False
        except ConnectionRefusedError:
            return True

    def test_requests_are_in_the_logs(self):
        self.push(self.repo(apps.echo("seen")), "seen").must_succeed()
        self.get("seen", "/wanted")
        processes.wait_for("the line of the request", lambda: '"GET /wanted HTTP/1.1" 200' in
                           self.dokku("nginx:access-logs", "seen").must_succeed().out, 20)
        self.assertEqual(self.dokku("proxy:logs", "-n", "1", "seen").out.count("\n"), 1)
        with Terminal(self.instance.ssh_command("proxy:logs", "-t", "seen", tty=True),
                      env=self.instance.environment()) as shown:
            shown.expect("/wanted")
            self.get("seen", "/later")
            shown.expect("/later")
        self.dokku("ps:stop", "seen").must_succeed()
        self.assertGreaterEqual(self.get("seen").status, 502)
        processes.wait_for("the line of the failure", lambda: self.dokku(
            "nginx:error-logs", "seen").must_succeed().out, 20)
        self.dokku("nginx:set", "seen", "access-log-path", "off").must_succeed()
        self.dokku("nginx:access-logs", "seen").must_end_with(1).must_say("Switch it on")
        self.dokku("apps:destroy", "--force", "seen").must_succeed()
        left = [name for name in os.listdir(self.instance.path("proxy", "logs"))
                if name.startswith("seen-")]
        self.assertEqual(left, [])

    def test_settings_act_at_once(self):
        self.dokku("proxy:set", "blog", "maintenance", "true").must_succeed()
        self.assertEqual(self.get("blog").status, 503)
        self.dokku("proxy:set", "blog", "maintenance-page", "<p>back at nine").must_succeed()
        self.assertEqual(self.get("blog").text, "<p>back at nine")
        self.dokku("proxy:set", "blog", "maintenance", "").must_succeed()
        self.assertEqual(self.get("blog").text, "blog")
        self.dokku("proxy:set", "blog", "error-page-413", "<p>too much").must_succeed()
        self.dokku("proxy:set", "blog", "client-max-body-size", "10").must_succeed()
        self.assertEqual(self.get("blog", body=b"x" * 11).text, "<p>too much")


if __name__ == "__main__":
    main()
