"""A push from every pack, and one after the other. Points 2, 6 and 8."""
import json
import os
import signal

from harness import SystemTest, apps, main, places, processes


class PushPacks(SystemTest):
    def setUp(self):
        self.use_domain()

    def test_null_pack_serves_an_app_of_the_standard_library(self):
        pushed = self.push(self.repo(apps.echo("one")), "null-app").must_succeed()
        pushed.must_say("-----> Discovering process types", "Procfile declares types -> web",
                        "=====> Application deployed:",
                        f"http://null-app.example.test:{self.instance.http_port}")
        self.assertEqual(self.get("null-app").text, "one")

    def test_python_pack_installs_wheels_from_the_tree(self):
        files = {**apps.echo("wheel"), "requirements.txt": "# nothing\n"}
        self.push(self.repo(files), "python-app").must_succeed().must_say("Python")
        self.assertEqual(self.get("python-app").text, "wheel")

    def test_static_pack_serves_files(self):
        self.push(self.repo(apps.static()), "static-app").must_succeed()
        self.assertIn("static hello", self.get("static-app").text)
        self.assertIn("css", self.get("static-app", "/style.css").headers["Content-Type"])
        self.assertEqual(self.get("static-app", "/none").status, 404)

    def test_static_never_beats_a_procfile_with_web(self):
        files = {**apps.static(), **apps.echo("the app")}
        self.push(self.repo(files), "mixed-app").must_succeed()
        self.assertEqual(self.get("mixed-app").text, "the app")

    def test_node_pack_runs_the_start_script(self):
        self.push(self.repo(apps.node("hi node")), "node-app", timeout=900).must_succeed()
        self.assertEqual(self.get("node-app").text, "hi node")

    def test_node_example_with_npm_dependencies(self):
        repo = self.repo({}, name="example")
        repo.add_tree(os.path.join(places.SOURCE, "examples", "node-hello"))
        self.push(repo, "node-hello", timeout=900).must_succeed()
        self.assertEqual(self.get("node-hello").status, 200)

    def test_node_of_2015_gets_an_npm_that_it_can_run(self):
        """And what only the build needs is there for the build, and not for the app."""
        package = {"name": "old", "version": "1.0.0", "engines": {"node": "4.2.x"},
                   "dependencies": {"ms": "2.0.0"}, "devDependencies": {"left-pad": "1.3.0"},
                   "scripts": {"start": "node server.js", "build": "node build.js"}}
        pushed = self.push(self.repo({
            "package.json": json.dumps(package),
            "build.js": "require('left-pad'); console.log('built by ' + process.version);\n",
            "server.js": "var ms = require('ms'), dev = 'there';\n"
                         "try { require('left-pad'); } catch (e) { dev = 'gone'; }\n"
                         "require('http').createServer(function (q, s) {\n"
                         "  s.end([process.version, ms('2s'), dev].join(' '));\n"
                         "}).listen(process.env.PORT);\n"}), "old", timeout=900).must_succeed()
        self.assertRegex(pushed.out + pushed.err, r"built by v4\.2\.")
        self.assertRegex(self.get("old").text, r"^v4\.2\.\d+ 2000 gone$")

    def test_foreign_pack_from_a_git_url(self):
        pack = self.repo(apps.own_pack_tree("echo 'web: exec python3 server.py' > $1/Procfile"),
                         name="pack")
        files = apps.echo("built by my own pack")
        del files["Procfile"]
        self.dokku("apps:create", "own-pack").must_succeed()
        self.dokku("config:set", "own-pack", f"BUILDPACK_URL=file://{pack.folder}").must_succeed()
        self.push(self.repo(files), "own-pack").must_succeed().must_say("Own")
        self.assertEqual(self.get("own-pack").text, "built by my own pack")


