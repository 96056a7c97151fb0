"""dokku(1): rendered by groff and mandoc without a warning, and found by a reader."""
import os
import re
import shutil
import subprocess
import unittest

from harness import SystemTest, main, places, run


class Manual(SystemTest):
    wants_instance = False

    def page(self):
        return run([os.path.join(places.BIN, "dokkud"), "--manual"]).must_succeed().out

    def rendered(self, command):
        env = {**os.environ, "MANWIDTH": "80", "LC_ALL": "C.UTF-8"}
        done = subprocess.run(command, input=self.page().encode(), capture_output=True, env=env,
                              check=True)
        self.assertEqual(done.stderr.decode(), "")
        return re.sub(r".\x08", "", done.stdout.decode())

    def test_man_renders_it_without_a_warning(self):
        if not shutil.which("man") or not shutil.which("groff"):
            raise unittest.SkipTest("no man here")
        text = self.rendered(["man", "--warnings", "-E", "UTF-8", "-l", "-"])
        for part in ("NAME", "dokku apps:create <app>", "EXIT STATUS", "NO_COLOR"):
            self.assertIn(part, text)

    def test_mandoc_finds_nothing_wrong(self):
        if not shutil.which("mandoc"):
            raise unittest.SkipTest("no mandoc here")
        found = subprocess.run(["mandoc", "-T", "lint", "-W", "warning"],
                               input=self.page().encode(), capture_output=True, check=False)
        # A page without a date is meant: two builds give the same bytes.
        wrong = [line for line in found.stdout.decode().splitlines()
                 if "missing date" not in line and "outdated mandoc.db" not in line]
        self.assertEqual(wrong, [])


if __name__ == "__main__":
    main()
