"""The proxy's ports, TLS and own answers: real clients (curl, openssl, Python), scripted apps."""
import functools
import hashlib
import http.client
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

from proxy_test import OK, ProxyTest, answering, free_port, read_head, until


@functools.lru_cache(maxsize=None)
def certificate(name, kind="ec", serial=1, extension=""):
    """A self-signed certificate as the control socket takes it."""
    key = {"ec": ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"], "rsa": ["rsa:2048"]}[kind]
    with tempfile.TemporaryDirectory() as folder:
        paths = [os.path.join(folder, part) for part in ("crt", "key")]
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", *key, "-nodes", "-days", "2", "-set_serial",
             str(serial), "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}",
             *(["-addext", extension] if extension else []), "-out", paths[0], "-keyout", paths[1]],
            check=True, capture_output=True)
        chain, secret = (pathlib.Path(path).read_text() for path in paths)
    digest = hashlib.sha256((chain + secret).encode()).hexdigest()
    return {"id": digest, "chain": chain, "private_key": secret}


class TlsTest(ProxyTest):
    def secure_proxy(self, *flags):
        self.https = free_port()
        return self.proxy("--https-port", str(self.https), "--workers", "2", *flags)

    def put(self, proxy, app, key="app", hosts=("app.test",), certificates=(), given=None, **more):
        group = {"key": key, "hosts": list(hosts), "certificates": [c["id"] for c in certificates],
                 "targets": [{"address": "127.0.0.1", "port": app.port, "instance": key}], **more}
        answer = proxy.ask(op="put", groups=[group],
                           certificates=list(certificates) if given is None else given)
        return answer

    def shake(self, name, port=None, session=None, alpn=()):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if alpn:
            context.set_alpn_protocols(alpn)
        if session:
            context = session[0]
        plain = socket.create_connection(("127.0.0.1", port or self.https), timeout=20)
        try:
            sock = context.wrap_socket(plain, server_hostname=name,
                                       session=session[1] if session else None)
        except ssl.SSLError:
            plain.close()
            raise
        self.addCleanup(sock.close)
        sock.context_used = context
        return sock

    def shown(self, name, **options):
        """The digest of the certificate that this name is shown."""
        with self.shake(name, **options) as sock:
            return hashlib.sha256(sock.getpeercert(binary_form=True)).hexdigest()

    @staticmethod
    def digest(made):
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(made["chain"])).hexdigest()

    def request(self, sock, host="app.test", path="/", method="GET", lines=""):
        sock.sendall(f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n{lines}\r\n".encode())
        head, rest = read_head(sock)
        return head.decode(), rest


class Certificates(TlsTest):
    def test_each_name_has_its_certificate_and_strangers_are_refused(self):
        proxy, app = self.secure_proxy(), self.app()
        mine, wild = certificate("app.test"), certificate("*.wild.test")
        self.assertTrue(self.put(proxy, app, certificates=[mine])["ok"])
        self.put(proxy, app, "wild", ["*.wild.test"], [wild])
        self.put(proxy, app, "plain", ["plain.test"])
        self.assertEqual(self.shown("app.test"), self.digest(mine))
        self.assertEqual(self.shown("x.wild.test"), self.digest(wild))
        for stranger in ("nobody.test", "plain.test", None):
            with self.assertRaisesRegex(ssl.SSLError, "(?i)unrecognized"):
                self.shake(stranger)

    def test_curl_and_openssl_agree(self):
        proxy, seen = self.secure_proxy(), []
        app, mine = self.app(answering(seen=seen)), certificate("app.test")
        self.put(proxy, app, certificates=[mine])
        chain = pathlib.Path(self.folder) / "chain.pem"
        chain.write_text(mine["chain"])
        for flag in ("--tlsv1.3", "--tls-max=1.2"):
            words = ["--tls-max", "1.2"] if flag.endswith("1.2") else [flag]
            got = subprocess.run(
                ["curl", "-sS", *words, "--cacert", chain, "--http1.1", "--resolve",
                 f"app.test:{self.https}:127.0.0.1", f"https://app.test:{self.https}/x"],
                capture_output=True, text=True, check=False)
            self.assertEqual(got.stdout, "ok", got.stderr)
        head = seen[0].decode().lower()
        self.assertIn("x-forwarded-proto: https\r\n", head)
        self.assertIn(f"x-forwarded-port: {self.https}\r\n", head)
        probe = subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{self.https}", "-servername",
             "app.test", "-CAfile", chain], input="", capture_output=True, text=True, check=False)
        self.assertIn("Verify return code: 0 (ok)", probe.stdout)
        old = subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{self.https}", "-servername",
             "app.test", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0"],
            input="", capture_output=True, text=True, check=False)
        self.assertNotEqual(old.returncode, 0)

    def test_ecdsa_and_rsa_stand_side_by_side(self):
        proxy, app = self.secure_proxy(), self.app()
        self.put(proxy, app, certificates=[certificate("app.test"),
                                           certificate("app.test", "rsa")])
        for offered, kind in (("ECDSA+SHA256", "ECDSA"), ("RSA-PSS+SHA256", "RSA")):
            probe = subprocess.run(
                ["openssl", "s_client", "-connect", f"127.0.0.1:{self.https}", "-servername",
                 "app.test", "-sigalgs", offered], input="", capture_output=True, text=True,
                check=False)
            self.assertRegex(probe.stdout, f"Peer signature type: {kind}")

    def test_a_new_certificate_drops_no_connection(self):
        proxy, app = self.secure_proxy(), self.app()
        old, new = certificate("app.test"), certificate("app.test", serial=2)
        self.put(proxy, app, certificates=[old])
        sock = self.shake("app.test")
        self.assertIn("200 OK", self.request(sock)[0])
        self.put(proxy, app, certificates=[new])
        self.assertIn("200 OK", self.request(sock)[0])
        self.assertEqual(self.shown("app.test"), self.digest(new))
        kept = os.listdir(os.path.join(self.folder, "state", "certs"))
        self.assertEqual(kept, [new["id"]])

    def test_keys_survive_and_stay_secret(self):
        proxy, app = self.secure_proxy(), self.app()
        mine = certificate("app.test")
        self.put(proxy, app, certificates=[mine])
        secret = mine["private_key"].splitlines()[1]
        self.assertNotIn(secret, str(proxy.ask(op="list")))
        snapshot = pathlib.Path(self.folder, "state", "routes.json").read_text()
        self.assertNotIn(secret, snapshot)
        file = pathlib.Path(self.folder, "state", "certs", mine["id"])
        self.assertEqual(file.stat().st_mode & 0o777, 0o600)
        worker = proxy.workers()[0]
        os.kill(worker, signal.SIGKILL)
        for _ in range(8):
            self.assertEqual(self.shown("app.test"), self.digest(mine))
        proxy.stop(signal.SIGINT)
        again = self.proxy("--https-port", str(self.https), port=proxy.port)
        self.assertEqual(self.shown("app.test"), self.digest(mine))
        self.assertNotIn(secret, (again.folder / "log").read_text())
        again.ask(op="remove", key="app")
        self.assertFalse(file.exists())

    def test_unknown_ids_change_nothing(self):
        proxy, app = self.secure_proxy(), self.app()
        self.put(proxy, app)
        answer = self.put(proxy, app, certificates=[certificate("app.test")], given=[])
        self.assertFalse(answer["ok"])
        self.assertEqual(answer["code"], "not_found")
        self.assertIn(b"ok", proxy.get())

    def test_sessions_resume_at_any_worker(self):
        proxy, app = self.secure_proxy(), self.app()
        self.put(proxy, app, certificates=[certificate("app.test")])
        first = self.shake("app.test")
        self.request(first)
        session = (first.context_used, first.session)
        for _ in range(12):
            with self.shake("app.test", session=session) as sock:
                self.assertTrue(sock.session_reused)

    def test_bodies_pass_both_ways(self):
        def echo(sock, _):
            head, rest = read_head(sock)
            size = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            while len(rest) < size:
                rest += sock.recv(1 << 20)
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + rest)
        proxy, app = self.secure_proxy(), self.app(echo)
        self.put(proxy, app, certificates=[certificate("app.test")])
        body = os.urandom(3_000_000)
        context = ssl._create_unverified_context()
        client = http.client.HTTPSConnection("127.0.0.1", self.https, context=context, timeout=30)
        client.sock = self.shake("app.test")
        client.request("POST", "/", body, {"Host": "app.test"})
        self.assertEqual(client.getresponse().read(), body)

    def test_the_default_certificate_answers_strangers(self):
        made = certificate("default.test")
        files = [pathlib.Path(self.folder, name) for name in ("d.crt", "d.key")]
        for file, part in zip(files, ("chain", "private_key")):
            file.write_text(made[part])
        proxy = self.secure_proxy("--default-certificate", files[0], "--default-key", files[1])
        self.put(proxy, self.app())
        self.assertEqual(self.shown("nobody.test"), self.digest(made))
        self.assertEqual(self.shown(None), self.digest(made))
        self.assertIn("200 OK", self.request(self.shake(None))[0])

    def test_authorities_are_answered(self):
        proxy, app = self.secure_proxy(), self.app()
        proof = certificate("app.test", serial=7)
        self.put(proxy, app, certificates=[proof], given=[proof],
                 listeners=[{"port": proxy.port, "redirect_to": self.https},
                            {"port": self.https, "scheme": "https"}],
                 challenges=[{"host": "app.test", "token": "t0k", "answer": "t0k.print"},
                             {"host": "app.test", "certificate": proof["id"]}])
        answer = proxy.get("/.well-known/acme-challenge/t0k")
        self.assertStatus(answer, 200)
        self.assertTrue(answer.endswith(b"\r\n\r\nt0k.print"))
        self.assertStatus(proxy.get("/.well-known/acme-challenge/other"), 301)
        with self.shake("app.test", alpn=["acme-tls/1"]) as sock:
            self.assertEqual(sock.selected_alpn_protocol(), "acme-tls/1")
            self.assertEqual(sock.recv(1), b"")


