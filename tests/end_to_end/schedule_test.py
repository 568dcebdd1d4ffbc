#!/usr/bin/python3
"""Schedules of learning rate and momentum: what is promised beforehand is what the run has."""

import math
import unittest
from typing import Optional

import grpc

from specs import spec_of
from trainyard.v1 import event_pb2, insight_pb2, job_pb2, metric_pb2, optimizer_pb2, spec_pb2
from trainyard_testing import Run, ServerTest

# 150 rows in minibatches of 16: 10 steps an epoch.
STEPS_PER_EPOCH = 10
EPOCHS = 6
TOTAL = EPOCHS * STEPS_PER_EPOCH

Schedule = optimizer_pb2.Schedule


def steps(count: int) -> optimizer_pb2.Length:
    return optimizer_pb2.Length(steps=count)


def epochs(count: float) -> optimizer_pb2.Length:
    return optimizer_pb2.Length(epochs=count)


# Of each kind one with its defaults and one without, where both are possible.
SCHEDULES = {
    "constant": Schedule(constant=optimizer_pb2.Constant()),
    "linear": Schedule(linear=optimizer_pb2.Linear()),
    "linear, tau in epochs": Schedule(linear=optimizer_pb2.Linear(final_learning_rate=0.02, tau_epochs=2.33)),
    "step": Schedule(step=optimizer_pb2.Step(factor=0.5, length=steps(7))),
    "step in epochs": Schedule(step=optimizer_pb2.Step(length=epochs(1.25))),
    "exponential": Schedule(exponential=optimizer_pb2.ExponentialDecay()),
    "exponential in steps": Schedule(exponential=optimizer_pb2.ExponentialDecay(factor=0.9, length=steps(3))),
    "inverse": Schedule(inverse=optimizer_pb2.Inverse()),
    "inverse of a root": Schedule(inverse=optimizer_pb2.Inverse(power=0.5, length=steps(1))),
    "cosine": Schedule(cosine=optimizer_pb2.Cosine()),
    "cosine in epochs": Schedule(cosine=optimizer_pb2.Cosine(final_learning_rate=0.001, length=epochs(3.01))),
    "reduce on plateau": Schedule(reduce_on_plateau=optimizer_pb2.ReduceOnPlateau(patience=1000)),
}

WARM_UPS = {
    "no warm-up": None,
    "warm-up": optimizer_pb2.WarmUp(length=steps(13)),
    "warm-up in epochs": optimizer_pb2.WarmUp(initial=0.3, length=epochs(0.47)),
}

MOMENTA = {
    "sgd": optimizer_pb2.Optimizer(sgd=optimizer_pb2.Sgd()),
    "constant": optimizer_pb2.Optimizer(momentum=optimizer_pb2.Momentum(momentum=0.8)),
    "ramp": optimizer_pb2.Optimizer(
        nesterov=optimizer_pb2.Nesterov(
            momentum=0.95,
            schedule=optimizer_pb2.MomentumSchedule(ramp=optimizer_pb2.MomentumRamp(initial=0.3, length=epochs(2.55))),
        )
    ),
    "steps": optimizer_pb2.Optimizer(
        momentum=optimizer_pb2.Momentum(
            momentum=0.9,
            schedule=optimizer_pb2.MomentumSchedule(
                steps=optimizer_pb2.MomentumSteps(values=[0.5, 0.7], length=steps(17))
            ),
        )
    ),
    "falling steps": optimizer_pb2.Optimizer(
        nesterov=optimizer_pb2.Nesterov(
            momentum=0.5,
            schedule=optimizer_pb2.MomentumSchedule(
                steps=optimizer_pb2.MomentumSteps(values=[0.9], length=epochs(1)), may_fall=True
            ),
        )
    ),
}


def with_schedule(schedule: Schedule, warm_up: Optional[optimizer_pb2.WarmUp] = None) -> optimizer_pb2.Optimizer:
    optimizer = optimizer_pb2.Optimizer(learning_rate=0.05, schedule=schedule)
    if warm_up is not None:
        optimizer.schedule.warm_up.CopyFrom(warm_up)
    return optimizer


