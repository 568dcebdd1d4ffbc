"""Losses in NumPy, each a function of outputs [m, c] and targets [m]: its mean, and its gradient with respect to the outputs."""

from typing import Callable

import numpy as np

Array = np.ndarray


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
QUANTILE = 0.5

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
    "quantile": (
        lambda f, y: np.where(f < y, QUANTILE * (y - f), (1 - QUANTILE) * (f - y)),
        lambda f, y: np.select([f < y, f > y], [-QUANTILE, 1 - QUANTILE], 0),
    ),
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
