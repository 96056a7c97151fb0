"""Tab in bash, zsh and fish, as a person presses it: the scripts of packaging/completion."""
import os
import shutil
import time
import unittest

from harness import SystemTest, Terminal, main, places, run

FOLDER = os.path.join(places.PACKAGING, "completion")

# What bash's own completion does, without a terminal: sets COMP_LINE and calls the function.
BASH = '''
. "$1"
COMP_LINE=$2 COMP_POINT=${#2} COMPREPLY=()
compopt() { :; }
_dokku
printf '%s\\n' "${COMPREPLY[@]}"
'''


class Completion(SystemTest):
    wants_stack = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.instance.dokku("apps:create", "blog").must_succeed()
        cls.instance.dokku("apps:create", "shop").must_succeed()

    def environment(self):
        return {**self.instance.environment(),
                "PATH": self.instance.path("bin") + ":" + os.environ["PATH"]}

    def bash(self, line):
        done = run(["bash", "-c", BASH, "bash", os.path.join(FOLDER, "dokku.bash"), line],
                   env=self.environment()).must_succeed()
        self.assertEqual(done.err, "")
        return [word for word in done.lines if word]

    def test_bash(self):
        self.assertEqual(self.bash("dokku apps:cr"), ["create"])  # bash's word begins after ":"
        self.assertEqual(self.bash("dokku apps:destroy "), ["blog", "shop"])
        self.assertEqual(self.bash("dokku apps destroy s"), ["shop"])
        self.assertEqual(self.bash("dokku ps:scale blog w"), ["web="])
        self.assertIn("--no-restart", self.bash("dokku config:set --no-"))
        self.assertEqual(self.bash("dokku nonsense "), [])

    def test_bash_says_nothing_when_the_daemon_is_away(self):
        env = {**self.environment(), "DOKKU_SOCKET": "/nonexistent"}
        done = run(["bash", "-c", BASH, "bash", os.path.join(FOLDER, "dokku.bash"), "dokku a"],
                   env=env)
        self.assertEqual((done.out.strip(), done.err), ("", ""))

    def test_fish(self):
        if not shutil.which("fish"):
            raise unittest.SkipTest("no fish here")
        env = {**self.environment(), "HOME": self.instance.client_dir, "TERM": "dumb"}

        def fish(line):
            done = run(["fish", "--no-config", "-c",
                        f"source {FOLDER}/dokku.fish; complete -C '{line}'"], env=env)
            self.assertEqual(done.err, "")
            return [word.split("\t")[0] for word in done.must_succeed().lines]

        self.assertEqual(fish("dokku apps:cr"), ["apps:create"])
        self.assertEqual(fish("dokku apps:destroy "), ["blog", "shop"])
        self.assertEqual(fish("dokku ps:scale blog w"), ["web="])

    def test_zsh(self):
        if not shutil.which("zsh"):
            raise unittest.SkipTest("no zsh here")
        env = {**self.environment(), "HOME": self.instance.client_dir, "TERM": "vt100",
               "ZDOTDIR": self.instance.client_dir, "PS1": "ready> "}
        with Terminal(["zsh", "-f", "-i"], env=env) as shell:
            shell.expect("ready> ")
            shell.type(f"fpath=({FOLDER} $fpath); autoload -U compinit; compinit -u -D; "
                       "PS1='rea''dy2> '\r")
            shell.expect("ready2> ")
            shell.type("dokku apps:destroy sh\t")
            shell.expect("destroy shop")
            shell.type("\x15dokku apps:cr\t")
            shell.expect("apps:create")

    def test_is_quick_enough_for_a_key_press(self):
        for words in ([""], ["apps:destroy", ""], ["ps:scale", "blog", ""]):
            times = []
            for _ in range(20):
                begin = time.monotonic()
                self.dokku("complete", "--", *words).must_succeed()
                times.append((time.monotonic() - begin) * 1000)
            # 20 ms are the aim; these are debug programs on a machine that does other things.
            self.assertLess(min(times), 100, words)

    def test_a_caller_without_rights_sees_nothing(self):
        done = run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                    self.instance.path("bin", "dokku"), "complete", "--", ""],
                   env=self.instance.environment())
        self.assertEqual((done.out, done.err), ("", ""))


if __name__ == "__main__":
    main()
