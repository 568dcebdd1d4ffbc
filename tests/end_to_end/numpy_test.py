#!/usr/bin/python3
"""Files that NumPy wrote, from the upload to the prediction."""

import io
import unittest

import grpc
import numpy as np

from specs import dense, spec_of
from trainyard.v1 import dataset_pb2, event_pb2, metric_pb2, spec_pb2
from trainyard_testing import ServerTest, values_of

NPY, NPZ = dataset_pb2.FORMAT_NPY, dataset_pb2.FORMAT_NPZ
INTEGERS = ("u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8")


def npy(array: np.ndarray, **options: object) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, array, **options)
    return file.getvalue()


def npz(save: object = np.savez, **arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    save(file, **arrays)
    return file.getvalue()


class NumpyTest(ServerTest):
    uploads = 0

    def uploaded(self, content: bytes, format: int, **options: object) -> dataset_pb2.Dataset:
        NumpyTest.uploads += 1
        return self.client.upload(content, f"array-{NumpyTest.uploads}", format=format, **options)

    def cells(self, dataset: dataset_pb2.Dataset) -> np.ndarray:
        request = dataset_pb2.ReadExamplesRequest(dataset=dataset.name, row_count=1000)
        rows = self.client.datasets.ReadExamples(request).rows
        return np.array(
            [[float(cell.string_value or cell.number_value) for cell in row.values] for row in rows], dtype=float
        )

    def assert_reads_back(self, array: np.ndarray, **options: object) -> None:
        dataset = self.uploaded(npy(array, **options), NPY)
        np.testing.assert_array_equal(self.cells(dataset), array.astype(float).reshape(len(array), -1))

    def refusal(self, content: bytes, format: int) -> str:
        refusal = self.refused(grpc.StatusCode.INVALID_ARGUMENT, self.uploaded, content, format)
        self.assertEqual(refusal.reason, "BAD_DATA")
        return refusal.message


class NpyTest(NumpyTest):
    def test_every_type_reads_back_equal(self) -> None:
        source = np.random.default_rng(3)
        for name in INTEGERS:
            limits = np.iinfo(name)
            # Doubles hold whole numbers up to 2^53.
            low, high = max(limits.min, -(2**53)), min(limits.max, 2**53)
            array = source.integers(low, high, (50, 4), dtype=name, endpoint=True)
            array[0] = [low, high, 0, 1]
            self.assert_reads_back(array)
        for name in ("f2", "f4", "f8"):
            self.assert_reads_back(source.normal(size=(50, 4)).astype(name))
        self.assert_reads_back(source.normal(size=(50, 4)) > 0)

    def test_every_half_precision_number_reads_back_equal(self) -> None:
        every = np.arange(2**16, dtype=np.uint16).view(np.float16)
        self.assert_reads_back(every[np.isfinite(every)].reshape(-1, 64))

    def test_order_rank_and_version_do_not_matter(self) -> None:
        array = np.random.default_rng(4).normal(size=(20, 3, 4, 2))
        for order in ("C", "F"):
            for version in ((1, 0), (2, 0), (3, 0)):
                self.assert_reads_back(np.array(array, order=order), version=version)
        dataset = self.uploaded(npy(array), NPY)
        self.assertEqual([column.name for column in dataset.columns][7:9], ["x_0_3_1", "x_1_0_0"])

    def test_bytes_stay_bytes(self) -> None:
        array = np.random.default_rng(5).integers(0, 256, (100, 50), dtype=np.uint8)
        dataset = self.uploaded(npy(array), NPY, types={"x_49": dataset_pb2.COLUMN_TYPE_NUMERIC})
        # The head takes some 60 bytes a column.
        self.assertLess(dataset.stored_bytes, 100 * 50 + 50 * 100)

    def test_big_endian_numbers_are_refused_with_what_to_do(self) -> None:
        message = self.refusal(npy(np.ones((2, 2), dtype=">f4")), NPY)
        self.assertEqual(message, "the array: its numbers are big-endian (>f4); save array.astype('<f4')")

    def test_objects_are_refused_and_never_made(self) -> None:
        message = self.refusal(npy(np.array([[{}, []]], dtype=object)), NPY)
        self.assertIn("Python objects", message)

    def test_what_is_not_finite_is_named(self) -> None:
        array = np.zeros((5, 3))
        array[3, 1] = np.nan
        refusal = self.refused(grpc.StatusCode.INVALID_ARGUMENT, self.uploaded, npy(array), NPY)
        self.assertEqual((refusal.reason, refusal.metadata), ("BAD_DATA", {"row": "4", "column": "x_1"}))


class NpzTest(NumpyTest):
    """A class for each half of the plane, and a number that is linear in the place."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        source = np.random.default_rng(6)
        cls.x = source.normal(size=(300, 2)).astype(np.float32)
        cls.classes = (cls.x[:, 0] > cls.x[:, 1]).astype(np.int64) * 7
        cls.numbers = cls.x @ np.array([2.0, -3.0]) + 5

    def test_stored_and_compressed_archives_give_the_same_data_set(self) -> None:
        arrays = {"x": self.x, "y": self.classes, "weight": np.linspace(0.5, 2, 300)}
        stored = self.uploaded(npz(**arrays), NPZ)
        compressed = self.uploaded(npz(np.savez_compressed, **arrays), NPZ)
        self.assertEqual(list(stored.columns), list(compressed.columns))
        expected = np.column_stack([self.x, self.classes, arrays["weight"]])
        np.testing.assert_array_equal(self.cells(stored), expected[:1000])
        np.testing.assert_array_equal(self.cells(compressed), expected)
        roles = {column.name: column.role for column in stored.columns}
        self.assertEqual(roles["label"], dataset_pb2.COLUMN_ROLE_TARGET)
        self.assertEqual(roles["weight"], dataset_pb2.COLUMN_ROLE_WEIGHT)

    def test_classes_are_learnt(self) -> None:
        dataset = self.uploaded(npz(x=self.x, y=self.classes), NPZ)
        job = self.client.train(spec_of(dataset.name.split("/")[1], network=spec_pb2.Network(hidden=[dense(8)])))
        self.assertEqual(job.state, event_pb2.STATE_SUCCEEDED)
        unlabelled = self.uploaded(npy(self.x), NPY)
        predicted = self.client.predict_dataset(job.model, unlabelled.name.split("/")[1]).predictions
        right = np.mean([entry.class_name == str(true) for entry, true in zip(predicted, self.classes)])
        self.assertGreater(right, 0.95)

    def test_numbers_are_learnt(self) -> None:
        dataset = self.uploaded(npz(x=self.x, y=self.numbers), NPZ)
        job = self.client.train(spec_of(dataset.name.split("/")[1]))
        measured = values_of(self.client.evaluate(job.model, dataset.name.split("/")[1]).values)
        self.assertLess(measured[metric_pb2.METRIC_RMSE], 0.01)

    def test_a_small_archive_does_not_fill_the_memory(self) -> None:
        content = npz(np.savez_compressed, x=np.zeros((1000, 20_000)))
        self.assertIn("unpack to more than", self.refusal(content, NPZ))

    def test_other_names_are_told(self) -> None:
        self.assertIn('it holds "features.npy"', self.refusal(npz(features=self.x), NPZ))

    def test_a_damaged_archive_is_refused(self) -> None:
        content = npz(np.savez_compressed, x=self.x)
        for damaged in (content[:-1], content[: len(content) // 2], content[:200] + b"?" + content[201:]):
            self.refusal(damaged, NPZ)


if __name__ == "__main__":
    unittest.main()
