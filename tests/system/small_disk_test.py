"""A file system that is too small for all that is pushed to it.

Many deploys of changing data stay within it, and the releases that are kept start.
"""
import os

from harness import apps, main, run
from harness.small_disk import SmallDisk

DATA_BYTES = 20 << 20
DEPLOYS = int(os.environ.get("DOKKU_TEST_DEPLOYS", 20))
KEPT = 3


class ManyDeploys(SmallDisk):
    def test_stay_within_the_disk_and_the_kept_releases_start(self):
        self.dokku("disk:set", "--global", "releases-kept", str(KEPT)).must_succeed()
        repo = self.repo({**apps.echo("first"), "data.bin": os.urandom(DATA_BYTES)})
        self.push(repo, "many").must_succeed()
        least = None
        for number in range(DEPLOYS):
            repo.commit({**apps.echo(str(number)), "data.bin": os.urandom(DATA_BYTES)})
            self.push(repo, "many").must_succeed()
            free = self.instance.space()[0]
            least = free if least is None else min(least, free)
        self.assertEqual(self.get("many").text, str(DEPLOYS - 1))
        use = self.report("many")
        # Packed, unpacked and the source, of each kept release; and of one that is being replaced.
        self.assertLess(int(use["images"]), (KEPT + 1) * 2 * (DATA_BYTES + (1 << 20)), use)
        self.assertLess(int(use["sources"]), (KEPT + 1) * (DATA_BYTES + (1 << 20)), use)
        print(f"least free {least >> 20} MB of {self.instance.space()[1] >> 20}, {use}")

        # The last ones start: each is made live, and built again from its own source.
        releases = self.releases("many")
        self.assertEqual(len(releases), KEPT, releases)
        for image in releases:
            self.run_image(image)
        self.dokku("ps:rebuild", "many", timeout=300).must_succeed()
        self.assertEqual(self.get("many").text, str(DEPLOYS - 1))

    def releases(self, app):
        """Names of the app's images."""
        config = self.instance.config()
        listed = self.ctr(config, "images", "ls", "-q").must_succeed().out.split()
        return sorted(name for name in listed if name.startswith(f"dokku/{app}:"))

    def ctr(self, config, *words):
        return run(["ctr", "--address", config["containerd_socket"], "--namespace",
                    f"dokku-{self.instance.name}", *words])

    def run_image(self, image):
        """All layers of it are there: containerd makes a container of it."""
        config = self.instance.config()
        name = image.split(":")[1]
        self.ctr(config, "snapshots", "ls").must_succeed()
        self.ctr(config, "containers", "create", image, f"probe-{name}").must_succeed()
        self.ctr(config, "containers", "rm", f"probe-{name}").must_succeed()


if __name__ == "__main__":
    main()
