"""What `--format json` prints has the keys that docs/json-shapes.md promises, and no others."""
import json
import os
import re

from harness import SystemTest, main, places

PAGE = os.path.join(places.SOURCE, "docs", "json-shapes.md")


def rows(section):
    """{command: keys} of one table of the page."""
    with open(PAGE, encoding="utf-8") as file:
        text = file.read().split(f"\n## {section}\n", 1)[1].split("\n## ", 1)[0]
    return {command: re.findall(r"`([^`]+)`", keys)
            for command, keys in re.findall(r"^\| `([^`]+)` \| (.*) \|$", text, re.MULTILINE)}


class Shapes(SystemTest):
    wants_stack = False

    def setUp(self):
        self.dokku("apps:create", "blog")
        self.dokku("config:set", "--no-restart", "blog", "KEY=1").must_succeed()

    def printed(self, command):
        words = command.replace("APP", "blog").split()
        return json.loads(self.dokku(*words, "--format", "json").must_succeed().out)

    def test_objects(self):
        for command, keys in rows("Objects").items():
            topic = "app" if command.startswith("apps:") else command.split(":")[0]
            values = self.printed(command)
            short = {key for key in values
                     if not (key.startswith(topic + "-") and key[len(topic) + 1:] in values)}
            self.assertEqual(short, set(keys), command)
            self.assertTrue(all(isinstance(value, str) for value in values.values()), command)

    def test_lists(self):
        for command, keys in rows("Lists").items():
            values = self.printed(command)
            self.assertTrue(values, command)
            for one in values:
                self.assertEqual(sorted(one), sorted(keys), command)

    def test_plain_lists_and_variables(self):
        self.assertEqual(self.printed("apps:list"), ["blog"])
        self.assertEqual(self.printed("config:export APP"), {"KEY": "1"})
        self.assertEqual(self.printed("run:list APP"), [])

    def test_times_are_iso_8601(self):
        for step in self.printed("config:history APP"):
            self.assertRegex(step["at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")


if __name__ == "__main__":
    main()
