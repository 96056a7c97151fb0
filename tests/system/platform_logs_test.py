"""What our own programs log: readable by logs:platform, and without a secret in it."""
import os

from harness import SystemTest, apps, main, run

CONFIG = "c0nf1g-hunter2-value"
TOKEN = "t0ken-of-the-registry"
URL_PASSWORD = "p4ssw0rd-in-a-url"


class PlatformLogs(SystemTest):
    def logged(self):
        """{path: bytes} of all that the instance's programs wrote of themselves and requests."""
        found = {}
        for folder in ("log", os.path.join("proxy", "logs"), "containerd"):
            for home, names, files in os.walk(self.instance.path(folder)):
                names[:] = [name for name in names if not name.startswith("io.containerd")]
                for name in files:
                    if ".log" in name:
                        with open(os.path.join(home, name), "rb") as file:
                            found[os.path.join(home, name)] = file.read()
        return found

    def test_no_secret_is_in_any(self):
        self.use_domain()
        with open(self.instance.path("build.env"), "w", encoding="utf-8") as file:
            file.write(f"NPM_CONFIG_TOKEN={TOKEN}\n")
        os.chmod(self.instance.path("build.env"), 0o600)
        self.dokku("apps:create", "secretive").must_succeed()
        self.dokku("config:set", "--no-restart", "secretive", f"KEY={CONFIG}").must_succeed()
        self.dokku("config:set", "--no-restart", "secretive",
                   f"BUILDPACK_URL=https://me:{URL_PASSWORD}@localhost:1/pack.git").must_succeed()
        self.push(self.repo(apps.echo()), "secretive").must_fail()
        self.dokku("config:unset", "--no-restart", "secretive", "BUILDPACK_URL").must_succeed()
        self.push(self.repo(apps.echo()), "secretive").must_succeed()
        self.ssh("config:set", "secretive", f"OTHER={CONFIG}").must_succeed()
        self.dokku("run", "secretive", "false").must_fail()
        self.assertEqual(self.get("secretive", "/env/KEY").text, CONFIG)
        self.push(self.repo(apps.exits()), "secretive").must_fail()
        run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj",
             "/CN=secretive.example.test", "-addext", "subjectAltName=DNS:secretive.example.test",
             "-keyout", self.instance.path("client", "key.pem"), "-out",
             self.instance.path("client", "cert.pem")]).must_succeed()
        self.dokku("certs:add", "secretive", self.instance.path("client", "cert.pem"),
                   self.instance.path("client", "key.pem")).must_succeed()
        with open(self.instance.path("client", "key.pem"), encoding="utf-8") as file:
            key_line = file.read().splitlines()[5]
        logged = self.logged()
        self.assertTrue(any(path.endswith("dokkud.log") for path in logged), list(logged))
        logged["events"] = self.dokku("events", "-n", "1000").must_succeed().out.encode()
        logged["report"] = self.dokku("report", "secretive").must_succeed().out.encode()
        for path, text in logged.items():
            for secret in (CONFIG, TOKEN, URL_PASSWORD, key_line):
                self.assertNotIn(secret.encode(), text, path)

    def test_each_program_is_readable(self):
        self.dokku("logs:platform").must_succeed().must_say("dokkud: ")
        self.dokku("logs:platform", "dokkud", "-n", "3").must_succeed()
        self.dokku("logs:platform", "dokku-proxy").must_succeed()
        self.dokku("logs:platform", "containerd").must_succeed()
        self.ssh("logs:platform", "sshd").must_succeed()
        self.dokku("logs:platform", "nginx").must_fail()

    def test_a_large_one_is_cut_while_its_program_runs(self):
        file = self.instance.path("log", "sshd.log")
        with open(file, "ab") as log:
            log.write(b"an old line\n" * (1 << 20))
        self.assertGreater(os.path.getsize(file), 10 << 20)
        from harness import processes
        processes.wait_for("the log to be cut", lambda: os.path.getsize(file) < 1 << 20, 90)
        self.assertLess(os.path.getsize(file + ".1"), 6 << 20)
        self.ssh("apps:list").must_succeed()


if __name__ == "__main__":
    main()
