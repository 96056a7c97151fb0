"""An instance on a file system of its own, small enough to be filled."""
import errno
import json
import os
import shutil
import subprocess
import tempfile

from harness.case import SystemTest
from harness.instance import Instance


class SmallDiskInstance(Instance):
    def __init__(self, megabytes):
        super().__init__()
        # What people push from is not on the server's disk.
        self.client_dir = os.path.join(tempfile.mkdtemp(prefix="dokku-small-disk-"), "client")
        handle, self.image = tempfile.mkstemp(prefix="dokku-small-disk-", suffix=".img")
        os.close(handle)
        os.truncate(self.image, megabytes << 20)
        # Without blocks that only root may use: then "full" is full.
        subprocess.run(["mkfs.ext4", "-q", "-F", "-m", "0", self.image], check=True)
        subprocess.run(["mount", "-o", "loop", self.image, self.root], check=True)
        os.chmod(self.root, 0o755)

    def stop(self):
        try:
            super().stop()
        finally:
            if os.path.ismount(self.root):
                subprocess.run(["umount", self.root], check=False)
            if os.path.ismount(self.root):
                subprocess.run(["umount", "-l", self.root], check=False)
            if os.path.isdir(self.root) and not os.listdir(self.root):
                os.rmdir(self.root)
            if os.path.exists(self.image):
                os.unlink(self.image)
            shutil.rmtree(os.path.dirname(self.client_dir), ignore_errors=True)

    def space(self):
        """(free, all) bytes."""
        disk = os.statvfs(self.root)
        return disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize

    def fill(self, leave=0):
        """Takes all that is free but `leave` bytes; `release()` gives it back."""
        with open(self.path("filler"), "ab", buffering=0) as file:
            take = self.space()[0] - leave
            if take > 0:
                self._until_full(lambda: os.posix_fallocate(file.fileno(), file.tell(), take))
            file.seek(0, os.SEEK_END)
            while self.space()[0] > leave:
                if not self._until_full(lambda: file.write(b"x" * 4096)):
                    break

    @staticmethod
    def _until_full(write):
        """False: there was no room."""
        try:
            write()
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            return False
        return True

    def release(self):
        if os.path.exists(self.path("filler")):
            os.unlink(self.path("filler"))


class SmallDisk(SystemTest):
    """A SystemTest whose instance has a disk of `megabytes`."""
    wants_instance = False
    megabytes = 1800

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.instance = SmallDiskInstance(cls.megabytes)
        cls.addClassCleanup(cls.instance.stop)
        cls.instance.start()
        cls.instance.prepare_stack()
        cls.instance.dokku("domains:set-global", "example.test").must_succeed()

    def report(self, *words):
        printed = self.dokku("disk:report", *words, "--format", "json").must_succeed().out
        return json.loads(printed)
