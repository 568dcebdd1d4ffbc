"""The lecture's training algorithms in NumPy, written from the formulas alone: what the engine is compared with.

theta: all parameters, one flat vector, layer by layer from the input, weight [fan_in, fan_out] before bias [fan_out].
k: the step, from 0. The loss of a minibatch is the mean over its examples. Loss and gradient norm of a step are those
at the point where the rule takes its gradient.
"""

import csv
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Callable, Optional, Union

import numpy as np

from losses import LOSSES, Array, weighted

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


# ---- Weights of examples


def balanced(table: Table) -> Array:
    """n / (c n_c), by class"""
    counts = np.bincount(table.targets)
    return len(table.targets) / (len(table.classes) * counts)


def example_weights(table: Table, own: Optional[Array] = None, by_class: Optional[Array] = None) -> Array:
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
