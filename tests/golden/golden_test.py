#!/usr/bin/python3
"""Jobs on a real server, step by step beside the NumPy reference: the same formulas, the same numbers."""

import unittest
from dataclasses import dataclass, field
from typing import Optional, Union

import numpy as np

import reference
import trainyard_testing
from losses import CLASS_LOSSES
from trainyard.v1 import event_pb2, metric_pb2, optimizer_pb2, spec_pb2

STEPS = 300
RELATIVE = 1e-9


@dataclass
class Case:
    name: str
    data: str
    loss: str
    rule: reference.Rule
    schedule: reference.Schedule
    # Examples a step; None: the whole training part.
    size: Optional[int]
    hidden: list[int] = field(default_factory=list)
    activation: str = "identity"
    # Whether the data set has a column of weights.
    weighted: bool = False
    # "balanced", or by class.
    class_weights: Union[str, dict[str, float], None] = None
    restraints: reference.Restraints = reference.Restraints()


CASES = [
    Case(
        "logistic regression, SGD with linear decay, full batch",
        "breast_cancer",
        "logistic",
        reference.Sgd(),
        reference.LinearDecay(0.5, 0.005, 200),
        None,
    ),
    Case(
        "logistic regression, momentum, minibatches",
        "breast_cancer",
        "logistic",
        reference.Momentum(0.9),
        reference.Constant(0.02),
        32,
    ),
    Case(
        "logistic regression, Nesterov, online",
        "breast_cancer",
        "logistic",
        reference.Nesterov(0.8),
        reference.Constant(0.01),
        1,
    ),
    Case(
        "linear regression, momentum, minibatches",
        "diabetes",
        "squared",
        reference.Momentum(0.5),
        reference.LinearDecay(0.05, 0.001, STEPS),
        50,
    ),
    Case(
        "tanh network, SGD with linear decay, minibatches",
        "digits",
        "softmax_cross_entropy",
        reference.Sgd(),
        reference.LinearDecay(0.2, 0.002, STEPS),
        32,
        [16],
        "tanh",
    ),
    Case(
        "tanh network, momentum, full batch",
        "digits",
        "softmax_cross_entropy",
        reference.Momentum(0.9),
        reference.Constant(0.1),
        None,
        [16],
        "tanh",
    ),
    Case(
        "tanh network, Nesterov, minibatches",
        "digits",
        "softmax_cross_entropy",
        reference.Nesterov(0.9),
        reference.Constant(0.05),
        64,
        [16],
        "tanh",
    ),
    Case(
        "tanh network, Nesterov with a momentum ramp, minibatches",
        "digits",
        "softmax_cross_entropy",
        reference.Nesterov(reference.Ramp(0.5, 0.95, 200)),
        reference.Constant(0.02),
        64,
        [16],
        "tanh",
    ),
    Case(
        "ReLU network of two hidden layers, Nesterov, minibatches",
        "digits",
        "softmax_cross_entropy",
        reference.Nesterov(0.9),
        reference.Constant(0.02),
        50,
        [16, 12],
        "relu",
    ),
    *(
        Case(f"{loss}, Nesterov, minibatches", "breast_cancer", loss, reference.Nesterov(0.9), reference.Constant(rate), 32)
        for loss, rate in (
            ("hinge", 0.01),
            ("squared_hinge", 0.002),
            ("smoothed_hinge", 0.01),
            ("exponential", 0.002),
            ("perceptron", 0.01),
            ("squared_margin", 0.002),
        )
    ),
    *(
        Case(f"{loss}, momentum, minibatches", "diabetes", loss, reference.Momentum(0.5), reference.Constant(rate), 50)
        for loss, rate in (("absolute", 0.5), ("huber", 0.5), ("poisson", 0.0002))
    ),
    Case(
        "multiclass hinge, Nesterov, minibatches",
        "digits",
        "multiclass_hinge",
        reference.Nesterov(0.9),
        reference.Constant(0.01),
        32,
    ),
    *(
        Case(
            f"{activation} network, momentum, minibatches",
            "digits",
            "softmax_cross_entropy",
            reference.Momentum(0.9),
            reference.Constant(0.02),
            64,
            [12, 8],
            activation,
        )
        for activation in ("leaky_relu", "sigmoid", "softplus", "maxout")
    ),
    Case(
        "weighted examples, tanh network, momentum, minibatches",
        "breast_cancer",
        "logistic",
        reference.Momentum(0.9),
        reference.Constant(0.02),
        40,
        [8],
        "tanh",
        weighted=True,
    ),
    Case(
        "balanced classes, logistic regression, SGD, minibatches",
        "breast_cancer",
        "logistic",
        reference.Sgd(),
        reference.Constant(0.1),
        32,
        class_weights="balanced",
    ),
    Case(
        "weighted examples of given class weights, softmax regression, Nesterov, minibatches",
        "digits",
        "softmax_cross_entropy",
        reference.Nesterov(0.9),
        reference.Constant(0.02),
        32,
        weighted=True,
        class_weights={"0": 4.0, "3": 0.5, "8": 2.5},
    ),
    Case(
        "logistic regression, SGD, online, clipped by the global norm",
        "breast_cancer",
        "logistic",
        reference.Sgd(),
        reference.Constant(0.05),
        1,
        restraints=reference.Restraints(clip_norm=0.5),
    ),
    Case(
        "tanh network, Nesterov, minibatches, L2, L1 and clipping",
        "digits",
        "softmax_cross_entropy",
        reference.Nesterov(0.9),
        reference.Constant(0.05),
        32,
        [12],
        "tanh",
        restraints=reference.Restraints(l2=0.01, l1=0.001, clip_norm=1.0),
    ),
    Case(
        "linear regression, momentum, minibatches, decoupled decay",
        "diabetes",
        "squared",
        reference.Momentum(0.5),
        reference.Constant(0.05),
        50,
        restraints=reference.Restraints(weight_decay=0.1),
    ),
]


