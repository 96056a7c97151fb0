"""Two instances on one machine do not see each other. Point 2."""
from harness import Instance, SystemTest, apps, main


class SideBySide(SystemTest):
    def test_same_app_name_on_two_instances_and_one_stops(self):
        with Instance() as other:
            other.prepare_stack()
            for instance, mark in ((self.instance, "here"), (other, "there")):
                instance.dokku("domains:set-global", "example.test").must_succeed()
                instance.push(instance.repo(apps.echo(mark)), "twin").must_succeed()
            self.assertEqual(self.get("twin").text, "here")
            self.assertEqual(other.get("twin.example.test").text, "there")
            other.instance_command("stop").must_succeed()
            self.assertEqual(other.instance_command("inventory").out, "")
            self.assertEqual(self.get("twin").text, "here")
            self.dokku("run", "twin", "true").must_succeed()


if __name__ == "__main__":
    main()
