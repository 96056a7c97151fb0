"""The old tutorials, word for word: their lines, typed by bash as user and as root, over real ssh
and git and into files. docs/tutorials.md lists which; a line that it calls covered is typed here.
"""
import os
import re
import shlex
import stat
import subprocess

from harness import SystemTest, apps, main, places, processes, run

PAGE = os.path.join(places.SOURCE, "docs", "tutorials.md")


def covered(section):
    """The lines that the page calls covered, of the section that begins with `section`."""
    with open(PAGE, encoding="utf-8") as file:
        text = file.read().split(f"\n## {section}", 1)[1].split("\n## ", 1)[0]
    return {line.replace("\\|", "|")
            for line in re.findall(r"^\| `(.+)` \| covered \|", text, re.MULTILINE)}


class Tutorial(SystemTest):
    """A person's machine: ssh and git that find the server, root's ssh on the server, sudo."""

    section = ""
    domain = "dokku.me"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.typed = set()
        cls.tools = cls.instance.path("client", "tools")
        os.makedirs(cls.tools)
        cls.tool("sudo", 'exec "$@"')
        cls.start_sshd_of_root()
        cls.person = cls.instance.path("client", "person")
        os.makedirs(os.path.join(cls.person, ".ssh"))
        cls.key = os.path.join(cls.person, ".ssh", "id_rsa")
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "person", "-f",
             cls.key]).must_succeed()
        cls.write_ssh_config()

    @classmethod
    def tool(cls, name, script):
        path = os.path.join(cls.tools, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"#!/bin/sh\n{script}\n")
        os.chmod(path, stat.S_IRWXU | stat.S_IRGRP | stat.S_IXGRP | stat.S_IROTH | stat.S_IXOTH)

    @classmethod
    def start_sshd_of_root(cls):
        folder = cls.instance.path("client", "root")
        os.makedirs(folder, mode=0o700)
        cls.root_port = places.free_ports(1)[0]
        for key in ("host", "login"):
            run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f",
                 f"{folder}/{key}"]).must_succeed()
        path = f"{cls.tools}:{cls.instance.path('bin')}:/usr/sbin:/usr/bin:/sbin:/bin"
        with open(f"{folder}/sshd_config", "w", encoding="utf-8") as file:
            file.write(f"ListenAddress 127.0.0.1:{cls.root_port}\nHostKey {folder}/host\n"
                       f"AuthorizedKeysFile {folder}/login.pub\nStrictModes no\nUsePAM no\n"
                       f"PidFile none\nPasswordAuthentication no\nPermitRootLogin yes\n"
                       f"SetEnv PATH={path} DOKKU_SOCKET={cls.instance.path('run/dokku.sock')}\n")
        sshd = subprocess.Popen(["/usr/sbin/sshd", "-D", "-e", "-f", f"{folder}/sshd_config"],
                                stderr=subprocess.PIPE, text=True)
        cls.addClassCleanup(sshd.stderr.close)
        cls.addClassCleanup(sshd.wait)
        cls.addClassCleanup(sshd.kill)
        while "Server listening" not in (line := sshd.stderr.readline()):
            assert line, "sshd of root did not start"

    @classmethod
    def write_ssh_config(cls):
        folder = cls.instance.client_dir
        config = os.path.join(cls.person, "config")
        with open(config, "w", encoding="utf-8") as file:
            file.write(f"Match host {cls.domain} user dokku\n"
                       f"  Port {cls.instance.ssh_port}\n  IdentityFile {cls.key}\n"
                       f"Match host {cls.domain} user root\n  Port {cls.root_port}\n"
                       f"  IdentityFile {folder}/root/login\n"
                       f"Host *\n  HostName 127.0.0.1\n  IdentitiesOnly yes\n  BatchMode yes\n"
                       f"  StrictHostKeyChecking no\n  UserKnownHostsFile /dev/null\n"
                       f"  LogLevel ERROR\n")
        cls.tool("ssh", f'exec /usr/bin/ssh -F {shlex.quote(config)} "$@"')

    def environment(self):
        env = self.instance.environment()
        del env["GIT_SSH_COMMAND"]
        return {**env, "HOME": self.person,
                "PATH": f"{self.tools}:{self.instance.path('bin')}:{os.environ['PATH']}"}

    def type(self, line, folder=None, answer=None):
        """Types one line of a tutorial."""
        self.typed.add(line)
        there = line.replace("/home/dokku", self.instance.path("home")).replace("~", self.person)
        return run(["bash", "-c", there], env=self.environment(), cwd=folder or self.person,
                   stdin=answer, timeout=180)

    def must(self, line, folder=None, answer=None):
        return self.type(line, folder, answer).must_succeed()

    def master(self, files):
        repo = self.repo(files)
        repo.git("branch", "-m", "master")
        return repo

    def all_of_the_page_was_typed(self):
        self.assertEqual(self.typed, covered(self.section))

    def become_known(self, line):
        self.assertRegex(self.must(line).out, r"^SHA256:\S+\n$")


