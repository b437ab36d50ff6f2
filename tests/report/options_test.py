"""What a person may type wrong is said in one line that names it."""

import contextlib
import io
import unittest

from report import options
from report.cores import cores


class Options(unittest.TestCase):
    def error(self, *arguments):
        said = io.StringIO()
        with contextlib.redirect_stderr(said), self.assertRaises(SystemExit) as end:
            options.parse(["--report", *arguments])
        self.assertEqual(end.exception.code, 2)
        self.assertEqual(said.getvalue().count("\n"), 1, said.getvalue())
        return said.getvalue()

    def test_defaults_are_everything(self):
        chosen = options.parse(["--report"])
        self.assertIn("torch", chosen.peers)
        self.assertIn("tokens", chosen.studies)
        self.assertEqual(chosen.threads, sorted({1, cores()}))

    def test_names_are_taken_once(self):
        self.assertEqual(options.parse(["--report", "--peers=jax,ggml,jax"]).peers, ["jax", "ggml"])

    def test_no_peers(self):
        self.assertEqual(options.parse(["--report", "--peers=none"]).peers, [])

    def test_unknown_names(self):
        self.assertIn("'flax'; known are torch,", self.error("--peers=jax,flax"))
        self.assertIn("'none'; known are peers,", self.error("--studies=none"))
        self.assertIn("--speed", self.error("--speed"))

    def test_empty_selections(self):
        self.assertIn("no peer named", self.error("--peers="))
        self.assertIn("no study named", self.error("--studies=,"))

    def test_models(self):
        self.assertEqual(
            options.parse(["--report", "--models=helios,wan2.2"]).models, ["helios", "wan2.2"]
        )
        self.assertIn("begins with 'gpt5'; known are Helios,", self.error("--models=llama,gpt5"))
        self.assertIn("no model named", self.error("--models="))
        self.assertIn("--studies leaves out", self.error("--models=llama", "--studies=peers"))

    def test_threads(self):
        self.assertIn("'two' are no numbers", self.error("--threads=two"))
        self.assertIn("0 threads", self.error("--threads=0"))
        self.assertIn(f"{cores() + 1} threads", self.error(f"--threads={cores() + 1}"))
        self.assertEqual(options.parse(["--report", "--threads=1,1"]).threads, [1])

    def test_devices(self):
        chosen = options.parse(["--report", "--device=cuda"])
        self.assertIn("flashinfer", chosen.peers)
        self.assertNotIn("ggml", chosen.peers)
        self.assertNotEqual(chosen.out, options.parse(["--report"]).out)
        self.assertIn("'tpu'", self.error("--device=tpu"))
        self.assertIn("liger is no peer on cpu", self.error("--peers=torch,liger"))
        self.assertIn("ggml is no peer on cuda", self.error("--device=cuda", "--peers=ggml"))
        self.assertIn("--threads is for", self.error("--device=cuda", "--threads=1"))
        self.assertIn("threads is for", self.error("--device=cuda", "--studies=threads"))

    def test_runs_of_a_page(self):
        chosen = options.parse(["--publish=bench", "--with=a.json", "--with=b.json"])
        self.assertEqual([str(path) for path in chosen.new], ["a.json", "b.json"])

    def test_report_or_compare(self):
        said = io.StringIO()
        with contextlib.redirect_stderr(said), self.assertRaises(SystemExit):
            options.parse(["--report", "--compare=old.json"])
        self.assertIn("not allowed with", said.getvalue())


if __name__ == "__main__":
    unittest.main()
