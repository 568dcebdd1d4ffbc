#!/usr/bin/python3
"""The command line in a real terminal, from the upload to the exported model, typed and seen as by a person."""

import re
import tempfile
import unittest
from pathlib import Path

import numpy as np

import trainyard_testing
from terminal import Outcome, Terminal
from trainyard.v1 import job_pb2
from trainyard_testing import Server, ServerTest

# What a picture of a run consists of.
CURVE = r"[\u2801-\u28ff]"
SPARKLINE = r"gradient norm +[▁▂▃▄▅▆▇█]{10}"
STEP = r"step ([\d,]+)/[\d,]+"

# Some hundredths of a millisecond a step, evaluated once in some hundred steps.
DIGITS = "--dataset digits --validation 0.1 --hidden 16 --learning-rate 0.001 --evaluate-every 10"
ENDLESS = f"{DIGITS} --steps 1000000000000"


def curve_columns(screen: str) -> list[int]:
    """Columns that have a piece of the curve, in rising order."""
    return sorted({place.start() for line in screen.splitlines() for place in re.finditer(CURVE, line)})


def is_whole(screen: str) -> bool:
    return all(re.search(part, screen) for part in (CURVE, SPARKLINE, STEP, "steps/s", "training loss"))


def step_of(screen: str) -> int:
    """0 where the screen tells none."""
    found = re.search(STEP, screen)
    return int(found.group(1).replace(",", "")) if found else 0


def state_is(screen: str, state: str) -> bool:
    """The first line of a picture ends with the job's state."""
    return re.match(rf"jobs/.*  {state} *\n", screen) is not None


def fits(screen: str, columns: int) -> bool:
    """From the state, which ends the first line, to the newest event, in the last."""
    lines = screen.rstrip().splitlines()
    last_is_event = re.match(r" +[\d,]+  (validation|checkpoint)", lines[-1]) is not None
    return is_whole(screen) and state_is(screen, "running") and len(lines[0]) == columns and last_is_event


class TerminalTest(ServerTest):
    datasets = ("digits", "diabetes")

    def tearDown(self) -> None:
        super().tearDown()
        unended = job_pb2.ListJobsRequest(filter="state != SUCCEEDED AND state != CANCELLED AND state != FAILED")
        for job in self.client.jobs.ListJobs(unended).jobs:
            self.client.cancel_job(job.name)

    def window(self, columns: int = 100, lines: int = 30, **environment: str) -> Terminal:
        return self.enterContext(Terminal(self.server.address, columns, lines, **environment))

    def watched(self, window: Terminal) -> str:
        """The name of an endless job that the window watches by now, with everything in its picture."""
        window.begin(f"trainyard train {ENDLESS} --watch")
        screen = window.wait_until(lambda screen: is_whole(screen) and "validation loss" in screen)
        return re.search(r"jobs/[0-9a-f]{32}", screen).group()

    def succeeded(self, outcome: Outcome) -> str:
        """What the command printed."""
        self.assertEqual(outcome.exit_code, 0, outcome.output)
        return outcome.output


class PictureTest(TerminalTest):
    def test_a_watched_run_is_a_curve_a_sparkline_a_progress_bar_and_events(self) -> None:
        window = self.window()
        job = self.watched(window)
        self.assertTrue(window.on_the_other_screen())
        screen = window.wait_for(r"(?s)running.*validation loss [\d.e-]+  accuracy 0\.\d+.*log loss")
        self.assertIn(job, screen)
        self.assertGreater(len(curve_columns(screen)), 50)
        self.assertRegex(screen, r"[━─]{20}")

    def test_a_run_ends_with_its_last_picture_and_its_outcome_on_the_ordinary_screen(self) -> None:
        window = self.window()
        outcome = window.run(f"trainyard train {DIGITS} --test 0.1 --epochs 40 --watch")
        text = self.succeeded(outcome)
        self.assertFalse(window.on_the_other_screen())
        self.assertTrue(is_whole(text), text)
        self.assertIn("succeeded", text)
        self.assertRegex(text, r"(?m)^test accuracy 0\.\d{4} *$")
        # The last lines are still seen, and so is the curve.
        screen = window.screen()
        self.assertIn("test accuracy", screen)
        self.assertGreater(len(curve_columns(screen)), 50)

    def test_a_watch_begun_in_the_middle_of_a_run_shows_its_curve_from_the_beginning(self) -> None:
        first, second = self.window(), self.window()
        job = self.watched(first)
        first.wait_until(lambda screen: step_of(screen) > 10_000)
        second.begin(f"trainyard job watch {job}")
        screen = second.wait_until(lambda screen: is_whole(screen) and step_of(screen) > 10_000)
        self.assertLess(curve_columns(screen)[0], 15)
        self.assertGreater(len(curve_columns(screen)), 50)

    def test_the_picture_follows_the_size_of_the_window(self) -> None:
        window = self.window()
        self.watched(window)
        for columns, lines in ((60, 16), (140, 45), (100, 30)):
            window.resize(columns, lines)
            window.wait_until(lambda screen: fits(screen, columns))

    def test_a_tiny_window_still_has_a_curve_and_a_state(self) -> None:
        window = self.window()
        self.watched(window)
        window.resize(40, 10)
        parts = (CURVE, SPARKLINE, STEP)
        window.wait_until(
            lambda screen: state_is(screen, "running") and all(re.search(part, screen) for part in parts)
        )

    def test_no_color_takes_the_colours_away_and_leaves_the_picture(self) -> None:
        coloured, plain = self.window(), self.window(NO_COLOR="1")
        for window in (coloured, plain):
            self.watched(window)
        self.assertRegex(coloured.coloured_screen(), "\x1b\\[[0-9;]*3[0-9]")
        self.assertNotIn("\x1b", plain.coloured_screen())

    def test_a_diverged_run_says_so_and_is_a_failure(self) -> None:
        outcome = self.window().run("trainyard train --dataset diabetes --learning-rate 1e6 --epochs 100 --watch")
        self.assertEqual(outcome.exit_code, 1)
        self.assertIn("diverged", outcome.output)
        self.assertIn("failed", outcome.output)


