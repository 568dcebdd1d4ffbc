#!/usr/bin/python3
"""A model's life on a real server: upload, check, train, watch, predict, evaluate, export, delete."""

import itertools
import json
import math
import random
import unittest
from typing import Optional

import grpc
import numpy as np
from google.protobuf import struct_pb2

import trainyard_testing
from trainyard.v1 import dataset_pb2, event_pb2, job_pb2, metric_pb2, model_pb2, spec_pb2
from trainyard_testing import Run, ServerTest, model_of

Cell = Optional[float | str]
NUMPY_TYPES = {"F32": np.float32, "F64": np.float64}


def dense(units: int, activation: str = "relu") -> spec_pb2.Layer:
    layer = spec_pb2.Layer(dense=spec_pb2.Dense(units=units))
    getattr(layer.dense.activation, activation).SetInParent()
    return layer


def spec_of(dataset: str, **fields: object) -> spec_pb2.JobSpec:
    data = fields.pop("data", {})
    return spec_pb2.JobSpec(data=spec_pb2.TrainingData(dataset=f"datasets/{dataset}", **data), **fields)


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


def encode(model: model_pb2.Model, columns: list[str], rows: list[list[Cell]]) -> np.ndarray:
    """The network's inputs, as Model.features describes them."""
    inputs = []
    for feature in model.features:
        cells = [row[columns.index(feature.column)] for row in rows]
        if feature.type == dataset_pb2.COLUMN_TYPE_NUMERIC:
            numbers = np.array([feature.missing_value if cell is None else cell for cell in cells], np.float64)
            inputs.append(((numbers - feature.offset) * feature.scale)[:, None])
            continue
        width = max(len(feature.categories), feature.missing_category + 1)
        one_hot = np.zeros((len(rows), width))
        for i, cell in enumerate(cells):
            if cell is None:
                one_hot[i, feature.missing_category] = 1
            elif cell in feature.categories:
                one_hot[i, list(feature.categories).index(cell)] = 1
        inputs.append(one_hot)
    return np.hstack(inputs)


def forward(model: model_pb2.Model, tensors: dict[str, np.ndarray], inputs: np.ndarray) -> np.ndarray:
    activations = {"relu": lambda z: np.maximum(z, 0), "tanh": np.tanh, "identity": lambda z: z}
    real = next(iter(tensors.values())).dtype
    x = inputs.astype(real).astype(np.float64)
    kinds = [layer.dense.activation.WhichOneof("kind") for layer in model.network.hidden] + ["identity"]
    for i, kind in enumerate(kinds):
        z = x @ tensors[f"layers.{i}.weight"].astype(np.float64) + tensors[f"layers.{i}.bias"].astype(np.float64)
        x = activations[kind](z)
    return x


def probabilities_of(model: model_pb2.Model, outputs: np.ndarray) -> np.ndarray:
    """In the order of the classes."""
    if model.loss.WhichOneof("kind") == "softmax_cross_entropy":
        shares = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        return shares / shares.sum(axis=1, keepdims=True)
    positive = 1 / (1 + np.exp(-outputs[:, 0]))
    classes = list(model.target.classes)
    pair = np.empty((len(outputs), 2))
    pair[:, classes.index(model.target.positive_class)] = positive
    pair[:, 1 - classes.index(model.target.positive_class)] = 1 - positive
    return pair


def read_safetensors(content: bytes) -> tuple[dict[str, str], dict[str, np.ndarray]]:
    size = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + size])
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        data = content[8 + size + begin : 8 + size + end]
        tensors[name] = np.frombuffer(data, NUMPY_TYPES[entry["dtype"]]).reshape(entry["shape"])
    return metadata, tensors


def values_of(values: list[metric_pb2.MetricValue]) -> dict[int, float]:
    return {value.metric: value.value for value in values}


class LifeTest(ServerTest):
    def predict(self, model: str, table: dataset_pb2.Table) -> model_pb2.PredictResponse:
        return self.client.models.Predict(model_pb2.PredictRequest(model=model, table=table))

    def predict_dataset(self, model: str, dataset: str) -> model_pb2.PredictResponse:
        return self.client.models.Predict(model_pb2.PredictRequest(model=model, dataset=f"datasets/{dataset}"))

    def evaluate(self, model: str, dataset: str, *metrics: int) -> model_pb2.EvaluateResponse:
        request = model_pb2.EvaluateRequest(model=model, dataset=f"datasets/{dataset}", metrics=metrics)
        return self.client.models.Evaluate(request)


