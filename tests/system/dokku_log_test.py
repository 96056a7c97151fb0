"""dokku-log as containerd starts it: records, rotation, several writers, a full disk, signals."""
import ctypes
import glob
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

BIN = os.environ.get("DOKKU_BIN", "build/dev/bin") + "/dokku-log"
LIBC = ctypes.CDLL(None, use_errno=True)
RECORD = re.compile(rb"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z) ([oes]) ([FP]) (.*)$", re.S)


class Logger:
    def __init__(self, path, container="blog.web.1.r1"):
        out, self.out = os.pipe()
        err, self.err = os.pipe()
        ready, theirs = os.pipe()
        script = (f'exec 60<&{out} 61<&{err} 62>&{theirs} {out}<&- {err}<&- {theirs}>&-; '
                  'exec 3<&60 4<&61 5>&62 60<&- 61<&- 62>&-; exec "$0" dir "$1"')
        self.process = subprocess.Popen(["/bin/bash", "-c", script, BIN, path],
                                        pass_fds=(out, err, theirs),
                                        env={"CONTAINER_ID": container})
        for fd in (out, err):
            os.close(fd)
        os.close(theirs)
        self.ready = ready

    def close(self):
        for fd in (self.out, self.err):
            os.close(fd)
        status = self.process.wait(20)
        os.close(self.ready)
        return status


