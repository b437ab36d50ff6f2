"""Runs of one machine and commit become one, and say what is missing."""

import dataclasses
import unittest

from report.cases import Case
from report.join import groups, interrupted, joined
from synthetic import CASE, results, row, samples

HEADS = Case("heads", seq=64, heads=8, head_dim=128)
OTHER_HEADS = dataclasses.replace(HEADS, heads=16)
COMMIT = {"Ropewalk": "0.1.0 abcdef"}


def part(cases, studies="", complete=True, seconds=1.0, date="2026-01-01 00:00"):
    command = "bench/run --report" + (f" --studies={studies}" if studies else "") + " --out=there"
    rows = [row("apply", samples(seconds), case) for case in cases]
    return {**results(rows, **COMMIT, command=command, date=date), "complete": complete}


class Groups(unittest.TestCase):
    def test_one_machine_and_commit(self):
        one, two = part([CASE]), part([HEADS], "heads", date="2026-01-02 00:00")
        self.assertEqual(groups([one, two]), [[one, two]])

    def test_not_where_they_differ(self):
        one = part([CASE])
        for field in ("Ropewalk", "cpu", "GPU", "compiler"):
            other = {**one, "machine": {**one["machine"], field: "0.1.0 another"}}
            self.assertEqual(groups([one, other]), [[one], [other]], field)
        newer = {**one["peers"][0], "versions": {"torch": "3"}}
        self.assertEqual(len(groups([one, {**one, "peers": [newer]}])), 2)

    def test_not_where_the_tree_is_unknown(self):
        for version in ("0.1.0", "0.1.0 abcdef-dirty"):
            one = results([], Ropewalk=version)
            self.assertEqual(len(groups([one, one])), 2, version)


class Joined(unittest.TestCase):
    def test_a_case_is_that_of_the_first_complete_run(self):
        parts = [
            part([CASE, HEADS], "peers,heads", False, 3.0),
            part([HEADS, OTHER_HEADS], "heads", True, 2.0),
            part([HEADS], "heads", True, 1.0),
        ]
        rows = joined(parts)["rows"]
        self.assertEqual([one["case"]["heads"] for one in rows], [CASE.heads, 8, 16])
        self.assertEqual([round(one["samples"][0]) for one in rows], [3, 2, 2])

    def test_what_another_run_has_is_not_missing(self):
        both = joined([part([CASE, HEADS], "peers,heads", False), part([HEADS], "heads")])
        self.assertTrue(both["complete"])
        self.assertEqual(interrupted(both), "")

    def test_says_what_is_cut_off_and_what_is_not_there(self):
        both = joined([part([CASE, HEADS], "peers,heads,batch", False), part([CASE], "peers")])
        said = "the run was interrupted: of heads 1 cases are there, of batch none"
        self.assertEqual(interrupted(both), said)
        self.assertEqual(interrupted(joined([both])), said)  # as it is kept

    def test_a_run_alone_is_what_it_was(self):
        one = part([CASE, HEADS], "peers,heads", False)
        self.assertEqual(joined([one])["rows"], one["rows"])
        self.assertFalse(joined([one])["complete"])

    def test_all_studies_but_threads_of_a_gpu(self):
        one = results([row("apply", samples(1.0), HEADS)], GPU="a GPU")
        said = interrupted(joined([{**one, "complete": False}]))
        self.assertIn("of heads 1 cases are there", said)
        self.assertIn("tokens and head_dim", said)
        self.assertNotIn("threads", said)

    def test_commands_dates_and_notes_once_each(self):
        one, two = part([CASE], "peers"), part([HEADS], "heads", date="2026-01-02 00:00")
        one["notes"], two["notes"] = ["a", "b"], ["b", "c"]
        both = joined([one, two, one])
        self.assertEqual(both["notes"], ["a", "b", "c"])
        commands = [f"bench/run --report --studies={study}" for study in ("peers", "heads")]
        self.assertEqual(both["machine"]["command"], "; ".join(commands))
        self.assertEqual(both["machine"]["date"], "2026-01-01 00:00, 2026-01-02 00:00")

    def test_a_peer_of_one_run_was_measured(self):
        one, two = part([CASE]), part([HEADS])
        one["peers"] = [{**one["peers"][0], "missing": "not asked for"}]
        self.assertEqual(joined([one, two])["peers"], two["peers"])


if __name__ == "__main__":
    unittest.main()
