"""The page of results that no machine has measured: whole, self-contained, and true to its rows."""

import dataclasses
import html.parser
import importlib.util
import re
import tempfile
import unittest
from pathlib import Path

from report.cases import Case
from report.results import load, row_of
from report.workloads import WORKLOADS
from synthetic import CASE, results, row, samples


class Elements(html.parser.HTMLParser):
    VOID = {"meta", "br", "link", "img", "path", "use", "image"}

    def __init__(self, text):
        super().__init__()
        self.open, self.addresses, self.names = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        if tag not in self.VOID:
            self.open.append(tag)
        for name, value in attributes:
            if name in ("src", "href", "xlink:href"):
                self.addresses.append(value)
            if name == "id":
                self.names.append(value)

    def handle_endtag(self, tag):
        if tag in self.open:
            while self.open.pop() != tag:
                pass


def measured():
    rows = [
        row("memcpy", samples(1.0), differs=None),
        row("apply", samples(1.1)),
        row("scale in place", samples(0.9), differs=None, inplace=True),
        row("apply_inplace", samples(1.0), inplace=True),
        row("PyTorch eager, strided", samples(9.0), peer="torch"),
        row("PyTorch eager, stack + flatten", samples(18.0), peer="torch"),
        row("JAX, jit", samples(0.5), peer="jax", differs=0.25),
        row_of(CASE, "ggml", "ggml", missing="crashed <SIGSEGV>"),
    ]
    for seq in (16, 64):
        case = Case("tokens", seq=seq, heads=40, head_dim=128)
        rows += [
            row("memcpy", samples(seq), case, differs=None),
            row("apply", samples(seq if seq == 16 else 9 * seq), case),
        ]
    return results(rows)


@unittest.skipUnless(importlib.util.find_spec("matplotlib"), "no matplotlib")
class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        from report.page import page

        cls.text = page(measured())
        cls.elements = Elements(cls.text)

    def test_needs_nothing_from_outside(self):
        outside = [
            address
            for address in self.elements.addresses
            if not address.startswith("#") and address != "report.json"
        ]
        self.assertEqual(outside, [])

    def test_pictures_share_no_names(self):
        self.assertEqual(len(self.elements.names), len(set(self.elements.names)))

    def test_closes_what_it_opens(self):
        self.assertEqual(self.elements.open, [])

    def test_names_whoever_is_ahead(self):
        from report.findings import behind

        self.assertEqual(
            [line[1:4] for line in behind(measured())], [["JAX, jit", "2.20", "apply"]]
        )

    def test_studies_with_the_same_case_do_not_mix(self):
        from report.series import ahead

        other = dataclasses.replace(CASE, study="threads")
        rows = [row("apply", samples(0.1), other), row("JAX, jit", samples(0.2), other, peer="jax")]
        both = results(measured()["rows"] + rows)
        self.assertEqual(len(ahead(both)), 1)
        both["rows"] += [row("JAX, jit", samples(0.01), other, peer="jax")]
        self.assertEqual(len(ahead(both)), 1)

    def test_compares_the_two_forms(self):
        from report.findings import findings

        self.assertEqual(findings(measured())[0][1], "0.50")

    def test_says_what_crashed(self):
        self.assertIn("crashed &lt;SIGSEGV&gt;", self.text)

    def test_same_rows_give_the_same_page(self):
        from report.page import page

        self.assertEqual(page(measured()), self.text)

    def test_an_interrupted_run_says_so(self):
        from report.page import page

        self.assertIn("interrupted", page({**measured(), "complete": False}))

    def test_no_rows_make_a_page(self):
        from report.page import page

        self.assertIn("<h2>Machine</h2>", page(results([])))