class JourneyTest(LifeTest):
    def test_from_the_upload_to_the_deletion(self) -> None:
        client = self.client
        client.upload_csv(trainyard_testing.DATA / "iris.csv", "iris")
        spec = spec_of(
            "iris",
            data={"validation_fraction": 0.2, "test_fraction": 0.2},
            network=spec_pb2.Network(hidden=[dense(8, "tanh")]),
            optimizer=spec_pb2.Optimizer(learning_rate=0.1),
            budget=spec_pb2.Budget(epochs=100),
            seed=3,
        )
        job = client.create_job(spec, display_name="first", labels={"team": "a"})
        self.assertEqual((job.state, job.attempt, job.model), (event_pb2.STATE_QUEUED, 1, model_of(job.name)))

        seen = client.follow_until(job.name, Run(), lambda run: run.steps >= 10)
        for event in client.watch(job.name, seen.next_sequence):
            seen.add(event)
        self.assertEqual(seen.terminal.stop_reason, event_pb2.STOP_REASON_EPOCHS)
        self.assertEqual(len(seen.of_kind("evaluation")), 100 + 1)

        ended = client.ended_job(job.name)
        self.assertEqual(ended.state, event_pb2.STATE_SUCCEEDED)
        self.assertEqual(ended.progress.step, 100 * 3)
        self.assertEqual((ended.progress.epoch, ended.progress.examples), (100, 100 * 90))
        self.assertEqual(
            (
                ended.progress.training_examples,
                ended.progress.validation_examples,
                ended.progress.test_examples,
            ),
            (90, 30, 30),
        )
        by_part = {evaluation.part: values_of(evaluation.values) for evaluation in ended.latest_evaluations}
        self.assertEqual(set(by_part), {metric_pb2.PART_VALIDATION, metric_pb2.PART_TEST})
        self.assertGreater(by_part[metric_pb2.PART_TEST][metric_pb2.METRIC_ACCURACY], 0.9)

        columns, rows = csv_rows("iris")
        prediction = self.predict(job.model, table_of(columns[:4], [row[:4] for row in rows]))
        self.assertEqual(list(prediction.classes), ["setosa", "versicolor", "virginica"])
        for entry in prediction.predictions:
            self.assertAlmostEqual(sum(entry.probabilities), 1, delta=1e-12)
            self.assertEqual(entry.class_name, prediction.classes[int(np.argmax(entry.probabilities))])
        right = [entry.class_name == row[4] for entry, row in zip(prediction.predictions, rows)]
        accuracy = values_of(self.evaluate(job.model, "iris").values)[metric_pb2.METRIC_ACCURACY]
        self.assertAlmostEqual(accuracy, sum(right) / len(right), delta=1e-12)

        client.models.DeleteModel(model_pb2.DeleteModelRequest(name=job.model))
        self.refused(grpc.StatusCode.NOT_FOUND, client.get_model, job.name)
        self.assertEqual(client.get_job(job.name).state, event_pb2.STATE_SUCCEEDED)
        client.jobs.DeleteJob(job_pb2.DeleteJobRequest(name=job.name, etag=ended.etag))
        self.refused(grpc.StatusCode.NOT_FOUND, client.get_job, job.name)
        self.refused(grpc.StatusCode.NOT_FOUND, client.stream, job.name)
        client.datasets.DeleteDataset(dataset_pb2.DeleteDatasetRequest(name="datasets/iris"))
        request = dataset_pb2.GetDatasetRequest(name="datasets/iris")
        self.refused(grpc.StatusCode.NOT_FOUND, client.datasets.GetDataset, request)

    def test_a_deleted_job_takes_its_model_with_it(self) -> None:
        self.client.upload(b"a,y\n1,1.5\n2,2.5\n", "small")
        job = self.client.train(spec_of("small", budget=spec_pb2.Budget(steps=1)))
        self.client.get_model(job.name)
        self.client.jobs.DeleteJob(job_pb2.DeleteJobRequest(name=job.name))
        self.refused(grpc.StatusCode.NOT_FOUND, self.client.get_model, job.name)

    def test_a_data_set_keeps_its_examples_as_they_were_uploaded(self) -> None:
        self.client.upload(b"a,b,y\n1,x,0.5\nNA,z,1.5\n3,,2.5\n", "preview")
        read = self.client.datasets.ReadExamples
        table = read(dataset_pb2.ReadExamplesRequest(dataset="datasets/preview", first_row=1, row_count=5))
        self.assertEqual(table, table_of(["a", "b", "y"], [[None, "z", 1.5], [3, None, 2.5]]))
        table = read(dataset_pb2.ReadExamplesRequest(dataset="datasets/preview"))
        self.assertEqual(len(table.rows), 3)


