#!/usr/bin/python3
"""Models predict, measure and leave: beside NumPy, and in every form."""

import math
import subprocess
import unittest

import grpc
import numpy as np

from crc32c import crc32c
from numpy_model import encode, forward, probabilities_of, read_safetensors
from specs import ENDLESS, dense, spec_of
from tables import csv_rows, table_of
from trainyard.v1 import event_pb2, loss_pb2, metric_pb2, model_pb2, optimizer_pb2, spec_pb2
from trainyard_testing import Run, ServerTest, program, values_of


class ModelTest(ServerTest):
    datasets = ("breast_cancer", "diabetes", "digits", "iris")

    def compare(self, dataset: str, tolerance: float, **fields: object) -> None:
        """Predict beside NumPy, on all rows of the data set, for the exports of both formats."""
        job = self.client.train(spec_of(dataset.replace("_", "-"), **fields))
        self.assertEqual(job.state, event_pb2.STATE_SUCCEEDED)
        model = self.client.get_model(job.name)
        columns, rows = csv_rows(dataset)
        tensors = self.client.tensors(job.model)
        _, same = read_safetensors(self.client.export(job.model, model_pb2.EXPORT_FORMAT_SAFETENSORS))
        self.assertEqual(list(tensors), [tensor.name for tensor in model.tensors])
        self.assertEqual(set(same), set(tensors))
        for name, values in tensors.items():
            np.testing.assert_array_equal(same[name], values)
            self.assertEqual(same[name].dtype, values.dtype)

        outputs = forward(model, tensors, encode(model, columns, rows))
        prediction = self.client.predict(job.model, table_of(columns[:-1], [row[:-1] for row in rows]))
        self.assertEqual(prediction.step, model.step)
        if model.target.classes:
            self.assertEqual(list(prediction.classes), list(model.target.classes))
            actual = np.array([entry.probabilities for entry in prediction.predictions])
            np.testing.assert_allclose(actual, probabilities_of(model, outputs), rtol=0, atol=tolerance)
        else:
            actual = np.array([entry.value for entry in prediction.predictions])
            np.testing.assert_allclose(actual, outputs[:, 0], rtol=tolerance, atol=tolerance)
        self.assertEqual(self.client.predict_dataset(job.model, dataset.replace("_", "-")), prediction)

    def test_predict_is_what_numpy_makes_of_the_exported_model(self) -> None:
        for precision, tolerance in ((spec_pb2.PRECISION_F32, 1e-6), (spec_pb2.PRECISION_F64, 1e-12)):
            for dataset, hidden, loss, rate in (
                ("breast_cancer", [], loss_pb2.Loss(logistic=loss_pb2.Logistic()), 0.01),
                ("breast_cancer", [], loss_pb2.Loss(logistic=loss_pb2.Logistic(positive_class="malignant")), 0.01),
                ("breast_cancer", [dense(16, "tanh")], None, 0.01),
                ("diabetes", [], None, 0.01),
                ("diabetes", [dense(16, "relu"), dense(8, "identity")], None, 1e-5),
            ):
                with self.subTest(dataset=dataset, layers=len(hidden), precision=precision):
                    self.compare(
                        dataset,
                        tolerance,
                        network=spec_pb2.Network(hidden=hidden),
                        loss=loss,
                        precision=precision,
                        optimizer=optimizer_pb2.Optimizer(learning_rate=rate),
                        budget=spec_pb2.Budget(epochs=5),
                    )

    def test_the_description_in_a_safetensors_file_is_the_model(self) -> None:
        job = self.client.train(spec_of("iris", budget=spec_pb2.Budget(steps=1)))
        metadata, _ = read_safetensors(self.client.export(job.model, model_pb2.EXPORT_FORMAT_SAFETENSORS))
        description = " ".join(metadata.values())
        for word in (job.model, "petal_width", "virginica"):
            self.assertIn(word, description)

    def test_an_export_comes_in_pieces_that_follow_with_their_checksums(self) -> None:
        spec = spec_of("digits", network=spec_pb2.Network(hidden=[dense(2000)]), budget=spec_pb2.Budget(steps=1))
        job = self.client.train(spec)
        request = model_pb2.ExportModelRequest(model=job.model, format=model_pb2.EXPORT_FORMAT_NPZ)
        size = 0
        for response in self.client.models.ExportModel(request):
            self.assertEqual(response.offset, size)
            self.assertEqual(response.crc32c, crc32c(response.data))
            size += len(response.data)
        self.assertEqual(response.size_bytes, size)
        self.assertGreater(size, 2000 * 64 * 4)

    def test_an_export_needs_a_format(self) -> None:
        job = self.client.train(spec_of("iris", budget=spec_pb2.Budget(steps=1)))
        request = model_pb2.ExportModelRequest(model=job.model)
        refusal = self.refused(grpc.StatusCode.INVALID_ARGUMENT, self.client.models.ExportModel, request)
        self.assertEqual(refusal.fields, ["format"])

    def test_a_table_may_have_its_columns_in_any_order_and_others_beside(self) -> None:
        job = self.client.train(spec_of("iris", budget=spec_pb2.Budget(epochs=3)))
        columns, rows = csv_rows("iris")
        expected = self.client.predict(job.model, table_of(columns[:4], [row[:4] for row in rows]))
        mixed = ["petal_width", "color", "sepal_length", "petal_length", "sepal_width"]
        order = [columns.index(name) if name in columns else None for name in mixed]
        table = table_of(mixed, [["red" if i is None else row[i] for i in order] for row in rows])
        self.assertEqual(self.client.predict(job.model, table), expected)

    def test_an_empty_table_has_no_predictions(self) -> None:
        job = self.client.train(spec_of("iris", budget=spec_pb2.Budget(steps=1)))
        self.assertEqual(len(self.client.predict(job.model, table_of(csv_rows("iris")[0], [])).predictions), 0)

    def test_what_a_table_lacks_is_named(self) -> None:
        job = self.client.train(spec_of("iris", budget=spec_pb2.Budget(steps=1)))
        columns = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
        for field, table in (
            ("table.columns", table_of(columns[:3], [[1.0, 2.0, 3.0]])),
            ("table.rows[1]", table_of(columns, [[1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0]])),
            ("table.rows[0].values[2]", table_of(columns, [[1.0, 2.0, "three", 4.0]])),
            ("table.rows[0].values[0]", table_of(columns, [[math.nan, 2.0, 3.0, 4.0]])),
        ):
            refusal = self.refused(grpc.StatusCode.INVALID_ARGUMENT, self.client.predict, job.model, table)
            self.assertEqual(refusal.fields, [field])
        table = table_of(columns[:3], [[1.0, 2.0, 3.0]])
        self.assertIn(
            "petal_width",
            self.refused(grpc.StatusCode.INVALID_ARGUMENT, self.client.predict, job.model, table).message,
        )

    def test_more_than_10000_rows_in_a_table_are_refused(self) -> None:
        job = self.client.train(spec_of("iris", budget=spec_pb2.Budget(steps=1)))
        table = table_of(["sepal_length"], [[1.0]] * 10_001)
        self.refused_field(
            "table.rows = 10001 rows, must be at most 10000", lambda: self.client.predict(job.model, table)
        )

    def test_predictions_come_in_parts_where_a_request_says_so(self) -> None:
        job = self.client.train(spec_of("iris", budget=spec_pb2.Budget(epochs=3)))
        columns, rows = csv_rows("iris")
        for source in (
            {"dataset": "datasets/iris"},
            {"table": table_of(columns[:-1], [row[:-1] for row in rows])},
        ):
            request = model_pb2.PredictRequest(model=job.model, **source)
            whole = self.client.models.Predict(request)
            self.assertEqual(len(whole.predictions), 150)
            parts = []
            for first in (0, 60, 120, 150, 1000):
                request.first_row, request.max_rows = first, 60
                parts.append(list(self.client.models.Predict(request).predictions))
            self.assertEqual([len(part) for part in parts], [60, 60, 30, 0, 0])
            self.assertEqual([prediction for part in parts for prediction in part], list(whole.predictions))
        predict = self.client.models.Predict
        request = model_pb2.PredictRequest(model=job.model, dataset="datasets/iris", first_row=-1)
        self.refused_field("first_row = -1, must be at least 0", predict, request)
        request = model_pb2.PredictRequest(model=job.model, dataset="datasets/iris", max_rows=0)
        self.refused_field("max_rows = 0, must be at least 1", predict, request)

    def test_the_command_line_predicts_data_sets_of_more_rows_than_one_call_asks_for(self) -> None:
        rows = 200_001
        content = "x,y\n" + "".join(f"{i % 1000},{i % 2}.5\n" for i in range(rows))
        self.client.upload(content.encode(), "long")
        job = self.client.train(spec_of("long", budget=spec_pb2.Budget(steps=1)))
        command = [program("trainyard"), "--server", self.server.address, "model", "predict", job.model]
        answer = subprocess.run(
            [*command, "--dataset", "long", "--output", "csv"], capture_output=True, text=True, check=True
        )
        lines = answer.stdout.splitlines()[1:]
        self.assertEqual([line.split(",")[0] for line in lines], [str(row) for row in range(rows)])
        self.assertEqual(len({line.split(",")[1] for line in lines}), 1000)
        self.assertEqual(lines[7].split(",")[1], lines[200_000 - 1000 + 7].split(",")[1])

    def test_one_answer_has_no_more_numbers_than_a_server_can_spare(self) -> None:
        classes = 5000
        lines = "x,label\n" + "".join(f"{i % 7},c{i}\n" for i in range(classes))
        self.client.upload(lines.encode(), "labels")
        job = self.client.train(spec_of("labels", budget=spec_pb2.Budget(steps=1)))
        request = model_pb2.PredictRequest(model=job.model, dataset="datasets/labels")
        self.refused_field(
            "dataset = 5000 rows, must be at most 800 in one answer of 5000 classes; ask for parts by first_row and "
            "max_rows",
            self.client.models.Predict,
            request,
        )
        request.max_rows = 801
        self.refused_field(
            "max_rows = 801, must be at most 800 in one answer of 5000 classes", self.client.models.Predict, request
        )
        request.first_row, request.max_rows = 4990, 801
        self.assertEqual(len(self.client.models.Predict(request).predictions), 10)

    def test_null_stands_for_the_mean_of_the_training_part(self) -> None:
        job = self.client.train(spec_of("iris", budget=spec_pb2.Budget(epochs=3)))
        model = self.client.get_model(job.name)
        columns = [feature.column for feature in model.features]
        means = [feature.missing_value for feature in model.features]
        nulls = self.client.predict(job.model, table_of(columns, [[None] * 4]))
        self.assertEqual(nulls, self.client.predict(job.model, table_of(columns, [means])))
        self.assertEqual(means, [feature.offset for feature in model.features])

    def test_the_test_evaluation_is_what_evaluate_says_of_the_same_rows(self) -> None:
        for early_stopping in (None, spec_pb2.EarlyStopping(patience=2)):
            spec = spec_of(
                "breast-cancer",
                data={"validation_fraction": 0.3, "test_dataset": "datasets/breast-cancer"},
                network=spec_pb2.Network(hidden=[dense(12)]),
                budget=spec_pb2.Budget(epochs=30),
                early_stopping=early_stopping,
            )
            job = self.client.train(spec)
            told = next(entry for entry in job.latest_evaluations if entry.part == metric_pb2.PART_TEST)
            answer = self.client.evaluate(job.model, "breast-cancer", *values_of(told.values))
            self.assertEqual(list(answer.values), list(told.values))
            self.assertEqual((answer.row_count, answer.step), (569, job.parameters_step))
            model = self.client.get_model(job.name)
            self.assertEqual((model.step, model.parameters_held), (job.parameters_step, job.parameters_held))
            held = event_pb2.PARAMETERS_HELD_LAST if early_stopping is None else event_pb2.PARAMETERS_HELD_BEST
            self.assertEqual(job.parameters_held, held)

    def test_evaluate_measures_what_it_is_asked_for(self) -> None:
        job = self.client.train(spec_of("iris", budget=spec_pb2.Budget(epochs=3)))
        answer = self.client.evaluate(job.model, "iris", metric_pb2.METRIC_ZERO_ONE_ERROR)
        self.assertEqual(
            [value.metric for value in answer.values], [metric_pb2.METRIC_LOSS, metric_pb2.METRIC_ZERO_ONE_ERROR]
        )
        self.refused_field(
            "metrics[0] = rmse, must be a metric that fits the model's target",
            lambda: self.client.evaluate(job.model, "iris", metric_pb2.METRIC_RMSE),
        )

    def test_evaluate_refuses_a_data_set_without_the_columns(self) -> None:
        job = self.client.train(spec_of("iris", budget=spec_pb2.Budget(steps=1)))
        for call in (self.client.evaluate, self.client.predict_dataset):
            refusal = self.refused(grpc.StatusCode.INVALID_ARGUMENT, call, job.model, "diabetes")
            self.assertEqual(refusal.metadata.get("column"), "sepal_length")

    def test_a_model_of_a_running_job_answers_with_its_newest_checkpoint(self) -> None:
        spec = spec_of("iris", budget=ENDLESS, checkpoints=spec_pb2.CheckpointPlan(every_steps=500))
        job = self.client.create_job(spec)
        self.client.follow_until(job.name, Run(), lambda run: len(run.of_kind("checkpoint_saved")) >= 2)
        model = self.client.get_model(job.name)
        self.assertEqual(model.step % 500, 0)
        self.assertGreaterEqual(self.client.predict_dataset(job.model, "iris").step, model.step)
        self.client.cancel_job(job.name)

    def test_checkpoints_every_n_steps_are_never_skipped(self) -> None:
        spec = spec_of("iris", budget=spec_pb2.Budget(steps=2000), checkpoints=spec_pb2.CheckpointPlan(every_steps=100))
        run = self.client.follow(self.client.create_job(spec).name)
        steps = [event.step for event in run.of_kind("checkpoint_saved")]
        self.assertEqual(sorted(set(steps)), list(range(100, 2001, 100)))


if __name__ == "__main__":
    unittest.main()
