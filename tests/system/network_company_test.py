"""A company's network: an authority of its own, and an HTTP proxy through which builds go."""
import os
import ssl
import tempfile

from harness import apps, main, run
from harness.wired import SERVER, WebServer, WiredTest

COMPILE = """
set -e
curl -sS --max-time 10 https://signed.test/ >"$1/signed"
python3 -c 'import urllib.request as u; print(u.urlopen("https://signed.test/").read().decode())'
curl -sS --max-time 10 http://far.test/ >"$1/far"
curl -sS --max-time 10 http://web.test/ >"$1/near"
echo "proxy: ${http_proxy:-none} ${HTTPS_PROXY:-none}"
"""
READ = {"Procfile": "web: python3 -m http.server $PORT\n"}


class Authority:
    """Signs one certificate."""

    def __init__(self, folder):
        self.certificate = os.path.join(folder, "authority.crt")
        self.key = os.path.join(folder, "authority.key")
        self.folder = folder
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                     "-nodes", "-days", "2", "-subj", "/CN=A company", "-addext",
                     "keyUsage=critical,keyCertSign,cRLSign", "-keyout", self.key, "-out",
                     self.certificate)

    @staticmethod
    def openssl(*arguments):
        run(["openssl", *arguments]).must_succeed()

    def context(self, name):
        """Of a server of that name."""
        base = os.path.join(self.folder, name)
        with open(base + ".ext", "w", encoding="utf-8") as file:
            file.write(f"subjectAltName=DNS:{name}\nauthorityKeyIdentifier=keyid\n"
                       "subjectKeyIdentifier=hash\nkeyUsage=digitalSignature\n"
                       "extendedKeyUsage=serverAuth\n")
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                     "-subj", f"/CN={name}", "-keyout", base + ".key", "-out", base + ".csr")
        self.openssl("x509", "-req", "-in", base + ".csr", "-CA", self.certificate, "-CAkey",
                     self.key, "-CAcreateserial", "-days", "2", "-extfile", base + ".ext",
                     "-out", base + ".crt")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(base + ".crt", base + ".key")
        return context


class Company(WiredTest):
    @classmethod
    def before_start(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.authority = Authority(folder.name)
        context = cls.authority.context("signed.test")
        cls.names.names["signed.test"] = [SERVER]
        cls.signed = WebServer(cls.world, SERVER, 443, body=b"signed by the company",
                               wrap=lambda peer: context.wrap_socket(peer, server_side=True))
        cls.proxy = WebServer(cls.world, SERVER, 3128, body=b"by way of the proxy")
        for server in (cls.signed, cls.proxy):
            cls.addClassCleanup(server.close)

    def app(self, name, compile_script):
        pack = self.instance.path(f"pack-{name}")
        for path, text in apps.own_pack_tree(compile_script).items():
            file = os.path.join(pack, path)
            os.makedirs(os.path.dirname(file), exist_ok=True)
            with open(file, "w", encoding="utf-8") as out:
                out.write(text)
            os.chmod(file, 0o755)
        self.dokku("apps:create", name).must_succeed()
        self.dokku("buildpacks:add", name, pack).must_succeed()
        return self.repo(READ)

    def test_builds_and_apps_in_a_companys_network(self):
        repo = self.app("site", COMPILE)
        self.push(repo, "site").must_fail().must_say("certificate")
        # As Debian has one do it; nothing of ours is started anew.
        self.machine.run("cp", self.authority.certificate,
                         "/usr/local/share/ca-certificates/company.crt").must_succeed()
        self.machine.run("update-ca-certificates").must_succeed()
        self.push(repo, "site").must_fail().must_say("far.test")
        with open(self.instance.path("build.env"), "w", encoding="utf-8") as file:
            file.write(f"http_proxy=http://{SERVER}:3128\nHTTPS_PROXY=http://{SERVER}:3128\n"
                       "no_proxy=web.test,signed.test\nNO_PROXY=web.test,signed.test\n")
        os.chmod(file.name, 0o600)
        built = self.push(repo, "site").must_succeed()
        built.must_say("signed by the company", "proxy: ")
        built.must_not_say("3128")  # it may hold a password
        self.assertEqual(self.get("site", "/signed").text, "signed by the company")
        self.assertEqual(self.get("site", "/far").text, "by way of the proxy")
        self.assertEqual(self.get("site", "/near").text, "the world")
        self.assertIn("GET http://far.test/ HTTP/1.1", [line for _, line in self.proxy.requests])
        # What runs has the company's authority too, and no proxy but its own.
        self.inside("site", "curl", "-sS", "https://signed.test/").must_succeed().must_say(
            "signed by the company")
        self.inside("site", "env").must_succeed().must_not_say("3128")
        self.dokku("config:set", "site", f"http_proxy=http://{SERVER}:3128").must_succeed()
        self.inside("site", "curl", "-sS", "http://far.test/").must_succeed().must_say(
            "by way of the proxy")


if __name__ == "__main__":
    main()
