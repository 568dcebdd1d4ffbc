#!/usr/bin/python3
"""The arithmetic of the report."""

import json
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from trainyard_benchmark.report import (
    Least, Most, Result, Row, median, met, number, percentile, spread, table, text, to_json,
)  # fmt: skip


def row(result: Result, *conditions: Least | Most) -> Row:
    return Row("b", "digits", conditions, (), result)


class SamplesTest(unittest.TestCase):
    def test_the_median_of_an_even_count_lies_between(self) -> None:
        self.assertEqual(median([4.0, 1.0, 3.0, 2.0]), 2.5)

    def test_nothing_has_no_median(self) -> None:
        self.assertIsNone(median([]))

    def test_the_spread_is_relative_to_the_median(self) -> None:
        self.assertEqual(spread([8.0, 10.0, 13.0]), 0.5)

    def test_one_sample_has_no_spread(self) -> None:
        self.assertIsNone(spread([8.0]))

    def test_the_highest_percentile_is_a_sample(self) -> None:
        self.assertEqual(percentile([3.0, 1.0, 2.0], 99), 3.0)
        self.assertEqual(percentile([3.0, 1.0, 2.0], 50), 2.0)


class ResultTest(unittest.TestCase):
    def test_the_ratio_is_that_of_the_medians(self) -> None:
        self.assertEqual(Result("/s", ours=[30, 10, 20], peer=[5, 4, 6]).ratio, 4)

    def test_without_a_peer_there_is_no_ratio(self) -> None:
        self.assertIsNone(Result("/s", ours=[30]).ratio)

    def test_the_share_of_the_limit_counts_the_work_of_an_example(self) -> None:
        self.assertAlmostEqual(Result("/s", ours=[1e6], flops=28500, fma_limit=285).limit_share, 0.1)

    def test_without_a_limit_there_is_no_share(self) -> None:
        self.assertIsNone(Result("/s", ours=[1e6], flops=28500).limit_share)


class ConditionTest(unittest.TestCase):
    result = Result("ms", ours=[2.0], peer=[10.0], extra={"p99": 8.0})

    def test_a_bound_belongs_to_what_meets_it(self) -> None:
        self.assertTrue(met(self.result, [Most("ours", 2), Least("ratio", 0.2), Most("p99", 8)]))

    def test_one_that_fails_fails_all(self) -> None:
        self.assertFalse(met(self.result, [Most("ours", 2), Most("p99", 7.9)]))

    def test_what_was_not_measured_is_neither_met_nor_missed(self) -> None:
        self.assertIsNone(met(self.result, [Most("ours", 1), Least("limit_share", 0.5)]))

    def test_without_conditions_nothing_is_met(self) -> None:
        self.assertIsNone(met(self.result, []))

    def test_conditions_read_as_a_sentence(self) -> None:
        self.assertEqual(text([Least("ratio", 17), Least("limit_share", 0.55)]), "17x and 55 % of the limit")
        self.assertEqual(text([Most("ours", 3), Most("p99", 10)]), "<= 3 and p99 <= 10")


class FormTest(unittest.TestCase):
    def test_json_has_the_agreed_fields(self) -> None:
        (told,) = json.loads(to_json([row(Result("/s", ours=[4], peer=[2], peer_name="other"), Least("ratio", 2))]))
        wanted = {"case": "b", "ours": 4, "peer": 2, "peer_name": "other", "ratio": 2, "limit_share": None,
                  "at_least": "2x", "aim": "", "met": True}  # fmt: skip
        self.assertEqual({key: told[key] for key in wanted}, wanted)

    def test_what_could_not_be_measured_is_null_and_says_why(self) -> None:
        (told,) = json.loads(to_json([row(Result("/s", note="no peer"), Least("ratio", 2))]))
        self.assertEqual([told[key] for key in ("ours", "peer", "ratio", "met")], [None] * 4)
        self.assertEqual(told["note"], "no peer")

    def test_numbers_keep_three_digits(self) -> None:
        told = [number(value) for value in (None, 0.01234, 12.34, 1234567.0)]
        self.assertEqual(told, ["-", "0.0123", "12.3", "1,234,567"])

    def test_the_table_has_a_line_a_case_and_aligned_columns(self) -> None:
        lines = table([row(Result("/s", ours=[4]), Least("ratio", 2)), row(Result("s"))]).splitlines()
        self.assertEqual(len(lines), 4)
        self.assertEqual(len({len(line) for line in lines}), 1)


if __name__ == "__main__":
    unittest.main()