class Of2013(Tutorial):
    section = "v0.2.3"
    domain = "progriumapp.com"

    def test_the_readme(self):
        self.must("echo progriumapp.com > /home/dokku/VHOST")
        self.become_known(
            'cat ~/.ssh/id_rsa.pub | ssh progriumapp.com "sudo sshcommand acl-add dokku progrium"')
        repo = self.master({**apps.echo("of 2013"), "ls": "ls\n"})
        self.must("git remote add progrium dokku@progriumapp.com:node-js-app", repo.folder)
        pushed = self.must("git push progrium master", repo.folder)
        pushed.must_say("=====> Application deployed:", "       http://node-js-app.progriumapp.com")
        self.assertEqual(self.get("node-js-app.progriumapp.com").text, "of 2013")
        repo.git("checkout", "-q", "-b", "topic")
        repo.commit(apps.echo("of a topic"))
        self.must("git push progrium topic:master", repo.folder)
        self.assertEqual(self.get("node-js-app.progriumapp.com").text, "of a topic")
        self.must("ssh -t dokku@progriumapp.com help").must_say("apps", "config")
        self.must("dokku run node-js-app ls -alh").must_say("server.py")
        self.config_and_files()
        self.steps_and_plugins()
        self.must("dokku delete node-js-app", answer="node-js-app\n")
        self.dokku("apps:exists", "node-js-app").must_end_with(20)
        self.all_of_the_page_was_typed()

    def config_and_files(self):
        self.must("dokku config:set node-js-app KEY1=VALUE1 KEY2=VALUE2")
        self.must("dokku config node-js-app").must_say("KEY1:", "VALUE2")
        self.assertEqual(self.must("dokku config:get node-js-app KEY1").out, "VALUE1\n")
        self.assertEqual(self.get("node-js-app.progriumapp.com", "/env/KEY2").text, "VALUE2")
        self.must("dokku config:unset node-js-app KEY1 KEY2")
        self.must("dokku logs node-js-app").must_say("started of a topic")
        self.assertRegex(self.must("dokku url node-js-app").out,
                         r"^http://node-js-app\.progriumapp\.com(:\d+)?\n$")
        self.must('echo "export FROM_FILE=yes" >> /home/dokku/node-js-app/ENV')
        self.must("dokku deploy node-js-app")
        self.assertEqual(self.get("node-js-app.progriumapp.com", "/env/FROM_FILE").text, "yes")
        self.must("echo other.example.com > /home/dokku/node-js-app/VHOST")
        self.dokku("urls", "node-js-app").must_succeed().must_say("http://other.example.com")
        self.assertEqual(self.get("other.example.com").text, "of a topic")
        self.certificate_by_hand()
        self.must("echo 203.0.113.7 > /home/dokku/HOSTNAME")
        self.dokku("domains:disable", "node-js-app").must_succeed()
        self.assertRegex(self.dokku("urls", "node-js-app").out, r"^http://203\.0\.113\.7:\d+\n$")

    def certificate_by_hand(self):
        run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-days", "2", "-keyout", "server.key", "-out", "server.crt", "-subj",
             "/CN=other.example.com", "-addext", "subjectAltName=DNS:other.example.com"],
            cwd=self.person).must_succeed()
        os.makedirs(self.instance.path("home", "node-js-app", "tls"))
        self.must("cp server.crt server.key /home/dokku/node-js-app/tls/")
        url = f"https://other.example.com:{self.instance.https_port}"
        self.dokku("urls", "node-js-app").must_succeed().must_say(url)
        answer = run(["curl", "-sS", "--noproxy", "*", "--cacert", f"{self.person}/server.crt",
                      "--resolve", f"other.example.com:{self.instance.https_port}:127.0.0.1", url])
        self.assertEqual(answer.must_succeed().out, "of a topic")
        self.dokku("certs:remove", "node-js-app").must_succeed()

    def steps_and_plugins(self):
        self.must("dokku version").must_say("dokku version ")
        self.must("dokku help").must_say("apps")
        self.must("dokku deploy:all")
        self.must("dokku cleanup").must_say("-----> Cleaning up...")
        for line in ("dokku build node-js-app", "dokku release node-js-app",
                     "dokku receive node-js-app"):
            self.type(line).must_end_with(1).must_say("a part of every push", "dokku ps:re")
        for line in ("dokku plugins", "dokku plugins-install"):
            self.type(line).must_end_with(1).must_say("There are no plugins yet")
        self.assertTrue(self.must("dokku backup:export").out.startswith("DOKKUBAK"))
        self.type("dokku backup:import").must_end_with(1).must_say("The backup is empty")


