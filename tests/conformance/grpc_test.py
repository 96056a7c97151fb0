"""gRPC by its real libraries: a client (grpcio) and an app (grpc++, tests/system/grpc_echo) with a
live proxy in between, in the clear and over TLS."""
import hashlib
import os
import pathlib
import queue
import signal
import socket
import subprocess
import tempfile
import threading
import unittest

import grpc

from live import BIN, Live, free_port

ECHO = BIN / "grpc-echo"
BIG = 10 * 1000 * 1000
ROOMY = (("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1))
Code = grpc.StatusCode


def certificate():
    with tempfile.TemporaryDirectory() as folder:
        paths = [os.path.join(folder, part) for part in ("crt", "key")]
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-days", "2", "-subj", "/CN=app.test", "-addext",
             "subjectAltName=DNS:app.test", "-out", paths[0], "-keyout", paths[1]],
            check=True, capture_output=True)
        chain, key = (pathlib.Path(path).read_text() for path in paths)
    digest = hashlib.sha256((chain + key).encode()).hexdigest()
    return {"id": digest, "chain": chain, "private_key": key}


class Echo:
    """A process of the app."""

    def __init__(self, name=""):
        self.port = free_port()
        self.process = subprocess.Popen(
            [ECHO], env={"PORT": str(self.port), "GRPC_ECHO_NAME": name})
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except ConnectionRefusedError:
                if self.process.poll() is not None:
                    raise

    def stop(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
        self.process.wait(60)


class GrpcLive(Live):
    def put(self, settings=None, echoes=()):
        if not hasattr(self, "plain"):
            self.plain, self.tls, self.certificate = free_port(), free_port(), certificate()
        group = {"key": "app", "hosts": ["app.test"], "settings": settings or {},
                 "certificates": [self.certificate["id"]],
                 "listeners": [{"port": self.plain, "scheme": "grpc"},
                               {"port": self.tls, "scheme": "grpcs"}],
                 "targets": [{"address": "127.0.0.1", "port": echo.port, "instance": "app.web.1"}
                             for echo in echoes]}
        reply = self.ask(op="put", groups=[group], certificates=[self.certificate])
        assert reply["ok"], reply

    def channel(self, tls=False):
        options = (("grpc.default_authority", "app.test"), *ROOMY)
        if not tls:
            return grpc.insecure_channel(f"127.0.0.1:{self.plain}", options)
        trust = grpc.ssl_channel_credentials(self.certificate["chain"].encode())
        name = (("grpc.ssl_target_name_override", "app.test"),)
        return grpc.secure_channel(f"127.0.0.1:{self.tls}", trust, options + name)


class GrpcTest(unittest.TestCase):
    tls = False

    @classmethod
    def setUpClass(cls):
        cls.live = GrpcLive()
        cls.addClassCleanup(cls.live.close)
        cls.echo = Echo("one")
        cls.addClassCleanup(cls.echo.stop)
        cls.live.put(echoes=[cls.echo])

    def setUp(self):
        self.channel = self.live.channel(self.tls)
        self.addCleanup(self.channel.close)

    def say(self, message=b"hello", **options):
        return self.channel.unary_unary("/echo.Echo/Echo").with_call(
            message, timeout=options.pop("timeout", 60), **options)

    def talk(self, requests, **options):
        return self.channel.stream_stream("/echo.Echo/Echo")(requests, timeout=60, **options)


class Calls(GrpcTest):
    def test_unary(self):
        for size in (0, 1, 1000, 70_000):
            self.assertEqual(self.say(b"x" * size)[0], b"x" * size)

    def test_metadata_goes_and_comes_back(self):
        _, call = self.say(metadata=(("x-ask", "a, b; c"), ("x-bytes-bin", b"\0\xff")))
        self.assertIn(("x-first", "a, b; c"), call.initial_metadata())
        self.assertIn(("x-last", "a, b; c"), call.trailing_metadata())

    def test_server_streaming(self):
        count = self.channel.unary_stream("/echo.Echo/Count")
        self.assertEqual([int(each) for each in count(b"2000", timeout=60)],
                         list(range(1999, -1, -1)))

    def test_client_streaming(self):
        collect = self.channel.stream_unary("/echo.Echo/Collect")
        self.assertEqual(collect((b"x" * 1000 for _ in range(500)), timeout=60), b"500000")

    def test_both_ways_in_turns(self):
        requests = queue.Queue()
        answers = self.talk(iter(requests.get, None))
        for turn in range(300):
            requests.put(b"%d" % turn)
            self.assertEqual(next(answers), b"%d" % turn)
        requests.put(None)
        self.assertEqual(list(answers), [])
        self.assertEqual(answers.code(), Code.OK)

    def test_ten_megabytes_each_way(self):
        message = os.urandom(BIG)
        self.assertEqual(self.say(message)[0], message)

    def test_a_status_of_the_apps_own(self):
        with self.assertRaises(grpc.RpcError) as caught:
            self.channel.unary_unary("/echo.Echo/Fail")(b"", timeout=60)
        self.assertEqual(caught.exception.code(), Code.DATA_LOSS)
        self.assertEqual(caught.exception.details(), "lost: 100% ä")

    def test_a_deadline_ends_a_call_and_nothing_else(self):
        collect = self.channel.stream_unary("/echo.Echo/Collect")
        never = threading.Event()
        self.addCleanup(never.set)
        with self.assertRaises(grpc.RpcError) as caught:
            collect(iter(lambda: never.wait() and None, None), timeout=0.3)
        self.assertEqual(caught.exception.code(), Code.DEADLINE_EXCEEDED)
        self.assertEqual(self.say()[0], b"hello")

    def test_a_call_is_cancelled(self):
        requests = queue.Queue()
        answers = self.talk(iter(requests.get, None))
        requests.put(b"one")
        self.assertEqual(next(answers), b"one")
        answers.cancel()
        requests.put(None)
        self.assertEqual(answers.code(), Code.CANCELLED)
        self.assertEqual(self.say()[0], b"hello")

    def test_many_calls_share_few_connections(self):
        say = self.channel.unary_unary("/echo.Echo/Echo")
        calls = [say.future(b"%d" % number, timeout=60) for number in range(500)]
        self.assertEqual([call.result() for call in calls],
                         [b"%d" % number for number in range(500)])

    def test_a_call_without_a_message(self):
        requests = queue.Queue()
        requests.put(None)
        answers = self.talk(iter(requests.get, None))
        self.assertEqual(list(answers), [])
        self.assertIn(("x-name", "one"), answers.trailing_metadata())


class CallsOverTls(Calls):
    tls = True


class Trouble(GrpcTest):
    def setUp(self):
        super().setUp()
        self.addCleanup(self.live.put, echoes=[self.echo])

    def fails(self, call, *args):
        with self.assertRaises(grpc.RpcError) as caught:
            call(*args)
        return caught.exception

    def test_the_app_is_down(self):
        self.live.put(echoes=[])
        error = self.fails(self.say)
        self.assertEqual(error.code(), Code.UNAVAILABLE)
        self.assertEqual(error.details(), "The app is not answering.")

    def test_maintenance(self):
        self.live.put({"maintenance": True}, echoes=[self.echo])
        self.assertEqual(self.fails(self.say).code(), Code.UNAVAILABLE)

    def test_too_large(self):
        self.live.put({"client-max-body-size": 1000}, echoes=[self.echo])
        self.assertEqual(self.fails(self.say, b"x" * 2000).code(), Code.RESOURCE_EXHAUSTED)
        self.assertEqual(self.say(b"x" * 500)[0], b"x" * 500)

    def test_the_app_dies_in_the_middle(self):
        mortal = Echo()
        self.addCleanup(mortal.stop)
        self.live.put(echoes=[mortal])
        requests = queue.Queue()
        self.addCleanup(requests.put, None)
        answers = self.talk(iter(requests.get, None))
        requests.put(b"one")
        self.assertEqual(next(answers), b"one")
        mortal.stop(signal.SIGKILL)
        self.assertEqual(self.fails(next, answers).code(), Code.UNAVAILABLE)

    def test_a_held_app_answers_when_it_is_let_go(self):
        self.live.put({"hold": True}, echoes=[])
        call = self.channel.unary_unary("/echo.Echo/Echo").future(b"patience", timeout=60)
        self.live.put(echoes=[self.echo])
        self.assertEqual(call.result(), b"patience")


class Switching(GrpcTest):
    """Processes of the app come and go under calls of every kind, and no call fails."""

    def keep_calling(self, stop, made, failed):
        channel = self.live.channel(self.tls)
        say = channel.unary_unary("/echo.Echo/Echo")
        count = channel.unary_stream("/echo.Echo/Count")
        try:
            while not stop.is_set():
                assert say(b"x" * 3000, timeout=60) == b"x" * 3000
                assert len(list(count(b"50", timeout=60))) == 50
                made.append(2)
        except (grpc.RpcError, AssertionError) as error:
            failed.append(error)
        finally:
            channel.close()

    def test_no_call_is_lost(self):
        stop, made, failed = threading.Event(), [], []
        threads = [threading.Thread(target=self.keep_calling, args=(stop, made, failed))
                   for _ in range(4)]
        requests = queue.Queue()
        answers = self.talk(iter(requests.get, None))  # one that outlives each switch it sees
        requests.put(b"first")
        self.assertEqual(next(answers), b"first")
        for thread in threads:
            thread.start()
        old = None
        for turn in range(6):
            fresh = Echo(f"turn {turn}")
            self.addCleanup(fresh.stop)
            self.live.put(echoes=[fresh])
            requests.put(b"%d" % turn)
            self.assertEqual(next(answers), b"%d" % turn)
            before = len(made)
            while len(made) < before + 20 and not failed:
                stop.wait(0.01)
            if old is not None:
                old.stop()
            old = fresh
        stop.set()
        for thread in threads:
            thread.join()
        self.assertEqual(failed, [])
        self.assertGreater(len(made), 100)
        requests.put(None)
        self.assertEqual(list(answers), [])
        self.live.put(echoes=[self.echo])


if __name__ == "__main__":
    unittest.main()
