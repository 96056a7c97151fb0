"""dokkud dies at each crash point of a push, and the client is gone before it is back."""
from harness import main
from harness.crash import CrashingPush


class ClientGone(CrashingPush):
    client_goes = True

    def test_push_killed_everywhere(self):
        self.check_push()


if __name__ == "__main__":
    main()
