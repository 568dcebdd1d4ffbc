#!/usr/bin/python3
"""Every loss and every hidden layer by its name: what it learns, what it predicts, and what it refuses."""

import unittest

import grpc
import numpy as np

from numpy_model import encode, forward, probabilities_of, scores_of
from specs import dense, spec_of
from tables import csv_rows
from trainyard.v1 import event_pb2, initialization_pb2, loss_pb2, metric_pb2, model_pb2, optimizer_pb2, spec_pb2
from trainyard_testing import ServerTest, values_of

BINARY = ("logistic", "hinge", "squared_hinge", "smoothed_hinge", "exponential", "perceptron", "squared_margin")
OF_CLASSES = ("softmax_cross_entropy", "multiclass_hinge")
OF_NUMBERS = ("squared", "absolute", "huber", "poisson", "quantile")
PROBABILISTIC = ("softmax_cross_entropy", "logistic")
RATES = {"exponential": 0.002, "absolute": 0.5, "huber": 0.5, "poisson": 0.0001, "quantile": 0.5}
COUNTS = b"".join([b"x,y\n", *(f"{x / 10},{round(2.0 ** (x / 10))}\n".encode() for x in range(-20, 50))])


def loss_of(name: str, **fields: object) -> loss_pb2.Loss:
    loss = loss_pb2.Loss()
    getattr(loss, name).SetInParent()
    for field, value in fields.items():
        setattr(getattr(loss, name), field, value)
    return loss


def maxout(units: int, pieces: int = 2) -> spec_pb2.Layer:
    return spec_pb2.Layer(maxout=spec_pb2.Maxout(units=units, pieces=pieces))


