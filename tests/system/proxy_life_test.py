"""The life of the proxy's processes: sandbox, deaths, descriptors. Issue 5, points 9 and 10."""
import contextlib
import ctypes
import os
import pathlib
import signal
import time
import unittest

from proxy_test import ProxyTest, read_head, until

REQUEST = b"GET / HTTP/1.1\r\nHost: app.test\r\n\r\n"


def status_of(pid):
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


class Sandbox(ProxyTest):
    def test_workers_have_no_rights_and_a_filter(self):
        proxy = self.proxy("--workers", "2")
        proxy.put(self.app())
        self.assertStatus(proxy.get(), 200)
        for pid in proxy.workers():
            status = status_of(pid)
            self.assertEqual(status["Seccomp"], "2")
            self.assertEqual(status["NoNewPrivs"], "1")
            for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
                self.assertEqual(int(status[name], 16), 0, name)
            files = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
            regular = [name for name in files if name.startswith("/") and name != "/dev/null"]
            self.assertEqual([name for name in regular if not name.endswith("/log")], [])


class Deaths(ProxyTest):
    def test_a_killed_worker_is_back_within_100_ms(self):
        proxy = self.proxy("--workers", "1")
        proxy.put(self.app())
        slowest = []
        for _ in range(4):
            (worker,) = proxy.workers()
            os.kill(worker, signal.SIGKILL)
            begin = time.monotonic()
            self.assertStatus(proxy.get(), 200)  # waits in the listening socket, which lives on
            slowest.append(time.monotonic() - begin)
        # Sanitizers make the start of a program several times longer.
        limit = 0.1 if b"__asan_init" not in pathlib.Path(
            f"/proc/{proxy.process.pid}/exe").read_bytes() else 1.0
        self.assertLess(min(slowest), limit)


@contextlib.contextmanager
def frozen(thread):
    """The thread stands still (ptrace), the others of its process go on."""
    seize, interrupt, detach, any_kind = 0x4206, 0x4207, 17, 0x40000000
    libc = ctypes.CDLL(None, use_errno=True)

    def trace(request):
        if libc.ptrace(ctypes.c_long(request), ctypes.c_long(thread), None, None) != 0:
            raise OSError(ctypes.get_errno(), "ptrace")
    trace(seize)
    trace(interrupt)
    os.waitpid(thread, any_kind)
    try:
        yield
    finally:
        trace(detach)


class Disk(ProxyTest):
    def test_a_disk_that_takes_its_time_holds_up_no_change(self):
        """Whoever waits for the disk is a thread of its own; who reads the file sees it at once."""
        proxy, apps = self.proxy("--workers", "1"), [self.app(), self.app()]
        proxy.put(apps[0])
        file = proxy.folder / "state" / "routes.json"
        pid = proxy.process.pid
        threads = [int(t) for t in os.listdir(f"/proc/{pid}/task") if int(t) != pid]
        self.assertEqual(len(threads), 1)
        with frozen(threads[0]):
            for number in range(20):
                self.assertTrue(proxy.put(apps[number % 2], host=f"n{number}.test")["ok"])
            until(lambda: "n19.test" in file.read_text())
            self.assertStatus(proxy.get(host="n19.test"), 200)
        proxy.stop()
        self.assertIn("n19.test", file.read_text())


class Descriptors(ProxyTest):
    def test_out_of_descriptors_existing_connections_live_and_nothing_spins(self):
        proxy, app = self.proxy("--workers", "1", "--files", "160"), self.app()
        proxy.put(app)
        with proxy.connect() as first:
            first.sendall(REQUEST)
            self.assertStatus(read_head(first)[0], 200)
            crowd = [proxy.connect() for _ in range(300)]
            turned_away = []
            for sock in crowd[200:]:
                sock.settimeout(10)
                if read_head(sock)[0].startswith(b"HTTP/1.1 503"):
                    turned_away.append(sock)
            self.assertGreater(len(turned_away), 90)
            first.sendall(REQUEST)
            self.assertStatus(read_head(first)[0], 200)
            used = self.cpu(proxy)
            until(lambda begin=time.monotonic(): time.monotonic() - begin > 0.5)
            self.assertLess(self.cpu(proxy) - used, 0.1)
            for sock in crowd:
                sock.close()
            until(lambda: proxy.get().startswith(b"HTTP/1.1 200"))
        log = (proxy.folder / "log").read_text()
        self.assertIn("connections turned away with 503", log)
        self.assertLess(log.count("turned away"), 10)

    def cpu(self, proxy):
        (worker,) = proxy.workers()
        fields = pathlib.Path(f"/proc/{worker}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    unittest.main(verbosity=2)
