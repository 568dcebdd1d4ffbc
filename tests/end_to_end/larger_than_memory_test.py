#!/usr/bin/python3
"""A server whose memory is limited to a quarter of a data set ingests it and trains on it, with the bits of any other."""

import contextlib
import subprocess
import tempfile
import unittest
from pathlib import Path
from typing import Optional

import numpy as np
from memory_limit import MemoryLimit
from trainyard.v1 import optimizer_pb2, spec_pb2
from trainyard_testing import SANITIZED, Client, Server, program

MIB = 1 << 20
LIMIT = 128 * MIB
ROWS = 4 * LIMIT // 784
CLASSES = 10


def write_digits(folder: Path) -> list[Path]:
    """Noise about one random picture a class."""
    random = np.random.default_rng(1)
    labels = random.integers(0, CLASSES, ROWS).astype(np.uint8)
    pictures = random.integers(0, 200, (CLASSES, 784)).astype(np.uint8)
    paths = [folder / "images", folder / "labels"]
    with open(paths[0], "wb") as images:
        images.write(np.array([0x803, ROWS, 28, 28], ">i4").tobytes())
        for begin in range(0, ROWS, 10_000):
            part = pictures[labels[begin : begin + 10_000]]
            images.write((part + random.integers(0, 56, part.shape).astype(np.uint8)).tobytes())
    paths[1].write_bytes(np.array([0x801, ROWS], ">i4").tobytes() + labels.tobytes())
    return paths


def spec() -> spec_pb2.JobSpec:
    made = spec_pb2.JobSpec(
        data=spec_pb2.TrainingData(dataset="datasets/large", validation_fraction=0.02),
        optimizer=optimizer_pb2.Optimizer(learning_rate=0.1),
        minibatches=spec_pb2.Minibatches(size=128, windowed=spec_pb2.Windowed(rows=8192)),
        budget=spec_pb2.Budget(epochs=2),
    )
    made.data.encoding.scaling = spec_pb2.SCALING_MIN_MAX
    return made


class LargerThanMemoryTest(unittest.TestCase):
    def limit_or_skip(self) -> MemoryLimit:
        try:
            return MemoryLimit(LIMIT)
        except OSError as error:
            self.skipTest(f"control groups can't be made here: {error}")

    def model_digest(self, limit: Optional[MemoryLimit]) -> str:
        with contextlib.ExitStack() as stack:
            server = stack.enter_context(Server())
            if limit is not None:
                limit.take(server.process.pid)
            client = stack.enter_context(Client(server.address))
            command = [program("trainyard"), "dataset", "upload", "--server", server.address, "--name", "large"]
            subprocess.run([*command, "--format", "idx", *self.paths], check=True, stdout=subprocess.DEVNULL)
            job = client.train(spec())
            digest = client.get_model(job.name).parameters_digest
            client.close()
            self.assertEqual(server.stop(), 0)
        return digest

    @unittest.skipIf(SANITIZED, "a sanitizer takes more than the limit for itself")
    def test_a_data_set_four_times_as_large_as_memory_is_ingested_and_trained_on(self) -> None:
        with tempfile.TemporaryDirectory(prefix="trainyard-") as folder:
            self.paths = write_digits(Path(folder))
            self.assertGreaterEqual(self.paths[0].stat().st_size, 4 * LIMIT - 784)
            with self.limit_or_skip() as limit:
                limited = self.model_digest(limit)
                self.assertLessEqual(limit.peak_bytes, LIMIT)
            self.assertEqual(limited, self.model_digest(None))


if __name__ == "__main__":
    unittest.main()
