#!/usr/bin/python3
"""The demo's accuracy is no luck of its seed."""

import re
import shlex
import statistics
import subprocess
import unittest
from pathlib import Path

from trainyard.v1 import metric_pb2
from trainyard_testing import ServerTest, program, values_of

DEMO = Path(__file__).resolve().parent.parent.parent / "demo.sh"


def training_command() -> list[str]:
    """How the demo trains on digits, but for the seed and the picture."""
    words = shlex.split(DEMO.read_text().replace("\\\n", " "), comments=True)
    start = next(i for i, word in enumerate(words) if words[i : i + 4] == ["trainyard", "train", "--dataset", "digits"])
    return words[start : words.index("--seed", start)]


class DemoTest(ServerTest):
    datasets = ("digits",)

    def accuracy(self, job: str) -> float:
        (evaluation,) = (
            event.evaluation
            for event in self.client.follow(job).of_kind("evaluation")
            if event.evaluation.part == metric_pb2.PART_TEST
        )
        return values_of(evaluation.values)[metric_pb2.METRIC_ACCURACY]

    def test_the_median_accuracy_of_ten_seeds_is_at_least_0_965(self) -> None:
        _, *arguments = training_command()
        jobs = []
        for seed in range(1, 11):
            command = [program("trainyard"), *arguments, "--seed", str(seed), "--server", self.server.address]
            output = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
            jobs.append(re.search(r"jobs/\S+", output)[0])
        accuracies = [self.accuracy(job) for job in jobs]
        self.assertGreaterEqual(statistics.median(accuracies), 0.965, accuracies)
        self.assertGreaterEqual(accuracies[2], 0.97, "the demo's own seed")


if __name__ == "__main__":
    unittest.main()
