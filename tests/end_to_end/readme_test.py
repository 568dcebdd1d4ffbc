#!/usr/bin/python3
"""What the README shows is what one sees: its tour and its Python program."""

import contextlib
import io
import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

import trainyard_testing

README = Path(__file__).resolve().parent.parent.parent / "README.md"
ADDRESS = "127.0.0.1:50551"


def python_program(text: str) -> str:
    return re.search(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE).group(1)


def tour(text: str) -> list[tuple[str, list[str]]]:
    """Each command of the tour behind the start of the server, and the lines that it prints."""
    section = text.partition("## A tour\n")[2].partition("\n## ")[0]
    steps: list[tuple[str, list[str]]] = []
    for block in re.findall(r"(?:^    .*\n)+", section, re.MULTILINE):
        lines = [line[4:] for line in block.splitlines()]
        if not lines[0].startswith(("$ ", "jobs/")):
            continue  # a job's file
        for line in lines:
            if line.startswith("$ "):
                steps.append((line[2:], []))
            else:
                steps[-1][1].append(line)
    return steps[1:]


class ReadmeTest(unittest.TestCase):
    def test_each_command_of_the_tour_prints_what_stands_below_it(self) -> None:
        steps = tour(README.read_text())
        self.assertGreater(len(steps), 6)
        job = re.compile(r"jobs/[0-9a-f]{32}")
        ids: dict[str, str] = {}
        with trainyard_testing.Server() as server, tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "tests").symlink_to(README.parent / "tests")
            environment = {
                **os.environ,
                "PATH": f"{os.environ['TRAINYARD_BIN']}:{os.environ['PATH']}",
                "TRAINYARD_SERVER": server.address,
            }
            for command, wanted in steps:
                for old, new in ids.items():
                    command = command.replace(old, new)
                done = subprocess.run(
                    ["/bin/bash", "-c", command],
                    cwd=folder,
                    env=environment,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    encoding="utf-8",
                    timeout=120,
                )
                seen = done.stdout.splitlines()
                if wanted and job.fullmatch(wanted[0]):
                    ids[wanted[0].removeprefix("jobs/")] = seen[0].removeprefix("jobs/")
                    wanted, seen = wanted[1:], seen[1:]
                if wanted and wanted[-1] == "…":
                    wanted = wanted[:-1]
                    seen = seen[: len(wanted)]
                self.assertEqual(seen, wanted, command)

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