class Of2015(Tutorial):
    section = "v0.3.26"

    def test_the_pages(self):
        self.use_domain("dokku.me")
        self.become_known('cat ~/.ssh/id_rsa.pub | '
                          'ssh root@dokku.me "sudo sshcommand acl-add dokku description"')
        self.must("dokku apps:create node-js-app")
        self.must("dokku apps").must_say("=====> My Apps", "node-js-app")
        files = apps.echo("of 2015")
        files["Procfile"] += "worker: exec sleep 100000\n"
        repo = self.master({**files, "DOKKU_SCALE": "web=1\nworker=2\n"})
        self.must("git remote add dokku dokku@dokku.me:node-js-app", repo.folder)
        pushed = self.must("git push dokku master", repo.folder)
        pushed.must_say("=====> Application deployed:", "       http://node-js-app.dokku.me")
        self.assertEqual(self.get("node-js-app.dokku.me").text, "of 2015")
        self.dokku("ps:report", "node-js-app").must_say("Status worker 2:")
        self.scale_and_processes(repo)
        self.must("git remote add apex dokku@dokku.me:app.dokku.me", repo.folder)
        self.must("git push apex master", repo.folder).must_say("http://app.dokku.me")
        self.assertEqual(self.get("app.dokku.me").text, "of a topic")
        self.remote_and_config()
        self.dokku("--force", "apps:destroy", "packed")
        self.must("dokku ps:restartall")
        self.must("dokku ps:rebuildall").must_say("=====> Application deployed:")
        self.must("dokku events").must_say("apps:create node-js-app")
        self.must("dokku --force apps:destroy node-js-app")
        self.all_of_the_page_was_typed()

    def scale_and_processes(self, repo):
        scale = "dokku ps:scale node-js-app web=1 worker=2"
        self.type(scale).must_end_with(1).must_say("contains a DOKKU_SCALE file")
        repo.git("checkout", "-q", "-b", "topic")
        repo.commit({**apps.echo("of a topic"), "DOKKU_SCALE": None,
                     "Procfile": "web: exec python3 server.py\nworker: exec sleep 100000\n"})
        self.must("git push dokku topic:master", repo.folder)
        self.must(scale)
        self.must("dokku ps node-js-app").must_say("Status worker 2:")
        self.must("dokku ps:restart node-js-app")
        self.must("dokku ps:stop node-js-app")
        self.assertEqual(self.instance.app_processes("node-js-app"), {})
        self.must("dokku ps:start node-js-app")
        self.must("dokku ps:rebuild node-js-app").must_say("=====> Application deployed:")
        repo.git("checkout", "-q", "-B", "master", "topic")

    def remote_and_config(self):
        quiet = self.must("ssh -t dokku@dokku.me -- --quiet apps")
        self.assertLessEqual({"app.dokku.me", "node-js-app"}, set(quiet.out.split()))
        for line in ("dokku run node-js-app ls -alh", "dokku --rm run node-js-app ls",
                     "dokku --rm-container run node-js-app ls"):
            self.must(line).must_say("Procfile")
        self.must("dokku config:set node-js-app KEY1=VALUE1")
        self.assertEqual(self.get("node-js-app.dokku.me", "/env/KEY1").text, "VALUE1")
        self.must("dokku domains node-js-app").must_say("node-js-app.dokku.me")
        self.must("dokku domains:add node-js-app www.example.com")
        self.assertEqual(self.get("www.example.com").text, "of a topic")
        self.must("dokku domains:remove node-js-app www.example.com")
        self.must("dokku urls node-js-app").must_say("http://node-js-app.dokku.me")
        self.must("dokku domains:clear node-js-app")

    def test_a_pack_named_in_env_file(self):
        """`.env` with `export BUILDPACK_URL=…`: a pack from a repository of one's own."""
        self.use_domain("dokku.me")
        pack = self.repo(apps.own_pack_tree("echo compiled by my own pack"))
        bare = self.instance.path("client", "pack.git")
        run(["git", "clone", "-q", "--bare", pack.folder, bare]).must_succeed()
        files = {**apps.echo("packed"), ".env": f"export BUILDPACK_URL=file://{bare}\n"}
        pushed = self.push(self.repo(files), "packed")
        # Which URLs are allowed is the builder's matter; that the file was read is seen either way.
        pushed.must_say("pack.git" if pushed.status else "compiled by my own pack")