class DokkuLog(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="dokku-log-")
        self.addCleanup(shutil.rmtree, self.root)
        self.dir = self.root + "/blog/web.1"

    def logger(self, *args):
        logger = Logger(self.dir, *args)

        def stop():
            if logger.process.poll() is None:
                logger.process.kill()
                logger.process.wait()
        self.addCleanup(stop)
        return logger

    def limits(self, segment_bytes, segments):
        os.makedirs(self.root + "/blog", exist_ok=True)
        with open(self.root + "/blog/limits", "w") as file:
            file.write(f"{segment_bytes} {segments}\n")

    def segments(self):
        return sorted(glob.glob(self.dir + "/*.log"))

    def records(self):
        found = []
        for path in self.segments():
            with open(path, "rb") as file:
                data = file.read()
            self.assertTrue(data == b"" or data.endswith(b"\n"), path)
            for line in data.split(b"\n")[:-1]:
                match = RECORD.match(line)
                self.assertTrue(match, line[:100])
                found.append((match[2] + match[3], match[4]))
        return found

    def wait_for(self, condition):
        deadline = time.monotonic() + 20
        while not condition():
            self.assertLess(time.monotonic(), deadline)
            os.sched_yield()

    def test_writes_records_with_time_and_stream(self):
        logger = self.logger()
        os.write(logger.out, b"one\ntwo\n\nlast")
        self.wait_for(lambda: len(self.records()) >= 4)
        os.write(logger.err, b"oops\n")
        self.wait_for(lambda: len(self.records()) >= 5)
        self.assertEqual(logger.close(), 0)
        self.assertEqual([r for r in self.records() if r[0][1:] == b"F"],
                         [(b"sF", b"start blog.web.1.r1"), (b"oF", b"one"), (b"oF", b"two"),
                          (b"oF", b""), (b"eF", b"oops"), (b"oF", b"last"), (b"sF", b"end")])
        self.assertEqual(os.stat(self.segments()[0]).st_mode & 0o777, 0o640)

    def test_tells_when_it_is_ready(self):
        logger = self.logger()
        self.assertEqual(os.read(logger.ready, 1), b"")
        self.assertEqual(self.records(), [(b"sF", b"start blog.web.1.r1")])
        logger.close()

    def test_writes_a_line_without_end_after_a_moment(self):
        logger = self.logger()
        os.write(logger.out, b"progress 10%")
        self.wait_for(lambda: (b"oP", b"progress 10%") in self.records())
        os.write(logger.out, b" 20%\n")
        logger.close()
        self.assertIn((b"oF", b" 20%"), self.records())

    def test_splits_long_lines_and_keeps_every_byte(self):
        logger = self.logger()
        data = bytes(range(256)).replace(b"\n", b"") * 400 + b"\n"
        for at in range(0, len(data), 50000):
            os.write(logger.out, data[at:at + 50000])
        logger.close()
        pieces = [text for kind, text in self.records() if kind[:1] == b"o"]
        self.assertGreater(len(pieces), 5)
        self.assertEqual(b"".join(pieces) + b"\n", data)

    def test_rotates_and_prunes(self):
        self.limits(200000, 3)
        logger = self.logger()
        total = 30000
        for at in range(0, total, 1000):
            os.write(logger.out, b"".join(b"line %06d\n" % n for n in range(at, at + 1000)))
        logger.close()
        sizes = [os.path.getsize(path) for path in self.segments()]
        self.assertLessEqual(max(sizes), 200000)
        self.assertLessEqual(sum(sizes), 600000)
        numbers = [int(text[5:]) for kind, text in self.records() if kind == b"oF"]
        self.assertEqual(numbers, list(range(total - len(numbers), total)))
        self.assertGreater(len(numbers), 5000)

    def test_two_containers_share_a_folder(self):
        self.limits(100000, 3)
        old, new = self.logger("blog.web.1.r1"), self.logger("blog.web.1.r2")
        os.read(old.ready, 1)
        os.write(old.out, b"old begins\n")
        self.wait_for(lambda: (b"oF", b"old begins") in self.records())
        for _ in range(200):
            os.write(new.out, b"x" * 4000 + b"\n")
        self.wait_for(lambda: len(glob.glob(self.dir + "/*r2.00000[89].log")) > 0)
        os.write(old.out, b"old ends\n")
        old.close()
        new.close()
        texts = [text for _, text in self.records()]
        self.assertIn(b"old begins", texts)  # its segment was in use, so nobody pruned it
        self.assertIn(b"old ends", texts)
        self.assertLessEqual(sum(map(os.path.getsize, self.segments())), 400000)

    def test_a_crash_loop_does_not_fill_the_folder(self):
        for n in range(80):
            self.logger(f"blog.web.1.r{n}").close()
        self.assertLessEqual(len(self.segments()), 64)

    def test_ignores_signals_and_drains(self):
        logger = self.logger()
        os.read(logger.ready, 1)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            logger.process.send_signal(number)
        os.write(logger.out, b"after\n")
        self.assertEqual(logger.close(), 0)
        self.assertIn((b"oF", b"after"), self.records())

    def test_a_lost_folder_does_not_stop_the_draining(self):
        self.limits(100000, 2)
        logger = self.logger()
        os.read(logger.ready, 1)
        shutil.rmtree(self.dir)
        for _ in range(300):
            os.write(logger.out, b"x" * 4000 + b"\n")
        self.assertEqual(logger.close(), 0)
        self.assertFalse(os.path.exists(self.dir))

    def test_a_full_disk_drops_counts_and_recovers(self):
        os.makedirs(self.dir)
        self.assertEqual(LIBC.mount(b"tmpfs", self.dir.encode(), b"tmpfs", 0, b"size=256k"), 0)
        self.addCleanup(LIBC.umount2, self.dir.encode(), 2)
        with open(self.dir + "/ballast", "wb") as file:
            file.write(b"x" * 150000)
        logger = self.logger()
        for n in range(2000):
            os.write(logger.out, b"line %04d %s\n" % (n, b"y" * 200))
        before = len(self.records())
        os.unlink(self.dir + "/ballast")
        os.write(logger.out, b"room again\n")
        logger.close()
        records = self.records()
        dropped = [int(t.split()[1]) for kind, t in records if kind == b"sF" and b"dropped" in t]
        self.assertGreater(before, 10)
        self.assertEqual(sum(dropped) + sum(kind == b"oF" for kind, _ in records), 2001)
        self.assertGreater(sum(dropped), 0)
        self.assertIn((b"oF", b"room again"), records)

    def test_is_small(self):
        logger = self.logger()
        for _ in range(500):
            os.write(logger.out, b"x" * 4000 + b"\n")
        self.wait_for(lambda: len(self.records()) > 500)
        with open(f"/proc/{logger.process.pid}/status") as status:
            rss = [int(line.split()[1]) for line in status if line.startswith("VmRSS")][0]
        logger.close()
        self.assertLess(rss, 1200)  # kB, of which half is file pages that all loggers share


if __name__ == "__main__":
    unittest.main()
