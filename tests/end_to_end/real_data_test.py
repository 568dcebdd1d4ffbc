#!/usr/bin/python3
"""Real data, as they come, against scikit-learn at equal settings: the same rows, network, rule, rate, minibatches and epochs."""

import functools
import random
import statistics
import unittest
import warnings
from dataclasses import dataclass
from typing import Callable

import numpy as np
from sklearn import datasets, exceptions
from sklearn.linear_model import SGDClassifier, SGDRegressor
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import StandardScaler

import trainyard_testing
from specs import dense, spec_of
from trainyard.v1 import event_pb2, loss_pb2, metric_pb2, optimizer_pb2, spec_pb2
from trainyard_testing import ServerTest, values_of

SEEDS = range(5)
EPOCHS = 60
MINIBATCH = 32
MOMENTUM = 0.9

# scikit-learn stops early by default, and warns where it did not.
NEVER = {"tol": 0, "n_iter_no_change": 10**6}
warnings.simplefilter("ignore", exceptions.ConvergenceWarning)


@dataclass
class Data:
    """Raw features of the training and the test part, standardised ones for scikit-learn, and targets."""

    name: str
    raw: tuple[np.ndarray, np.ndarray]
    scaled: tuple[np.ndarray, np.ndarray]
    targets: tuple[np.ndarray, np.ndarray]

    def csv(self, part: int) -> bytes:
        width = self.raw[part].shape[1]
        lines = [",".join([*(f"x{i}" for i in range(width)), "target"])]
        lines += [
            ",".join([*(repr(float(cell)) for cell in row), str(target)])
            for row, target in zip(self.raw[part], self.targets[part])
        ]
        return "\n".join(lines).encode()


@functools.cache
def load(name: str) -> Data:
    options = {"scaled": False} if name == "diabetes" else {}
    bunch = getattr(datasets, f"load_{name}")(**options)
    classes = name != "diabetes"
    targets = np.array([f"class {value}" for value in bunch.target]) if classes else bunch.target
    parts = train_test_split(
        bunch.data, targets, test_size=0.25, random_state=0, stratify=targets if classes else None
    )
    scaler = StandardScaler().fit(parts[0])
    scaled = (scaler.transform(parts[0]), scaler.transform(parts[1]))
    return Data(name, (parts[0], parts[1]), scaled, (parts[2], parts[3]))


