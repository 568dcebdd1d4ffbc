#!/usr/bin/python3
"""Files in formats other than CSV, from the upload to the prediction."""

import unittest

import grpc
import numpy as np

from specs import spec_of
from tables import table_of
from trainyard.v1 import dataset_pb2, event_pb2, metric_pb2, optimizer_pb2, spec_pb2
from trainyard_testing import ServerTest, values_of

UNSIGNED_BYTES = 0x08


def idx(array: np.ndarray) -> bytes:
    """An IDX file of unsigned bytes."""
    dimensions = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, UNSIGNED_BYTES, array.ndim]) + dimensions + array.astype(np.uint8).tobytes()


class IdxTest(ServerTest):
    """Pictures of 2 x 3 pixels: a 7 is bright above, a 3 below."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        source = np.random.default_rng(4)
        cls.labels = np.array([7, 3] * 30)
        cls.images = source.integers(0, 100, (60, 2, 3))
        cls.images[cls.labels == 7, 0] += 150
        cls.images[cls.labels == 3, 1] += 150
        content = idx(cls.images) + idx(cls.labels)
        cls.dataset = cls.client.upload(content, "pictures", format=dataset_pb2.FORMAT_IDX)
        cls.job = cls.client.train(spec_of("pictures", data={"validation_fraction": 0.2}))

    def test_each_pixel_is_a_column_and_the_labels_are_the_target(self) -> None:
        self.assertEqual(
            [column.name for column in self.dataset.columns],
            ["x_0_0", "x_0_1", "x_0_2", "x_1_0", "x_1_1", "x_1_2", "label"],
        )
        label = self.dataset.columns[-1]
        self.assertEqual(label.role, dataset_pb2.COLUMN_ROLE_TARGET)
        self.assertEqual([(category.value, category.count) for category in label.categories], [("3", 30), ("7", 30)])
        self.assertEqual(self.dataset.row_count, 60)
        request = dataset_pb2.ReadExamplesRequest(dataset=self.dataset.name, first_row=1, row_count=1)
        row = [*map(float, self.images[1].flatten()), "3"]
        self.assertEqual(
            self.client.datasets.ReadExamples(request),
            table_of([column.name for column in self.dataset.columns], [row]),
        )

    def test_pictures_are_learnt_and_told_apart(self) -> None:
        self.assertEqual(self.job.state, event_pb2.STATE_SUCCEEDED)
        self.assertEqual(self.client.evaluate(self.job.model, "pictures").row_count, 60)
        measured = values_of(self.client.evaluate(self.job.model, "pictures").values)
        self.assertEqual(measured[metric_pb2.METRIC_ACCURACY], 1)
        predicted = self.client.predict_dataset(self.job.model, "pictures").predictions
        self.assertEqual([entry.class_name for entry in predicted], [str(label) for label in self.labels])

    def test_pictures_without_labels_are_predicted(self) -> None:
        unlabelled = self.client.upload(idx(self.images[:2]), "unlabelled", format=dataset_pb2.FORMAT_IDX)
        self.assertEqual(len(unlabelled.columns), 6)
        predicted = self.client.predict_dataset(self.job.model, "unlabelled").predictions
        self.assertEqual([entry.class_name for entry in predicted], ["7", "3"])

    def test_a_row_of_pixels_is_predicted(self) -> None:
        columns = [column.name for column in self.dataset.columns][:-1]
        table = table_of(columns, [[0.0, 0.0, 0.0, 240.0, 240.0, 240.0]])
        self.assertEqual(self.client.predict(self.job.model, table).predictions[0].class_name, "3")

    def test_fewer_labels_than_pictures_are_refused(self) -> None:
        content = idx(self.images) + idx(self.labels[:-1])
        refusal = self.refused(
            grpc.StatusCode.INVALID_ARGUMENT, self.client.upload, content, "short", format=dataset_pb2.FORMAT_IDX
        )
        self.assertEqual(refusal.reason, "BAD_DATA")

    def test_a_file_that_breaks_off_is_refused(self) -> None:
        refusal = self.refused(
            grpc.StatusCode.INVALID_ARGUMENT,
            self.client.upload,
            idx(self.images)[:-1],
            "broken",
            format=dataset_pb2.FORMAT_IDX,
        )
        self.assertEqual(refusal.reason, "BAD_DATA")


class TsvTest(ServerTest):
    """The same rows as TSV and as CSV."""

    ROWS = [["size", "made in", "price"]] + [
        [str(size), city, str(3 * size + (20 if city == "Oslo, Norway" else 0) + 0.5)]
        for size in range(20)
        for city in ("Paris", "Oslo, Norway")
    ]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        tsv = "".join("\t".join(row) + "\n" for row in cls.ROWS)
        csv = "".join(",".join(f'"{cell}"' if "," in cell else cell for cell in row) + "\n" for row in cls.ROWS)
        cls.tsv = cls.client.upload(tsv.encode(), "tsv", format=dataset_pb2.FORMAT_TSV)
        cls.csv = cls.client.upload(csv.encode(), "csv")
        spec = {"optimizer": optimizer_pb2.Optimizer(learning_rate=0.05), "budget": spec_pb2.Budget(epochs=200)}
        cls.jobs = [cls.client.train(spec_of(name, **spec)) for name in ("tsv", "csv")]

    def test_tabs_part_the_columns_and_commas_do_not(self) -> None:
        self.assertEqual([column.name for column in self.tsv.columns], self.ROWS[0])
        self.assertEqual(
            [category.value for category in self.tsv.columns[1].categories], ["Paris", "Oslo, Norway"]
        )
        self.assertEqual(list(self.tsv.columns), list(self.csv.columns))

    def test_tsv_and_csv_of_the_same_rows_give_the_same_bits(self) -> None:
        digests = {self.client.get_model(job.name).parameters_digest for job in self.jobs}
        self.assertEqual([job.state for job in self.jobs], [event_pb2.STATE_SUCCEEDED] * 2)
        self.assertEqual(len(digests), 1)

    def test_what_was_learnt_from_tsv_predicts(self) -> None:
        table = table_of(self.ROWS[0][:2], [[10.0, "Paris"], [10.0, "Oslo, Norway"]])
        values = [entry.value for entry in self.client.predict(self.jobs[0].model, table).predictions]
        np.testing.assert_allclose(values, [30.5, 50.5], atol=0.5)

    def test_a_row_of_another_length_is_named(self) -> None:
        refusal = self.refused(
            grpc.StatusCode.INVALID_ARGUMENT,
            self.client.upload,
            b"a\tb\n1\t2\n3,4\n",
            "bad",
            format=dataset_pb2.FORMAT_TSV,
        )
        self.assertEqual((refusal.reason, refusal.metadata), ("BAD_DATA", {"row": "3", "column": "b"}))


if __name__ == "__main__":
    unittest.main()