class LossTest(ServerTest):
    datasets = ("breast_cancer", "diabetes", "digits", "iris")

    def trained(self, dataset: str, loss: loss_pb2.Loss, **fields: object) -> tuple[model_pb2.Model, np.ndarray]:
        """The model, and the outputs that NumPy computes from its tensors for every row of the data set."""
        name = loss.WhichOneof("kind")
        defaults = {
            "optimizer": optimizer_pb2.Optimizer(learning_rate=RATES.get(name, 0.005)),
            "budget": spec_pb2.Budget(epochs=30),
            "precision": spec_pb2.PRECISION_F64,
        }
        if name == "exponential":
            # Drawn weights can have margins whose loss overflows.
            zero = initialization_pb2.Initialization(zero_weights=initialization_pb2.ZeroWeights())
            defaults["initialization"] = zero
        job = self.client.train(spec_of(dataset.replace("_", "-"), loss=loss, **{**defaults, **fields}))
        self.assertEqual(job.state, event_pb2.STATE_SUCCEEDED, job.error)
        model = self.client.get_model(job.name)
        self.assertEqual(model.loss.WhichOneof("kind"), name)
        return model, forward(model, self.client.tensors(job.model), encode(model, *csv_rows(dataset)))

    def expect_classes(self, dataset: str, model: model_pb2.Model, outputs: np.ndarray, chance: float) -> None:
        """Predictions carry what the contract says; accuracy is that of the largest score."""
        predictions = self.client.predict_dataset(model.name, dataset.replace("_", "-")).predictions
        scores = np.array([entry.scores for entry in predictions])
        np.testing.assert_allclose(scores, scores_of(model, outputs), rtol=0, atol=1e-9)
        classes = [model.target.classes[i] for i in scores.argmax(axis=1)]
        self.assertEqual([entry.class_name for entry in predictions], classes)
        self.assertEqual({entry.value for entry in predictions}, {0})
        probabilistic = model.loss.WhichOneof("kind") in PROBABILISTIC
        if probabilistic:
            actual = np.array([entry.probabilities for entry in predictions])
            np.testing.assert_allclose(actual, probabilities_of(model, outputs), rtol=0, atol=1e-9)
        else:
            self.assertEqual({len(entry.probabilities) for entry in predictions}, {0})
        truth = [row[-1] for row in csv_rows(dataset)[1]]
        accuracy = np.mean([a == b for a, b in zip(classes, truth)])
        self.assertGreater(accuracy, chance)
        told = values_of(self.client.evaluate(model.name, dataset.replace("_", "-")).values)
        self.assertAlmostEqual(told[metric_pb2.METRIC_ACCURACY], accuracy, delta=1e-12)
        self.assertEqual(metric_pb2.METRIC_LOG_LOSS in told, probabilistic)

    def test_each_binary_surrogate_learns_and_predicts_by_the_sign_of_the_output(self) -> None:
        for name in BINARY:
            with self.subTest(name):
                model, outputs = self.trained("breast_cancer", loss_of(name))
                self.assertEqual(model.target.positive_class, "benign")
                self.expect_classes("breast_cancer", model, outputs, 0.93)

    def test_the_positive_class_of_each_binary_surrogate_may_be_named(self) -> None:
        for name in BINARY:
            with self.subTest(name):
                model, outputs = self.trained("breast_cancer", loss_of(name, positive_class="malignant"))
                self.assertEqual(model.target.positive_class, "malignant")
                self.expect_classes("breast_cancer", model, outputs, 0.93)

    def test_each_loss_of_many_classes_learns(self) -> None:
        for name in OF_CLASSES:
            with self.subTest(name):
                model, outputs = self.trained("digits", loss_of(name))
                self.assertEqual(model.target.positive_class, "")
                self.expect_classes("digits", model, outputs, 0.93)

    def test_each_loss_of_numbers_beats_the_best_constant(self) -> None:
        truth = np.array([float(row[-1]) for row in csv_rows("diabetes")[1]])
        for name in OF_NUMBERS:
            with self.subTest(name):
                model, outputs = self.trained("diabetes", loss_of(name))
                predictions = self.client.predict_dataset(model.name, "diabetes").predictions
                values = np.array([entry.value for entry in predictions])
                wanted = np.exp(outputs[:, 0]) if name == "poisson" else outputs[:, 0]
                np.testing.assert_allclose(values, wanted, rtol=1e-9)
                self.assertEqual({entry.class_name for entry in predictions}, {""})
                self.assertEqual({len(entry.scores) + len(entry.probabilities) for entry in predictions}, {0})
                self.assertLess(np.abs(values - truth).mean(), 0.85 * np.abs(np.median(truth) - truth).mean())
                told = values_of(self.client.evaluate(model.name, "diabetes").values)
                rmse = np.sqrt(((values - truth) ** 2).mean())
                self.assertAlmostEqual(told[metric_pb2.METRIC_RMSE], rmse, delta=1e-9 * rmse)

    def test_poisson_predicts_the_mean_of_a_count(self) -> None:
        self.client.upload(COUNTS, "counts", types={"y": 1})
        spec = spec_of(
            "counts",
            loss=loss_of("poisson"),
            optimizer=optimizer_pb2.Optimizer(learning_rate=0.02),
            budget=spec_pb2.Budget(epochs=200),
        )
        job = self.client.train(spec)
        values = [entry.value for entry in self.client.predict_dataset(job.model, "counts").predictions]
        for x, value in list(zip(range(-20, 50), values))[20:]:
            self.assertAlmostEqual(value / 2 ** (x / 10), 1, delta=0.15)

    # ---- Metrics

    def test_early_stopping_and_evaluation_work_without_probabilities(self) -> None:
        job = self.client.train(
            spec_of(
                "breast-cancer",
                loss=loss_of("hinge"),
                data={"validation_fraction": 0.3},
                early_stopping=spec_pb2.EarlyStopping(patience=2),
            )
        )
        self.assertEqual(job.state, event_pb2.STATE_SUCCEEDED)
        self.assertNotIn(metric_pb2.METRIC_LOG_LOSS, job.spec.evaluation.metrics)
        told = values_of(job.latest_evaluations[0].values)
        self.assertGreater(told[metric_pb2.METRIC_ACCURACY], 0.9)
        self.assertNotIn(metric_pb2.METRIC_LOG_LOSS, told)

    def test_log_loss_of_a_loss_without_probabilities_is_refused(self) -> None:
        message = "= log_loss, must be left out with a loss that gives no probabilities"
        spec = spec_of("breast-cancer", loss=loss_of("hinge"), budget=spec_pb2.Budget(steps=1))
        model = self.client.train(spec).model
        self.refused_field(
            f"metrics[0] {message}", lambda: self.client.evaluate(model, "breast-cancer", metric_pb2.METRIC_LOG_LOSS)
        )
        spec.evaluation.metrics.append(metric_pb2.METRIC_LOG_LOSS)
        self.refused_field(f"evaluation.metrics[0] {message}", self.client.create_job, spec)

    # ---- Hidden layers

    def test_each_hidden_layer_learns_and_is_what_numpy_makes_of_it(self) -> None:
        layers = [dense(12, name) for name in ("identity", "relu", "tanh", "leaky_relu", "sigmoid", "softplus")]
        for layer in [*layers, maxout(12), maxout(6, 5)]:
            with self.subTest(layer):
                model, outputs = self.trained(
                    "digits",
                    loss_of("softmax_cross_entropy"),
                    network=spec_pb2.Network(hidden=[layer, layer]),
                    optimizer=optimizer_pb2.Optimizer(learning_rate=0.02),
                )
                self.expect_classes("digits", model, outputs, 0.9)

    def test_a_maxout_layer_has_a_column_for_each_piece(self) -> None:
        spec = spec_of("iris", network=spec_pb2.Network(hidden=[maxout(3, 4)]))
        answer = self.client.check_job(spec)
        shapes = {tensor.name: list(tensor.shape) for tensor in answer.tensors}
        self.assertEqual(shapes["layers.0.weight"], [4, 12])
        self.assertEqual(shapes["layers.0.bias"], [12])
        self.assertEqual(shapes["layers.1.weight"], [3, 3])
        spec.network.hidden[0].maxout.ClearField("pieces")
        self.assertEqual(self.client.check_job(spec).spec.network.hidden[0].maxout.pieces, 2)

    def test_the_slope_of_leaky_relu_is_one_hundredth_unless_given(self) -> None:
        network = spec_pb2.Network(hidden=[dense(3, "leaky_relu")])
        answer = self.client.check_job(spec_of("iris", network=network))
        self.assertEqual(answer.spec.network.hidden[0].dense.activation.leaky_relu.slope, 0.01)

    # ---- What is refused

    def test_the_zero_one_loss_is_refused_with_the_reason(self) -> None:
        refusal = self.refused(
            grpc.StatusCode.INVALID_ARGUMENT,
            self.client.create_job,
            spec_of("iris", loss=loss_of("zero_one")),
        )
        self.assertEqual(refusal.fields, ["loss.zero_one"])
        self.assertIn("the derivative of the zero-one loss is 0 wherever it has one", refusal.message)
        self.assertIn("softmax_cross_entropy or multiclass_hinge", refusal.message)

    def test_a_loss_that_does_not_fit_the_target_is_refused(self) -> None:
        for names, dataset, rule in (
            (BINARY + OF_CLASSES, "diabetes", "a loss for numbers: the target is numeric"),
            (OF_NUMBERS, "iris", "a loss for classes: the target is categorical"),
            (BINARY, "iris", "a loss for the target's 3 classes, as softmax_cross_entropy is"),
        ):
            for name in names:
                spec = spec_of(dataset, loss=loss_of(name))
                self.refused_field(f"loss = {name}, must be {rule}", self.client.create_job, spec)

    def test_a_positive_class_that_the_target_does_not_have_is_refused(self) -> None:
        for name in BINARY:
            spec = spec_of("breast-cancer", loss=loss_of(name, positive_class="maybe"))
            message = f"loss.{name}.positive_class = maybe, must be one of malignant, benign"
            self.refused_field(message, self.client.create_job, spec)

    def test_a_setting_out_of_range_is_refused(self) -> None:
        layer = dense(3, "leaky_relu")
        layer.dense.activation.leaky_relu.slope = 1
        for message, fields in (
            ("loss.huber.delta = 0, must be positive and finite", {"loss": loss_of("huber", delta=0)}),
            ("loss.quantile.quantile = 0, must be in (0, 1)", {"loss": loss_of("quantile", quantile=0)}),
            ("loss.huber.delta = nan, must be positive and finite", {"loss": loss_of("huber", delta=float("nan"))}),
            (
                "network.hidden[0].dense.activation.leaky_relu.slope = 1, must be in [0, 1)",
                {"network": spec_pb2.Network(hidden=[layer])},
            ),
            (
                "network.hidden[1].maxout.pieces = 65, must be in 2..64",
                {"network": spec_pb2.Network(hidden=[maxout(3), maxout(3, 65)])},
            ),
            (
                "network.hidden[0].maxout.pieces = 1, must be in 2..64",
                {"network": spec_pb2.Network(hidden=[maxout(3, 1)])},
            ),
            (
                "network.hidden[0].maxout.units = 0, must be in 1..1000000000",
                {"network": spec_pb2.Network(hidden=[maxout(0)])},
            ),
        ):
            self.refused_field(message, self.client.create_job, spec_of("diabetes", **fields))

    def test_poisson_refuses_a_target_below_zero_by_row_and_column(self) -> None:
        self.client.upload(b"x,y\n1,0.5\n2,1.5\n3,-2.5\n4,3\n", "negative")
        spec = spec_of("negative", loss=loss_of("poisson"), minibatches=spec_pb2.Minibatches(size=1))
        refusal = self.refused(grpc.StatusCode.INVALID_ARGUMENT, self.client.check_job, spec)
        self.assertEqual(refusal.message, 'row 3, column "y": the target is -2.5, and the loss wants at least 0')
        self.assertEqual((refusal.reason, refusal.metadata), ("BAD_DATA", {"row": "3", "column": "y"}))
        job = self.client.train(spec)
        self.assertEqual(job.state, event_pb2.STATE_FAILED)
        self.assertEqual(job.error.message, refusal.message)

    def test_poisson_measures_no_target_below_zero(self) -> None:
        self.client.upload(b"x,y\n1,0.5\n2,1.5\n3,2.5\n4,3\n", "positive")
        self.client.upload(b"x,y\n1,0.5\n2,-1.5\n", "partly-negative")
        spec = spec_of("positive", loss=loss_of("poisson"), budget=spec_pb2.Budget(steps=1))
        model = self.client.train(spec).model
        refusal = self.refused(grpc.StatusCode.INVALID_ARGUMENT, self.client.evaluate, model, "partly-negative")
        self.assertEqual(refusal.metadata, {"row": "2", "column": "y"})


if __name__ == "__main__":
    unittest.main()