class PushAgain(SystemTest):
    def setUp(self):
        self.use_domain()

    def test_with_skip_deploy_a_push_is_built_and_goes_live_at_a_restart(self):
        files = {**apps.echo("first"), "Procfile": apps.echo("x")["Procfile"]
                 + "release: echo the task ran\n"}
        repo = self.repo(files)
        self.push(repo, "later").must_succeed()
        self.dokku("ps:set", "later", "skip-deploy", "true").must_succeed()
        repo.commit(apps.echo("second") | {"Procfile": files["Procfile"]})
        pushed = self.push(repo, "later").must_succeed()
        pushed.must_say("-----> Skipping deployment", "dokku ps:restart later")
        self.assertNotIn("the task ran", pushed.text)
        self.dokku("config:set", "later", "A=1").must_succeed()
        self.assertEqual(self.get("later").text, "first")
        self.dokku("ps:restart", "later").must_succeed().must_say("the task ran")
        self.assertEqual(self.get("later").text, "second")

    def test_changed_push_switches_and_unchanged_push_restarts_nothing(self):
        repo = self.repo(apps.echo("first"))
        self.push(repo, "again").must_succeed()
        first = self.instance.app_processes("again")
        repo.commit(apps.echo("second"))
        self.push(repo, "again").must_succeed()
        self.assertEqual(self.get("again").text, "second")
        second = self.instance.app_processes("again")
        self.assertFalse(set(first.items()) & set(second.items()))
        repo.commit({}, "nothing")
        self.push(repo, "again").must_succeed()
        self.assertEqual(self.get("again").text, "second")
        self.assertEqual(self.instance.app_processes("again"), second)

    def test_cache_is_kept_when_a_compile_fails(self):
        compile_script = ('if [ -e "$1/fail" ]; then\n'
                          '  echo half > "$2/mark"; echo cannot build; exit 7\nfi\n'
                          'echo "cache: $(cat "$2/mark" 2>/dev/null)"; echo whole > "$2/mark"')
        pack = self.repo(apps.own_pack_tree(compile_script), name="cache-pack")
        self.dokku("apps:create", "cached").must_succeed()
        self.dokku("config:set", "cached", f"BUILDPACK_URL=file://{pack.folder}").must_succeed()
        repo = self.repo(apps.echo("a"))
        self.push(repo, "cached").must_succeed().must_say("cache:")
        repo.commit({"fail": "x"})
        self.push(repo, "cached").must_fail().must_say("cannot build")
        repo.commit({"fail": None, "more": "y"})
        self.push(repo, "cached").must_succeed().must_say("cache: whole")

    def test_master_deploys_as_main_does(self):
        repo = self.repo(apps.echo("from master"))
        self.push(repo, "old-style", "main:master").must_succeed()
        self.assertEqual(self.get("old-style").text, "from master")

    def test_two_first_pushes_of_one_new_app(self):
        one, two = self.repo(apps.echo("one")), self.repo(apps.echo("two"))
        first = self.instance.start_push(one, "raced")
        second = self.instance.start_push(two, "raced", "main:main")
        outputs = [first.communicate(timeout=300)[0], second.communicate(timeout=300)[0]]
        statuses = sorted([first.returncode, second.returncode])
        # git refuses the one that is not a fast-forward; at least one of them is deployed.
        self.assertEqual(statuses[0], 0, "\n".join(outputs))
        self.assertIn(self.get("raced").text, ("one", "two"))
        self.assertEqual(len(self.instance.app_processes("raced")) > 0, True)

    def test_push_waits_for_the_one_that_runs(self):
        pack = self.repo(apps.own_pack_tree("echo building; sleep 1000 || true"), name="gate-pack")
        repo, other = self.repo(apps.echo("a")), self.repo(apps.echo("b"))
        self.dokku("apps:create", "queue").must_succeed()
        self.dokku("config:set", "queue", f"BUILDPACK_URL=file://{pack.folder}").must_succeed()
        first = self.instance.start_push(repo, "queue")
        self.read_until(first, "building")
        self.dokku("config:unset", "--no-restart", "queue", "BUILDPACK_URL").must_succeed()
        second = self.instance.start_push(other, "queue", "+main:main")
        self.read_until(second, "Waiting for the deploy of queue")
        for pid in self.instance.app_processes("build"):
            if processes.command_line(pid) == "sleep 1000":
                os.kill(pid, signal.SIGKILL)
        outputs = [push.stdout.read() for push in (first, second)]
        first.stdout.close()
        second.stdout.close()
        self.assertEqual([first.wait(), second.wait()], [0, 0], "\n".join(outputs))
        self.assertEqual(self.get("queue").text, "b")

    def read_until(self, push, text):
        seen = []
        for line in push.stdout:
            seen.append(line)
            if text in line:
                return
        self.fail(f"never said {text!r}:\n" + "".join(seen))


if __name__ == "__main__":
    main()
