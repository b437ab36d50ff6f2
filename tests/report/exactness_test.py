"""The share of differing bits, and errors in ulps at the length of the pair."""

import unittest

import numpy as np

from report.exactness import compare
from report.floats import narrow, spacing, widen


class Exactness(unittest.TestCase):
    def test_equal_bits_have_no_error(self):
        values = np.ones((1, 300, 2, 4), np.float32)
        self.assertEqual(compare(values, values.copy(), "f32", "half"), {"differs": 0, "ulps": 0})

    def test_counts_every_chunk(self):
        wanted = np.full((2, 600, 2, 4), 3.0, np.float32)
        out = wanted.copy()
        for place in ((0, 0, 0, 0), (1, 299, 1, 3), (1, 599, 1, 3)):
            out[place] = np.nextafter(out[place], np.float32(9))
        found = compare(out, wanted, "f32", "interleaved")
        self.assertEqual(found["differs"], 3 / wanted.size)
        self.assertEqual(found["ulps"], 0.5)  # pairs of (3, 3) are 4.24 long: an ulp is that of 4

    def test_signs_of_zero_differ(self):
        wanted = np.ones((1, 1, 1, 2), np.float32)
        wanted[..., 0] = 0
        found = compare(wanted * np.float32([-1, 1]), wanted, "f32", "interleaved")
        self.assertEqual(found, {"differs": 0.5, "ulps": 0})

    def test_pairs_are_those_of_the_pairing(self):
        wanted = np.float32([[[[1, 1024, 1, 1024]]]])
        out = wanted.copy()
        out[..., 0] += np.float32(2.0**-23)
        self.assertEqual(compare(out, wanted, "f32", "half")["ulps"], 1)
        self.assertEqual(compare(out, wanted, "f32", "interleaved")["ulps"], 2.0**-10)

    def test_nan_is_no_small_error(self):
        wanted = np.ones((1, 1, 1, 2), np.float32)
        self.assertEqual(compare(wanted * np.nan, wanted, "f32", "half")["ulps"], float("inf"))


class Floats(unittest.TestCase):
    def test_bfloat16_rounds_to_even(self):
        values = np.float32([1, 1 + 2**-8, 1 + 3 * 2**-8, 1 + 2**-8 + 2**-20, -0.0])
        rounded = widen(narrow(values, "bf16"), "bf16")
        self.assertEqual(rounded.tolist(), [1, 1, 1 + 2**-6, 1 + 2**-7, 0])

    def test_spacing_is_an_ulp(self):
        lengths = np.array([1.0, 1.99, 2.0, 0.0, 1e-40])
        self.assertEqual(spacing(lengths, "f16").tolist(), [2**-10, 2**-10, 2**-9, 2**-24, 2**-24])


if __name__ == "__main__":
    unittest.main()