class RealDataTest(ServerTest):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        for name in ("digits", "breast_cancer", "wine", "iris", "diabetes"):
            for part, suffix in enumerate(("train", "test")):
                cls.client.upload(load(name).csv(part), f"{name.replace('_', '-')}-{suffix}")

    def start(self, name: str, rate: float, seed: int, **fields: object) -> str:
        dataset = name.replace("_", "-")
        spec = spec_of(
            f"{dataset}-train",
            data={"test_dataset": f"datasets/{dataset}-test"},
            **{
                "network": spec_pb2.Network(hidden=[dense(64)]),
                "optimizer": optimizer_pb2.Optimizer(learning_rate=rate, nesterov=optimizer_pb2.Nesterov(momentum=MOMENTUM)),
                "minibatches": spec_pb2.Minibatches(size=MINIBATCH),
                "budget": spec_pb2.Budget(epochs=EPOCHS),
                "seed": seed,
                **fields,
            },
        )
        return self.client.create_job(spec).name

    def measured(self, job: str, metric: int) -> float:
        """On the test part, at the end."""
        ended = self.client.ended_job(job)
        self.assertEqual(ended.state, event_pb2.STATE_SUCCEEDED, ended.error)
        (test,) = (entry for entry in ended.latest_evaluations if entry.part == metric_pb2.PART_TEST)
        return values_of(test.values)[metric]

    def medians(
        self, name: str, rate: float, metric: int, peer: Callable[[int], float], **fields: object
    ) -> tuple[float, float]:
        """Over the seeds: ours, and that of `peer`, which runs while the server does."""
        jobs = [self.start(name, rate, seed, **fields) for seed in SEEDS]
        theirs = [peer(seed) for seed in SEEDS]
        return statistics.median(self.measured(job, metric) for job in jobs), statistics.median(theirs)

    def expect_accuracy_of(self, peer: Callable[[int], object], data: Data, rate: float, **fields: object) -> None:
        def score(seed: int) -> float:
            return peer(seed).fit(data.scaled[0], data.targets[0]).score(data.scaled[1], data.targets[1])

        ours, theirs = self.medians(data.name, rate, metric_pb2.METRIC_ACCURACY, score, **fields)
        allowed = max(0.005, 1 / len(data.targets[1])) + 1e-9
        self.assertGreaterEqual(ours, theirs - allowed, data.name)

    def expect_rmse_of(self, peer: Callable[[int], object], data: Data, rate: float, **fields: object) -> None:
        def rmse(seed: int) -> float:
            model = peer(seed).fit(data.scaled[0], data.targets[0])
            return float(np.sqrt(np.mean((model.predict(data.scaled[1]) - data.targets[1]) ** 2)))

        ours, theirs = self.medians(data.name, rate, metric_pb2.METRIC_RMSE, rmse, **fields)
        self.assertLessEqual(ours, 1.02 * theirs, data.name)

    def perceptron(self, kind: type, rate: float) -> Callable[[int], object]:
        return lambda seed: kind(
            (64,),
            solver="sgd",
            alpha=0,
            batch_size=MINIBATCH,
            learning_rate_init=rate,
            max_iter=EPOCHS,
            momentum=MOMENTUM,
            nesterovs_momentum=True,
            random_state=seed,
            **NEVER,
        )

    def test_classes_are_told_apart_as_well(self) -> None:
        for name in ("digits", "breast_cancer", "wine", "iris"):
            with self.subTest(name):
                self.expect_accuracy_of(self.perceptron(MLPClassifier, 0.01), load(name), 0.01)

    def test_numbers_are_foretold_as_well(self) -> None:
        self.expect_rmse_of(self.perceptron(MLPRegressor, 1e-4), load("diabetes"), 1e-4)

    # ---- Linear models, an example a step

    def linear(self, kind: type, loss: str, rate: float, **options: object) -> Callable[[int], object]:
        return lambda seed: kind(
            loss=loss,
            penalty=None,
            learning_rate="constant",
            eta0=rate,
            max_iter=EPOCHS,
            random_state=seed,
            **NEVER,
            **options,
        )

    def online(self, loss: loss_pb2.Loss, rate: float) -> dict[str, object]:
        return {
            "network": spec_pb2.Network(),
            "minibatches": spec_pb2.Minibatches(size=1),
            "loss": loss,
            "optimizer": optimizer_pb2.Optimizer(learning_rate=rate, sgd=optimizer_pb2.Sgd()),
        }

    def test_huber_loss_by_sgd(self) -> None:
        loss = loss_pb2.Loss(huber=loss_pb2.Huber(delta=50))
        peer = self.linear(SGDRegressor, "huber", 0.001, epsilon=50)
        self.expect_rmse_of(peer, load("diabetes"), 0.001, **self.online(loss, 0.001))

    def test_hinge_loss_by_sgd(self) -> None:
        loss = loss_pb2.Loss(hinge=loss_pb2.Hinge())
        peer = self.linear(SGDClassifier, "hinge", 0.001)
        self.expect_accuracy_of(peer, load("breast_cancer"), 0.001, **self.online(loss, 0.001))


class UntidyDataTest(ServerTest):
    """A tenth of the cells is missing, two columns are words, and nothing is prepared by hand."""

    WORDS = ("small", "medium", "large")

    def untidy(self) -> bytes:
        """Always the same."""
        source = random.Random(8)
        lines = (trainyard_testing.DATA / "breast_cancer.csv").read_text().splitlines()
        rows = [line.split(",") for line in lines[1:]]
        for column in (0, 13):
            bounds = statistics.quantiles((float(row[column]) for row in rows), n=3)
            for row in rows:
                row[column] = self.WORDS[sum(float(row[column]) > bound for bound in bounds)]
        for row in rows:
            row[:-1] = ["" if source.random() < 0.1 else cell for cell in row[:-1]]
        return "\n".join([lines[0], *(",".join(row) for row in rows)]).encode()

    def test_it_trains(self) -> None:
        dataset = self.client.upload(self.untidy(), "untidy")
        missing = sum(column.missing_count for column in dataset.columns)
        self.assertTrue(0.09 < missing / (569 * 30) < 0.11, missing)
        self.assertEqual([category.value for category in dataset.columns[0].categories[:1]], ["large"])
        accuracies = []
        for seed in SEEDS:
            spec = spec_of(
                "untidy",
                data={"test_fraction": 0.25},
                network=spec_pb2.Network(hidden=[dense(64)]),
                budget=spec_pb2.Budget(epochs=EPOCHS),
                seed=seed,
            )
            job = self.client.train(spec)
            self.assertEqual(job.state, event_pb2.STATE_SUCCEEDED)
            accuracies.append(values_of(job.latest_evaluations[0].values)[metric_pb2.METRIC_ACCURACY])
        self.assertGreaterEqual(statistics.median(accuracies), 0.93)


if __name__ == "__main__":
    unittest.main()
