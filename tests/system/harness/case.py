"""The base of all system tests, and their main."""
import faulthandler
import os
import signal
import sys
import unittest

from harness import places
from harness.instance import Instance, end_what_killed_tests_left

# ctest kills without warning after 1200 s; this comes before, so that instances are ended. A first
# run makes throw-away roots, which takes minutes.
SECONDS_MAX = 1170


class SystemTest(unittest.TestCase):
    """Tests of one class share one instance. `wants_stack`: the class pushes apps."""

    wants_instance = True
    wants_stack = True
    maxDiff = None
    instance = None

    @classmethod
    def setUpClass(cls):
        if os.geteuid() != 0:
            raise unittest.SkipTest("needs root")
        if not os.path.exists(os.path.join(places.BIN, "dokkud")):
            raise unittest.SkipTest(f"no programs in {places.BIN}")
        if not cls.wants_instance:
            return
        cls.instance = Instance()
        cls.addClassCleanup(cls.instance.stop)
        cls.instance.start()
        if cls.wants_stack:
            cls.instance.prepare_stack()

    def run(self, result=None):
        before = len(result.failures) + len(result.errors) if result else 0
        super().run(result)
        if result and len(result.failures) + len(result.errors) > before and self.instance:
            tail = "".join(self.instance.log().splitlines(keepends=True)[-40:])
            print(f"--- end of dokkud's log ---\n{tail}", file=sys.stderr)

    # The instance's deeds, short to write in tests.

    def dokku(self, *arguments, **options):
        return self.instance.dokku(*arguments, **options)

    def ssh(self, *arguments, **options):
        return self.instance.ssh(*arguments, **options)

    def repo(self, files, name=None):
        return self.instance.repo(files, name)

    def push(self, repo, app, *more, **options):
        return self.instance.push(repo, app, *more, **options)

    def get(self, app, path="/", **options):
        """From `app`'s default host name, APP.example.test; a full host name is taken as it is."""
        host = app if "." in app else f"{app}.example.test"
        return self.instance.get(host, path, **options)

    def use_domain(self, domain="example.test"):
        self.dokku("domains:set-global", domain).must_succeed()


def main():
    """unittest with a deadline. A skip is 77, which ctest knows, and in CI a failure."""
    def too_late(_signal, _frame):
        faulthandler.dump_traceback()
        raise TimeoutError(f"the test file took longer than {SECONDS_MAX} s")

    def asked_to_end(_signal, _frame):
        raise KeyboardInterrupt

    signal.signal(signal.SIGALRM, too_late)
    signal.signal(signal.SIGTERM, asked_to_end)
    signal.alarm(int(os.environ.get("DOKKU_TEST_SECONDS", SECONDS_MAX)))
    if os.geteuid() == 0:
        end_what_killed_tests_left()
    program = unittest.main(module="__main__", exit=False, verbosity=2)
    result = program.result
    if not result.wasSuccessful():
        sys.exit(1)
    if result.skipped:
        sys.exit(1 if os.environ.get("CI") else 77)
    sys.exit(0)