class Ways(TlsTest):
    def test_http_leads_to_https_and_stays_there(self):
        proxy, app = self.secure_proxy(), self.app()
        self.put(proxy, app, certificates=[certificate("app.test")],
                 listeners=[{"port": proxy.port, "redirect_to": self.https},
                            {"port": self.https, "scheme": "https"}])
        for method, status in (("GET", 301), ("HEAD", 301), ("POST", 308)):
            answer = proxy.get("/a?b=%20c", method=method)
            self.assertStatus(answer, status)
            self.assertIn(f"Location: https://app.test:{self.https}/a?b=%20c\r\n".encode(), answer)
            self.assertNotIn(b"Strict-Transport", answer)
        head, _ = self.request(self.shake("app.test"))
        self.assertIn("Strict-Transport-Security: max-age=15724800; includeSubdomains\r\n", head)
        self.put(proxy, app, certificates=[certificate("app.test")], settings={"hsts": False})
        self.assertNotIn("Strict", self.request(self.shake("app.test"))[0])

    def test_ports_are_shared_by_host_and_closed_with_the_last(self):
        proxy, port = self.secure_proxy(), free_port()
        one = self.app(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none"))
        two = self.app()
        self.put(proxy, one, "one", ["one.test"], listeners=[{"port": port}])
        self.put(proxy, two, "two", ["two.test"], listeners=[{"port": port}, {"port": proxy.port}])

        def ask(host):
            with socket.create_connection(("127.0.0.1", port), timeout=20) as sock:
                head, rest = self.request(sock, host)
                return head[9:12], rest
        self.assertEqual(ask("one.test"), ("200", b"one"))
        self.assertEqual(ask("two.test"), ("200", b"ok"))
        self.assertEqual(ask("three.test")[0], "404")
        self.assertStatus(proxy.get(host="one.test"), 404)
        self.assertStatus(proxy.get(host="two.test"), 200)
        clash = self.put(proxy, one, "three", ["three.test"],
                         listeners=[{"port": port, "scheme": "https"}])
        self.assertEqual(clash["code"], "conflict")
        kept = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.addCleanup(kept.close)
        self.assertIn("200", self.request(kept, "two.test")[0])
        proxy.ask(op="remove", key="one")
        self.assertEqual(ask("two.test")[0], "200")
        # The same port becomes another kind of port; who is there is not disturbed.
        self.put(proxy, two, "two", ["two.test"], [certificate("two.test")],
                 listeners=[{"port": port, "scheme": "https"}])
        self.assertEqual(self.shown("two.test", port=port), self.digest(certificate("two.test")))
        proxy.ask(op="remove", key="two")

        def closed():
            try:
                socket.create_connection(("127.0.0.1", port), timeout=20).close()
            except ConnectionRefusedError:
                return True
            return False
        until(closed)

    def test_listeners_have_their_own_target_port(self):
        proxy, port = self.secure_proxy(), free_port()
        web = self.app()
        admin = self.app(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na"))
        self.put(proxy, web, listeners=[{"port": proxy.port},
                                        {"port": port, "target_port": admin.port}])
        self.assertTrue(proxy.get().endswith(b"ok"))
        with socket.create_connection(("127.0.0.1", port), timeout=20) as sock:
            self.assertEqual(self.request(sock)[1], b"a")

    def test_drain_waits_for_requests_at_every_port_of_a_target(self):
        release = threading.Event()

        def serve(sock, _):
            read_head(sock)
            release.wait(20)
            sock.sendall(OK)
        proxy, port = self.secure_proxy(), free_port()
        web, admin, fresh = self.app(), self.app(serve), self.app()
        self.put(proxy, web, listeners=[{"port": proxy.port},
                                        {"port": port, "target_port": admin.port}])
        with socket.create_connection(("127.0.0.1", port), timeout=20) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: app.test\r\n\r\n")
            until(lambda: admin.connections == 1)
            self.put(proxy, fresh, listeners=[{"port": proxy.port}, {"port": port}])
            self.assertEqual(proxy.drained(web, 200)["code"], "timed_out")
            release.set()
            self.assertStatus(read_head(sock)[0], 200)
            self.assertTrue(proxy.drained(web, 10_000)["ok"])

    def test_a_connection_is_for_the_names_that_it_agreed_on(self):
        proxy, app = self.secure_proxy(), self.app()
        shared = certificate("*.shared.test")
        self.put(proxy, app, certificates=[certificate("app.test")])
        self.put(proxy, app, "a", ["a.shared.test"], [shared])
        self.put(proxy, app, "b", ["b.shared.test"], [shared])
        self.assertIn(" 421 ", self.request(self.shake("app.test"), "a.shared.test")[0])
        self.assertIn(" 200 ", self.request(self.shake("a.shared.test"), "b.shared.test")[0])

    def test_maintenance_and_pages_of_the_app(self):
        proxy, app = self.secure_proxy(), self.app()
        self.put(proxy, app, settings={"maintenance": True, "retry-after": 120})
        answer = proxy.get()
        self.assertStatus(answer, 503)
        self.assertIn(b"Retry-After: 120\r\n", answer)
        self.assertIn(b"Maintenance", answer)
        self.put(proxy, app, settings={"maintenance": True, "maintenance-page": "<p>soon"})
        self.assertTrue(proxy.get().endswith(b"<p>soon"))
        self.assertEqual(app.connections, 0)
        app.close()
        self.put(proxy, app, settings={"error-pages": {"502": "<p>oh no"}})
        self.assertStatus(proxy.get(), 502)
        self.assertTrue(proxy.get().endswith(b"<p>oh no"))

    def test_the_name_in_tls_says_whose_limits_hold_before_the_first_request(self):
        proxy, app = self.secure_proxy(), self.app()
        self.put(proxy, app, certificates=[certificate("app.test")],
                 settings={"client-header-timeout": 300})
        started = time.monotonic()
        sock = self.shake("app.test")
        sock.sendall(b"GET /")
        self.assertIn(b" 408 ", read_head(sock)[0])
        h2 = self.shake("app.test", alpn=["h2"])
        h2.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
                   + bytes([0, 0, 1, 1, 1, 0, 0, 0, 1]) + b"\x82")
        while h2.recv(65536):
            pass
        self.assertLess(time.monotonic() - started, 5)

    def test_only_trusted_proxies_are_believed(self):
        proxy, seen = self.secure_proxy(), []
        app = self.app(answering(seen=seen))
        claims = ("X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\n"
                  "X-Forwarded-Port: 8443\r\nX-Forwarded-Host: front.test\r\n"
                  "X-Request-Id: abc-1\r\nX-Request-Start: 1.5\r\n")

        def told(**settings):
            self.put(proxy, app, settings=settings)
            with proxy.connect() as sock:
                self.request(sock, lines=claims)
            lines = seen[-1].decode().split("\r\n")
            return dict(line.lower().split(": ", 1) for line in lines if ": " in line)
        fields = told()
        self.assertEqual(fields["x-forwarded-for"], "127.0.0.1")
        self.assertEqual(fields["x-forwarded-proto"], "http")
        self.assertEqual(fields["x-forwarded-host"], "app.test")
        self.assertNotEqual(fields["x-request-id"], "abc-1")
        self.assertNotIn("x-forwarded-ssl", fields)
        fields = told(**{"trusted-proxies": ["127.0.0.0/8"], "x-forwarded-ssl": "on"})
        self.assertEqual(fields["x-forwarded-for"], "192.0.2.1, 127.0.0.1")
        self.assertEqual(fields["x-forwarded-proto"], "https")
        self.assertEqual(fields["x-forwarded-port"], "8443")
        self.assertEqual(fields["x-forwarded-host"], "front.test")
        self.assertEqual(fields["x-request-id"], "abc-1")
        self.assertEqual(fields["x-request-start"], "1.5")
        self.assertEqual(fields["x-forwarded-ssl"], "on")
        fields = told(**{"trusted-proxies": ["10.0.0.0/8"]})
        self.assertEqual(fields["x-forwarded-for"], "127.0.0.1")
        fields = told(**{"x-forwarded-for": "keep", "x-forwarded-proto": "keep"})
        self.assertEqual(fields["x-forwarded-for"], "192.0.2.1")
        self.assertEqual(fields["x-forwarded-proto"], "https")
        self.assertEqual(fields["x-forwarded-host"], "app.test")


if __name__ == "__main__":
    unittest.main(verbosity=2)