@unittest.skipUnless(importlib.util.find_spec("matplotlib"), "no matplotlib")
class Publish(unittest.TestCase):
    def test_a_page_of_the_repository(self):
        from report.publish import NotOurs, publish

        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "measured").mkdir()
            (folder / "measured" / "old.svg").write_text("")
            on_gpu = results([row("apply", samples(1.0))], GPU="a GPU")
            publish([measured(), on_gpu, on_gpu], folder)
            text = (folder / "README.md").read_text()
            pictures = re.findall(r"\]\((measured/.*?\.svg)\)", text)
            self.assertEqual(len(pictures), 3)
            for picture in pictures:
                self.assertTrue((folder / picture).exists(), picture)
            self.assertFalse((folder / "measured" / "old.svg").exists())
            self.assertIn("dependent launch", text)
            self.assertIn("## a CPU", text)
            self.assertEqual(text.count("## a GPU"), 2)
            (folder / "sub").mkdir()
            (folder / "sub" / "README.md").write_text("# Another page")
            with self.assertRaises(NotOurs):
                publish([measured()], folder / "sub")
            # Parts of one machine and commit are one section.
            parts = [
                results([row("apply", samples(1.0), case)], GPU="a GPU", Ropewalk="0.1.0 abcdef")
                for case in (CASE, dataclasses.replace(CASE, seq=64))
            ]
            (folder / "parts").mkdir()
            publish(parts, folder / "parts")
            self.assertEqual((folder / "parts" / "README.md").read_text().count("## a GPU"), 1)
            self.assertEqual(len(load(folder / "parts/measured/cuda/report.json")["rows"]), 2)
            # The page is that of the kept file, not of samples that were rounded away.
            text = text.replace("# RoPE, measured", "# Measured\n\nBy hand.")
            (folder / "README.md").write_text(text)
            kept = [load(folder / "measured" / name / "report.json") for name in ("cpu", "cuda", "cuda2")]
            publish(kept, folder)
            self.assertEqual((folder / "README.md").read_text(), text)


@unittest.skipUnless(importlib.util.find_spec("matplotlib"), "no matplotlib")
class Reasons(unittest.TestCase):
    def test_are_of_the_case_on_a_gpu(self):
        from report.findings import reason

        case = dataclasses.asdict(dataclasses.replace(CASE, device="cuda"))
        self.assertEqual(reason(case, "JAX, jit"), "not known")
        self.assertIn("float", reason({**case, "table_dtype": "bf16"}, "FlashInfer, in place"))


@unittest.skipUnless(importlib.util.find_spec("matplotlib"), "no matplotlib")
class Pictures(unittest.TestCase):
    def test_numbers_on_an_axis_stand_apart(self):
        from report.scaling_pictures import apart

        self.assertEqual(apart([1, 64, 4096, 75_600, 118_800], True), [1, 64, 4096, 118_800])
        self.assertEqual(apart([1, 2], False), [1, 2])


@unittest.skipUnless(importlib.util.find_spec("matplotlib"), "no matplotlib")
class Tables(unittest.TestCase):
    def test_of_models_have_who_was_measured(self):
        from report.publish import by_model

        model = next(iter(WORKLOADS.values()))
        case = dataclasses.replace(CASE, study="models", model=model.name)
        text = by_model(results([row("apply", samples(1e-3 / model.calls, 0), case)]))
        self.assertEqual(text.splitlines()[0], "| seconds in RoPE | apply |")
        self.assertEqual(text.splitlines()[2], f"| {model.name} | 1 ms |")

    def test_of_blocks_have_shares(self):
        from report.publish import by_block

        case = dataclasses.replace(CASE, study="blocks", block="Helios")
        rows = [
            {**row(f"block, {name}", samples(1.0, 0), case), "inside": samples(0.015, 0)}
            for name in ("torch.compile", "no RoPE")
        ]
        text = by_block(results(rows))
        self.assertTrue(text.splitlines()[2].endswith("| 1 s, RoPE 1.5 % | 1 s |"), text)

    def test_of_nothing_are_none(self):
        from report.publish import by_block, by_model

        self.assertEqual(by_model(measured()) + by_block(measured()), "")


@unittest.skipUnless(importlib.util.find_spec("matplotlib"), "no matplotlib")
class Norms(unittest.TestCase):
    def test_have_a_table_on_both_pages(self):
        from report.page import page
        from report.publish import section

        case = dataclasses.replace(CASE, study="norms", norm="token")
        found = results([row("apply", samples(1.0), case), row("memcpy", samples(0.5), case)])
        line = "float [1 × 512 × 32 × 128], 1 thread, a norm over the token"
        self.assertIn(line, page(found))
        self.assertIn(f"| {line} |  |  | 0.50 |", section(found, [], ""))


class Words(unittest.TestCase):
    def test_durations(self):
        from report.words import duration

        said = [duration(seconds) for seconds in (1234.5, 12.345, 0.0012345, 1e-9)]
        self.assertEqual(said, ["1,230 s", "12.3 s", "1.23 ms", "0.001 µs"])


class Flat(unittest.TestCase):
    def test_cliffs_are_named(self):
        from report.series import uneven

        found = uneven(measured(), "tokens", "seq")
        self.assertEqual(
            found, ["apply, f32: an element takes 9.0 times as long at seq 64 as at 16"]
        )


if __name__ == "__main__":
    unittest.main()