class ModelTest(LifeTest):
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
        prediction = self.predict(job.model, table_of(columns[:-1], [row[:-1] for row in rows]))
        self.assertEqual(prediction.step, model.step)
        if model.target.classes:
            self.assertEqual(list(prediction.classes), list(model.target.classes))
            actual = np.array([entry.probabilities for entry in prediction.predictions])
            np.testing.assert_allclose(actual, probabilities_of(model, outputs), rtol=0, atol=tolerance)
        else:
            actual = np.array([entry.value for entry in prediction.predictions])
            np.testing.assert_allclose(actual, outputs[:, 0], rtol=tolerance, atol=tolerance)
        self.assertEqual(self.predict_dataset(job.model, dataset.replace("_", "-")), prediction)

    def test_predict_is_what_numpy_makes_of_the_exported_model(self) -> None:
        for precision, tolerance in ((spec_pb2.PRECISION_F32, 1e-6), (spec_pb2.PRECISION_F64, 1e-12)):
            for dataset, hidden, loss, rate in (
                ("breast_cancer", [], spec_pb2.Loss(logistic=spec_pb2.Logistic()), 0.01),
                ("breast_cancer", [], spec_pb2.Loss(logistic=spec_pb2.Logistic(positive_class="malignant")), 0.01),
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
                        optimizer=spec_pb2.Optimizer(learning_rate=rate),
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
            self.assertEqual(response.crc32c, trainyard_testing.crc32c(response.data))
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
        expected = self.predict(job.model, table_of(columns[:4], [row[:4] for row in rows]))
        mixed = ["petal_width", "color", "sepal_length", "petal_length", "sepal_width"]
        order = [columns.index(name) if name in columns else None for name in mixed]
        table = table_of(mixed, [["red" if i is None else row[i] for i in order] for row in rows])
        self.assertEqual(self.predict(job.model, table), expected)

    def test_an_empty_table_has_no_predictions(self) -> None:
        job = self.client.train(spec_of("iris", budget=spec_pb2.Budget(steps=1)))
        self.assertEqual(len(self.predict(job.model, table_of(csv_rows("iris")[0], [])).predictions), 0)

    def test_what_a_table_lacks_is_named(self) -> None:
        job = self.client.train(spec_of("iris", budget=spec_pb2.Budget(steps=1)))
        columns = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
        for field, table in (
            ("table.columns", table_of(columns[:3], [[1.0, 2.0, 3.0]])),
            ("table.rows[1]", table_of(columns, [[1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0]])),
            ("table.rows[0].values[2]", table_of(columns, [[1.0, 2.0, "three", 4.0]])),
            ("table.rows[0].values[0]", table_of(columns, [[math.nan, 2.0, 3.0, 4.0]])),
        ):
            refusal = self.refused(grpc.StatusCode.INVALID_ARGUMENT, self.predict, job.model, table)
            self.assertEqual(refusal.fields, [field])
        table = table_of(columns[:3], [[1.0, 2.0, 3.0]])
        self.assertIn(
            "petal_width",
            self.refused(grpc.StatusCode.INVALID_ARGUMENT, self.predict, job.model, table).message,
        )

    def test_more_than_10000_rows_in_a_table_are_refused(self) -> None:
        job = self.client.train(spec_of("iris", budget=spec_pb2.Budget(steps=1)))
        table = table_of(["sepal_length"], [[1.0]] * 10_001)
        self.refused_field(
            "table.rows = 10001 rows, must be at most 10000", lambda: self.predict(job.model, table)
        )

    def test_null_stands_for_the_mean_of_the_training_part(self) -> None:
        job = self.client.train(spec_of("iris", budget=spec_pb2.Budget(epochs=3)))
        model = self.client.get_model(job.name)
        columns = [feature.column for feature in model.features]
        means = [feature.missing_value for feature in model.features]
        nulls = self.predict(job.model, table_of(columns, [[None] * 4]))
        self.assertEqual(nulls, self.predict(job.model, table_of(columns, [means])))
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
            answer = self.evaluate(job.model, "breast-cancer")
            self.assertEqual(list(answer.values), list(told.values))
            self.assertEqual((answer.row_count, answer.step), (569, job.parameters_step))
            model = self.client.get_model(job.name)
            self.assertEqual((model.step, model.parameters_held), (job.parameters_step, job.parameters_held))
            held = event_pb2.PARAMETERS_HELD_LAST if early_stopping is None else event_pb2.PARAMETERS_HELD_BEST
            self.assertEqual(job.parameters_held, held)

    def test_evaluate_measures_what_it_is_asked_for(self) -> None:
        job = self.client.train(spec_of("iris", budget=spec_pb2.Budget(epochs=3)))
        answer = self.evaluate(job.model, "iris", metric_pb2.METRIC_ZERO_ONE_ERROR)
        self.assertEqual(
            [value.metric for value in answer.values], [metric_pb2.METRIC_LOSS, metric_pb2.METRIC_ZERO_ONE_ERROR]
        )
        self.refused_field(
            "metrics[0] = rmse, must be a metric that fits the model's target",
            lambda: self.evaluate(job.model, "iris", metric_pb2.METRIC_RMSE),
        )

    def test_evaluate_refuses_a_data_set_without_the_columns(self) -> None:
        job = self.client.train(spec_of("iris", budget=spec_pb2.Budget(steps=1)))
        for call in (self.evaluate, self.predict_dataset):
            refusal = self.refused(grpc.StatusCode.INVALID_ARGUMENT, call, job.model, "diabetes")
            self.assertEqual(refusal.metadata.get("column"), "sepal_length")

    def test_a_model_of_a_running_job_answers_with_its_newest_checkpoint(self) -> None:
        spec = spec_of("iris", budget=spec_pb2.Budget(steps=10**12), checkpoints=spec_pb2.CheckpointPlan(every_steps=500))
        job = self.client.create_job(spec)
        self.client.follow_until(job.name, Run(), lambda run: len(run.of_kind("checkpoint_saved")) >= 2)
        model = self.client.get_model(job.name)
        self.assertEqual(model.step % 500, 0)
        self.assertGreaterEqual(self.predict_dataset(job.model, "iris").step, model.step)
        self.client.cancel_job(job.name)

    def test_checkpoints_every_n_steps_are_never_skipped(self) -> None:
        spec = spec_of("iris", budget=spec_pb2.Budget(steps=2000), checkpoints=spec_pb2.CheckpointPlan(every_steps=100))
        run = self.client.follow(self.client.create_job(spec).name)
        steps = [event.step for event in run.of_kind("checkpoint_saved")]
        self.assertEqual(sorted(set(steps)), list(range(100, 2001, 100)))

    # ---- Kinds of jobs

    def test_regression_measures_rmse_in_the_unit_of_the_target(self) -> None:
        spec = spec_of(
            "diabetes",
            data={"validation_fraction": 0.25},
            optimizer=spec_pb2.Optimizer(learning_rate=0.01),
            budget=spec_pb2.Budget(epochs=50),
        )
        job = self.client.train(spec)
        self.assertEqual(job.spec.loss.WhichOneof("kind"), "squared")
        told = values_of(job.latest_evaluations[0].values)
        self.assertEqual(set(told), {metric_pb2.METRIC_LOSS, metric_pb2.METRIC_RMSE})
        self.assertAlmostEqual(told[metric_pb2.METRIC_RMSE], math.sqrt(2 * told[metric_pb2.METRIC_LOSS]), delta=1e-9)
        self.assertLess(told[metric_pb2.METRIC_RMSE], 70)
        columns, rows = csv_rows("diabetes")
        values = [entry.value for entry in self.predict_dataset(job.model, "diabetes").predictions]
        errors = [value - float(row[-1]) for value, row in zip(values, rows)]
        rmse = math.sqrt(sum(error * error for error in errors) / len(errors))
        answer = values_of(self.evaluate(job.model, "diabetes").values)
        self.assertAlmostEqual(answer[metric_pb2.METRIC_RMSE], rmse, delta=1e-6)

    def test_the_logistic_loss_tells_its_positive_class(self) -> None:
        for given, positive in ((None, "benign"), ("malignant", "malignant")):
            logistic = spec_pb2.Logistic(positive_class=given)
            spec = spec_of("breast-cancer", loss=spec_pb2.Loss(logistic=logistic), budget=spec_pb2.Budget(epochs=5))
            job = self.client.train(spec)
            model = self.client.get_model(job.name)
            self.assertEqual(list(model.target.classes), ["malignant", "benign"])
            self.assertEqual(model.target.positive_class, positive)
            self.assertEqual(list(model.tensors[0].shape), [30, 1])
            answer = values_of(self.evaluate(job.model, "breast-cancer").values)
            self.assertGreater(answer[metric_pb2.METRIC_ACCURACY], 0.9)

    def test_early_stopping_returns_to_the_best_and_says_all(self) -> None:
        spec = spec_of(
            "breast-cancer",
            data={"validation_fraction": 0.4},
            network=spec_pb2.Network(hidden=[dense(64)]),
            optimizer=spec_pb2.Optimizer(learning_rate=0.1),
            budget=spec_pb2.Budget(epochs=500),
            early_stopping=spec_pb2.EarlyStopping(metric=metric_pb2.METRIC_LOG_LOSS, patience=3),
        )
        job = self.client.train(spec)
        run = self.client.follow(job.name)
        self.assertEqual(job.stop_reason, event_pb2.STOP_REASON_EARLY_STOP)
        self.assertEqual(job.state, event_pb2.STATE_SUCCEEDED)
        told = [event for event in run.of_kind("evaluation") if event.evaluation.part == metric_pb2.PART_VALIDATION]
        log_losses = {event.step: values_of(event.evaluation.values)[metric_pb2.METRIC_LOG_LOSS] for event in told}
        best_step = min(log_losses, key=log_losses.get)
        self.assertEqual(job.parameters_step, best_step)
        self.assertEqual([event.evaluation.patience.left for event in told[-4:]], [3, 2, 1, 0])
        (stop,) = run.of_kind("early_stop")
        self.assertEqual((stop.early_stop.best_step, stop.early_stop.best_value), (best_step, log_losses[best_step]))
        self.assertEqual(stop.early_stop.patience, 3)
        self.assertGreater(stop.early_stop.training_gradient_norm, 0)

    def test_a_run_that_diverges_fails_and_says_where(self) -> None:
        for hidden in ([], [dense(8)]):
            spec = spec_of(
                "diabetes",
                network=spec_pb2.Network(hidden=hidden),
                optimizer=spec_pb2.Optimizer(learning_rate=1e6),
                minibatches=spec_pb2.Minibatches(size=50),
                budget=spec_pb2.Budget(epochs=100),
            )
            job = self.client.train(spec)
            run = self.client.follow(job.name)
            (event,) = run.of_kind("divergence")
            divergence = event.divergence
            self.assertEqual(job.state, event_pb2.STATE_FAILED)
            self.assertEqual(job.stop_reason, event_pb2.STOP_REASON_DIVERGENCE)
            self.assertEqual(job.parameters_held, event_pb2.PARAMETERS_HELD_LAST_FINITE)
            self.assertIn(job.parameters_step, (event.step, event.step - 1))
            refusal = trainyard_testing.refusal_in(job.error)
            self.assertEqual((refusal.reason, refusal.metadata), ("DIVERGED", {"step": str(event.step)}))
            self.assertEqual(run.terminal.error, job.error)
            self.assertEqual(run.steps, event.step)
            self.assertEqual(len(divergence.rows), 32)
            self.assertTrue(all(0 <= row < 442 for row in divergence.rows))
            self.assertFalse(math.isfinite(divergence.loss) and math.isfinite(divergence.gradient_norm))
            names = [tensor.name for tensor in self.client.get_model(job.name).tensors]
            if math.isfinite(divergence.loss):
                self.assertIn(divergence.tensor, names)
            for values in self.client.tensors(job.model).values():
                self.assertTrue(np.isfinite(values).all())
            model = self.client.get_model(job.name)
            self.assertEqual(model.step, job.parameters_step)
            self.assertEqual(model.parameters_held, event_pb2.PARAMETERS_HELD_LAST_FINITE)

    def test_a_running_time_ends_a_run(self) -> None:
        spec = spec_of("iris", budget=spec_pb2.Budget(steps=10**12))
        spec.budget.running_time.nanos = 200_000_000
        job = self.client.train(spec)
        self.assertEqual(job.state, event_pb2.STATE_SUCCEEDED)
        self.assertEqual(job.stop_reason, event_pb2.STOP_REASON_RUNNING_TIME)
        self.assertGreaterEqual(job.progress.running_time.ToMilliseconds(), 200)
        self.assertGreater(job.parameters_step, 0)

    def test_each_limit_of_the_budget_has_its_reason(self) -> None:
        for budget, reason, steps in (
            (spec_pb2.Budget(steps=7), event_pb2.STOP_REASON_STEPS, 7),
            (spec_pb2.Budget(epochs=2), event_pb2.STOP_REASON_EPOCHS, 10),
            (spec_pb2.Budget(examples=151), event_pb2.STOP_REASON_EXAMPLES, 6),
            (spec_pb2.Budget(steps=7, epochs=1), event_pb2.STOP_REASON_EPOCHS, 5),
        ):
            job = self.client.train(spec_of("iris", budget=budget))
            self.assertEqual((job.stop_reason, job.progress.step), (reason, steps))
            self.assertEqual(job.progress.total_steps, steps)

    def test_a_checked_job_is_known_before_its_first_step(self) -> None:
        spec = spec_of(
            "digits",
            data={"validation_fraction": 0.1, "test_fraction": 0.1},
            network=spec_pb2.Network(hidden=[dense(16)]),
            budget=spec_pb2.Budget(epochs=2),
        )
        answer = self.client.check_job(spec)
        self.assertEqual(
            [(tensor.name, list(tensor.shape)) for tensor in answer.tensors],
            [
                ("layers.0.weight", [64, 16]),
                ("layers.0.bias", [16]),
                ("layers.1.weight", [16, 10]),
                ("layers.1.bias", [10]),
            ],
        )
        self.assertEqual(answer.parameter_count, 64 * 16 + 16 + 16 * 10 + 10)
        self.assertEqual((answer.input_count, answer.output_count), (64, 10))
        parts = (answer.training_examples, answer.validation_examples, answer.test_examples)
        self.assertEqual(parts, (1437, 180, 180))
        self.assertEqual(answer.total_steps, 90)
        self.assertGreater(answer.memory_bytes, answer.parameter_count * 4)
        self.assertGreater(answer.time_per_step.ToNanoseconds(), 0)
        self.assertAlmostEqual(
            answer.total_time.ToNanoseconds(), 90 * answer.time_per_step.ToNanoseconds(), delta=1000
        )
        self.assertEqual(answer.spec, self.client.create_job(spec).spec)

    def test_a_spec_comes_back_with_every_default(self) -> None:
        spec = self.client.create_job(spec_of("iris")).spec
        self.assertEqual(spec.data.target, "species")
        self.assertTrue(spec.data.stratified)
        self.assertEqual(spec.data.encoding.scaling, spec_pb2.SCALING_STANDARDIZE)
        self.assertEqual(spec.loss.WhichOneof("kind"), "softmax_cross_entropy")
        self.assertEqual((spec.optimizer.learning_rate, spec.optimizer.nesterov.momentum), (0.01, 0.9))
        self.assertEqual(spec.optimizer.schedule.WhichOneof("kind"), "constant")
        self.assertEqual((spec.minibatches.size, spec.minibatches.WhichOneof("order")), (32, "permutation"))
        self.assertEqual(spec.initialization.WhichOneof("weights"), "glorot_uniform")
        self.assertEqual(spec.initialization.WhichOneof("biases"), "zero_biases")
        self.assertEqual((spec.budget.epochs, spec.evaluation.every_epochs), (10, 1))
        self.assertEqual(spec.divergence.WhichOneof("kind"), "stop")
        self.assertEqual((spec.precision, spec.HasField("seed"), spec.seed), (spec_pb2.PRECISION_F32, True, 0))
        self.assertFalse(spec.HasField("early_stopping"))


class MixedDataTest(LifeTest):
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
            optimizer=spec_pb2.Optimizer(learning_rate=0.05),
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
        answer = self.predict(self.job.model, table_of(columns, rows))
        actual = np.array([entry.probabilities for entry in answer.predictions])
        np.testing.assert_allclose(actual, probabilities_of(self.model, outputs), rtol=0, atol=1e-12)
        same = self.predict_dataset(self.job.model, "mixed")
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
        refusal = self.refused(grpc.StatusCode.INVALID_ARGUMENT, self.predict, job.model, table)
        self.assertEqual(refusal.metadata["column"], "city")
        self.assertIn("Atlantis", refusal.message)


class PartsTest(LifeTest):
    def test_validation_and_test_may_be_other_data_sets(self) -> None:
        lines = (trainyard_testing.DATA / "iris.csv").read_text().splitlines(keepends=True)
        body = lines[1:]
        random.Random(1).shuffle(body)
        for name, rows in (("train", body[:90]), ("validation", body[90:120]), ("test", body[120:])):
            self.client.upload("".join([lines[0], *rows]).encode(), name)
        data = {"validation_dataset": "datasets/validation", "test_dataset": "datasets/test"}
        job = self.client.train(spec_of("train", data=data, budget=spec_pb2.Budget(epochs=5)))
        self.assertEqual(job.state, event_pb2.STATE_SUCCEEDED)
        progress = job.progress
        parts = (progress.training_examples, progress.validation_examples, progress.test_examples)
        self.assertEqual(parts, (90, 30, 30))
        for entry in job.latest_evaluations:
            name = "validation" if entry.part == metric_pb2.PART_VALIDATION else "test"
            self.assertEqual(list(self.evaluate(job.model, name).values), list(entry.values))

    def test_all_data_sets_of_a_job_are_in_use_until_it_ends(self) -> None:
        content = (trainyard_testing.DATA / "iris.csv").read_bytes()
        names = ["use-train", "use-validation", "use-test"]
        for name in names:
            self.client.upload(content, name)
        data = {"validation_dataset": "datasets/use-validation", "test_dataset": "datasets/use-test"}
        job = self.client.create_job(spec_of("use-train", data=data, budget=spec_pb2.Budget(steps=10**12)))
        delete = lambda name: self.client.datasets.DeleteDataset(
            dataset_pb2.DeleteDatasetRequest(name=f"datasets/{name}")
        )
        for name in names:
            refusal = self.refused(grpc.StatusCode.FAILED_PRECONDITION, delete, name)
            self.assertEqual(refusal.reason, "DATASET_IN_USE")
        self.client.cancel_job(job.name)
        for name in names:
            delete(name)

    def test_the_target_may_be_another_column_than_the_data_set_s(self) -> None:
        self.client.upload_csv(trainyard_testing.DATA / "diabetes.csv", "diabetes")
        spec = spec_of("diabetes", data={"target": "bmi"}, budget=spec_pb2.Budget(epochs=2))
        answer = self.client.check_job(spec)
        for tensor in answer.tensors:
            spec.initial_state.parameters.add(
                name=tensor.name, shape=tensor.shape, values=[0] * int(np.prod(tensor.shape))
            )
        job = self.client.train(spec)
        self.assertEqual(job.state, event_pb2.STATE_SUCCEEDED)
        model = self.client.get_model(job.name)
        self.assertEqual(model.target.column, "bmi")
        self.assertEqual(len(model.features), answer.input_count)


class ListTest(LifeTest):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        content = (trainyard_testing.DATA / "iris.csv").read_bytes()
        for name in ("one", "two", "three"):
            cls.client.upload(content, name)
        cls.jobs = []
        for i in range(7):
            dataset = "one" if i < 5 else "two"
            labels = {"team": "ab"[i % 2], "n": str(i)}
            spec = spec_of(dataset, budget=spec_pb2.Budget(steps=1))
            cls.jobs.append(cls.client.train(spec, labels=labels, display_name=f"job {i}"))
        cls.running = cls.client.create_job(spec_of("two", budget=spec_pb2.Budget(steps=10**12)))
        cls.client.follow_until(cls.running.name, Run(), lambda run: run.steps > 0)

    @classmethod
    def tearDownClass(cls) -> None:
        cls.client.cancel_job(cls.running.name)
        super().tearDownClass()

    def listed(self, filter: str = "", page_size: int = 0) -> list[str]:
        names = []
        request = job_pb2.ListJobsRequest(filter=filter, page_size=page_size)
        while True:
            page = self.client.jobs.ListJobs(request)
            names += [job.name for job in page.jobs]
            if page_size:
                self.assertLessEqual(len(page.jobs), page_size)
            request.page_token = page.next_page_token
            if not request.page_token:
                return names

    def names(self, *indices: int) -> list[str]:
        """Newest first."""
        return [self.jobs[i].name for i in sorted(indices, reverse=True)]

    def test_jobs_come_newest_first_in_pages_of_any_size(self) -> None:
        expected = [self.running.name, *self.names(*range(7))]
        for page_size in (0, 1, 3, 8, 1000):
            self.assertEqual(self.listed(page_size=page_size), expected)

    def test_filters_choose(self) -> None:
        created = self.jobs[4].create_time.ToJsonString()
        for filter, expected in (
            ('labels.team = "a"', self.names(0, 2, 4, 6)),
            ("labels.team = b", self.names(1, 3, 5)),
            ('labels.team != "a"', [self.running.name, *self.names(1, 3, 5)]),
            ("state = SUCCEEDED", self.names(*range(7))),
            ("state = RUNNING", [self.running.name]),
            ("state != SUCCEEDED", [self.running.name]),
            ('display_name = "job 3"', self.names(3)),
            ('dataset = "datasets/two"', [self.running.name, *self.names(5, 6)]),
            ('state = SUCCEEDED AND labels.team = "b" AND dataset = "datasets/one"', self.names(1, 3)),
            (f'create_time >= "{created}"', [self.running.name, *self.names(4, 5, 6)]),
            (f'create_time < "{created}"', self.names(0, 1, 2, 3)),
            ('labels.team = "none"', []),
        ):
            with self.subTest(filter):
                self.assertEqual(self.listed(filter), expected)
                self.assertEqual(self.listed(filter, page_size=2), expected)

    def test_jobs_in_a_list_are_those_that_get_answers(self) -> None:
        page = self.client.jobs.ListJobs(job_pb2.ListJobsRequest(filter='labels.n = "3"'))
        self.assertEqual(list(page.jobs), [self.client.get_job(self.jobs[3].name)])

    def test_data_sets_come_by_name(self) -> None:
        names = []
        request = dataset_pb2.ListDatasetsRequest(page_size=2)
        while True:
            page = self.client.datasets.ListDatasets(request)
            names += [dataset.name for dataset in page.datasets]
            request.page_token = page.next_page_token
            if not request.page_token:
                break
        self.assertEqual(names, ["datasets/one", "datasets/three", "datasets/two"])

    def test_models_come_newest_first(self) -> None:
        names = []
        request = model_pb2.ListModelsRequest(page_size=3)
        while True:
            page = self.client.models.ListModels(request)
            names += [model.name for model in page.models]
            request.page_token = page.next_page_token
            if not request.page_token:
                break
        self.assertEqual(names, [model_of(name) for name in self.names(*range(7))])


class PriorityTest(ServerTest):
    flags = ("--workers=1",)
    datasets = ("iris",)

    def test_a_job_of_higher_priority_goes_first(self) -> None:
        spec = spec_of("iris", budget=spec_pb2.Budget(steps=100_000))
        low = self.client.create_job(spec, priority=-5)
        high = self.client.create_job(spec, priority=5)
        ended = [self.client.ended_job(job.name) for job in (low, high)]
        self.assertLess(ended[1].end_time.ToNanoseconds(), ended[0].end_time.ToNanoseconds())

    def test_jobs_of_one_priority_share(self) -> None:
        jobs = [self.client.create_job(spec_of("iris", budget=spec_pb2.Budget(steps=10**12))) for _ in range(3)]
        for job in jobs:
            self.client.follow_until(job.name, Run(), lambda run: run.steps > 5000)
        for job in jobs:
            self.client.cancel_job(job.name)

    def test_a_tiny_job_ends_beside_endless_ones(self) -> None:
        jobs = [self.client.create_job(spec_of("iris", budget=spec_pb2.Budget(steps=10**12))) for _ in range(5)]
        tiny = self.client.train(spec_of("iris", budget=spec_pb2.Budget(steps=1)))
        self.assertEqual(tiny.state, event_pb2.STATE_SUCCEEDED)
        for job in jobs:
            self.client.cancel_job(job.name)


class ServiceTest(ServerTest):
    datasets = ("iris",)

    def test_the_server_tells_its_limits_and_its_numbers(self) -> None:
        info = self.client.server_info()
        self.assertNotEqual(info.numeric_fingerprint, "")
        self.assertIn(info.cpu_dispatch, ("x86-64-v3", "x86-64-v4"))
        self.assertGreater(info.worker_count, 0)
        self.assertEqual(info.limits.columns, 100_000)
        self.assertEqual(info.limits.message_bytes, 16 << 20)
        self.assertEqual(info.limits.initial_state_bytes, 16 << 20)
        for limit in ("upload_bytes", "open_uploads", "job_memory_bytes", "queued_jobs", "watchers"):
            self.assertGreater(getattr(info.limits, limit), 0)

    def test_the_server_counts_active_jobs_and_watchers(self) -> None:
        job = self.client.create_job(spec_of("iris", budget=spec_pb2.Budget(steps=10**12)))
        stream = self.client.stream(job.name)
        next(stream)
        info = self.client.server_info()
        self.assertEqual((info.active_jobs, info.queued_jobs, info.watchers), (1, 0, 1))
        stream.cancel()
        self.client.cancel_job(job.name)

    def test_the_server_is_healthy(self) -> None:
        check = self.client.channel.unary_unary("/grpc.health.v1.Health/Check")
        serving = b"\x08\x01"
        self.assertEqual(check(b""), serving)

    def test_reflection_lists_the_services(self) -> None:
        reflect = self.client.channel.stream_stream("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")
        list_services = b"\x3a\x01*"
        answer = next(reflect(iter([list_services]), timeout=10))
        for service in ("Dataset", "Job", "Watch", "Model", "Insight", "Server"):
            self.assertIn(f"trainyard.v1.{service}Service".encode(), answer)


if __name__ == "__main__":
    unittest.main()
