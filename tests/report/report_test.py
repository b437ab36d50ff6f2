"""What makes a run fail: bits of ours that are wrong, and calls of ours that fail."""

import dataclasses
import unittest

from report.report import torch_version, wrong
from report.results import row_of
from synthetic import CASE, results, row, samples


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

    def test_norms_have_the_bits_of_one_torch(self):
        case = dataclasses.replace(CASE, norm="head", device="cuda")
        rows = [row("apply", samples(1.0), case, differs=0.1)]
        said = [f"apply {case.name}: other bits than eager"]
        self.assertEqual(wrong(rows, "2.11.0+cu130"), said)
        self.assertEqual(wrong(rows, "2.15.0"), [])
        self.assertEqual(wrong(rows, "2.15.0", promised=False), said)
        self.assertEqual(wrong(rows), said)  # beside our own definition
        rows[0]["failed"] = True
        self.assertEqual(wrong(rows, "2.15.0"), said)

    def test_torch_is_asked_for_its_version(self):
        found = results([])
        self.assertEqual(torch_version(found), "2")
        found["peers"][0]["missing"] = "not asked for"
        self.assertEqual(torch_version(found), "")


if __name__ == "__main__":
    unittest.main()
