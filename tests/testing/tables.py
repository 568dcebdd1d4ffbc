"""Rows of cells as messages carry them."""

from typing import Optional

from google.protobuf import struct_pb2

import trainyard_testing
from trainyard.v1 import dataset_pb2

Cell = Optional[float | str]


def table_of(columns: list[str], rows: list[list[Cell]]) -> dataset_pb2.Table:
    table = dataset_pb2.Table(columns=columns)
    for row in rows:
        cells = table.rows.add()
        for cell in row:
            value = cells.values.add()
            if cell is None:
                value.null_value = struct_pb2.NULL_VALUE
            elif isinstance(cell, str):
                value.string_value = cell
            else:
                value.number_value = cell
    return table


def csv_rows(name: str) -> tuple[list[str], list[list[Cell]]]:
    """Numbers, and the target as a text."""
    lines = (trainyard_testing.DATA / f"{name}.csv").read_text().splitlines()
    rows = [line.split(",") for line in lines[1:]]
    return lines[0].split(","), [[float(cell) for cell in row[:-1]] + [row[-1]] for row in rows]
