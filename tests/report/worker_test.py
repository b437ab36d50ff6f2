"""What becomes of contestants that are wrong, fail, or have no kernel: a row each."""

import contextlib
import dataclasses
import io
import unittest
from unittest import mock

from report import worker
from report.cases import Case
from report.contestants import Contestant, Prepared, Skip
from report.floats import widen

CASE = Case("peers", seq=3, heads=2, head_dim=4)


class Fake(Contestant):
    peer = "fake"

    def __init__(self, name, write):
        self.name, self.write = name, write

    def prepare(self, case, buffers):
        def run():
            self.write(buffers)

        return Prepared(run, lambda: buffers.out)


def ones(buffers):
    buffers.out[...] = 1


def most(buffers):
    buffers.out[:, :-1] = 1


def skips(buffers):
    raise Skip("no kernel")


def fails(buffers):
    raise ValueError("a bad argument\nand more")


class Rows(unittest.TestCase):
    def rows(self, *contestants, case=CASE):
        """By contestant, those of the definition first whatever their order."""
        journal = mock.Mock()
        with mock.patch.object(worker.contestants, "ours", lambda _: list(contestants)):
            plan = {"device": "cpu", "peers": [], "rounds": 2, "seconds": [1, 1]}
            plan["lost"] = [[CASE.name, "lost"]]
            tried = worker.Worker(plan, journal)
        with mock.patch.object(tried.place, "settle"), contextlib.redirect_stderr(io.StringIO()):
            tried.run(case)
        said = [call.kwargs["row"] for call in journal.say.call_args_list if call.args[0] == "row"]
        return {row["contestant"]: row for row in said}

    def test_outputs_are_compared_with_the_definition(self):
        rows = self.rows(Fake("most", most), Fake("apply_strided", ones), Fake("ones", ones))
        self.assertEqual(rows["ones"]["exactness"]["differs"], 0)
        self.assertEqual(rows["apply_strided"]["exactness"]["differs"], 0)
        self.assertEqual(len(rows["ones"]["samples"]), 2)

    def test_what_is_not_written_is_seen(self):
        rows = self.rows(Fake("apply_strided", ones), Fake("most", most))
        self.assertAlmostEqual(rows["most"]["exactness"]["differs"], 1 / 3)

    def test_a_skip_is_no_fault(self):
        row = self.rows(Fake("skips", skips), Fake("ones", ones))["skips"]
        self.assertEqual((row["missing"], row.get("failed")), ("no kernel", None))

    def test_a_fault_is_a_row(self):
        rows = self.rows(Fake("fails", fails), Fake("ones", ones))
        self.assertEqual(rows["fails"]["missing"], "ValueError: a bad argument")
        self.assertTrue(rows["fails"]["failed"])
        self.assertIn("samples", rows["ones"])

    def test_a_case_that_has_no_memory_is_nobodys_fault(self):
        with mock.patch("report.host.Buffers", side_effect=MemoryError("too much")):
            row = self.rows(Fake("ones", ones))["ones"]
        self.assertEqual((row["missing"], row.get("failed")), ("MemoryError: too much", None))

    def test_the_lost_are_not_called_again(self):
        self.assertEqual(list(self.rows(Fake("lost", fails), Fake("ones", ones))), ["ones"])

    def test_other_layouts_are_skipped(self):
        with mock.patch.object(Fake, "layouts", ("bhsd",)):
            row = self.rows(Fake("ones", ones))["ones"]
        self.assertIn("contiguous", row["missing"])

    def test_who_knows_no_norm_is_skipped(self):
        normed = dataclasses.replace(CASE, norm="token", dtype="bf16")

        weights = []

        def weight(buffers):
            weights.append(widen(buffers.weight, normed.dtype))
            buffers.out[...] = buffers.weight.reshape(CASE.heads, CASE.head_dim)

        knows = Fake("knows", weight)
        knows.norms = True
        rows = self.rows(knows, Fake("ones", ones), case=normed)
        self.assertIn("samples", rows["knows"])
        # Compared by any, timed by such as keep x as large as it is.
        self.assertNotEqual({*abs(weights[0])}, {1})
        self.assertEqual({*abs(weights[-1])}, {1})
        self.assertIn("a norm", rows["ones"]["missing"])


if __name__ == "__main__":
    unittest.main()
