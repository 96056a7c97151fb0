"""builds:cancel ends a build for whoever waits for it; what ran before runs on."""
import os

from harness import SystemTest, apps, main, processes
from harness.repo import Repo


class CancelBuild(SystemTest):
    def test_a_build_is_cancelled_by_somebody_else(self):
        self.use_domain()
        self.push(self.repo(apps.echo("first")), "slow").must_succeed()
        self.dokku("builds:cancel", "slow").must_succeed().must_say("App not currently deploying")
        pack = Repo(self.instance.path("client", "pack"),
                    apps.own_pack_tree("echo it begins; sleep 1000"))
        os.chmod(self.instance.path("client"), 0o755)
        self.dokku("buildpacks:set", "slow", pack.folder).must_succeed()
        pushing = self.instance.start_push(self.repo(apps.echo("second")), "slow", "+main:main")
        processes.wait_for("the build to begin", lambda: "it begins" in self.dokku(
            "builds:output", "slow").out, 60)
        self.ssh("builds:cancel", "slow").must_succeed() \
            .must_say("The build of slow has ended")
        out, _ = pushing.communicate(timeout=60)
        self.assertNotEqual(pushing.returncode, 0, out)
        self.assertIn("ancelled", out)
        self.assertEqual(self.get("slow").text, "first")
        self.dokku("builds:list", "slow").must_say("canceled")
        self.dokku("buildpacks:clear", "slow").must_succeed()
        self.push(self.repo(apps.echo("third")), "slow", "+main:main").must_succeed()
        self.assertEqual(self.get("slow").text, "third")


if __name__ == "__main__":
    main()