class LeavingTest(TerminalTest):
    def test_ctrl_c_leaves_the_watch_and_not_the_job(self) -> None:
        window = self.window()
        job = self.watched(window)
        window.press("C-c")
        outcome = window.finish()
        self.assertEqual(outcome.exit_code, 130)
        self.assertFalse(window.on_the_other_screen())
        self.assertIn(f"{job} goes on.", outcome.output)
        self.assertIn(f"trainyard job watch {job}", outcome.output)
        self.assertIn(f"trainyard job cancel {job}", outcome.output)
        self.assertRegex(self.succeeded(window.run(f"trainyard job show {job}")), r"state +running")

        window.begin(f"trainyard job watch {job}")
        window.wait_until(is_whole)

    def test_a_job_paused_resumed_and_cancelled_in_another_window_is_seen_to_be(self) -> None:
        window, other = self.window(), self.window()
        job = self.watched(window)
        for command, state in (("pause", "paused"), ("resume", "running")):
            self.assertIn(state, self.succeeded(other.run(f"trainyard job {command} {job}")))
            window.wait_until(lambda screen: state_is(screen, state))
        self.assertIn("cancelled", self.succeeded(other.run(f"trainyard job cancel {job}")))
        outcome = window.finish()
        self.assertEqual(outcome.exit_code, 1)
        self.assertIn("cancelled", outcome.output)

    def test_output_that_is_no_terminal_is_plain_lines(self) -> None:
        text = self.succeeded(self.window().run(f"trainyard train {DIGITS} --epochs 20 --watch | cat"))
        self.assertNotRegex(text, CURVE)
        self.assertRegex(text, r"(?m)^step \d+  validation loss")
        self.assertRegex(text, r"(?m)^step \d+  succeeded")


class ReconnectTest(unittest.TestCase):
    def test_a_watch_goes_on_when_a_killed_server_is_back(self) -> None:
        data = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="trainyard-")))
        server = self.enterContext(Server(data))
        window = self.enterContext(Terminal(server.address, 110, 35))
        window.run(f"trainyard dataset upload {trainyard_testing.DATA / 'digits.csv'} --name digits")
        window.begin(f"trainyard train {ENDLESS} --checkpoint-every 1000 --watch")
        window.wait_for(r"[\d,]+  checkpoint, ")

        server.kill()
        screen = window.wait_until(lambda screen: state_is(screen, "connecting again"))
        self.assertGreater(len(curve_columns(screen)), 50)
        reached = step_of(screen)
        self.enterContext(Server(data, listen=server.address))
        screen = window.wait_until(lambda screen: state_is(screen, "running") and step_of(screen) > reached + 1000)
        self.assertLess(curve_columns(screen)[0], 15)

        window.press("C-c")
        self.assertEqual(window.finish().exit_code, 130)


