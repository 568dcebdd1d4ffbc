#!/usr/bin/python3
"""The reference itself: its gradients against central differences, its rules against trajectories worked out by hand."""

import unittest

import numpy as np

from losses import CLASS_LOSSES, LOSSES, NUMBER_LOSSES, Array, softmax_cross_entropy
from reference import (
    ACTIVATIONS,
    LinearDecay,
    Momentum,
    Nesterov,
    Network,
    Objective,
    Ramp,
    Rule,
    Sgd,
    Table,
    balanced,
    classes_of,
    example_weights,
    minibatch,
    standardise,
)


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
    unittest.main()
