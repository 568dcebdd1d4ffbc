#!/usr/bin/python3
"""Where parameters start, beside NumPy."""

import json
import subprocess
import unittest

import grpc
import numpy as np

from numpy_model import encode, forward
from specs import dense, spec_of
from tables import csv_rows
from trainyard.v1 import event_pb2, initialization_pb2, job_pb2, loss_pb2, metric_pb2, optimizer_pb2, spec_pb2
from trainyard_testing import ServerTest, program

FULL_BATCH = spec_pb2.Minibatches(full_batch=spec_pb2.FullBatch(), in_order=spec_pb2.InOrder())


def still_spec(dataset: str, **fields: object) -> spec_pb2.JobSpec:
    """A step too short to be seen, over all rows in their order, in double precision."""
    defaults = {
        "minibatches": FULL_BATCH,
        "budget": spec_pb2.Budget(steps=1),
        "optimizer": optimizer_pb2.Optimizer(learning_rate=1e-300),
        "precision": spec_pb2.PRECISION_F64,
        "seed": 3,
    }
    return spec_of(dataset, **{**defaults, **fields})


def weights(**arm: object) -> initialization_pb2.Initialization:
    return initialization_pb2.Initialization(**arm)


EVERY_KIND = {
    "uniform_fan_in": weights(uniform_fan_in=initialization_pb2.UniformFanIn(scale=2)),
    "glorot_uniform": weights(glorot_uniform=initialization_pb2.GlorotUniform(gain=2)),
    "glorot_normal": weights(glorot_normal=initialization_pb2.GlorotNormal()),
    "he_normal": weights(he_normal=initialization_pb2.HeNormal()),
    "gaussian": weights(gaussian=initialization_pb2.Gaussian(deviation=0.5)),
    "uniform": weights(uniform=initialization_pb2.UniformWeights(bound=0.3)),
    "orthogonal": weights(orthogonal=initialization_pb2.Orthogonal(gain=1.5)),
    "sparse": weights(sparse=initialization_pb2.SparseWeights(nonzeros=3)),
}