class JourneyTest(TerminalTest):
    """The same commands as in the README."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.whole = cls.enterClassContext(Terminal(cls.server.address, 110, 50))
        upload = cls.whole.run(f"trainyard dataset upload {trainyard_testing.DATA / 'iris.csv'} --name iris")
        cls.uploaded = upload
        flags = "--validation 0.2 --test 0.2 --hidden 16 --learning-rate 0.05 --epochs 60 --seed 3"
        cls.trained = cls.whole.run(f"trainyard train --dataset iris {flags} --watch")
        cls.model = re.search(r"jobs/([0-9a-f]{32})", cls.trained.output).group(1)

    def test_an_upload_names_the_data_set(self) -> None:
        self.assertEqual(self.succeeded(self.uploaded).splitlines(), ["datasets/iris: 150 rows, 5 columns"])

    def test_an_upload_shows_its_progress_and_wipes_it_away(self) -> None:
        window = self.window()
        lines = (trainyard_testing.DATA / "digits.csv").read_text().splitlines(keepends=True)
        (window.folder / "large.csv").write_text(lines[0] + "".join(lines[1:]) * 20)
        text = self.succeeded(window.run("trainyard dataset upload large.csv --name large"))
        self.assertRegex(text, "^datasets/large: 35,940 rows, 65 columns")
        self.assertRegex(window.transcript(), r"uploading [━─]{30} +\d+%  [\d.]+ \w+ of 5.\d MiB  [\d.]+ \w+/s")
        self.assertNotIn("uploading", window.screen())

    def test_a_watched_training_ends_with_the_measures_of_the_test_part(self) -> None:
        self.assertRegex(self.succeeded(self.trained), r"(?m)^test accuracy (0\.9\d+|1\.0+) *$")

    def test_a_model_predicts_rows_of_a_file(self) -> None:
        lines = (trainyard_testing.DATA / "iris.csv").read_text().splitlines()
        rows = [",".join(line.split(",")[:4]) for line in (lines[0], lines[1], lines[-1])]
        (self.whole.folder / "flowers.csv").write_text("\n".join(rows) + "\n")
        text = self.succeeded(self.whole.run(f"trainyard model predict {self.model} --input flowers.csv"))
        head, *predictions = text.splitlines()
        self.assertRegex(head, r"ROW +CLASS +P\(setosa\) +P\(versicolor\) +P\(virginica\)")
        self.assertEqual([line.split()[:2] for line in predictions], [["0", "setosa"], ["1", "virginica"]])
        for line in predictions:
            self.assertAlmostEqual(sum(float(cell) for cell in line.split()[2:]), 1, delta=1e-3)

    def test_a_model_predicts_all_rows_of_a_data_set(self) -> None:
        text = self.succeeded(self.whole.run(f"trainyard model predict {self.model} --dataset iris | wc -l"))
        self.assertEqual(text.strip(), "151")

    def test_a_model_is_evaluated(self) -> None:
        text = self.succeeded(self.whole.run(f"trainyard model evaluate {self.model} --dataset iris"))
        self.assertRegex(text, r"(?m)^accuracy 0\.9\d+ *$")
        self.assertRegex(text, r"(?m)^rows 150 *$")

    def test_a_model_is_exported_as_a_numpy_archive(self) -> None:
        text = self.succeeded(self.whole.run(f"trainyard model export {self.model} --to iris.npz"))
        self.assertRegex(text, r"^iris\.npz: [\d.]+ (bytes|KiB)")
        with np.load(self.whole.folder / "iris.npz") as archive:
            shapes = {name: archive[name].shape for name in archive.files}
        self.assertEqual(shapes["layers.0.weight"], (4, 16))
        self.assertEqual(shapes["layers.1.bias"], (3,))

    def test_a_model_is_exported_as_safetensors(self) -> None:
        text = self.succeeded(self.whole.run(f"trainyard model export {self.model} --to iris.safetensors"))
        content = (self.whole.folder / "iris.safetensors").read_bytes()
        header = 8 + int.from_bytes(content[:8], "little")
        self.assertEqual(len(content) - header, 4 * (4 * 16 + 16 + 16 * 3 + 3))
        self.assertRegex(text, rf"^iris\.safetensors: {len(content) / 1024:.1f} KiB")


class ExitCodeTest(TerminalTest):
    def test_what_the_server_refuses_is_4_with_its_reason(self) -> None:
        outcome = self.window().run("trainyard train --dataset digits --momentum 1.2")
        self.assertEqual(outcome.exit_code, 4)
        self.assertIn("trainyard: optimizer.nesterov.momentum = 1.2, must be in [0, 1)", outcome.output)
        self.assertIn("reason INVALID_FIELD", outcome.output)

    def test_bad_usage_is_2(self) -> None:
        window = self.window()
        for command in ("trainyard", "trainyard train", "trainyard dataset upload none.csv --name none"):
            outcome = window.run(command)
            self.assertEqual(outcome.exit_code, 2, outcome)
            self.assertNotEqual(outcome.output.strip(), "")

    def test_a_server_that_is_not_there_is_3_with_what_to_do(self) -> None:
        with Server() as server:
            address = server.address
        outcome = self.window().run(f"trainyard --server {address} job list")
        self.assertEqual(outcome.exit_code, 3)
        self.assertIn("Start one with trainyard-server", outcome.output)


if __name__ == "__main__":
    unittest.main()
