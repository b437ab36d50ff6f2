"""The cases of a run: each has a name of its own, and models are found by how they begin."""

import unittest

from report.cases import LAYOUTS
from report.studies import STUDIES, cases
from report.wanted import Wanted
from report.workloads import WORKLOADS, chosen


class Studies(unittest.TestCase):
    def test_names_tell_cases_apart(self):
        for name, make in STUDIES.items():
            if name == "models":  # asks the C boundary
                continue
            for wanted in (Wanted([1, 2]), Wanted([1, 2], quick=True), Wanted([1], device="cuda")):
                found = make(wanted)
                self.assertTrue(found)
                self.assertEqual(len({case.name for case in found}), len(found), name)
                self.assertEqual({case.study for case in found}, {name})
                self.assertTrue({case.layout for case in found} <= set(LAYOUTS))

    def test_one_number_of_threads_is_enough(self):
        names = [case.name for case in STUDIES["peers"](Wanted([1], quick=True))]
        self.assertEqual(len(set(names)), len(names))

    def test_norms_have_weights(self):
        for case in STUDIES["norms"](Wanted([1])):
            together = case.heads * 128 if case.norm == "token" else 128
            self.assertEqual(case.normed_together, together)

    def test_a_device_is_told_apart(self):
        on_gpu = cases(["peers", "threads", "blocks"], Wanted([1], device="cuda"))
        self.assertEqual({case.device for case in on_gpu}, {"cuda"})
        self.assertEqual({case.study for case in on_gpu}, {"peers", "blocks"})
        on_cpu = {case.name for case in cases(["peers", "blocks"], Wanted([1]))}
        self.assertFalse(on_cpu & {case.name for case in on_gpu})


class Workloads(unittest.TestCase):
    def test_grids_have_the_published_tokens(self):
        tokens = {name: workload.tokens for name, workload in WORKLOADS.items()}
        self.assertEqual(tokens["Wan2.2 A14B, a 480p video of 81 frames"], 32_760)
        self.assertEqual(tokens["Wan2.2 A14B, a 720p video of 81 frames"], 75_600)
        self.assertEqual(tokens["HunyuanVideo, a 720p video of 129 frames"], 118_800)
        self.assertEqual(tokens["Helios, a step at full resolution"], 11_040)

    def test_models_begin_so(self):
        found = {workload.preset for workload in chosen(["WAN2.2", "helios"])}
        self.assertEqual(found, {"Wan2.2 A14B", "Wan2.2 5B", "Helios"})
        self.assertEqual(len(chosen([])), len(WORKLOADS))


if __name__ == "__main__":
    unittest.main()
