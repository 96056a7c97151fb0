"""What system tests are written with: real instances, real ssh and git, plain HTTP.

A test file is a unittest with classes derived from SystemTest, and ends with `main()`:

    from harness import SystemTest, main, apps

    class Push(SystemTest):
        def test_first_push_is_served(self):
            repo = self.repo(apps.echo())
            self.push(repo, "blog").must_succeed()
            self.assertEqual(self.get("blog").status, 200)

    if __name__ == "__main__":
        main()

Each class has an instance of its own (self.instance), ended and compared with nothing left behind,
also after a failure, an interrupt, or the death of the test (then by the next test that starts).
"""
from harness import apps
from harness.case import SystemTest, main
from harness.clients import Answer, SteadyClient, WebSocket, request
from harness.instance import Instance
from harness.outcome import Outcome, run
from harness.repo import Repo
from harness.terminal import Terminal

__all__ = ["Answer", "Instance", "Outcome", "Repo", "SteadyClient", "SystemTest", "Terminal",
           "WebSocket", "apps", "main", "request", "run"]
