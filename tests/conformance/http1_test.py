"""HTTP/1.1, a case per rule, against the proxy as it is shipped."""
import unittest

import answer_cases
import request_cases
from live import Live


class Http1(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.live = Live()
        cls.addClassCleanup(cls.live.close)

    def run_all(self, cases):
        for case in cases:
            with self.subTest(case.name):
                case.check(self.live)

    def test_requests(self):
        self.run_all(request_cases.ALL)

    def test_answers(self):
        self.run_all(answer_cases.ALL)


if __name__ == "__main__":
    unittest.main()
