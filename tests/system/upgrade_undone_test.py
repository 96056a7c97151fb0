"""New versions that were built to fail, each in its way: the old one is back by itself, in time."""
import os
import shutil
import sys
import threading
import time

from harness import main, processes
from harness.versions import ANSWERS_VERSION_ONLY, REAL, UpgradeTest

SECONDS_MAX = 30  # from the first command that the old version does not answer


class Answers:
    """For how long at a time no command was answered. Asks all the time, without patience."""

    def __init__(self, test):
        self.test, self.longest, self.ending = test, 0.0, threading.Event()
        self.thread = threading.Thread(target=self.ask)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.thread.join()

    def ask(self):
        answered = time.monotonic()
        while not self.ending.is_set():
            if self.test.dokku("apps:exists", "app").status == 0:
                self.longest = max(self.longest, time.monotonic() - answered)
                answered = time.monotonic()
            self.ending.wait(0.1)
        self.longest = max(self.longest, time.monotonic() - answered)


class BadVersions(UpgradeTest):
    def expect_undone(self, version, why, **programs):
        """The app notices nothing, the old version answers in time, the status says why."""
        self.place(version, **programs)
        begin = time.monotonic()
        with self.watched(), Answers(self) as answers:
            self.upgrade(version).must_end_with(1).must_say("0.1.0 runs as before", why)
            took = time.monotonic() - begin
            processes.wait_for("the old programs", lambda: self.all_versions() == {"0.1.0"})
        print(f"  {version}: undone after {took:.0f} s, commands not answered for at most "
              f"{answers.longest:.1f} s", flush=True)
        self.assertLess(answers.longest, SECONDS_MAX)
        self.assertEqual(self.dokku("version").must_succeed().out, "dokku version 0.1.0\n")
        status = self.status()
        self.assertEqual((status["last-result"], status["last-to"], status["running"]),
                         ("undone", version, "0.1.0"))
        self.assertIn(why, status["last-reason"])
        self.dokku("config:set", "--no-restart", "app", f"LAST={version}").must_succeed()
        self.supervise("--status").must_succeed()

    def test_one_that_crashes_at_its_start(self):
        self.expect_undone("crash", "dokkud crash ended", dokkud="kill -SEGV $$\n")

    def test_one_that_crashes_after_some_seconds(self):
        self.expect_undone("late", "dokkud late ended",
                           dokkud="(exec 0<&- 1>&- 2>&-; sleep 6; kill -9 $$) &\n" + REAL)

    def test_one_that_hangs_before_it_answers(self):
        self.expect_undone("hangs", "did not pass its probe within 15 s", dokkud="kill -STOP $$\n")

    def test_one_that_hangs_once_it_has_answered(self):
        self.expect_undone("stops", "its probe: dokku gave no answer for 5 s",
                           dokkud="(exec 0<&- 1>&- 2>&-; sleep 6; kill -STOP $$) &\n" + REAL)

    def test_one_that_answers_but_fails_its_probe(self):
        self.place_python("mute")
        self.expect_undone("mute", "its probe: dokku ended with status 1: not in this version",
                           dokkud='exec "$here/python3" "$here/answers.py" "$@"\n')

    def place_python(self, version):
        folder = self.instance.path("versions", version)
        os.makedirs(folder)
        shutil.copy(os.path.realpath(sys.executable), os.path.join(folder, "python3"))
        self.write(os.path.join(folder, "answers.py"), ANSWERS_VERSION_ONLY)

    def test_one_whose_schema_step_fails(self):
        self.expect_undone("step", "no such table: no_such_table",
                           dokkud="export DOKKU_NEXT_STEP=fails\n" + REAL)

    def test_one_whose_schema_is_newer_when_it_crashes(self):
        self.dokku("apps:create", "kept").must_succeed()
        self.expect_undone("newer", "what was done since is kept",
                           dokkud="(exec 0<&- 1>&- 2>&-; sleep 6; kill -9 $$) &\n" + REAL)
        self.dokku("apps:exists", "kept").must_succeed()

    def test_one_whose_proxy_does_not_start(self):
        self.expect_undone("noproxy", "beside the running one: cannot work",
                           dokku_proxy="#!/bin/sh\necho cannot work >&2\nexit 1\n")

    def test_one_whose_proxy_ends_after_some_seconds(self):
        self.expect_undone("shortproxy", "dokku-proxy ended when it was tried beside",
                           dokku_proxy='#!/bin/sh\n(sleep 3; kill -9 $$) &\n'
                                       'exec "${0%/*}/dokku-proxy.real" "$@"\n')

    def test_one_whose_proxy_does_not_take_over(self):
        self.expect_undone("badproxy", "did not take over, the old one serves on",
                           dokku_proxy='#!/bin/sh\ncase "$*" in *--take-over*) exit 3;; esac\n'
                                       'exec "${0%/*}/dokku-proxy.real" "$@"\n')

    def test_one_whose_supervisor_ends(self):
        self.expect_undone("nobody", "dokku-supervise nobody ended",
                           dokku_supervise="#!/bin/sh\nexit 1\n")

    def test_one_that_misses_a_program(self):
        folder = self.place("half")
        os.unlink(os.path.join(folder, "dokku-worker"))
        self.upgrade("half").must_end_with(1).must_say("dokku-worker cannot be executed")
        self.assertEqual(self.current(), "0.1.0")


if __name__ == "__main__":
    main()
