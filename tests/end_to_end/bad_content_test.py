#!/usr/bin/python3
"""Content that can not be read is refused by row and column, and the server serves on."""

import unittest

import grpc

from bad_input import BadInputTest, iris_spec
from trainyard.v1 import dataset_pb2, event_pb2, spec_pb2


class ContentTest(BadInputTest):
    def bad_data(self, content: bytes, row: int, column: str, message: str, **read_options: object) -> None:
        refusal = self.refused(
            grpc.StatusCode.INVALID_ARGUMENT, self.client.upload, content, "bad", **read_options
        )
        self.assertEqual(refusal.reason, "BAD_DATA")
        self.assertEqual(refusal.metadata, {"row": str(row), "column": column})
        self.assertEqual(refusal.message, message)
        request = dataset_pb2.GetDatasetRequest(name="datasets/bad")
        self.refused(grpc.StatusCode.NOT_FOUND, self.client.datasets.GetDataset, request)

    def test_a_short_row_is_named(self) -> None:
        message = 'row 3, column "y": the row has 2 fields, the header has 3'
        self.bad_data(b"a,b,y\n1,2,3\n4,5\n", 3, "y", message)

    def test_a_long_row_is_named(self) -> None:
        message = "row 2, column 4: the row has 4 fields, the header has 3"
        self.bad_data(b"a,b,y\n1,2,3,4\n", 2, "4", message)

    def test_a_text_in_a_column_declared_numeric_is_named(self) -> None:
        types = {"a": dataset_pb2.COLUMN_TYPE_NUMERIC}
        self.bad_data(b"a,b,y\n1,2,3\nx,5,6\n", 3, "a", 'row 3, column "a": "x" is not a number', types=types)

    def test_bad_utf_8_is_named(self) -> None:
        message = 'row 3, column "b": the text is not valid UTF-8'
        self.bad_data(b"a,b,y\n1,2,3\n4,\xff\xfe,6\n", 3, "b", message)

    def test_an_unclosed_quote_is_named_by_the_line_where_its_row_starts(self) -> None:
        message = 'row 4, column "b": a quoted field is not closed before the end of the file'
        self.bad_data(b'a,b,y\n1,"two\nlines",3\n4,"5,6\n7,8,9\n', 4, "b", message)

    def test_text_after_a_closing_quote_is_named(self) -> None:
        message = (
            'row 2, column "a": text follows the closing quote; a quote inside a quoted field must be doubled'
        )
        self.bad_data(b'a,b,y\n"1"x,2,3\n', 2, "a", message)

    def test_nan_is_a_fault_and_not_a_text(self) -> None:
        self.bad_data(b"a,b,y\n1,2,3\nnan,5,6\n", 3, "a", 'row 3, column "a": "nan" must be a finite number')

    def test_infinity_is_a_fault_and_not_a_text(self) -> None:
        self.bad_data(b"a,b,y\n1,2,3\n4,-inf,6\n", 3, "b", 'row 3, column "b": "-inf" must be a finite number')

    def test_an_empty_file_lacks_its_header(self) -> None:
        message = "row 1, column 1: the file is empty; its first line must name the columns"
        self.bad_data(b"", 1, "1", message)

    def test_a_header_alone_lacks_rows(self) -> None:
        self.bad_data(b"a,b,y\n", 2, "a", 'row 2, column "a": no row follows the header')

    def test_a_name_that_the_header_repeats_is_named(self) -> None:
        message = 'row 1, column 3: the header repeats the name "a" of column 1'
        self.bad_data(b"a,b,a\n1,2,3\n", 1, "3", message)

    def test_more_columns_than_the_limit_are_refused(self) -> None:
        header = ",".join(f"c{i}" for i in range(100_001)).encode()
        message = "row 1, column 100001: the header has 100001 columns, the limit is 100000"
        self.bad_data(header + b"\n", 1, "100001", message)

    def test_exactly_as_many_columns_as_the_limit_are_read_and_trained_on(self) -> None:
        lines = [[f"c{i}" for i in range(100_000)], ["0.5", "1.5"] * 50_000, ["2.5", "0.5"] * 50_000]
        dataset = self.client.upload("".join(",".join(line) + "\n" for line in lines).encode(), "wide")
        self.assertEqual(len(dataset.columns), 100_000)
        job = self.client.train(iris_spec(data=spec_pb2.TrainingData(dataset=dataset.name)))
        self.assertEqual(job.state, event_pb2.STATE_SUCCEEDED)

    def test_a_negative_weight_is_named(self) -> None:
        message = 'row 3, column "w": the weight -1 must be at least 0'
        self.bad_data(b"a,w,y\n1,2,3\n4,-1,6\n", 3, "w", message, weight="w")

    def test_a_part_of_another_name_is_named(self) -> None:
        message = 'row 3, column "part": "dev" must be train, validation or test'
        self.bad_data(b"a,part,y\n1,train,3\n4,dev,6\n", 3, "part", message, split="part")

    def test_a_target_that_is_not_a_column_is_refused(self) -> None:
        message = "dataset.read_options.target = z, must be the name of a column"
        self.refused_field(message, lambda: self.client.upload(b"a,b\n1,2\n", "bad", target="z"))

    def test_a_constant_column_is_warned_of_and_not_refused(self) -> None:
        dataset = self.client.upload(b"a,b,y\n1,7,3.5\n2,7,4.5\n3,7,6.5\n", "constant")
        self.assertEqual(list(dataset.warnings), ['constant columns: "b"'])
        spec = iris_spec(data=spec_pb2.TrainingData(dataset=dataset.name))
        job = self.client.create_job(spec)
        run = self.client.follow(job.name)
        self.assertEqual(run.terminal.state, event_pb2.STATE_SUCCEEDED)
        warnings = [event.warning for event in run.of_kind("warning")]
        self.assertEqual(len(warnings), 1)
        self.assertIn('"b"', warnings[0].message)
        self.assertEqual(list(self.client.check_job(spec).warnings), warnings)

    def test_the_warning_of_a_constant_column_has_its_stable_reason(self) -> None:
        dataset = self.client.upload(b"a,b,y\n1,7,3.5\n2,7,4.5\n3,7,6.5\n", "constant-reason")
        spec = iris_spec(data=spec_pb2.TrainingData(dataset=dataset.name))
        self.assertEqual([warning.reason for warning in self.client.check_job(spec).warnings], ["CONSTANT_COLUMN"])


if __name__ == "__main__":
    unittest.main()
