"""An app that speaks gRPC, pushed and asked as people do: port maps, certificates, deploys."""
import os
import pathlib
import queue
import subprocess
import threading

import grpc

from harness import SystemTest, main, places, processes

ECHO = pathlib.Path(os.environ.get("DOKKU_BIN", "build/dev/bin")) / "grpc-echo"
NAME = "calls.example.test"


def echo(mark):
    return {"bin/grpc-echo": ECHO.read_bytes(), "Procfile": "web: exec bin/grpc-echo\n",
            "mark": mark}


class Grpc(SystemTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.port, = places.free_ports(1)
        cls.instance.dokku("domains:set-global", "example.test").must_succeed()
        cls.pushed = cls.instance.repo(echo("one"))
        cls.instance.push(cls.pushed, "calls").must_succeed()
        cls.instance.dokku("ports:set", "calls", f"grpc:{cls.port}:5000").must_succeed()

    def channel(self):
        made = grpc.insecure_channel(f"127.0.0.1:{self.port}", (("grpc.default_authority", NAME),))
        self.addCleanup(made.close)
        return made

    def keep_calling(self, stop, made, failed):
        channel = self.channel()
        say = channel.unary_unary("/echo.Echo/Echo")
        count = channel.unary_stream("/echo.Echo/Count")
        talk = channel.stream_stream("/echo.Echo/Echo")
        try:
            while not stop.is_set():
                assert say(b"x" * 3000, timeout=60) == b"x" * 3000
                assert len(list(count(b"50", timeout=60))) == 50
                assert len(list(talk(iter([b"a", b"b", b"c"]), timeout=60))) == 3
                made.append(3)
        except (grpc.RpcError, AssertionError) as error:
            failed.append(error)

    def test_no_call_is_lost_by_a_deploy(self):
        stop, made, failed = threading.Event(), [], []
        threads = [threading.Thread(target=self.keep_calling, args=(stop, made, failed))
                   for _ in range(3)]
        for thread in threads:
            thread.start()
        try:
            self.dokku("config:set", "calls", "GRPC_ECHO_NAME=two").must_succeed()
            self.dokku("ps:restart", "calls").must_succeed()
            self.pushed.commit(echo("three"))
            self.push(self.pushed, "calls").must_succeed()
            self.dokku("ps:scale", "calls", "web=2").must_succeed()
            self.dokku("ps:scale", "calls", "web=1").must_succeed()
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        self.assertEqual(failed, [])
        self.assertGreater(len(made), 10)
        _, call = self.channel().unary_unary("/echo.Echo/Echo").with_call(b"", timeout=60)
        self.assertIn(("x-name", "two"), call.trailing_metadata())

    def test_over_tls_by_name(self):
        folder = pathlib.Path(self.instance.client_dir)
        crt, key = folder / "server.crt", folder / "server.key"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-days", "9", "-subj", f"/CN={NAME}", "-addext",
             f"subjectAltName=DNS:{NAME}", "-out", crt, "-keyout", key],
            check=True, capture_output=True)
        self.dokku("ports:add", "calls", "grpcs:443:5000").must_succeed() \
            .must_say("Served once the app has a certificate: grpcs:443:5000")
        self.dokku("certs:add", "calls", str(crt), str(key)).must_succeed()
        trust = grpc.ssl_channel_credentials(crt.read_bytes())
        options = (("grpc.default_authority", NAME), ("grpc.ssl_target_name_override", NAME))
        with grpc.secure_channel(f"127.0.0.1:{self.instance.https_port}", trust, options) as made:
            self.assertEqual(made.unary_unary("/echo.Echo/Echo")(b"hello", timeout=60), b"hello")
        self.dokku("proxy:show-config", "calls").must_succeed() \
            .must_say(f"listen: grpcs {self.instance.https_port} to port 5000 by HTTP/2")

    def test_the_log_and_the_counters_know_calls(self):
        channel = self.channel()
        self.assertEqual(channel.unary_unary("/echo.Echo/Logged")(b"hello", timeout=60), b"hello")
        processes.wait_for(
            "the call in the log",
            lambda: "POST /echo.Echo/Logged HTTP/2.0" in self.dokku("proxy:logs", "calls").out, 20)

    def test_a_stopped_app_is_unavailable(self):
        requests = queue.Queue()
        requests.put(None)
        self.dokku("ps:stop", "calls").must_succeed()
        self.addCleanup(lambda: self.dokku("ps:start", "calls").must_succeed())
        with self.assertRaises(grpc.RpcError) as caught:
            self.channel().unary_unary("/echo.Echo/Echo")(b"", timeout=60)
        self.assertEqual(caught.exception.code(), grpc.StatusCode.UNAVAILABLE)


if __name__ == "__main__":
    main()