def own_weights(row_count: int) -> np.ndarray:
    """What the column of weights holds; every ninth row weighs nothing."""
    return np.arange(row_count) % 9 / 4


def content_of(data: str, weighted: bool) -> bytes:
    """The CSV file, with a first column of weights where it is to have one."""
    lines = (trainyard_testing.DATA / f"{data}.csv").read_text(encoding="utf-8").splitlines()
    if weighted:
        cells = ["weight", *map(str, own_weights(len(lines) - 1))]
        lines = [f"{cell},{line}" for cell, line in zip(cells, lines)]
    return "\n".join(lines).encode()


def weights_of(case: Case, table: reference.Table) -> Optional[np.ndarray]:
    if not case.weighted and case.class_weights is None:
        return None
    by_class = None
    if case.class_weights == "balanced":
        by_class = reference.balanced(table)
    elif case.class_weights is not None:
        by_class = np.array([case.class_weights.get(name, 1.0) for name in table.classes])
    return reference.example_weights(table, own_weights(len(table.targets)) if case.weighted else None, by_class)


def outputs_of(case: Case, table: reference.Table) -> int:
    return len(table.classes) if case.loss in CLASS_LOSSES else 1


def network_of(case: Case, table: reference.Table) -> reference.Network:
    return reference.Network([table.inputs.shape[1], *case.hidden, outputs_of(case, table)], case.activation)


# ---- The same case as a JobSpec


def spec_of(case: Case, tensors: dict[str, np.ndarray]) -> spec_pb2.JobSpec:
    spec = spec_pb2.JobSpec(
        data=spec_pb2.TrainingData(
            dataset="datasets/" + dataset_id(case.data, case.weighted),
            encoding=spec_pb2.EncodingOptions(scaling=spec_pb2.SCALING_STANDARDIZE),
        ),
        minibatches=minibatches_of(case),
        optimizer=optimizer_of(case),
        budget=spec_pb2.Budget(steps=STEPS),
        precision=spec_pb2.PRECISION_F64,
    )
    getattr(spec.loss, case.loss).SetInParent()
    spec.regularization.l2 = case.restraints.l2
    spec.regularization.l1 = case.restraints.l1
    spec.regularization.weight_decay = case.restraints.weight_decay
    if np.isfinite(case.restraints.clip_norm):
        spec.optimizer.clipping.global_norm.max_norm = case.restraints.clip_norm
    if case.class_weights == "balanced":
        spec.data.class_weights.balanced.SetInParent()
    elif case.class_weights is not None:
        spec.data.class_weights.given.weights.update(case.class_weights)
    for units in case.hidden:
        layer = spec.network.hidden.add()
        if case.activation == "maxout":
            layer.maxout.units = units
        else:
            layer.dense.units = units
            getattr(layer.dense.activation, case.activation).SetInParent()
    for name, values in tensors.items():
        spec.initial_state.parameters.add(name=name, shape=values.shape, values=values.ravel())
    return spec