class Of2020(Tutorial):
    section = "v0.20"

    def test_the_pages(self):
        self.use_domain("dokku.me")
        self.become_known(
            "cat ~/.ssh/id_rsa.pub | ssh root@dokku.me dokku ssh-keys:add KEY_NAME")
        self.must("dokku ssh-keys:list").must_say('NAME="KEY_NAME"')
        self.must("ssh -t dokku@dokku.me apps:create demo").must_say("-----> Creating demo...")
        self.must("dokku apps:create ruby-getting-started")
        repo = self.master(apps.echo("of 2020"))
        self.must("git remote add dokku dokku@dokku.me:ruby-getting-started", repo.folder)
        self.must("git push dokku master", repo.folder).must_say(
            "=====> Application deployed:", "       http://ruby-getting-started.dokku.me")
        self.assertEqual(self.get("ruby-getting-started.dokku.me").text, "of 2020")
        self.must("dokku ps:rebuild ruby-getting-started")
        self.application_management()
        self.environment_variables()
        self.domains()
        self.one_off_processes()
        self.process_management()
        self.must("git clone dokku@dokku.me:ruby-getting-started back")
        self.assertTrue(os.path.exists(os.path.join(self.person, "back", "server.py")))
        self.must("dokku --force apps:destroy ruby-getting-started")
        self.must("dokku ssh-keys:remove KEY_NAME")
        self.assertNotEqual(self.ssh_as_person().status, 0)
        self.all_of_the_page_was_typed()

    def ssh_as_person(self):
        return run(["ssh", "dokku@dokku.me", "version"], env=self.environment())

    def application_management(self):
        app = "ruby-getting-started"
        self.must("dokku apps:list").must_say("=====> My Apps", "demo", app)
        self.assertEqual(self.must("dokku --quiet apps:list").lines, ["demo", app])
        self.must(f"dokku apps:exists {app}")
        self.must("dokku apps:report").must_say("=====> demo app information")
        self.must(f"dokku apps:report {app}").must_say("App created at:")
        self.must(f"dokku apps:report {app} --app-dir").must_say(app)
        self.must(f"dokku apps:lock {app}").must_say("-----> Deploy lock created")
        self.must(f"dokku apps:locked {app}").must_say("Deploy lock exists")
        self.must(f"dokku apps:unlock {app}").must_say("-----> Deploy lock removed")

    def environment_variables(self):
        app = "ruby-getting-started"
        self.must(f"dokku config:set --no-restart {app} ENV=prod")
        self.must(f"dokku config:set {app} ENV=prod COMPILE_ASSETS=1")
        self.assertEqual(self.get(f"{app}.dokku.me", "/env/COMPILE_ASSETS").text, "1")
        self.must(f'dokku config:set {app} KEY="VAL\\ WITH\\ SPACES"')
        self.assertEqual(self.dokku("config:get", app, "KEY").out, "VAL\\ WITH\\ SPACES\n")
        self.must(f'dokku config:set --encoded {app} KEY="$(base64 -w 0 ~/.ssh/id_rsa.pub)"')
        self.assertIn("ssh-ed25519 ", self.dokku("config:get", app, "KEY").out)
        self.must("dokku config:set --global CURL_TIMEOUT=1200")
        self.must(f"dokku config:export {app}").must_say("export ENV='prod'")
        self.must(f"dokku config:export --format shell {app}").must_say("ENV='prod'")
        self.must(f"ssh -t dokku@dokku.me -- --app {app} config:show").must_say("COMPILE_ASSETS:")
        self.must(f"ssh -t dokku@dokku.me -- --app {app} urls").must_say(f"http://{app}.dokku.me")

    def domains(self):
        app = "ruby-getting-started"
        self.must(f"dokku domains:add {app} dokku.me")
        self.assertEqual(self.get("dokku.me").text, "of 2020")
        self.must(f"dokku domains:set {app} dokku.me dokku.org")
        self.must(f"dokku domains:remove {app} dokku.me")
        self.assertNotEqual(self.get("dokku.me").status, 200)
        self.must("dokku domains:report").must_say("dokku.org")
        self.assertEqual(self.must(f"dokku domains:report {app} --domains-app-enabled").out,
                         "true\n")
        self.must(f"dokku domains:disable {app}")
        port = re.fullmatch(r"http://[0-9.]+:(\d+)\n", self.dokku("urls", app).out)
        self.assertTrue(port)
        answer = run(["curl", "-s", f"http://127.0.0.1:{port[1]}/"]).must_succeed()
        self.assertEqual(answer.out, "of 2020")
        self.must(f"dokku domains:enable {app}")

    def one_off_processes(self):
        app = "ruby-getting-started"
        self.must(f"dokku run {app} ls -lah").must_say("server.py")
        self.must(f'dokku run --env "NODE_ENV=development" --env "TWO=2" {app} env').must_say(
            "NODE_ENV=development", "TWO=2")
        self.assertEqual(self.must(f"dokku enter {app} web echo hi").out, "hi\n")
        self.assertEqual(self.must(f"dokku enter {app} web.1 echo hi").out, "hi\n")
        self.must(f"dokku logs {app}").must_say("started of 2020")

    def process_management(self):
        app = "ruby-getting-started"
        self.must(f"dokku ps:scale {app}").must_say("web:  1")
        self.must(f"dokku ps:scale {app} web=1")
        self.must(f"dokku ps:restart {app}")
        self.must(f"dokku ps:stop {app}")
        self.must(f"dokku ps:start {app}")
        self.must("dokku ps:stopall")
        processes.wait_for("all to stop", lambda: not self.instance.app_processes())
        self.must("dokku ps:startall")
        self.dokku("--force", "apps:destroy", "demo").must_succeed()  # was never pushed
        self.must("dokku ps:rebuildall")
        self.assertEqual(self.get("dokku.org").text, "of 2020")


del Tutorial  # its heirs are the tests

if __name__ == "__main__":
    main()
