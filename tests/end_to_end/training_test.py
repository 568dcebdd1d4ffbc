#!/usr/bin/python3
"""Each kind of job and each way to end, on the data sets that a job may name."""

import math
import random
import unittest

import grpc
import numpy as np

import trainyard_testing
from specs import ENDLESS, dense, spec_of
from tables import csv_rows
from trainyard.v1 import dataset_pb2, event_pb2, loss_pb2, metric_pb2, optimizer_pb2, spec_pb2
from trainyard_testing import ServerTest, values_of


class TrainingTest(ServerTest):
    datasets = ("breast_cancer", "diabetes", "digits", "iris")

    def test_regression_measures_rmse_in_the_unit_of_the_target(self) -> None:
        spec = spec_of(
            "diabetes",
            data={"validation_fraction": 0.25},
            optimizer=optimizer_pb2.Optimizer(learning_rate=0.01),
            budget=spec_pb2.Budget(epochs=50),
        )
        job = self.client.train(spec)
        self.assertEqual(job.spec.loss.WhichOneof("kind"), "squared")
        told = values_of(job.latest_evaluations[0].values)
        self.assertEqual(set(told), {metric_pb2.METRIC_LOSS, metric_pb2.METRIC_RMSE})
        self.assertAlmostEqual(told[metric_pb2.METRIC_RMSE], math.sqrt(2 * told[metric_pb2.METRIC_LOSS]), delta=1e-9)
        self.assertLess(told[metric_pb2.METRIC_RMSE], 70)
        columns, rows = csv_rows("diabetes")
        values = [entry.value for entry in self.client.predict_dataset(job.model, "diabetes").predictions]
        errors = [value - float(row[-1]) for value, row in zip(values, rows)]
        rmse = math.sqrt(sum(error * error for error in errors) / len(errors))
        answer = values_of(self.client.evaluate(job.model, "diabetes").values)
        self.assertAlmostEqual(answer[metric_pb2.METRIC_RMSE], rmse, delta=1e-6)

    def test_the_logistic_loss_tells_its_positive_class(self) -> None:
        for given, positive in ((None, "benign"), ("malignant", "malignant")):
            logistic = loss_pb2.Logistic(positive_class=given)
            spec = spec_of("breast-cancer", loss=loss_pb2.Loss(logistic=logistic), budget=spec_pb2.Budget(epochs=5))
            job = self.client.train(spec)
            model = self.client.get_model(job.name)
            self.assertEqual(list(model.target.classes), ["malignant", "benign"])
            self.assertEqual(model.target.positive_class, positive)
            self.assertEqual(list(model.tensors[0].shape), [30, 1])
            answer = values_of(self.client.evaluate(job.model, "breast-cancer").values)
            self.assertGreater(answer[metric_pb2.METRIC_ACCURACY], 0.9)

    def test_early_stopping_returns_to_the_best_and_says_all(self) -> None:
        spec = spec_of(
            "breast-cancer",
            data={"validation_fraction": 0.4},
            network=spec_pb2.Network(hidden=[dense(64)]),
            optimizer=optimizer_pb2.Optimizer(learning_rate=0.1),
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
                optimizer=optimizer_pb2.Optimizer(learning_rate=1e6),
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
        spec = spec_of("iris", budget=ENDLESS)
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


class PartsTest(ServerTest):
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
            metrics = [value.metric for value in entry.values[1:]]
            self.assertEqual(list(self.client.evaluate(job.model, name, *metrics).values), list(entry.values))

    def test_all_data_sets_of_a_job_are_in_use_until_it_ends(self) -> None:
        content = (trainyard_testing.DATA / "iris.csv").read_bytes()
        names = ["use-train", "use-validation", "use-test"]
        for name in names:
            self.client.upload(content, name)
        data = {"validation_dataset": "datasets/use-validation", "test_dataset": "datasets/use-test"}
        job = self.client.create_job(spec_of("use-train", data=data, budget=ENDLESS))
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


if __name__ == "__main__":
    unittest.main()
