"""A peer that ends the process costs its own row and no other; so does Ctrl-C."""

import contextlib
import io
import unittest

from report.cases import Case
from report.supervisor import Supervisor


def run(sizes, peers=(), heads=1, **rest):
    cases = [Case("tokens", seq=seq, heads=heads, head_dim=2) for seq in sizes]
    with contextlib.redirect_stderr(io.StringIO()):
        return Supervisor(cases, list(peers), 1, (1, 1), worker="fake_worker", **rest).run()


def said(outcome):
    return sorted(
        (row["case"]["seq"], row["contestant"], row.get("missing", "")) for row in outcome.rows
    )


class Outcomes(unittest.TestCase):
    def test_keeps_all_rows(self):
        outcome = run([1, 3])
        self.assertTrue(outcome.complete)
        self.assertEqual(len(outcome.rows), 4)

    def test_all_that_is_done_is_kept_on_the_way(self):
        kept = []
        run([1, 2, 3], keep=lambda outcome: kept.append((len(outcome.rows), outcome.complete)))
        self.assertEqual(kept, [(2, False), (4, False), (6, False)])

    def test_a_crash_is_a_row(self):
        outcome = run([1, 2, 3])
        self.assertTrue(outcome.complete)
        self.assertEqual(
            said(outcome),
            [
                (1, "crashing", ""),
                (1, "steady", ""),
                (2, "crashing", "crashed (SIGSEGV)"),
                (2, "steady", ""),
                (3, "crashing", ""),
                (3, "steady", ""),
            ],
        )

    def test_a_peer_that_crashes_while_it_loads_is_left_out(self):
        outcome = run([1], peers=["unloadable"])
        self.assertEqual(outcome.unloadable, {"unloadable": "crashed (SIGILL)"})
        self.assertEqual(len(outcome.rows), 2)

    def test_an_interrupt_keeps_what_is_done(self):
        for heads in (1, 2):  # by Ctrl-C, by kill
            outcome = run([1, 99, 3], heads=heads)
            self.assertFalse(outcome.complete)
            self.assertEqual([row["case"]["seq"] for row in outcome.rows], [1, 1])


if __name__ == "__main__":
    unittest.main()
