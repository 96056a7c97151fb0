"""Source from elsewhere: packs and submodules over ssh and git, and .git in a build."""
import os
import subprocess
import time

from harness import SystemTest, apps, main, places


class Hosts(SystemTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.instance.dokku("domains:set-global", "example.test").must_succeed()

    def test_a_pack_comes_over_ssh_from_a_host_that_is_trusted(self):
        """The instance's own sshd is the git host; an app's repository is the pack."""
        pack = apps.own_pack_tree("echo made by the pack from afar\necho afar >> $1/mark")
        self.push(self.repo({**pack, **apps.echo("pack")}), "pack").must_succeed()
        host = f"127.0.0.1:{self.instance.ssh_port}"
        url = f"ssh://dokku@{host}/pack"
        self.dokku("buildpacks:set", "--replace", "app", url).must_end_with(20)
        self.dokku("apps:create", "app").must_succeed()
        self.dokku("config:set", "--no-restart", "app", f"BUILDPACK_URL={url}").must_succeed()
        repo = self.repo(apps.echo("app"))
        refused = self.push(repo, "app").must_fail()
        refused.must_say("the server does not know this host's key")
        refused.must_say("dokku git:allow-host HOST")
        self.dokku("git:allow-host", host).must_succeed().must_say("is trusted now")
        self.push(repo, "app").must_fail().must_say("dokku git:generate-deploy-key")
        key = self.dokku("--quiet", "git:generate-deploy-key").must_succeed().out
        self.push(repo, "app").must_fail().must_say("does not accept this server's key")
        self.dokku("ssh-keys:add", "--role", "read", "--app", "pack", "deploy-key",
                   stdin=key).must_succeed()
        self.push(repo, "app").must_succeed().must_say("made by the pack from afar")
        self.assertEqual(self.get("app").text, "app")
        # The key's private half is root's, and in no build.
        mode = os.stat(self.instance.path("home", ".ssh", "id_ed25519")).st_mode
        self.assertEqual(mode & 0o777, 0o600)

    def git_daemon(self, folder):
        port, = places.free_ports(1)
        daemon = subprocess.Popen(
            ["git", "daemon", "--export-all", f"--base-path={folder}", "--listen=127.0.0.1",
             f"--port={port}", "--reuseaddr"], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        self.addCleanup(lambda: (os.killpg(daemon.pid, 15), daemon.wait()))
        url = f"git://127.0.0.1:{port}"
        for _ in range(200):
            if not subprocess.run(["git", "ls-remote", url + "/lib"], capture_output=True,
                                  check=False).returncode:
                return url
            time.sleep(0.05)
        raise AssertionError("git daemon does not answer")

    def test_submodules_are_fetched_at_their_commit(self):
        base = self.instance.path("client", "served")
        os.makedirs(base)
        lib = self.repo({"greeting.txt": "from the submodule\n"})
        os.symlink(lib.folder, os.path.join(base, "lib"))
        url = self.git_daemon(base)
        repo = self.repo({**apps.echo("mods"), ".gitmodules":
                          f'[submodule "lib"]\n\tpath = libs/lib\n\turl = {url}/lib\n'})
        wanted = lib.head()
        lib.commit({"greeting.txt": "a later one\n"})
        repo.git("update-index", "--add", "--cacheinfo", f"160000,{wanted},libs/lib")
        repo.git("commit", "-q", "-m", "With a submodule")
        pushed = self.push(repo, "mods").must_succeed()
        pushed.must_say(f"-----> Fetching submodule libs/lib ({url}/lib, {wanted[:8]})")
        shown = self.dokku("run", "mods", "cat", "libs/lib/greeting.txt").must_succeed()
        self.assertEqual(shown.out, "from the submodule\n")
        self.dokku("run", "mods", "ls", "-a").must_succeed().must_not_say(".dokku-submodules")
        # A commit is fetched once.
        self.dokku("ps:rebuild", "mods").must_succeed().must_not_say("Fetching submodule")

    def test_the_history_is_there_when_it_is_kept(self):
        asks = self.instance.path("packs-of-test", "asks")
        for path, text in apps.own_pack_tree(
                'cd "$1"\nif [ -d .git ]; then git rev-parse HEAD; git log --format=%s; '
                'git describe --always --all; else echo no history; fi').items():
            file = os.path.join(asks, path)
            os.makedirs(os.path.dirname(file), exist_ok=True)
            with open(file, "w", encoding="utf-8") as out:
                out.write(text)
            os.chmod(file, 0o755)
        self.dokku("apps:create", "kept").must_succeed()
        self.dokku("buildpacks:add", "kept", asks).must_succeed()
        repo = self.repo(apps.echo("kept"))
        self.push(repo, "kept").must_succeed().must_say("no history")
        self.dokku("git:set", "kept", "keep-git-dir", "true").must_succeed()
        repo.commit({"more": "x"}, "The second one")
        pushed = self.push(repo, "kept").must_succeed()
        pushed.must_say(repo.head()).must_say("The second one").must_say("heads/main")
        # What is kept of the source has it too, and a build without it does not see it.
        self.dokku("ps:rebuild", "kept").must_succeed().must_say(repo.head())
        self.dokku("git:set", "kept", "keep-git-dir", "false").must_succeed()
        self.dokku("ps:rebuild", "kept").must_succeed().must_say("no history")

    def test_a_part_of_the_repository_is_built(self):
        files = {f"services/web/{name}": text for name, text in apps.echo("part").items()}
        repo = self.repo({**files, "README": "a monorepo"})
        self.dokku("apps:create", "mono").must_succeed()
        self.dokku("builder:set", "mono", "build-dir", "services/api").must_succeed()
        self.push(repo, "mono").must_fail().must_say(
            "The build-dir services/api is no folder of the pushed tree")
        self.dokku("builder:set", "mono", "build-dir", "services/web").must_succeed()
        self.push(repo, "mono").must_succeed()
        self.assertEqual(self.get("mono").text, "part")
        self.dokku("run", "mono", "ls").must_succeed().must_not_say("README")


if __name__ == "__main__":
    main()
