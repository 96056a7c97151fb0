"""dokkud dies at each crash point of a push; the client waits and says what became of it."""
from harness import main
from harness.crash import CrashingPush


class ClientWaits(CrashingPush):
    def test_push_killed_everywhere(self):
        self.check_push()


if __name__ == "__main__":
    main()
