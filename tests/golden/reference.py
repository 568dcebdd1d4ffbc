#!/usr/bin/python3
"""The lecture's training algorithms in NumPy, written from the formulas alone: what the engine is compared with.

theta: all parameters, one flat vector, layer by layer from the input, weight [fan_in, fan_out] before bias [fan_out].
k: the step, from 0. The loss of a minibatch is the mean over its examples. Loss and gradient norm of a step are those
at the point where the rule takes its gradient.

  reference.py --self-check    compares the gradients with central differences, and the rules with trajectories worked
                               out by hand
"""

import csv
import sys
import unittest
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Callable, Optional, Union

import numpy as np

Array = np.ndarray

# theta -> (mean loss, gradient)
Objective = Callable[[Array], tuple[float, Array]]


# ---- Data


@dataclass
class Table:
    """Standardised inputs [n, d], and targets [n]: indices into `classes`, or numbers where there are none."""

    inputs: Array
    targets: Array
    classes: list[str]


def read_table(path: Path) -> Table:
    """The last column is the target. Classes are in numeric order, or, where they are texts, in order of appearance."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))[1:]
    inputs = standardise(np.array([[float(cell) for cell in row[:-1]] for row in rows]))
    labels = [row[-1] for row in rows]
    classes = classes_of(labels)
    if not classes:
        return Table(inputs, np.array([float(label) for label in labels]), [])
    return Table(inputs, np.array([classes.index(label) for label in labels]), classes)


def classes_of(labels: list[str]) -> list[str]:
    """Empty for numbers: whole numbers with at most 100 different values are classes."""
    different = list(dict.fromkeys(labels))
    try:
        numbers = [float(label) for label in different]
    except ValueError:
        return different
    if len(different) > 100 or any(number != int(number) for number in numbers):
        return []
    return sorted(different, key=float)


def standardise(x: Array) -> Array:
    """(x - mean) / deviation with ddof 0; a constant column becomes 0."""
    constant = np.all(x == x[0], axis=0)
    deviation = np.where(constant, 1.0, x.std(axis=0))
    return np.where(constant, 0.0, (x - x.mean(axis=0)) / deviation)


# ---- Losses: (outputs [m, c], targets [m]) -> (mean loss, its gradient with respect to the outputs)


def softmax_cross_entropy(outputs: Array, targets: Array) -> tuple[float, Array]:
    """L = -log p_y, p = softmax(f)"""
    m = len(targets)
    shifted = outputs - outputs.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    gradient = np.exp(log_p)
    gradient[np.arange(m), targets] -= 1
    return -log_p[np.arange(m), targets].mean(), gradient / m


def multiclass_hinge(outputs: Array, targets: Array) -> tuple[float, Array]:
    """L = max(0, 1 + max_{j != y} f_j - f_y)"""
    rows = np.arange(len(targets))
    wrong = outputs.copy()
    wrong[rows, targets] = -np.inf
    rival = wrong.argmax(axis=1)
    losses = np.maximum(0, 1 + outputs[rows, rival] - outputs[rows, targets])
    gradient = np.zeros_like(outputs)
    gradient[rows, rival] = losses > 0
    gradient[rows, targets] -= losses > 0
    return losses.mean(), gradient / len(targets)


# Functions of the margin z = y f, y = +1 for class 1, -1 for class 0: (z -> L, z -> dL/dz)
MARGIN_LOSSES = {
    "logistic": (lambda z: np.logaddexp(0, -z), lambda z: -1 / (1 + np.exp(z))),
    "hinge": (lambda z: np.maximum(0, 1 - z), lambda z: np.where(z < 1, -1, 0)),
    "squared_hinge": (lambda z: np.maximum(0, 1 - z) ** 2, lambda z: -2 * np.maximum(0, 1 - z)),
    "smoothed_hinge": (
        lambda z: np.select([z >= 1, z > 0], [0 * z, (1 - z) ** 2 / 2], 0.5 - z),
        lambda z: np.select([z >= 1, z > 0], [0 * z, z - 1], -1),
    ),
    "exponential": (lambda z: np.exp(-z), lambda z: -np.exp(-z)),
    "perceptron": (lambda z: np.maximum(0, -z), lambda z: np.where(z <= 0, -1, 0)),
    "squared_margin": (lambda z: (1 - z) ** 2, lambda z: -2 * (1 - z)),
}

HUBER_DELTA = 1.0

# Functions of output and target: (f, y -> L, f, y -> dL/df)
NUMBER_LOSSES = {
    "squared": (lambda f, y: (f - y) ** 2 / 2, lambda f, y: f - y),
    "absolute": (lambda f, y: np.abs(f - y), lambda f, y: np.sign(f - y)),
    "huber": (
        lambda f, y: np.where(
            np.abs(f - y) <= HUBER_DELTA, (f - y) ** 2 / 2, HUBER_DELTA * (np.abs(f - y) - HUBER_DELTA / 2)
        ),
        lambda f, y: np.clip(f - y, -HUBER_DELTA, HUBER_DELTA),
    ),
    "poisson": (lambda f, y: np.exp(f) - y * f, lambda f, y: np.exp(f) - y),
}


def margin_loss(name: str) -> Callable[[Array, Array], tuple[float, Array]]:
    value, slope = MARGIN_LOSSES[name]

    def loss(outputs: Array, targets: Array) -> tuple[float, Array]:
        y = np.where(targets == 1, 1.0, -1.0)[:, None]
        return value(y * outputs).mean(), y * slope(y * outputs) / len(targets)

    return loss


def number_loss(name: str) -> Callable[[Array, Array], tuple[float, Array]]:
    value, slope = NUMBER_LOSSES[name]

    def loss(outputs: Array, targets: Array) -> tuple[float, Array]:
        y = targets[:, None]
        return value(outputs, y).mean(), slope(outputs, y) / len(targets)

    return loss


CLASS_LOSSES = {"softmax_cross_entropy": softmax_cross_entropy, "multiclass_hinge": multiclass_hinge}
LOSSES = {
    **CLASS_LOSSES,
    **{name: margin_loss(name) for name in MARGIN_LOSSES},
    **{name: number_loss(name) for name in NUMBER_LOSSES},
}


def weighted(loss: Callable[[Array, Array], tuple[float, Array]], weights: Array) -> Callable:
    """(1/m) sum_i w_i L_i: each example is a minibatch of its own."""

    def loss_and_gradient(outputs: Array, targets: Array) -> tuple[float, Array]:
        examples = [loss(outputs[i : i + 1], targets[i : i + 1]) for i in range(len(targets))]
        values = np.array([value for value, _ in examples])
        gradients = np.concatenate([gradient for _, gradient in examples])
        return (weights * values).mean(), weights[:, None] * gradients / len(targets)

    return loss_and_gradient


def balanced(table: "Table") -> Array:
    """n / (c n_c), by class"""
    counts = np.bincount(table.targets)
    return len(table.targets) / (len(table.classes) * counts)


def example_weights(table: "Table", own: Optional[Array] = None, by_class: Optional[Array] = None) -> Array:
    """The products of the examples' own weights and their classes', scaled to mean 1."""
    weights = np.ones(len(table.targets)) if own is None else own.copy()
    if by_class is not None:
        weights *= by_class[table.targets]
    return weights / weights.mean()


# ---- Networks


# Each: (z -> a, a -> da/dz)
ACTIVATIONS = {
    "identity": (lambda z: z, lambda a: np.ones_like(a)),
    "relu": (lambda z: np.maximum(z, 0), lambda a: (a > 0).astype(float)),
    "tanh": (np.tanh, lambda a: 1 - a**2),
    "leaky_relu": (lambda z: np.where(z > 0, z, 0.01 * z), lambda a: np.where(a > 0, 1, 0.01)),
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda a: a * (1 - a)),
    "softplus": (lambda z: np.logaddexp(0, z), lambda a: -np.expm1(-a)),
}


@dataclass
class Network:
    """widths: input, hidden layers, output. The same activation for all hidden layers; the output is linear. With
    activation `maxout` each hidden unit is the largest of `pieces` neighbouring columns."""

    widths: list[int]
    activation: str = "identity"
    pieces: int = 2

    def shapes(self) -> list[tuple[str, tuple[int, ...]]]:
        shapes = []
        for layer, (fan_in, units) in enumerate(zip(self.widths, self.widths[1:])):
            maxout = self.activation == "maxout" and layer < len(self.widths) - 2
            fan_out = units * self.pieces if maxout else units
            shapes += [(f"layers.{layer}.weight", (fan_in, fan_out)), (f"layers.{layer}.bias", (fan_out,))]
        return shapes

    def tensors(self, theta: Array) -> dict[str, Array]:
        tensors, begin = {}, 0
        for name, shape in self.shapes():
            tensors[name] = theta[begin : begin + np.prod(shape)].reshape(shape)
            begin += np.prod(shape)
        return tensors

    def draw(self, seed: int) -> Array:
        """Normal weights of deviation 1/sqrt(fan_in), and small biases, so that no parameter starts at 0."""
        random = np.random.default_rng(seed)
        scales = [1 / np.sqrt(shape[0]) if len(shape) == 2 else 0.1 for _, shape in self.shapes()]
        draws = [scale * random.standard_normal(np.prod(shape)) for scale, (_, shape) in zip(scales, self.shapes())]
        return np.concatenate(draws)

    def weight_mask(self) -> Array:
        """1 for weights, 0 for biases."""
        return np.concatenate([np.full(np.prod(shape), float(name.endswith("weight"))) for name, shape in self.shapes()])

    def objective(self, loss: str, inputs: Array, targets: Array, weights: Optional[Array] = None) -> Objective:
        """`weights`: of the examples; all 1 where they are left out."""
        function = LOSSES[loss] if weights is None else weighted(LOSSES[loss], weights)
        return lambda theta: self.loss_and_gradient(theta, function, inputs, targets)

    def loss_and_gradient(self, theta: Array, loss: Callable, inputs: Array, targets: Array) -> tuple[float, Array]:
        tensors = list(self.tensors(theta).values())
        weights, biases = tensors[0::2], tensors[1::2]
        last = len(weights) - 1

        layer_inputs = [inputs]
        backward = []
        for layer in range(last):
            output, to_columns = self.activate(layer_inputs[-1] @ weights[layer] + biases[layer])
            layer_inputs.append(output)
            backward.append(to_columns)
        value, delta = loss(layer_inputs[-1] @ weights[last] + biases[last], targets)

        gradients: list[Array] = []
        for layer in reversed(range(last + 1)):
            gradients = [(layer_inputs[layer].T @ delta).ravel(), delta.sum(axis=0)] + gradients
            if layer > 0:
                delta = backward[layer - 1](delta @ weights[layer].T)
        return value, np.concatenate(gradients)

    def activate(self, z: Array) -> tuple[Array, Callable[[Array], Array]]:
        """a, and what turns dL/da into dL/dz."""
        if self.activation != "maxout":
            activate, derivative = ACTIVATIONS[self.activation]
            a = activate(z)
            return a, lambda da: da * derivative(a)
        columns = z.reshape(len(z), -1, self.pieces)
        won = np.arange(self.pieces) == columns.argmax(axis=2)[:, :, None]
        return columns.max(axis=2), lambda da: (won * da[:, :, None]).reshape(z.shape)


# ---- Rules: one step, in place. It answers loss and gradient at the point where the gradient was taken.


@dataclass
class Ramp:
    """alpha_k = initial + (final - initial) min(k / length, 1)"""

    initial: float
    final: float
    length: int

    def at(self, step: int) -> float:
        return self.initial + (self.final - self.initial) * min(step / self.length, 1)


# alpha_k, or the same alpha at every step.
Alpha = Union[float, Ramp]


def alpha_at(alpha: Alpha, step: int) -> float:
    return alpha.at(step) if isinstance(alpha, Ramp) else alpha


@dataclass
class Sgd:
    """theta <- theta - eps g"""

    def step(self, theta: Array, k: int, rate: float, objective: Objective) -> tuple[float, Array]:
        loss, gradient = objective(theta)
        theta -= rate * gradient
        return loss, gradient


@dataclass
class Momentum:
    """v <- alpha_k v - eps g; theta <- theta + v"""

    alpha: Alpha
    velocity: Union[Array, float] = 0.0

    def step(self, theta: Array, k: int, rate: float, objective: Objective) -> tuple[float, Array]:
        loss, gradient = objective(theta)
        self.velocity = alpha_at(self.alpha, k) * self.velocity - rate * gradient
        theta += self.velocity
        return loss, gradient


@dataclass
class Nesterov:
    """The same, but g is taken at theta + alpha_k v."""

    alpha: Alpha
    velocity: Union[Array, float] = 0.0

    def step(self, theta: Array, k: int, rate: float, objective: Objective) -> tuple[float, Array]:
        alpha = alpha_at(self.alpha, k)
        loss, gradient = objective(theta + alpha * self.velocity)
        self.velocity = alpha * self.velocity - rate * gradient
        theta += self.velocity
        return loss, gradient


Rule = Union[Sgd, Momentum, Nesterov]


# ---- Rates and minibatches


@dataclass
class LinearDecay:
    """eps_k = (1 - a) eps_0 + a eps_tau, a = min(k / tau, 1)"""

    initial: float
    final: float
    tau: int

    def at(self, step: int) -> float:
        a = min(step / self.tau, 1)
        return (1 - a) * self.initial + a * self.final


@dataclass
class Constant:
    initial: float

    def at(self, step: int) -> float:
        return self.initial


Schedule = Union[LinearDecay, Constant]


def minibatch(step: int, size: int, row_count: int) -> slice:
    """Rows in order, epoch after epoch; the last minibatch of an epoch may be shorter."""
    steps_per_epoch = -(-row_count // size)
    begin = step % steps_per_epoch * size
    return slice(begin, min(begin + size, row_count))


# ---- Training


def restrained(objective: Objective, mask: Array, restraints: "Restraints", norms: list[float]) -> Objective:
    """`norms` takes the norm before clipping."""

    def value_and_gradient(theta: Array) -> tuple[float, Array]:
        value, gradient = objective(theta)
        gradient = gradient + mask * (restraints.l2 * theta + restraints.l1 * np.sign(theta))
        norms.append(float(np.sqrt((gradient**2).sum())))
        clipped = norms[-1] > restraints.clip_norm
        return value, (gradient * (restraints.clip_norm / norms[-1]) if clipped else gradient)

    return value_and_gradient


@dataclass(frozen=True)
class Restraints:
    """(l2 / 2) |W|^2 + l1 |W|_1 joins the gradient of the weights, never of biases, at the same point; then g <- g min(1, clip_norm / |g|).
    W <- W - eps weight_decay W beside the step."""

    l2: float = 0.0
    l1: float = 0.0
    weight_decay: float = 0.0
    clip_norm: float = np.inf


@dataclass
class Trace:
    losses: list[float]
    gradient_norms: list[float]
    learning_rates: list[float]
    momenta: list[float]
    tensors: dict[str, Array]


def train(
    network: Network,
    loss: str,
    table: Table,
    rule: Rule,
    schedule: Schedule,
    size: int,
    steps: int,
    theta: Array,
    weights: Optional[Array] = None,
    restraints: Restraints = Restraints(),
) -> Trace:
    """`size`: examples a step; `weights`: of all examples. Starts at `theta` and at the state of `rule`, which stay as they are."""
    theta, rule = theta.copy(), replace(rule)
    trace = Trace([], [], [], [], {})
    for step in range(steps):
        rows = minibatch(step, size, len(table.targets))
        rate = schedule.at(step)
        objective = network.objective(
            loss, table.inputs[rows], table.targets[rows], None if weights is None else weights[rows]
        )
        norms: list[float] = []
        decay = rate * restraints.weight_decay * network.weight_mask() * theta
        value, _ = rule.step(theta, step, rate, restrained(objective, network.weight_mask(), restraints, norms))
        theta -= decay
        trace.losses.append(float(value))
        trace.gradient_norms.append(norms[0])
        trace.learning_rates.append(rate)
        trace.momenta.append(0.0 if isinstance(rule, Sgd) else alpha_at(rule.alpha, step))
    trace.tensors = network.tensors(theta)
    return trace


# ---- Self-check


class GradientTest(unittest.TestCase):
    def test_gradients_are_those_of_central_differences(self) -> None:
        random = np.random.default_rng(5)
        inputs = random.standard_normal((7, 4))
        for loss in LOSSES:
            outputs = 3 if loss in CLASS_LOSSES else 1
            targets = inputs[:, 0] if loss in NUMBER_LOSSES else [0, 1, 1, 0, 1, 0, 0]
            targets = [0, 1, 2, 2, 1, 0, 1] if loss in CLASS_LOSSES else targets
            for activation in [*ACTIVATIONS, "maxout"]:
                for hidden in [[], [5], [5, 3]]:
                    with self.subTest(loss=loss, activation=activation, hidden=hidden):
                        network = Network([4, *hidden, outputs], activation)
                        theta = network.draw(9)
                        objective = network.objective(loss, inputs, np.array(targets))
                        np.testing.assert_allclose(
                            objective(theta)[1], central_differences(objective, theta), rtol=1e-6, atol=1e-8
                        )


class WeightTest(unittest.TestCase):
    def test_weights_of_one_change_nothing_and_a_weight_of_two_counts_twice(self) -> None:
        random = np.random.default_rng(6)
        network = Network([2, 3], "identity")
        theta = network.draw(1)
        inputs, targets = random.standard_normal((3, 2)), np.array([0, 2, 1])
        plain = network.objective("softmax_cross_entropy", inputs, targets)(theta)
        ones = network.objective("softmax_cross_entropy", inputs, targets, np.ones(3))(theta)
        np.testing.assert_allclose(ones[1], plain[1], rtol=1e-13, atol=1e-16)
        twice = network.objective("softmax_cross_entropy", inputs, targets, np.array([0.75, 1.5, 0.75]))(theta)
        rows = [0, 1, 1, 2]
        repeated = network.objective("softmax_cross_entropy", inputs[rows], targets[rows])(theta)
        self.assertAlmostEqual(twice[0], repeated[0], places=14)
        np.testing.assert_allclose(twice[1], repeated[1], rtol=1e-13, atol=1e-16)

    def test_balanced_classes_weigh_the_same_in_sum(self) -> None:
        table = Table(np.zeros((4, 1)), np.array([0, 0, 1, 0]), ["a", "b"])
        np.testing.assert_allclose(balanced(table), [2 / 3, 2], rtol=1e-15)
        weights = example_weights(table, by_class=balanced(table))
        np.testing.assert_allclose(weights, [2 / 3, 2 / 3, 2, 2 / 3], rtol=1e-15)


def central_differences(objective: Objective, theta: Array, h: float = 1e-5) -> Array:
    steps = h * np.eye(len(theta))
    return np.array([(objective(theta + step)[0] - objective(theta - step)[0]) / (2 * h) for step in steps])


class RuleTest(unittest.TestCase):
    """On theta^2 / 2 from 1, with eps = 0.1 and alpha = 0.5."""

    def expect_trajectory(self, rule: Rule, points: list[float], gradients: list[float]) -> None:
        theta = np.array([1.0])
        for k, (point, gradient) in enumerate(zip(points, gradients)):
            value, taken = rule.step(theta, k, 0.1, lambda p: (float(p @ p) / 2, p.copy()))
            self.assertAlmostEqual(theta[0], point, places=14)
            self.assertAlmostEqual(taken[0], gradient, places=14)
            self.assertAlmostEqual(value, gradient**2 / 2, places=14)

    def test_sgd(self) -> None:
        self.expect_trajectory(Sgd(), [0.9, 0.81, 0.729], [1, 0.9, 0.81])

    def test_momentum(self) -> None:
        self.expect_trajectory(Momentum(0.5), [0.9, 0.76, 0.614], [1, 0.9, 0.76])

    def test_nesterov_looks_ahead(self) -> None:
        self.expect_trajectory(Nesterov(0.5), [0.9, 0.765, 0.62775], [1, 0.85, 0.6975])


    def test_nesterov_looks_ahead_by_the_momentum_of_the_step(self) -> None:
        self.expect_trajectory(Nesterov(Ramp(0.25, 0.75, 2)), [0.9, 0.765, 0.5973750], [1, 0.85, 0.66375])


class ScheduleTest(unittest.TestCase):
    def test_a_ramp_ends_at_its_length(self) -> None:
        np.testing.assert_allclose([Ramp(0.5, 0.9, 4).at(k) for k in range(6)], [0.5, 0.6, 0.7, 0.8, 0.9, 0.9], rtol=1e-15)

    def test_linear_decay_ends_at_tau(self) -> None:
        schedule = LinearDecay(1.0, 0.2, 4)
        np.testing.assert_allclose([schedule.at(k) for k in range(7)], [1, 0.8, 0.6, 0.4, 0.2, 0.2, 0.2], rtol=1e-15)


class MinibatchTest(unittest.TestCase):
    def test_the_last_minibatch_of_an_epoch_may_be_shorter(self) -> None:
        rows = [list(range(7))[minibatch(step, 3, 7)] for step in range(4)]
        self.assertEqual(rows, [[0, 1, 2], [3, 4, 5], [6], [0, 1, 2]])


class TableTest(unittest.TestCase):
    def test_a_constant_column_becomes_zero_and_others_have_deviation_one(self) -> None:
        x = standardise(np.array([[1.0, 5.0], [3.0, 5.0]]))
        np.testing.assert_array_equal(x, [[-1, 0], [1, 0]])

    def test_classes_are_texts_as_they_come_or_few_whole_numbers_in_order(self) -> None:
        self.assertEqual(classes_of(["b", "a", "b"]), ["b", "a"])
        self.assertEqual(classes_of(["10", "9", "10"]), ["9", "10"])
        self.assertEqual(classes_of(["1.5", "2"]), [])
        self.assertEqual(classes_of([str(i) for i in range(101)]), [])


if __name__ == "__main__":
    if sys.argv[1:2] != ["--self-check"]:
        sys.exit(__doc__)
    unittest.main(argv=sys.argv[:1])
