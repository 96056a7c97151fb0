"""Each trouble that the quickstart looks for is said in a sentence, with a way on. Point 3."""
import fcntl
import os
import socket
import tempfile
import unittest

from harness import main, places, run


def library(*names):
    """The text of packaging/lib/NAME.sh: another user may not be able to read the source tree."""
    texts = []
    for name in names or ("say", "packages", "disk", "preflight", "account"):
        with open(os.path.join(places.PACKAGING, "lib", name + ".sh"), encoding="utf-8") as file:
            texts.append(file.read())
    return "\n".join(texts) + "\n"


NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


class Preflight(unittest.TestCase):
    def say(self, script, **variables):
        """Runs functions of the quickstart with some of their variables changed."""
        settings = "".join(f"{name}='{value}'; " for name, value in
                           {"root": "/var/lib/nowhere", "http_port": 1, "ssh_port": 1,
                            **variables}.items())
        return run(["bash", "-c", library() + settings + script])

    def assert_refused(self, outcome, *texts):
        outcome.must_end_with(1).must_say(*texts)
        marked = [line for line in outcome.err.splitlines() if line.startswith(" !     ")]
        self.assertGreaterEqual(len(marked), 2, f"no way on: {outcome!r}")

    def test_this_machine_passes(self):
        self.say("preflight", http_port=places.free_ports(1)[0],
                 ssh_port=places.free_ports(1)[0]).must_succeed()

    def test_not_root(self):
        outcome = run([*NOBODY, "bash", "-c", library() + "preflight_root"], cwd="/")
        self.assert_refused(outcome, "root", "sudo")

    def test_another_system(self):
        with tempfile.NamedTemporaryFile("w", suffix=".sh") as release:
            release.write("ID=fedora\nVERSION_ID=41\n")
            release.flush()
            self.assert_refused(self.say("preflight_debian", os_release=release.name),
                                "fedora 41", "DOKKU_ANY_SYSTEM=1")

    def test_little_memory(self):
        self.assert_refused(self.say("preflight_memory", memory_min_kb=10**12), "memory", "swap")

    def test_little_disk(self):
        self.assert_refused(self.say("preflight_place", disk_min_kb=10**15), "6 GB", "--root")

    def test_taken_port(self):
        with socket.create_server(("", 0)) as taken:
            self.assert_refused(
                self.say("preflight_ports", http_port=taken.getsockname()[1]),
                f"is taken by python3 (process {os.getpid()})", "--http-port")

    def test_port_taken_on_ipv6_only(self):
        with socket.create_server(("::1", 0), family=socket.AF_INET6) as taken:
            self.assert_refused(self.say("preflight_ports", ssh_port=taken.getsockname()[1]),
                                "is taken by", "--ssh-port")

    def test_apt_is_busy(self):
        with tempfile.NamedTemporaryFile() as lock:
            fcntl.lockf(lock, fcntl.LOCK_EX)
            self.say("packages_wait_for_lock", apt_locks=lock.name).must_succeed().must_say(
                f"python3, process {os.getpid()}", "waiting")

    def test_missing_packages_and_not_root(self):
        outcome = run([*NOBODY, "bash", "-c", library() +
                       "packages_install /dev/null no-such-package"], cwd="/")
        self.assert_refused(outcome, "no-such-package", "sudo apt-get install")

    def test_no_key_of_trixie(self):
        self.assert_refused(
            self.say("packages_apt() { :; }; ensure_trixie_key /dev/null", keyrings="/nonexistent"),
            "trixie", "debian-archive-keyring")

    def test_other_firewalls_are_named(self):
        self.say("preflight_firewalls").must_succeed()

    def test_locked_account_is_unlocked_for_keys(self):
        stubs = "getent() { echo 'dokku:!:1:'; }; usermod() { echo usermod \"$@\"; }; "
        self.say(stubs + "account_unlock").must_succeed().must_say("usermod --password * dokku")
        stubs = stubs.replace("!", "*")
        self.say(stubs + "account_unlock").must_succeed().must_not_say("usermod")

    def test_root_on_overlayfs_gets_a_disk_image(self):
        script = """
            set -e; base=$(mktemp -d); mount -t tmpfs tmpfs "$base"
            mkdir "$base"/{lower,upper,work,merged}
            mount -t overlay overlay -o \
              "lowerdir=$base/lower,upperdir=$base/upper,workdir=$base/work" "$base/merged"
            root=$base/merged/instance
            truncate() { command truncate -s 64M "$3"; }
            disk_ensure
            stat -f -c 'it is %T' "$root"
            mkdir "$root"/{lower,upper,work,merged}
            mount -t overlay overlay -o \
              "lowerdir=$root/lower,upperdir=$root/upper,workdir=$root/work" "$root/merged"
            echo containers work there
            umount "$root/merged"; disk_release; umount "$base/merged" "$base"; rmdir "$base"
        """
        run(["unshare", "--mount", "bash", "-c", library() + script]).must_succeed().must_say(
            "lies on overlayfs", "it is ext", "containers work there")


if __name__ == "__main__":
    main()
