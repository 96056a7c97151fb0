"""Each rule has a message that a build without the rule fails.

The breakable proxy is the same code with a switch per rule (proxy/h1/rules.h). With all rules on it
passes every case; with one off, at least one case of that rule must fail.
"""
import re
import unittest

import answer_cases
import request_cases
from live import BREAKABLE, SOURCE, Live


def rules():
    text = (SOURCE / "proxy" / "h1" / "rules.h").read_text()
    body = re.search(r"enum class Rule[^{]*\{(.*?)kCount", text, re.S)[1]
    return [name for name in re.findall(r"^\s*(\w+),", body, re.M)]


class BrokenRules(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.live = Live(BREAKABLE, limit=3.0)
        cls.addClassCleanup(cls.live.close)
        cls.cases = request_cases.ALL + answer_cases.ALL

    def test_a_build_without_a_rule_fails_its_case(self):
        for index, rule in enumerate(rules()):
            cases = [case for case in self.cases if case.rule == rule]
            with self.subTest(rule):
                self.assertTrue(cases, "no case for this rule")
                for case in cases:
                    case.check(self.live)
                self.live.break_rule(index)
                try:
                    self.assertTrue(any(self.fails(case) for case in cases),
                                    "its cases pass without it")
                finally:
                    self.live.break_rule(index, off=False)
                    self.live.forget_origin()

    def fails(self, case):
        try:
            case.check(self.live)
        except (AssertionError, OSError):
            return True
        return False


if __name__ == "__main__":
    unittest.main()