def dataset_id(data: str, weighted: bool) -> str:
    return data.replace("_", "-") + ("-weighted" if weighted else "")


def minibatches_of(case: Case) -> spec_pb2.Minibatches:
    if case.size is None:
        return spec_pb2.Minibatches(full_batch=spec_pb2.FullBatch(), in_order=spec_pb2.InOrder())
    return spec_pb2.Minibatches(size=case.size, in_order=spec_pb2.InOrder())


def optimizer_of(case: Case) -> optimizer_pb2.Optimizer:
    optimizer = optimizer_pb2.Optimizer(learning_rate=case.schedule.initial)
    if isinstance(case.rule, reference.Sgd):
        optimizer.sgd.SetInParent()
    elif isinstance(case.rule, reference.Momentum):
        set_momentum(optimizer.momentum, case.rule.alpha)
    else:
        set_momentum(optimizer.nesterov, case.rule.alpha)
    if isinstance(case.schedule, reference.LinearDecay):
        linear = optimizer.schedule.linear
        linear.final_learning_rate = case.schedule.final
        linear.tau_steps = case.schedule.tau
    else:
        optimizer.schedule.constant.SetInParent()
    return optimizer


def set_momentum(message: Union[optimizer_pb2.Momentum, optimizer_pb2.Nesterov], alpha: reference.Alpha) -> None:
    if not isinstance(alpha, reference.Ramp):
        message.momentum = alpha
        return
    message.momentum = alpha.final
    message.schedule.ramp.initial = alpha.initial
    message.schedule.ramp.length.steps = alpha.length


# ---- The comparison


class GoldenTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.server = cls.enterClassContext(trainyard_testing.Server())
        cls.client = cls.enterClassContext(trainyard_testing.Client(cls.server.address))
        for data, weighted in sorted({(case.data, case.weighted) for case in CASES}):
            options = {"weight": "weight"} if weighted else {}
            cls.client.upload(content_of(data, weighted), dataset_id(data, weighted), **options)

    def test_every_step_and_the_final_parameters_are_those_of_the_reference(self) -> None:
        for seed, case in enumerate(CASES):
            with self.subTest(case.name):
                self.compare(case, seed)

    def compare(self, case: Case, seed: int) -> None:
        table = reference.read_table(trainyard_testing.DATA / f"{case.data}.csv")
        network = network_of(case, table)
        theta = network.draw(seed)
        size = case.size or len(table.targets)
        weights = weights_of(case, table)
        expected = reference.train(
            network, case.loss, table, case.rule, case.schedule, size, STEPS, theta, weights, case.restraints
        )

        job = self.client.create_job(spec_of(case, network.tensors(theta)))
        run = self.client.follow(job.name)
        self.assertEqual(run.terminal.state, event_pb2.STATE_SUCCEEDED)
        self.assertEqual(run.terminal.stop_reason, event_pb2.STOP_REASON_STEPS)

        self.expect_close(run.values(metric_pb2.SERIES_LOSS), expected.losses)
        self.expect_close(run.values(metric_pb2.SERIES_GRADIENT_NORM), expected.gradient_norms)
        self.expect_close(run.values(metric_pb2.SERIES_LEARNING_RATE), expected.learning_rates)
        self.expect_close(run.values(metric_pb2.SERIES_MOMENTUM), expected.momenta)
        self.expect_tensors(self.client.tensors(f"models/{job.name.removeprefix('jobs/')}"), expected.tensors)

    def expect_close(self, actual: list[float], expected: list[float]) -> None:
        np.testing.assert_allclose(actual, expected, rtol=RELATIVE, atol=0)

    def expect_tensors(self, actual: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
        """Relative to the largest element of each tensor."""
        self.assertEqual(list(actual), list(expected))
        for name, values in expected.items():
            self.assertEqual(actual[name].dtype, np.float64)
            np.testing.assert_allclose(actual[name], values, rtol=0, atol=RELATIVE * np.abs(values).max(), err_msg=name)


if __name__ == "__main__":
    unittest.main()
