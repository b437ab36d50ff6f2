"""Statistics against values that are known, and against their own laws."""

import unittest

from report.intervals import mann_whitney, median, ratio
from synthetic import samples


class Intervals(unittest.TestCase):
    def test_median_lies_in_its_interval(self):
        middle, low, high = median(samples(1.0, noise=0.5))
        self.assertTrue(1.0 < low < middle < high < 1.5)

    def test_one_sample_has_no_width(self):
        self.assertEqual(median([3.0]), (3.0, 3.0, 3.0))

    def test_ratio_of_scaled_samples_is_the_scale(self):
        times, low, high = ratio(samples(2.0, seed=1), samples(1.0, seed=2))
        self.assertAlmostEqual(times, 2.0, delta=0.04)
        self.assertTrue(low <= times <= high)

    def test_outliers_move_no_median(self):
        middle, _, high = median(samples(1.0, count=20) + [100.0])
        self.assertTrue(middle < high < 1.03)


class MannWhitney(unittest.TestCase):
    def test_is_the_value_of_others(self):
        # scipy.stats.mannwhitneyu(.., method="asymptotic"): these numbers, by SciPy 1.17.
        first = [19, 22, 16, 29, 24, 25, 18, 21, 20, 17]
        second = [20, 11, 17, 12, 14, 13, 15, 17, 16, 12]
        self.assertAlmostEqual(mann_whitney(first, second), 0.0016586363021665101, places=12)

    def test_is_symmetric(self):
        first, second = samples(1.0), samples(1.01, seed=2)
        self.assertEqual(mann_whitney(first, second), mann_whitney(second, first))

    def test_equal_samples_do_not_differ(self):
        self.assertEqual(mann_whitney([1.0] * 9, [1.0] * 9), 1.0)

    def test_apart_samples_differ(self):
        self.assertLess(mann_whitney(samples(1.0), samples(2.0)), 1e-4)


if __name__ == "__main__":
    unittest.main()
