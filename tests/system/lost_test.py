"""No request is lost by a deploy, not even one on a kept connection. Section Speed, bench/lost."""
from harness import SteadyClient, SystemTest, apps, main


class Lost(SystemTest):
    def test_deploys_restarts_and_scaling_lose_no_request(self):
        self.use_domain()
        repo = self.repo(apps.echo("0"))
        self.push(repo, "lossless").must_succeed()
        with SteadyClient(self.instance.http_port, "lossless.example.test") as client:
            for number in range(1, 4):
                repo.commit(apps.echo(str(number)))
                self.push(repo, "lossless").must_succeed()
            self.dokku("ps:restart", "lossless").must_succeed()
            self.dokku("ps:scale", "lossless", "web=2").must_succeed()
            self.dokku("ps:scale", "lossless", "web=1").must_succeed()
            self.dokku("releases:rollback", "lossless").must_succeed().must_say(
                "-----> Rolling back lossless to release 3 (", "=====> Application deployed:")
            self.assertEqual(self.get("lossless").text, "2")
            self.dokku("releases:rollback", "lossless").must_succeed()
            self.assertEqual(self.get("lossless").text, "3")
        self.assertEqual(client.lost, [])
        self.assertEqual(set(client.bodies), {"0", "1", "2", "3"})


if __name__ == "__main__":
    main()
