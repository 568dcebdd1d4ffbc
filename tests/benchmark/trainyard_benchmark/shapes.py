"""The networks that are trained, the same on both sides."""

from dataclasses import dataclass

# Of one of many small jobs, which are of the shape `b`.
JOB_EPOCHS = 20


@dataclass(frozen=True)
class Shape:
    # A file of tests/data, or `pixels`.
    table: str
    rows: int
    widths: tuple[int, ...]
    batch: int

    # Of a fit of a peer: long enough that its beginning costs nothing, and short enough that its numbers do not vanish.
    epochs: int

    @property
    def hidden(self) -> tuple[int, ...]:
        return self.widths[1:-1]

    @property
    def flops(self) -> float:
        """Of one example: forward, weight gradient, and below the first layer the input gradient."""
        layers = list(zip(self.widths, self.widths[1:]))
        return sum((4 if index == 0 else 6) * inputs * outputs for index, (inputs, outputs) in enumerate(layers))


SHAPES = {
    "a": Shape("breast_cancer", 569, (30, 16, 2), 32, 40),
    "b": Shape("digits", 1797, (64, 64, 10), 32, 20),
    "c": Shape("pixels", 60_000, (784, 512, 512, 10), 128, 1),
    "d1": Shape("pixels", 5_000, (784, 10), 1, 2),
    "d128": Shape("pixels", 60_000, (784, 10), 128, 2),
}
