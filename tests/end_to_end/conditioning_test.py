#!/usr/bin/python3
"""The conditioning report of a data set, against NumPy."""

import math
import subprocess
import unittest

import numpy as np

import trainyard_testing
from tables import csv_rows
from trainyard.v1 import dataset_pb2
from trainyard_testing import ServerTest, program


class ConditioningTest(ServerTest):
    def features(self, name: str) -> tuple[list[str], np.ndarray]:
        columns, rows = csv_rows(name)
        return columns[:-1], np.array([row[:-1] for row in rows], dtype=float)

    def test_real_data_have_the_condition_number_that_numpy_finds(self) -> None:
        for name in ("breast_cancer", "diabetes", "digits", "iris"):
            report = self.client.upload_csv(trainyard_testing.DATA / f"{name}.csv", name.replace("_", "-")).conditioning
            columns, values = self.features(name)
            deviations = values.std(axis=0)
            varying = deviations > 0
            self.assertEqual(list(report.constant_columns), [c for c, v in zip(columns, varying) if not v])
            self.assertEqual(len(report.duplicate_columns), 0)
            expected = np.linalg.cond(np.corrcoef(values[:, varying], rowvar=False))
            self.assertTrue(math.isclose(report.correlation_condition_number, expected, rel_tol=1e-6), name)
            largest, smallest = deviations.argmax(), np.where(varying, deviations, np.inf).argmin()
            self.assertEqual(report.largest_deviation_column, columns[largest])
            self.assertEqual(report.smallest_deviation_column, columns[smallest])
            self.assertTrue(math.isclose(report.largest_deviation, deviations[largest], rel_tol=1e-9))
            self.assertTrue(math.isclose(report.smallest_deviation, deviations[smallest], rel_tol=1e-9))
            self.assertEqual(report.row_count, len(values))

    def test_duplicates_and_missing_numbers(self) -> None:
        source = np.random.default_rng(1)
        rows = [[x, y, 1.8 * x + 32, 4, y > 0.5] for x, y in source.uniform(size=(100, 2))]
        cells = [[str(float(cell)) for cell in row] for row in rows]
        for row in cells[::7]:
            row[0] = ""
        text = "\n".join(",".join(row) for row in [["celsius", "y", "fahrenheit", "four", "answer"], *cells])
        dataset = self.client.upload(text.encode(), "twice")
        report = dataset.conditioning
        self.assertEqual([(d.column, d.duplicate_of) for d in report.duplicate_columns], [("fahrenheit", "celsius")])
        self.assertEqual(list(report.constant_columns), ["four"])
        complete = np.array([row[:2] for i, row in enumerate(rows) if i % 7 != 0])
        self.assertEqual(report.row_count, len(complete))
        expected = np.linalg.cond(np.corrcoef(complete, rowvar=False))
        self.assertTrue(math.isclose(report.correlation_condition_number, expected, rel_tol=1e-9))

    def test_the_command_line_shows_it(self) -> None:
        text = "a,b,c,y\n" + "".join(f"{i},{2 * i},{i * i % 7},{i % 2}\n" for i in range(20))
        self.client.upload(text.encode(), "shown")
        command = [program("trainyard"), "--server", self.server.address, "dataset", "show", "shown"]
        shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        self.assertRegex(shown, r"duplicate columns +b of a\n")
        self.assertRegex(shown, r"deviations +\S+ \(c\) to \S+ \(b\)\n")
        self.assertRegex(shown, r"condition number +\S+ of the correlation matrix, over 20 rows\n")

    def test_data_without_numeric_features_have_none(self) -> None:
        dataset = self.client.upload(b"a,y\np,0\nq,1\n", "words")
        self.assertFalse(dataset.HasField("conditioning"))
        self.assertEqual(dataset.columns[0].type, dataset_pb2.COLUMN_TYPE_CATEGORICAL)


if __name__ == "__main__":
    unittest.main()
