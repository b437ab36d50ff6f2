"""--compare on runs that are equal, slower, or only noisy."""

import contextlib
import io
import json
import tempfile
import unittest
from pathlib import Path

from report import compare
from synthetic import results, row, samples


def run_of(seconds, noise=0.02, seed=1, **machine):
    """Two rows of ours, one limit and one peer."""
    return results(
        [
            row("apply", samples(seconds, noise, seed=seed)),
            row("apply_inplace", samples(0.8, noise, seed=seed + 50), inplace=True),
            row("memcpy", samples(0.5, noise, seed=seed + 100), differs=None),
            row("JAX, jit", samples(3.0, noise, seed=seed + 150), peer="jax"),
        ],
        **machine
    )


class Compare(unittest.TestCase):
    def compared(self, old, new, slower=1.05):
        """The exit status, and what was printed."""
        with tempfile.TemporaryDirectory() as folder:
            paths = []
            for name, text in (("old", old), ("new", new)):
                paths.append(Path(folder) / name)
                paths[-1].write_text(text if isinstance(text, str) else json.dumps(text))
            said = io.StringIO()
            with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
                status = compare.main(*paths, slower)
            return status, said.getvalue()

    def test_a_run_equals_itself(self):
        status, said = self.compared(run_of(1.0), run_of(1.0))
        self.assertEqual(status, 0, said)
        self.assertIn("4 rows: of Ropewalk's 0 are slower", said)

    def test_what_is_slower_fails(self):
        status, said = self.compared(run_of(1.0), run_of(1.3, seed=2))
        self.assertEqual(status, 1, said)
        self.assertIn("slower apply f32", said)
        self.assertIn("of Ropewalk's 1 are slower", said)

    def test_what_is_faster_does_not(self):
        status, said = self.compared(run_of(1.3), run_of(1.0, seed=2))
        self.assertEqual(status, 0, said)
        self.assertIn("faster apply f32", said)

    def test_a_slower_machine_is_no_slower_row(self):
        new = run_of(1.3, seed=2)
        for index, seconds in ((1, 1.04), (2, 0.65), (3, 3.9)):
            new["rows"][index]["samples"] = samples(seconds, seed=7)
        status, said = self.compared(run_of(1.0), new)
        self.assertIn("slower memcpy", said)
        self.assertNotIn("slower apply f32", said)
        self.assertIn("slower apply_inplace", said)  # the scaling in place was not measured
        self.assertEqual(status, 1, said)

    def test_noise_is_no_difference(self):
        status, said = self.compared(run_of(1.0, noise=0.8), run_of(1.06, noise=0.8, seed=2))
        self.assertEqual(status, 0, said)

    def test_less_than_the_threshold_passes(self):
        old, new = run_of(1.0, noise=0.001), run_of(1.03, noise=0.001, seed=2)
        self.assertEqual(self.compared(old, new)[0], 0)
        self.assertEqual(self.compared(old, new, slower=1.01)[0], 1)

    def test_slower_peers_fail_nothing(self):
        new = run_of(1.0)
        new["rows"][3] = row("JAX, jit", samples(9.0), peer="jax")
        status, said = self.compared(run_of(1.0), new)
        self.assertEqual(status, 0, said)
        self.assertIn("the peers' 1", said)

    def test_says_what_has_no_figure_any_more(self):
        new = run_of(1.0)
        del new["rows"][0]
        self.assertIn("no figure any more: apply f32", self.compared(run_of(1.0), new)[1])

    def test_says_that_the_machine_is_another(self):
        self.assertIn("another cpu", self.compared(run_of(1.0), run_of(1.0, cpu="other"))[1])

    def test_nothing_in_common_is_an_error(self):
        self.assertEqual(self.compared(run_of(1.0), results([]))[0], 2)

    def test_unreadable_files_are_named(self):
        for text in (
            "",
            "{",
            "[]",
            '{"schema": 99}',
            '{"schema": 1}',
            '{"schema": 1, "machine": {}, "rows": [1]}',
        ):
            status, said = self.compared(text, run_of(1.0))
            self.assertEqual(status, 2)
            self.assertIn("/old: no", said)
        with contextlib.redirect_stderr(io.StringIO()) as said:
            status = compare.main(Path("/nowhere/old.json"), Path("/nowhere/new.json"), 1.05)
        self.assertEqual(status, 2)
        self.assertIn("/nowhere/old.json: No such file", said.getvalue())


class ManyRows(unittest.TestCase):
    def test_one_in_twenty_of_no_difference_is_not_called_real(self):
        self.assertEqual(compare.real_differences([0.04] + [0.5] * 19), [False] * 20)

    def test_all_up_to_the_last_that_holds_are_real(self):
        self.assertEqual(compare.real_differences([0.03, 0.9, 0.001]), [True, False, True])


if __name__ == "__main__":
    unittest.main()
