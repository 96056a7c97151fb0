"""Pushing often does not fill the disk. Point 11."""
import os

from harness import SystemTest, apps, main, processes

TREE_BYTES = 4 << 20


class Disk(SystemTest):
    def used_bytes(self):
        """What the instance's files take on disk, each inode once."""
        seen, total = set(), 0
        for folder, names, files in os.walk(self.instance.root):
            names[:] = [n for n in names if not os.path.ismount(os.path.join(folder, n))]
            for name in files:
                try:
                    stat = os.lstat(os.path.join(folder, name))
                except OSError:
                    continue
                if stat.st_ino not in seen:
                    seen.add(stat.st_ino)
                    total += stat.st_blocks * 512
        return total

    def test_twenty_pushes_do_not_grow_by_twenty_trees(self):
        self.use_domain()
        repo = self.repo({**apps.echo("0"), "data.bin": os.urandom(TREE_BYTES)})
        for number in range(6):  # more than the releases that are kept
            repo.commit(apps.echo(f"warm {number}"))
            self.push(repo, "disk").must_succeed()
        before = self.used_bytes()
        for number in range(20):
            repo.commit(apps.echo(str(number)))
            self.push(repo, "disk").must_succeed()
        # What the last pushes left behind is collected a moment after them, not within them.
        processes.wait_for("no more than two trees were added",
                           lambda: self.used_bytes() - before < 2 * TREE_BYTES, 20)
        self.assertEqual(self.get("disk").text, "19")
        self.dokku("repo:gc", "disk").must_succeed().must_say(" freed")
        self.dokku("repo:purge-cache", "disk").must_succeed().must_say(" freed")
        repo.commit(apps.echo("packed"))
        self.push(repo, "disk").must_succeed()
        self.assertEqual(self.get("disk").text, "packed")


if __name__ == "__main__":
    main()
