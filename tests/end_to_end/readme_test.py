#!/usr/bin/python3
"""The README's Python program does what the README says."""

import contextlib
import io
import re
import unittest
from pathlib import Path

import trainyard_testing

README = Path(__file__).resolve().parent.parent.parent / "README.md"
ADDRESS = "127.0.0.1:50551"


def python_program(text: str) -> str:
    return re.search(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE).group(1)


class ReadmeTest(unittest.TestCase):
    def test_python_program_trains_watches_and_predicts(self) -> None:
        source = python_program(README.read_text())
        self.assertIn(ADDRESS, source)
        output = io.StringIO()
        with trainyard_testing.Server() as server:
            with trainyard_testing.Client(server.address) as client:
                client.upload_csv(trainyard_testing.DATA / "iris.csv", "iris")
            with contextlib.redirect_stdout(output):
                exec(compile(source.replace(ADDRESS, server.address), str(README), "exec"), {})
        lines = output.getvalue().splitlines()
        self.assertGreater(len(lines), 3)
        for line in lines[:-3]:
            self.assertRegex(line, r"^\d+ \{'METRIC_LOSS': [\d.e-]+, 'METRIC_ACCURACY': [\d.]+, ")
        for line in lines[-3:]:
            self.assertRegex(line, r"^setosa 0\.\d+$")


if __name__ == "__main__":
    unittest.main()
