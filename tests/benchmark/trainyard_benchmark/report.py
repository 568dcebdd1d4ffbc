"""What was measured, against what was wanted: medians, ratios, the table and the JSON form."""

import json
import statistics
from dataclasses import dataclass, field
from typing import Iterable, Optional, Sequence


def median(samples: Sequence[float]) -> Optional[float]:
    return statistics.median(samples) if samples else None


def spread(samples: Sequence[float]) -> Optional[float]:
    """(largest - smallest) / median; None of fewer than two."""
    if len(samples) < 2:
        return None
    return (max(samples) - min(samples)) / statistics.median(samples)


def percentile(samples: Sequence[float], percent: float) -> float:
    """The smallest sample that so many percent are not above."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


@dataclass
class Result:
    """One case. Samples are one a round."""

    unit: str
    ours: Sequence[float] = ()
    peer: Sequence[float] = ()
    peer_name: Optional[str] = None

    # Of one example; 0: no share of the limit is told.
    flops: float = 0

    # Best of the run, in GFLOP/s.
    fma_limit: float = 0

    # Each a number by its name, which a target may speak of.
    extra: dict[str, float] = field(default_factory=dict)
    note: str = ""

    @property
    def ratio(self) -> Optional[float]:
        return median(self.ours) / median(self.peer) if self.ours and self.peer else None

    @property
    def limit_share(self) -> Optional[float]:
        if not (self.ours and self.flops and self.fma_limit):
            return None
        return median(self.ours) * self.flops / (self.fma_limit * 1e9)

    def measure(self, name: str) -> Optional[float]:
        """`ours`, `ratio`, `limit_share`, or one of the extra ones."""
        if name == "ours":
            return median(self.ours)
        return getattr(self, name) if name in ("ratio", "limit_share") else self.extra.get(name)


@dataclass(frozen=True)
class Least:
    """A measure that is to be so great."""

    measure: str
    bound: float

    def holds(self, value: float) -> bool:
        return value >= self.bound

    def __str__(self) -> str:
        if self.measure == "limit_share":
            return f"{100 * self.bound:g} % of the limit"
        if self.measure == "ratio":
            return f"{self.bound:g}x"
        return f"{_label(self.measure)}{self.bound:g}"


@dataclass(frozen=True)
class Most:
    """A measure that is to be no greater."""

    measure: str
    bound: float

    def holds(self, value: float) -> bool:
        return value <= self.bound

    def __str__(self) -> str:
        return f"{_label(self.measure)}<= {self.bound:g}"


def _label(measure: str) -> str:
    return "" if measure == "ours" else f"{measure} "


Conditions = Sequence[Least | Most]


def met(result: Result, conditions: Conditions) -> Optional[bool]:
    """Whether all hold; None where one of them was not measured."""
    values = [result.measure(condition.measure) for condition in conditions]
    if not values or any(value is None for value in values):
        return None
    return all(condition.holds(value) for condition, value in zip(conditions, values))


def text(conditions: Conditions) -> str:
    return " and ".join(map(str, conditions))


@dataclass
class Row:
    case: str
    what: str
    at_least: Conditions
    aim: Conditions
    result: Result

    def as_json(self) -> dict[str, object]:
        result = self.result
        return {
            "case": self.case,
            "what": self.what,
            "unit": result.unit,
            "ours": median(result.ours),
            "peer": median(result.peer),
            "peer_name": result.peer_name,
            "ratio": result.ratio,
            "limit_share": result.limit_share,
            "at_least": text(self.at_least),
            "aim": text(self.aim),
            "met": met(result, self.at_least),
            "aim_met": met(result, self.aim),
            "rounds": len(result.ours),
            "spread": spread(result.ours),
            "peer_spread": spread(result.peer),
            "extra": result.extra,
            "note": result.note,
        }


def to_json(rows: Iterable[Row]) -> str:
    return json.dumps([row.as_json() for row in rows], indent=1) + "\n"


def number(value: Optional[float]) -> str:
    """With at least three digits."""
    if value is None:
        return "-"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _times(value: Optional[float]) -> str:
    return "-" if value is None else f"{number(value)}x"


def _percent(value: Optional[float]) -> str:
    return "-" if value is None else f"{100 * value:.0f} %"


def _answer(value: Optional[bool]) -> str:
    return {True: "yes", False: "no", None: "-"}[value]


HEAD = ("case", "ours", "peer", "ratio", "of limit", "at least", "aim", "met", "aim met", "spread", "note")


def _cells(row: Row) -> list[str]:
    result = row.result
    peer = f"{number(median(result.peer))} ({result.peer_name})" if result.peer_name else "-"
    extra = [f"{name} {number(value)}" for name, value in result.extra.items()]
    return [
        f"{row.case}: {row.what}",
        f"{number(median(result.ours))} {result.unit}",
        peer,
        _times(result.ratio),
        _percent(result.limit_share),
        text(row.at_least),
        text(row.aim),
        _answer(met(result, row.at_least)),
        _answer(met(result, row.aim)),
        f"{_percent(spread(result.ours))}, {_percent(spread(result.peer))}",
        "; ".join([*extra, *([result.note] if result.note else [])]),
    ]


def table(rows: Iterable[Row]) -> str:
    """In Markdown, its columns aligned."""
    cells = [list(HEAD), *map(_cells, rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEAD))]
    cells.insert(1, ["-" * width for width in widths])
    lines = [" | ".join(cell.ljust(width) for cell, width in zip(line, widths)) for line in cells]
    return "\n".join(f"| {line} |" for line in lines)