def spec_for(optimizer: optimizer_pb2.Optimizer, **fields: object) -> spec_pb2.JobSpec:
    defaults = {"minibatches": spec_pb2.Minibatches(size=16), "budget": spec_pb2.Budget(epochs=EPOCHS)}
    return spec_of("iris", optimizer=optimizer, **{**defaults, **fields})


class ScheduleTest(ServerTest):
    datasets = ("iris",)

    def preview(self, spec: spec_pb2.JobSpec, **fields: int) -> insight_pb2.PreviewScheduleResponse:
        return self.client.insights.PreviewSchedule(insight_pb2.PreviewScheduleRequest(spec=spec, **fields))

    def expect_the_run_as_previewed(self, spec: spec_pb2.JobSpec) -> Run:
        preview = self.preview(spec)
        run = self.client.follow(self.client.create_job(spec).name)
        self.assertEqual(run.terminal.state, event_pb2.STATE_SUCCEEDED)
        self.assertEqual(list(preview.steps), list(range(preview.total_steps)))
        self.assertEqual(list(preview.learning_rates), run.values(metric_pb2.SERIES_LEARNING_RATE))
        self.assertEqual(list(preview.momenta), run.values(metric_pb2.SERIES_MOMENTUM))
        return run

    # ---- The preview and the run

    def test_a_run_has_the_rates_that_were_previewed(self) -> None:
        for name, schedule in SCHEDULES.items():
            data = {"validation_fraction": 0.2} if schedule.HasField("reduce_on_plateau") else {}
            for warm_up_name, warm_up in WARM_UPS.items():
                with self.subTest(schedule=name, warm_up=warm_up_name):
                    self.expect_the_run_as_previewed(spec_for(with_schedule(schedule, warm_up), data=data))

    def test_a_run_has_the_momenta_that_were_previewed(self) -> None:
        for name, optimizer in MOMENTA.items():
            with self.subTest(momentum=name):
                self.expect_the_run_as_previewed(spec_for(optimizer))

    def test_the_rates_are_those_of_the_formulas(self) -> None:
        step = self.expect_the_run_as_previewed(spec_for(with_schedule(SCHEDULES["step"])))
        expected = [0.05 * 0.5 ** (k // 7) for k in range(TOTAL)]
        self.assertEqual(step.values(metric_pb2.SERIES_LEARNING_RATE), expected)
        cosine = self.expect_the_run_as_previewed(spec_for(with_schedule(SCHEDULES["cosine"], WARM_UPS["warm-up"])))
        for k, rate in enumerate(cosine.values(metric_pb2.SERIES_LEARNING_RATE)):
            warm = 0.05 * (0.01 + 0.99 * k / 13)
            decayed = 0.025 * (1 + math.cos(math.pi * (k - 13) / (TOTAL - 13)))
            self.assertAlmostEqual(rate, warm if k < 13 else decayed, delta=1e-15)

    def test_a_plateau_lowers_the_rate_and_is_told(self) -> None:
        plateau = optimizer_pb2.ReduceOnPlateau(factor=0.5, patience=2, min_change=1e9, min_learning_rate=0.02)
        spec = spec_for(with_schedule(Schedule(reduce_on_plateau=plateau)), data={"validation_fraction": 0.2})
        run = self.client.follow(self.client.create_job(spec).name)
        evaluated = [event.step for event in run.of_kind("evaluation")]
        told = [(event.step, event.learning_rate_reduced.learning_rate) for event in run.of_kind("learning_rate_reduced")]
        self.assertEqual(told, [(evaluated[2], 0.025), (evaluated[4], 0.02)])
        rates = run.values(metric_pb2.SERIES_LEARNING_RATE)
        first, second = evaluated[2], evaluated[4]
        self.assertEqual(rates, [0.05] * first + [0.025] * (second - first) + [0.02] * (len(rates) - second))

    # ---- The preview alone

    def test_a_long_run_is_previewed_at_equal_distances(self) -> None:
        spec = spec_for(with_schedule(SCHEDULES["linear"]), budget=spec_pb2.Budget(steps=100_001))
        preview = self.preview(spec, max_points=11)
        self.assertEqual(list(preview.steps), list(range(0, 100_001, 10_000)))
        self.assertEqual(preview.total_steps, 100_001)
        self.assertEqual(preview.learning_rates[0], 0.05)
        self.assertEqual(len(self.preview(spec).steps), 1000)

    def test_steps_per_epoch_stand_in_place_of_a_data_set(self) -> None:
        spec = spec_for(with_schedule(SCHEDULES["step in epochs"], WARM_UPS["warm-up in epochs"]))
        by_data = self.preview(spec)
        spec.ClearField("data")
        self.assertEqual(self.preview(spec, steps_per_epoch=STEPS_PER_EPOCH), by_data)

    def test_a_preview_makes_no_job(self) -> None:
        before = self.client.jobs.ListJobs(job_pb2.ListJobsRequest(page_size=1000))
        self.preview(spec_for(with_schedule(SCHEDULES["cosine"])))
        self.assertEqual(self.client.jobs.ListJobs(job_pb2.ListJobsRequest(page_size=1000)), before)

    # ---- What is refused, and what is warned of

    def test_what_can_not_be_previewed_is_refused(self) -> None:
        spec = spec_for(with_schedule(SCHEDULES["step"]))
        preview = lambda **fields: lambda: self.preview(spec, **fields)
        self.refused_field("max_points = 1, must be in 2..100000", preview(max_points=1))
        self.refused_field("max_points = 100001, must be in 2..100000", preview(max_points=100_001))
        self.refused_field("steps_per_epoch = 0, must be at least 1", preview(steps_per_epoch=0))
        spec.budget.examples = 100
        message = "budget.examples = 100, must be left out where steps_per_epoch is given"
        self.refused_field(message, preview(steps_per_epoch=10))
        spec.budget.Clear()
        spec.budget.running_time.seconds = 1
        message = "budget.steps = unset, must be given for a preview where the budget is a running time alone"
        self.refused_field(message, preview())
        self.refused_field(message, preview(steps_per_epoch=10))
        spec.data.dataset = "datasets/none"
        self.refused(grpc.StatusCode.NOT_FOUND, preview())

    def test_the_errors_of_a_preview_are_those_of_a_job(self) -> None:
        spec = spec_for(with_schedule(Schedule(step=optimizer_pb2.Step(factor=2, length=steps(1)))))
        message = "optimizer.schedule.step.factor = 2, must be in (0, 1]"
        self.refused_field(message, self.preview, spec)
        self.refused_field(message, lambda: self.preview(spec, steps_per_epoch=10))
        self.refused_field(message, self.client.create_job, spec)

    def test_a_cosine_over_a_budget_of_time_needs_a_length(self) -> None:
        budget = spec_pb2.Budget()
        budget.running_time.seconds = 1
        message = "optimizer.schedule.cosine.length = unset, must be given where the budget is a running time alone"
        self.refused_field(message, self.client.create_job, spec_for(with_schedule(SCHEDULES["cosine"]), budget=budget))

    def test_a_falling_momentum_is_refused_unless_it_may_fall(self) -> None:
        optimizer = optimizer_pb2.Optimizer()
        optimizer.CopyFrom(MOMENTA["falling steps"])
        optimizer.nesterov.schedule.may_fall = False
        self.refused_field(
            "optimizer.nesterov.schedule.steps.values[0] = 0.9, must be at most momentum = 0.5, or the schedule have "
            "may_fall, since the momentum would fall",
            self.client.create_job,
            spec_for(optimizer),
        )

    def test_a_tau_beyond_the_budget_is_warned_of(self) -> None:
        linear = optimizer_pb2.Linear(tau_steps=TOTAL + 1)
        (warning,) = self.client.check_job(spec_for(with_schedule(Schedule(linear=linear)))).warnings
        self.assertEqual(warning.reason, "TAU_BEYOND_BUDGET")
        message = "optimizer.schedule reaches its final learning rate at step 61, but the budget ends at step 60"
        self.assertEqual(warning.message, message)
        linear.tau_steps = TOTAL
        self.assertEqual(len(self.client.check_job(spec_for(with_schedule(Schedule(linear=linear)))).warnings), 0)


if __name__ == "__main__":
    unittest.main()
