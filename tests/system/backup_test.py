"""A whole server into a file while it works, and out of it on another one. Issue 6, point 9."""
import http.client
import os
import socket
import ssl
import stat
import subprocess
import termios
import urllib.parse

from harness import Instance, SteadyClient, SystemTest, Terminal, apps, main

VALUES = {"TEXT": "one\ntwo\n  three", "QUOTES": "a 'b' \"c\" $d", "EMPTY": ""}

# Keeps what it is told: /put/NAME/TEXT writes a file of the volume, /get/NAME reads it.
KEEPS = apps.echo("keeps", before='''
import urllib.parse
def answer(path):
    parts = urllib.parse.unquote(path).split("/")
    if parts[1] == "put":
        with open("/data/" + parts[2], "w") as file:
            file.write(parts[3])
        return "put"
    if parts[1] == "get":
        return open("/data/" + parts[2]).read()
    if parts[1] == "env":
        return os.environ.get(parts[2], "(unset)")
    return MARK
''')
# The later definition of `answer` in the server's text must not win.
LATER = "def answer(path):\n    if path.startswith"
KEEPS["server.py"] = KEEPS["server.py"].replace(LATER, LATER.replace("answer", "unused"))


class Backup(SystemTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        instance = cls.instance
        instance.dokku("domains:set-global", "a.test").must_succeed()
        instance.dokku("apps:create", "shop").must_succeed()
        instance.dokku("storage:ensure-directory", "data").must_succeed()
        instance.dokku("storage:mount", "shop", "data:/data").must_succeed()
        for key, value in VALUES.items():
            instance.dokku("config:set", "--no-restart", "shop", f"{key}={value}").must_succeed()
        instance.push(instance.repo(KEEPS), "shop").must_succeed()
        instance.dokku("ps:scale", "shop", "web=2").must_succeed()
        instance.dokku("certs:generate", "shop", "www.shop.example").must_succeed()
        assert cls.ask(None, instance, "shop.a.test", "/put/note/kept for ever") == "put"
        cls.blog = instance.repo(apps.echo("first"))
        instance.push(cls.blog, "blog").must_succeed()

    def ask(self, instance, host, path="/"):
        """Over TLS, whoever signed the certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        plain = socket.create_connection(("127.0.0.1", instance.https_port), timeout=30)
        connection = http.client.HTTPConnection(host, timeout=30)
        connection.sock = context.wrap_socket(plain, server_hostname=host)
        try:
            connection.request("GET", urllib.parse.quote(path), headers={"Host": host})
            return connection.getresponse().read().decode()
        finally:
            connection.close()

    def file(self, name):
        path = self.instance.path("client", name)
        if os.path.exists(path):
            os.unlink(path)
        return path

    def restore(self, other, *words, **options):
        other.prepare_stack()
        return other.dokku("server:restore", *words, timeout=240, **options)

    def expect_shop(self, instance, domain):
        self.assertEqual(self.ask(instance, f"shop.{domain}"), "keeps")
        self.assertEqual(self.ask(instance, f"shop.{domain}", "/get/note"), "kept for ever")
        for key, value in VALUES.items():
            self.assertEqual(self.ask(instance, f"shop.{domain}", f"/env/{key}"), value)
        self.assertEqual(self.ask(instance, "www.shop.example"), "keeps")
        report = instance.dokku("ps:report", "shop", "--running").must_succeed().out
        self.assertEqual(report.strip(), "true")
        self.assertEqual(len(instance.app_processes("shop")),
                         len(self.instance.app_processes("shop")))
        for which in ("crt", "key"):
            self.assertEqual(instance.dokku("certs:show", "shop", which).out,
                             self.dokku("certs:show", "shop", which).out)

    def test_all_of_it_while_a_client_asks_and_a_push_is_under_way(self):
        path, word = self.file("backup"), self.file("word")
        with open(word, "w", encoding="utf-8") as file:
            file.write("correct horse\n")
        self.blog.commit(apps.echo("second"))
        with SteadyClient(self.instance.http_port, "blog.a.test", per_second=50,
                          connections=2) as client:
            pushing = self.instance.start_push(self.blog, "blog")
            done = self.dokku("server:backup", "--passphrase-file", word, path, timeout=240)
            done.must_succeed()
            out, _ = pushing.communicate(timeout=240)
            self.assertEqual(pushing.returncode, 0, out)
        self.assertEqual(client.lost, [])
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        with open(path, "rb") as file:
            self.assertNotIn(b"kept for ever", file.read())
        self.assertFalse(os.path.exists(self.instance.path("lib", "transfers")))
        with Instance() as other:
            self.refuse_what_is_wrong(other, path, word)
            result = self.restore(other, "--domain", "b.test", "--passphrase-file", word, path)
            result.must_succeed()
            self.assertNotIn("Building", result.out)
            # Each server knew another key by this name.
            self.assertIn("The key tester of this server is called tester-2 now", result.err)
            other.ssh("apps:list").must_succeed()
            self.expect_shop(other, "b.test")
            self.assertIn(other.get("blog.b.test").text, ("first", "second"))
            # What it is now can be pushed to and restarted, and the keys of the old server fit.
            other.dokku("ps:restart", "shop", timeout=240).must_succeed()
            self.expect_shop(other, "b.test")
            self.blog.commit(apps.echo("third"))
            other.push(self.blog, "blog").must_succeed()
            self.assertEqual(other.get("blog.b.test").text, "third")
            again = self.restore(other, "--passphrase-file", word, path)
            self.assertEqual(again.status, 1)
            self.assertIn("There are apps on this server: blog, shop", again.err)

    def refuse_what_is_wrong(self, other, path, word):
        """Nothing is changed by a file that is cut, tampered with, newer or not ours to open."""
        with open(path, "rb") as file:
            whole = file.read()
        wrong = self.file("wrong")
        middle = len(whole) // 2
        cases = {"cut": (whole[:middle], "cut"),
                 "tampered": (whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1:],
                              "changed or cut after byte"),
                 "newer": (whole[:8] + b"\x03\x00" + whole[10:], "a newer version"),
                 "foreign": (b"PK\x03\x04" + whole[4:], "not a backup of dokku's"),
                 "longer": (whole + b"x", "changed or cut")}
        for name, (content, sentence) in cases.items():
            with self.subTest(name), open(wrong, "wb") as file:
                file.write(content)
                file.flush()
                result = other.dokku("server:restore", "--passphrase-file", word, wrong,
                                     timeout=240)
                self.assertEqual(result.status, 1)
                self.assertIn(sentence, result.err)
        with open(wrong, "w", encoding="utf-8") as file:
            file.write("another\n")
        result = other.dokku("server:restore", "--passphrase-file", wrong, path)
        self.assertIn("This passphrase does not open the backup", result.err)
        self.assertIn("haven't deployed any", other.dokku("apps:list").err)
        self.assertFalse(os.path.exists(other.path("lib", "transfers")))
        self.assertFalse(os.path.exists(other.path("lib", "data", "storage", "data")))

    def test_one_app_goes_over_ssh_into_another_server_under_another_name(self):
        export = self.ssh("apps:export", "shop", "-", binary=True, timeout=240)
        self.assertEqual(export.status, 0, export.err)
        with Instance() as other:
            other.prepare_stack()
            other.dokku("domains:set-global", "b.test").must_succeed()
            result = other.ssh("apps:import", "--name", "store", "-", stdin=export.out,
                               binary=True, timeout=240)
            self.assertEqual(result.status, 0, result.err)
            self.assertEqual(self.ask(other, "store.b.test"), "keeps")
            self.assertEqual(self.ask(other, "store.b.test", "/get/note"), "kept for ever")
            self.assertEqual(self.ask(other, "store.b.test", "/env/TEXT"), VALUES["TEXT"])
            self.assertEqual(self.ask(other, "www.shop.example"), "keeps")
            clone = other.path("client", "clone")
            other.git("clone", "-q", other.remote("store"), clone).must_succeed()
            self.assertTrue(os.path.exists(os.path.join(clone, "server.py")))
            other.dokku("ps:rebuild", "store", timeout=240).must_succeed()
            self.assertEqual(self.ask(other, "store.b.test"), "keeps")
        self.assertEqual(self.ask(self.instance, "shop.a.test"), "keeps")

    def test_a_client_that_goes_leaves_no_file_and_no_trace(self):
        path = self.file("half")
        filler = self.instance.path("lib", "data", "storage", "data", "filler")
        with open(filler, "wb") as file:
            file.truncate(2 << 30)
        try:
            process = subprocess.Popen(
                [self.instance.path("bin", "dokku"), "server:backup", path],
                env=self.instance.environment(), stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            while "volumes" not in process.stdout.readline():
                self.assertIsNone(process.poll())
            process.terminate()
            process.communicate(timeout=60)
            self.assertNotEqual(process.returncode, 0)
            self.assertFalse(os.path.exists(path))
        finally:
            os.unlink(filler)
        self.dokku("apps:export", "--no-volumes", "blog", path).must_succeed()
        again = self.dokku("apps:export", "--no-volumes", "blog", path)
        self.assertEqual(again.status, 1)  # nothing is written over
        self.assertIn("File exists\n !     Nothing is written over: name another file", again.err)

    def test_at_a_terminal_the_passphrase_is_typed_and_not_shown(self):
        path = self.file("typed")
        command = [self.instance.path("bin", "dokku"), "apps:export", "--no-volumes", "blog", path]
        with Terminal(command, self.instance.environment()) as terminal:
            terminal.expect("Passphrase (empty: not sealed): ")
            terminal.type("open sesame\n")
            terminal.expect("Once more: ")
            terminal.type("open sesame\n")
            shown = terminal.expect("=====> Written to ", seconds=120)
            self.assertEqual(terminal.status(), 0)
            self.assertTrue(termios.tcgetattr(terminal.slave)[3] & termios.ECHO)
        self.assertNotIn("sesame", shown)
        wrong = self.dokku("apps:import", "--name", "copy", path)
        self.assertIn("it needs its passphrase", wrong.err)
        command = [self.instance.path("bin", "dokku"), "server:restore", path]
        with Terminal(command, self.instance.environment()) as terminal:
            terminal.expect("Passphrase of the backup: ")
            terminal.type("\x03")
            self.assertNotEqual(terminal.status(), 0)
            self.assertTrue(termios.tcgetattr(terminal.slave)[3] & termios.ECHO)

    def test_the_files_of_2013_are_those_of_today(self):
        path = self.file("old")
        self.dokku("backup:export", path, timeout=240).must_succeed()
        with Instance() as other:
            with open(path, "rb") as file:
                result = other.dokku("backup:import", stdin=file.read(), binary=True, timeout=240)
            self.assertEqual(result.status, 0, result.err)
            self.expect_shop(other, "a.test")


if __name__ == "__main__":
    main()