class InitializationTest(ServerTest):
    datasets = ("breast_cancer", "diabetes", "iris")

    def start(self, spec: spec_pb2.JobSpec) -> tuple[str, dict[str, np.ndarray]]:
        job = self.client.train(spec)
        self.assertEqual(job.state, event_pb2.STATE_SUCCEEDED, job.state_message)
        return job.name, self.client.tensors(job.model)

    def test_every_kind_starts_where_its_formula_says(self) -> None:
        network = spec_pb2.Network(hidden=[dense(40, "tanh"), dense(40, "tanh")])
        for kind, initialization in EVERY_KIND.items():
            with self.subTest(kind):
                _, tensors = self.start(
                    still_spec("breast-cancer", network=network, initialization=initialization)
                )
                w = tensors["layers.1.weight"]
                self.assertEqual(w.shape, (40, 40))
                spread = {
                    "uniform_fan_in": 2 / np.sqrt(40) / np.sqrt(3),
                    "glorot_uniform": 2 * np.sqrt(6 / 80) / np.sqrt(3),
                    "glorot_normal": np.sqrt(2 / 80),
                    "he_normal": np.sqrt(2 / 40),
                    "gaussian": 0.5,
                    "uniform": 0.3 / np.sqrt(3),
                    "orthogonal": 1.5 / np.sqrt(40),
                    "sparse": np.sqrt(3 / 40),
                }[kind]
                self.assertLess(abs(w.std() / spread - 1), 0.15)
                if kind == "orthogonal":
                    np.testing.assert_allclose(w.T @ w, 2.25 * np.eye(40), rtol=0, atol=1e-12)
                if kind == "sparse":
                    self.assertEqual(set((np.abs(w) > 1e-200).sum(axis=0)), {3})

    def test_the_same_seed_starts_at_the_same_bits(self) -> None:
        spec = still_spec("iris", initialization=EVERY_KIND["orthogonal"])
        _, first = self.start(spec)
        _, second = self.start(spec)
        np.testing.assert_array_equal(first["layers.0.weight"], second["layers.0.weight"])

    def first_loss(self, spec: spec_pb2.JobSpec) -> float:
        name, _ = self.start(spec)
        return self.client.follow(name).values(metric_pb2.SERIES_LOSS)[0]

    def test_marginal_output_biases_with_zero_output_weights_begin_at_the_best_constant(self) -> None:
        best = weights(
            marginal_output_biases=initialization_pb2.MarginalBiases(),
            zero_output_weights=initialization_pb2.ZeroWeights(),
        )
        network = spec_pb2.Network(hidden=[dense(5, "tanh")])

        def entropy(dataset: str) -> float:
            _, rows = csv_rows(dataset)
            _, counts = np.unique([str(row[-1]) for row in rows], return_counts=True)
            shares = counts / counts.sum()
            return float(-(shares * np.log(shares)).sum())

        logistic = loss_pb2.Loss(logistic=loss_pb2.Logistic())
        _, rows = csv_rows("diabetes")
        variance = np.var([float(row[-1]) for row in rows])
        for dataset, loss, expected in (
            ("iris", None, entropy("iris")),
            ("breast_cancer", None, entropy("breast_cancer")),
            ("breast_cancer", logistic, entropy("breast_cancer")),
            ("diabetes", None, variance / 2),
        ):
            with self.subTest(dataset=dataset, loss=loss):
                spec = still_spec(dataset.replace("_", "-"), network=network, initialization=best, loss=loss)
                np.testing.assert_allclose(self.first_loss(spec), expected, rtol=1e-12)

    def test_check_job_measures_the_layers_as_numpy_does(self) -> None:
        network = spec_pb2.Network(hidden=[dense(7, "tanh"), dense(5, "relu")])
        spec = still_spec("iris", network=network)
        name, tensors = self.start(spec)
        model = self.client.get_model(name)
        columns, rows = csv_rows("iris")
        inputs = encode(model, columns, rows)
        activations = [inputs]
        for i, activation in enumerate((np.tanh, lambda z: np.maximum(z, 0), lambda z: z)):
            z = activations[-1] @ tensors[f"layers.{i}.weight"] + tensors[f"layers.{i}.bias"]
            activations.append(activation(z))
        np.testing.assert_allclose(activations[-1], forward(model, tensors, inputs), atol=1e-12)
        shares = np.exp(activations[-1])
        shares /= shares.sum(axis=1, keepdims=True)
        classes = list(model.target.classes)
        truth = np.eye(3)[[classes.index(row[-1]) for row in rows]]
        deltas = {2: (shares - truth) / len(rows)}
        deltas[1] = (deltas[2] @ tensors["layers.2.weight"].T) * (activations[2] > 0)
        deltas[0] = (deltas[1] @ tensors["layers.1.weight"].T) * (1 - activations[1] ** 2)

        layers = self.client.check_job(spec).layers
        self.assertEqual([layer.layer for layer in layers], ["layers.0", "layers.1", "layers.2"])
        for i, layer in enumerate(layers):
            np.testing.assert_allclose(layer.activation_mean, activations[i + 1].mean(), rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(layer.activation_variance, activations[i + 1].var(), rtol=1e-9)
            np.testing.assert_allclose(layer.gradient_variance, deltas[i].var(), rtol=1e-9)

    def test_check_job_names_a_smallest_efficient_minibatch(self) -> None:
        smallest = self.client.check_job(still_spec("iris")).smallest_efficient_minibatch
        self.assertIn(smallest, [2**k for k in range(11)])

    def command(self, *arguments: str) -> str:
        command = [program("trainyard"), "--server", self.server.address, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_the_command_line_shows_what_check_job_found(self) -> None:
        jobs = len(self.client.jobs.ListJobs(job_pb2.ListJobsRequest(page_size=1000)).jobs)
        flags = ("--dataset", "iris", "--hidden", "8,8", "--init", "orthogonal", "--output-biases", "marginal")
        text = self.command("train", "--check", *flags)
        for expected in (
            "parameters",
            "memory",
            "time per step",
            "smallest efficient minibatch",
            "layers.1.weight  8 x 8",
            "ACTIVATION MEAN",
            "GRADIENT VARIANCE",
        ):
            self.assertIn(expected, text)
        rows = [line.split() for line in text.splitlines() if line.startswith("layers.")]
        self.assertEqual([row[0] for row in rows[-3:]], ["layers.0", "layers.1", "layers.2"])
        check = json.loads(self.command("train", "--check", *flags, "--output", "json"))
        self.assertEqual(len(check["layers"]), 3)
        self.assertEqual(check["spec"]["initialization"]["orthogonal"], {"gain": 1})
        self.assertEqual(len(self.client.jobs.ListJobs(job_pb2.ListJobsRequest(page_size=1000)).jobs), jobs)

    def bad(self, initialization: initialization_pb2.Initialization, message: str) -> None:
        network = spec_pb2.Network(hidden=[dense(4)])
        spec = still_spec("iris", network=network, initialization=initialization)
        for call in (self.client.create_job, self.client.check_job):
            refusal = self.refused(grpc.StatusCode.INVALID_ARGUMENT, call, spec)
            self.assertEqual(refusal.message, message)
            self.assertEqual(refusal.fields, [message.split(" = ")[0]])

    def test_scales_are_positive_and_finite(self) -> None:
        for arm, field, kind in (
            ("uniform_fan_in", "scale", initialization_pb2.UniformFanIn),
            ("glorot_uniform", "gain", initialization_pb2.GlorotUniform),
            ("glorot_normal", "gain", initialization_pb2.GlorotNormal),
            ("he_normal", "gain", initialization_pb2.HeNormal),
            ("gaussian", "deviation", initialization_pb2.Gaussian),
            ("uniform", "bound", initialization_pb2.UniformWeights),
            ("orthogonal", "gain", initialization_pb2.Orthogonal),
            ("sparse", "deviation", initialization_pb2.SparseWeights),
        ):
            for value, text in ((0, "0"), (-1, "-1"), (float("inf"), "inf"), (float("nan"), "nan")):
                self.bad(
                    weights(**{arm: kind(**{field: value})}),
                    f"initialization.{arm}.{field} = {text}, must be positive and finite",
                )

    def test_other_ranges(self) -> None:
        self.bad(
            weights(sparse=initialization_pb2.SparseWeights(nonzeros=0)),
            "initialization.sparse.nonzeros = 0, must be at least 1",
        )
        self.bad(
            weights(constant_biases=initialization_pb2.ConstantBiases(value=float("inf"))),
            "initialization.constant_biases.value = inf, must be finite",
        )

    def test_zero_weights_are_refused_for_hidden_layers(self) -> None:
        zeros = weights(zero_weights=initialization_pb2.ZeroWeights())
        network = spec_pb2.Network(hidden=[dense(4)])
        spec = still_spec("iris", network=network, initialization=zeros)
        refusal = self.refused(grpc.StatusCode.INVALID_ARGUMENT, self.client.create_job, spec)
        self.assertEqual((refusal.reason, refusal.fields), ("SYMMETRY", ["initialization.zero_weights"]))
        _, tensors = self.start(still_spec("iris", initialization=zeros))
        self.assertLess(np.abs(tensors["layers.0.weight"]).max(), 1e-200)


if __name__ == "__main__":
    unittest.main()
