#!/usr/bin/python3
"""Sparse data from the upload to the prediction."""

import json
import subprocess
import tempfile
import unittest
from pathlib import Path

import grpc
import numpy as np

from specs import spec_of
from tables import table_of
from trainyard.v1 import (
    dataset_pb2,
    event_pb2,
    initialization_pb2,
    loss_pb2,
    metric_pb2,
    model_pb2,
    optimizer_pb2,
    spec_pb2,
)
from trainyard_testing import ServerTest, program, values_of

WIDTH = 5000
ROWS = 400
NONZEROS = 12


def libsvm(rows: list[dict[int, float]], labels: list[int]) -> bytes:
    """Indices from 1."""
    lines = [
        " ".join([f"{label:+d}", *(f"{index}:{value!r}" for index, value in sorted(row.items()))])
        for label, row in zip(labels, rows)
    ]
    return ("\n".join(lines) + "\n").encode()


def text_of(row: dict[int, float]) -> str:
    return " ".join(f"{index}:{value!r}" for index, value in sorted(row.items()))


class SparseTest(ServerTest):
    """Documents of 12 words among 5,000: index 1 speaks for the positive class, index 2 for the negative one."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        source = np.random.default_rng(5)
        cls.labels = [1 if i % 2 == 0 else -1 for i in range(ROWS)]
        cls.rows = []
        for label in cls.labels:
            words = source.choice(np.arange(3, WIDTH + 1), NONZEROS - 1, replace=False)
            cls.rows.append({1 if label > 0 else 2: 2.0, **{int(word): 0.5 for word in words}})
        cls.rows[0][WIDTH] = 0.25
        cls.content = libsvm(cls.rows, cls.labels)
        cls.dataset = cls.client.upload(cls.content, "documents", format=dataset_pb2.FORMAT_LIBSVM)
        cls.spec = spec_of(
            "documents",
            data={"validation_fraction": 0.2},
            loss=loss_pb2.Loss(logistic=loss_pb2.Logistic()),
            optimizer=optimizer_pb2.Optimizer(learning_rate=0.2, nesterov=optimizer_pb2.Nesterov(momentum=0.9)),
            budget=spec_pb2.Budget(epochs=10),
        )
        cls.job = cls.client.train(cls.spec)

    def test_the_columns_are_the_label_and_one_sparse_column(self) -> None:
        label, features = self.dataset.columns
        self.assertEqual((label.name, features.name), ("label", "features"))
        self.assertEqual(label.role, dataset_pb2.COLUMN_ROLE_TARGET)
        self.assertEqual([category.value for category in label.categories], ["-1", "1"])
        self.assertEqual(features.type, dataset_pb2.COLUMN_TYPE_SPARSE)
        self.assertEqual(features.width, WIDTH)
        self.assertEqual(features.nonzero_count, sum(map(len, self.rows)))
        self.assertEqual(self.dataset.row_count, ROWS)
        self.assertLess(self.dataset.stored_bytes, ROWS * WIDTH)

    def test_a_preview_shows_the_numbers_of_a_row(self) -> None:
        request = dataset_pb2.ReadExamplesRequest(dataset=self.dataset.name, first_row=1, row_count=1)
        text = self.client.datasets.ReadExamples(request).rows[0].values[1].string_value
        pairs = {int(index): float(value) for index, value in (pair.split(":") for pair in text.split())}
        self.assertEqual(pairs, self.rows[1])

    def test_the_model_learns_and_says_how_it_encodes(self) -> None:
        self.assertEqual(self.job.state, event_pb2.STATE_SUCCEEDED)
        model = self.client.get_model(self.job.name)
        self.assertEqual(len(model.features), 1)
        self.assertEqual(model.features[0].type, dataset_pb2.COLUMN_TYPE_SPARSE)
        self.assertEqual(model.features[0].width, WIDTH)
        self.assertEqual(model.parameter_count, WIDTH + 1)
        measured = values_of(self.client.evaluate(self.job.model, "documents").values)
        self.assertGreater(measured[metric_pb2.METRIC_ACCURACY], 0.98)

    def test_rows_of_text_are_predicted_as_the_exported_parameters_say(self) -> None:
        rows = [*self.rows[:20], {}, {1: 3.0}]
        table = table_of(["features"], [[text_of(row)] for row in rows])
        predicted = self.client.predict(self.job.model, table).predictions
        tensors = self.client.tensors(self.job.model)
        weight, bias = tensors["layers.0.weight"][:, 0].astype(float), float(tensors["layers.0.bias"][0])
        for row, prediction in zip(rows, predicted):
            f = bias + sum(value * weight[index - 1] for index, value in row.items())
            self.assertAlmostEqual(prediction.probabilities[1], 1 / (1 + np.exp(-f)), 5)
        again = self.client.predict_dataset(self.job.model, "documents").predictions
        self.assertEqual(list(again[:20]), list(predicted[:20]))

    def test_indices_beyond_the_training_width_are_left_out_or_refused(self) -> None:
        table = table_of(["features"], [["1:2"], [f"1:2 {WIDTH + 7}:100"]])
        first, second = self.client.predict(self.job.model, table).predictions
        self.assertEqual(first, second)
        strict = spec_pb2.JobSpec()
        strict.CopyFrom(self.spec)
        strict.data.encoding.unseen = spec_pb2.UNSEEN_REFUSE
        strict.budget.CopyFrom(spec_pb2.Budget(steps=1))
        job = self.client.train(strict)
        refusal = self.refused(grpc.StatusCode.INVALID_ARGUMENT, self.client.predict, job.model, table)
        self.assertIn(f"the index {WIDTH + 7} is beyond the {WIDTH}", refusal.message)

    def test_a_warm_start_from_a_checkpoint_goes_on_with_its_velocity(self) -> None:
        spec = spec_pb2.JobSpec()
        spec.CopyFrom(self.spec)
        spec.minibatches.CopyFrom(spec_pb2.Minibatches(full_batch=spec_pb2.FullBatch(), in_order=spec_pb2.InOrder()))
        spec.regularization.l2 = 0.01
        spec.precision = spec_pb2.PRECISION_F64
        spec.checkpoints.every_steps = 10
        spec.budget.CopyFrom(spec_pb2.Budget(steps=30))
        source = self.client.train(spec).name
        losses = self.client.follow(source).values(metric_pb2.SERIES_LOSS)
        point = initialization_pb2.CheckpointSource(job=source, step=20)
        spec.warm_start.CopyFrom(initialization_pb2.WarmStart(checkpoint=point))
        spec.budget.CopyFrom(spec_pb2.Budget(steps=10))
        again = self.client.follow(self.client.train(spec).name).values(metric_pb2.SERIES_LOSS)
        np.testing.assert_allclose(again, losses[20:], rtol=1e-12)

    def test_a_check_measures_the_layer_and_the_steps(self) -> None:
        checked = self.client.check_job(self.spec)
        self.assertEqual(checked.input_count, WIDTH)
        self.assertEqual([layer.layer for layer in checked.layers], ["layers.0"])
        self.assertGreater(checked.layers[0].gradient_variance, 0)
        self.assertGreater(checked.smallest_efficient_minibatch, 0)

    def test_a_paused_run_ends_with_the_same_bits(self) -> None:
        spec = spec_pb2.JobSpec()
        spec.CopyFrom(self.spec)
        spec.checkpoints.every_steps = 3
        job = self.client.train(spec)
        digests = [self.client.get_model(name).parameters_digest for name in (job.name, self.job.name)]
        self.assertEqual(digests[0], digests[1])

    def test_faults_are_named_by_line_and_index(self) -> None:
        refusal = self.refused(
            grpc.StatusCode.INVALID_ARGUMENT,
            self.client.upload,
            b"+1 1:1\n-1 4:1 2:1\n",
            "unsorted",
            format=dataset_pb2.FORMAT_LIBSVM,
        )
        self.assertEqual(refusal.message, "row 2, column 2: the index follows 4; indices must ascend")
        self.assertEqual(refusal.reason, "BAD_DATA")
        refusal = self.refused(
            grpc.StatusCode.INVALID_ARGUMENT,
            self.client.upload,
            b"3 qid:1 1:0.5\n",
            "ranked",
            format=dataset_pb2.FORMAT_LIBSVM,
        )
        self.assertIn("qid", refusal.message)

    def test_the_command_line_uploads_trains_and_predicts(self) -> None:
        def run(*arguments: str) -> str:
            command = [program("trainyard"), "--server", self.server.address, *arguments]
            return subprocess.run(command, check=True, capture_output=True, text=True).stdout

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "documents.txt"
            path.write_bytes(self.content)
            run("dataset", "upload", str(path), "--name", "by-hand", "--format", "libsvm")
        shown = run("dataset", "show", "by-hand")
        self.assertIn("sparse", shown)
        self.assertIn("5,000 numbers", shown)
        self.assertIn(text_of(self.rows[1]).replace("2.0", "2"), run("dataset", "preview", "by-hand", "--rows", "2"))
        events = run(
            "train", "--dataset", "by-hand", "--loss", "logistic", "--optimizer", "momentum", "--learning-rate", "0.2",
            "--epochs", "5", "--watch", "--output", "json",
        )  # fmt: skip
        job = json.loads(events.splitlines()[-1])
        self.assertEqual(job["state"], "STATE_SUCCEEDED")
        evaluated = run("model", "evaluate", job["model"], "--dataset", "by-hand", "--output", "json")
        self.assertEqual(int(json.loads(evaluated)["rowCount"]), ROWS)
        with tempfile.NamedTemporaryFile("w", suffix=".csv") as rows:
            rows.write("features\n1:2 70:0.5\n2:2\n")
            rows.flush()
            predicted = run("model", "predict", job["model"], "--input", rows.name)
        self.assertEqual([line.split()[1] for line in predicted.splitlines()[1:]], ["1", "-1"])

    def test_parameters_are_exported(self) -> None:
        content = self.client.export(self.job.model, model_pb2.EXPORT_FORMAT_SAFETENSORS)
        self.assertIn(b"layers.0.weight", content)


if __name__ == "__main__":
    unittest.main()
