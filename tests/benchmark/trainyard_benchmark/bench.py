"""What all cases share: the programs, a scratch folder, and rounds in which the sides take turns."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Iterable

from google.protobuf.message import Message


@dataclass
class Bench:
    # With the programs in `bin`.
    build: Path

    # Removed when all is done.
    scratch: Path
    rounds: int

    # Of the file that is read for `csv`.
    gigabytes: float

    # In GFLOP/s, of one core: the best so far.
    fma_limit: float = 0

    def command(self, name: str, *arguments: object) -> list[str]:
        return [str(self.build / "bin" / name), *map(str, arguments)]

    def run(self, name: str, *arguments: object, prefix: Iterable[str] = ()) -> str:
        """What the program prints. Raises where it fails."""
        command = [*prefix, *self.command(name, *arguments)]
        return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout

    def numbers(self, name: str, *arguments: object) -> list[float]:
        return [float(word) for word in self.run(name, *arguments).split()]

    def save(self, name: str, message: Message) -> Path:
        """The message as a file, as it goes over the wire."""
        path = self.scratch / name
        path.write_bytes(message.SerializeToString())
        return path

    def measure_limit(self) -> None:
        (limit,) = self.numbers("fma_limit")
        self.fma_limit = max(self.fma_limit, limit)

    def take_turns(self, *sides: Callable[[], float]) -> list[list[float]]:
        """One list a side, one number a round: first, second, first, second, …; the limit is measured between."""
        samples: list[list[float]] = [[] for _ in sides]
        for _ in range(self.rounds):
            self.measure_limit()
            for side, values in zip(sides, samples):
                values.append(side())
        return samples
