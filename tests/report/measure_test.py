"""Every contestant is timed in every round, the slow ones in fewer."""

import time
import unittest

from report.measure import measure, timed


def timer(run):
    return lambda calls: timed(run, calls)


def nothing():
    return timer(lambda: None)


class Measure(unittest.TestCase):
    def test_one_sample_a_round(self):
        found = measure({"a": nothing(), "b": nothing()}, 6, 10, lambda name: None)
        self.assertEqual({name: len(times) for name, times in found.items()}, {"a": 6, "b": 6})

    def test_slow_ones_stop_early(self):
        found = measure(
            {"slow": timer(lambda: time.sleep(0.02)), "quick": nothing()},
            9,
            0.1,
            lambda name: None,
            fewest=2,
        )
        self.assertLess(len(found["slow"]), 5)
        self.assertGreaterEqual(len(found["slow"]), 2)
        self.assertEqual(len(found["quick"]), 9)

    def test_seconds_are_those_of_a_call(self):
        found = measure({"sleeps": timer(lambda: time.sleep(0.003))}, 5, 10, lambda name: None)
        self.assertTrue(all(0.003 <= seconds < 0.1 for seconds in found["sleeps"]))

    def test_says_who_is_called(self):
        named = []
        measure({"a": nothing(), "b": nothing()}, 1, 1, named.append)
        self.assertEqual(named[:2], ["a", "b"])
        self.assertEqual(sorted(named[2:]), ["a", "b"])


if __name__ == "__main__":
    unittest.main()
