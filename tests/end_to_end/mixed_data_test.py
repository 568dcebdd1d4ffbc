#!/usr/bin/python3
"""Numbers and categories, missing cells, weights and a split column, from the file to the prediction."""

import itertools
import random
import unittest

import grpc
import numpy as np

from numpy_model import encode, forward, probabilities_of
from specs import dense, spec_of
from tables import Cell, table_of
from trainyard.v1 import dataset_pb2, metric_pb2, optimizer_pb2, spec_pb2
from trainyard_testing import ServerTest, values_of


class MixedDataTest(ServerTest):
    """Numbers and categories, missing cells, weights, and a column that names the parts."""

    COLUMNS = ["age", "city", "note", "weight", "part", "answer"]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        source = random.Random(5)
        parts = itertools.cycle(["train"] * 6 + ["validation"] * 2 + ["test"] * 2)
        cls.rows: list[list[Cell]] = []
        for i, part in zip(range(200), parts):
            age = None if i % 20 == 3 else float(source.randrange(180, 800)) / 10
            city = None if i % 25 == 4 else source.choice(["Paris", "Oslo", "New, York"])
            answer = "yes" if (age or 40) > 50 or city == "Oslo" else "no"
            cls.rows.append([age, city, f"n{i}", source.choice([0.5, 1.0, 3.0]), part, answer])
        text = "\n".join(",".join(cls.cell_text(cell) for cell in row) for row in cls.rows)
        content = (",".join(cls.COLUMNS) + "\n" + text + "\n").encode()
        types = {"note": dataset_pb2.COLUMN_TYPE_IGNORED}
        cls.dataset = cls.client.upload(content, "mixed", weight="weight", split="part", types=types)
        spec = spec_of(
            "mixed",
            network=spec_pb2.Network(hidden=[dense(8, "tanh")]),
            optimizer=optimizer_pb2.Optimizer(learning_rate=0.05),
            budget=spec_pb2.Budget(epochs=30),
            precision=spec_pb2.PRECISION_F64,
        )
        cls.job = cls.client.train(spec)
        cls.model = cls.client.get_model(cls.job.name)

    @staticmethod
    def cell_text(cell: Cell) -> str:
        if cell is None:
            return "NA"
        return f'"{cell}"' if isinstance(cell, str) and "," in cell else str(cell)

    def part(self, name: str) -> list[list[Cell]]:
        return [row for row in self.rows if row[4] == name]

    def test_columns_have_their_types_roles_and_statistics(self) -> None:
        numeric, categorical = dataset_pb2.COLUMN_TYPE_NUMERIC, dataset_pb2.COLUMN_TYPE_CATEGORICAL
        self.assertEqual(
            [(column.name, column.type, column.role) for column in self.dataset.columns],
            [
                ("age", numeric, dataset_pb2.COLUMN_ROLE_FEATURE),
                ("city", categorical, dataset_pb2.COLUMN_ROLE_FEATURE),
                ("note", dataset_pb2.COLUMN_TYPE_IGNORED, dataset_pb2.COLUMN_ROLE_FEATURE),
                ("weight", numeric, dataset_pb2.COLUMN_ROLE_WEIGHT),
                ("part", categorical, dataset_pb2.COLUMN_ROLE_SPLIT),
                ("answer", categorical, dataset_pb2.COLUMN_ROLE_TARGET),
            ],
        )
        ages = [row[0] for row in self.rows if row[0] is not None]
        age, city = self.dataset.columns[0], self.dataset.columns[1]
        self.assertEqual(age.missing_count, 10)
        self.assertEqual((age.numeric.minimum, age.numeric.maximum), (min(ages), max(ages)))
        self.assertAlmostEqual(age.numeric.mean, np.mean(ages), delta=1e-9)
        self.assertAlmostEqual(age.numeric.deviation, np.std(ages), delta=1e-9)
        self.assertEqual((city.missing_count, city.category_count), (8, 3))
        counts = {category.value: category.count for category in city.categories}
        self.assertEqual(counts, {name: sum(row[1] == name for row in self.rows) for name in counts})
        self.assertEqual(self.dataset.row_count, 200)

    def test_the_split_column_decides_the_parts(self) -> None:
        progress = self.job.progress
        parts = (progress.training_examples, progress.validation_examples, progress.test_examples)
        self.assertEqual(parts, (120, 40, 40))
        data = {"validation_fraction": 0.5}
        self.refused_field(
            "data.validation_fraction = set, must be left out where the data set has a split column",
            self.client.create_job,
            spec_of("mixed", data=data),
        )

    def test_the_encoding_is_fitted_on_the_training_part_alone(self) -> None:
        ages = [row[0] for row in self.part("train") if row[0] is not None]
        age, city = self.model.features
        self.assertEqual((age.column, city.column), ("age", "city"))
        self.assertAlmostEqual(age.offset, np.mean(ages), delta=1e-9)
        self.assertAlmostEqual(age.scale, 1 / np.std(ages), delta=1e-9)
        self.assertAlmostEqual(age.missing_value, np.mean(ages), delta=1e-9)
        self.assertEqual(city.missing_category, len(city.categories))
        self.assertEqual(city.unseen, spec_pb2.UNSEEN_ALL_ZERO)
        self.assertEqual(list(self.model.tensors[0].shape), [1 + 3 + 1, 8])

    def test_weights_have_mean_1_over_the_training_part(self) -> None:
        weights = [row[3] for row in self.part("train")]
        self.assertEqual(self.model.weight_column, "weight")
        self.assertAlmostEqual(self.model.weight_scale, len(weights) / sum(weights), delta=1e-12)

    def test_predictions_of_every_kind_of_row_are_those_of_numpy(self) -> None:
        columns = ["city", "age"]
        rows: list[list[Cell]] = [[row[1], row[0]] for row in self.rows]
        rows += [["Atlantis", 30.0], [None, None]]
        outputs = forward(self.model, self.client.tensors(self.job.model), encode(self.model, columns, rows))
        answer = self.client.predict(self.job.model, table_of(columns, rows))
        actual = np.array([entry.probabilities for entry in answer.predictions])
        np.testing.assert_allclose(actual, probabilities_of(self.model, outputs), rtol=0, atol=1e-12)
        same = self.client.predict_dataset(self.job.model, "mixed")
        self.assertEqual(list(same.predictions), list(answer.predictions[:-2]))

    def test_the_losses_told_are_weighted_those_of_numpy(self) -> None:
        columns = ["age", "city"]
        rows = self.part("test")
        inputs = encode(self.model, columns, [row[:2] for row in rows])
        outputs = forward(self.model, self.client.tensors(self.job.model), inputs)
        probabilities = probabilities_of(self.model, outputs)
        classes = list(self.model.target.classes)
        true = np.array([probabilities[i, classes.index(row[5])] for i, row in enumerate(rows)])
        weights = np.array([row[3] for row in rows]) * self.model.weight_scale
        told = next(entry for entry in self.job.latest_evaluations if entry.part == metric_pb2.PART_TEST)
        self.assertAlmostEqual(
            values_of(told.values)[metric_pb2.METRIC_LOSS], np.mean(-np.log(true) * weights), delta=1e-9
        )

    def test_unseen_and_missing_can_be_refused(self) -> None:
        encoding = spec_pb2.EncodingOptions(unseen=spec_pb2.UNSEEN_REFUSE, missing_numeric=spec_pb2.MISSING_REFUSE)
        refusal = self.refused(
            grpc.StatusCode.INVALID_ARGUMENT, self.client.check_job, spec_of("mixed", data={"encoding": encoding})
        )
        first = next(i for i, row in enumerate(self.rows) if row[0] is None)
        self.assertEqual(refusal.metadata, {"row": str(first + 1), "column": "age"})
        encoding.missing_numeric = spec_pb2.MISSING_MEAN
        job = self.client.train(spec_of("mixed", data={"encoding": encoding}, budget=spec_pb2.Budget(steps=1)))
        table = table_of(["age", "city"], [[30.0, "Oslo"], [30.0, "Atlantis"]])
        refusal = self.refused(grpc.StatusCode.INVALID_ARGUMENT, self.client.predict, job.model, table)
        self.assertEqual(refusal.metadata["column"], "city")
        self.assertIn("Atlantis", refusal.message)


if __name__ == "__main__":
    unittest.main()
