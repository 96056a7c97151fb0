"""app.json in real pushes: variables, scripts, what is not there yet."""
import json

from harness import SystemTest, apps, main


class AppJson(SystemTest):
    def setUp(self):
        self.use_domain()

    def app_repo(self, app_json, **files):
        return self.repo({**apps.echo("hello"), "app.json": json.dumps(app_json), **files})

    def test_variables_are_set_before_the_build_and_asked_for_kindly(self):
        repo = self.app_repo({"env": {"GREETING": "hi", "TOKEN": {"description": "of a service"},
                                      "KEY": {"generator": "secret"}}})
        self.push(repo, "vars").must_fail().must_say(
            " !     required env var TOKEN has no value, no default, and no TTY for prompt",
            "dokku config:set vars TOKEN=VALUE")
        self.assertEqual(self.dokku("config:keys", "vars").out, "")
        self.dokku("config:set", "vars", "TOKEN=t").must_succeed()
        pushed = self.push(repo, "vars").must_succeed().must_say(
            "-----> Processing app.json env vars", "       Setting KEY to a new secret")
        secret = self.get("vars", "/env/KEY").text
        self.assertRegex(secret, "^[0-9a-f]{64}$")
        pushed.must_not_say(secret)
        self.assertEqual(self.get("vars", "/env/GREETING").text, "hi")
        # The same tree again: nothing has changed, the secret is the same.
        repo.git("commit", "--allow-empty", "-m", "empty")
        self.push(repo, "vars").must_succeed().must_say("Nothing has changed")
        self.assertEqual(self.get("vars", "/env/KEY").text, secret)

    def test_scripts_run_in_their_order_and_predeploy_is_in_the_image(self):
        repo = self.app_repo(
            {"scripts": {"dokku": {"predeploy": "echo pre $GREETING; echo made > /app/made.txt",
                                   "postdeploy": "echo post $DYNO; cat made.txt"},
                         "postdeploy": "echo seed"},
             "env": {"GREETING": "hi"}},
            Procfile="web: exec python3 server.py\nrelease: echo migrate; cat made.txt\n")
        pushed = self.push(repo, "scripts").must_succeed()
        text = pushed.text
        order = ["Building scripts", "       pre hi", "End of scripts predeploy task output",
                 "       migrate", "       made", "Start of scripts heroku.postdeploy task output",
                 "       seed", "Attempting pre-flight checks (web.1)", "       post postdeploy.1",
                 "=====> Application deployed:"]
        places = [text.find(line) for line in order]
        self.assertNotIn(-1, places, text)
        self.assertEqual(places, sorted(places), text)
        self.assertEqual(self.dokku("run", "scripts", "cat", "made.txt").out, "made\n")
        self.assertEqual(self.dokku("enter", "scripts", "web", "cat made.txt").out, "made\n")
        repo.commit({"change": "1"})
        self.push(repo, "scripts").must_succeed().must_not_say("seed").must_say("post postdeploy.2")

    def test_failing_scripts(self):
        repo = self.app_repo({"scripts": {"dokku": {"predeploy": "echo no; exit 3"}}})
        self.push(repo, "failing").must_fail().must_say(
            "       no", " !     Execution of predeploy task failed: echo no; exit 3",
            " !     The predeploy task exited with status 3")
        repo.commit({"app.json": json.dumps({"scripts": {"dokku": {"postdeploy": "exit 4"}}})})
        self.push(repo, "failing").must_succeed().must_say(
            " !     Execution of postdeploy task failed: exit 4",
            " !     The new release serves all the same", "=====> Application deployed:")
        self.assertEqual(self.get("failing").text, "hello")

    def test_what_is_not_there_yet_and_what_is_gone_is_said(self):
        repo = self.app_repo(
            {"cron": [{"command": "x", "schedule": "@daily"}],
             "healthchecks": {"web": [{"name": "front", "path": "/"}]},
             "formation": {"web": {"quantity": 1}, "worker": {"quantity": 1}}})
        self.push(repo, "said").must_succeed().must_say(
            " !     app.json: cron is not there yet",
            " !     app.json: a healthcheck of web, 'front', is not run: it has no type",
            " !     Skipping worker as it is missing from the current Procfile")

    def test_it_may_lie_elsewhere(self):
        repo = self.repo({**apps.echo("hello"), "deploy/app.json": json.dumps(
            {"formation": {"web": {"quantity": 2}}})})
        self.dokku("apps:create", "elsewhere").must_succeed()
        self.dokku("app-json:set", "elsewhere", "appjson-path", "deploy/app.json").must_succeed()
        self.push(repo, "elsewhere").must_succeed()
        self.assertIn("web:  2", self.dokku("ps:scale", "elsewhere").lines)


if __name__ == "__main__":
    main()
