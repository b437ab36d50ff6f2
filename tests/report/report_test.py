"""What makes a run fail: bits of ours that are wrong, and calls of ours that fail."""

import unittest

from report.report import wrong
from report.results import row_of
from synthetic import CASE, row, samples


class Wrong(unittest.TestCase):
    def test_exact_rows_and_skips_are_fine(self):
        rows = [row("apply", samples(1.0)), row("memcpy", samples(1.0), differs=None)]
        rows.append(row_of(CASE, "apply_strided", "", missing="not compiled"))
        self.assertEqual(wrong(rows), [])

    def test_peers_may_have_other_bits(self):
        self.assertEqual(wrong([row("JAX, jit", samples(1.0), peer="jax", differs=0.5)]), [])

    def test_other_bits_of_ours(self):
        found = wrong([row("apply_inplace", samples(1.0), differs=1e-9)])
        self.assertEqual(found, [f"apply_inplace {CASE.name}: other bits than eager"])

    def test_failures_of_ours(self):
        rows = [row_of(CASE, "apply", "", missing="crashed (SIGSEGV)", failed=True)]
        self.assertEqual(wrong(rows), [f"apply {CASE.name}: crashed (SIGSEGV)"])


if __name__ == "__main__":
    unittest.main()
