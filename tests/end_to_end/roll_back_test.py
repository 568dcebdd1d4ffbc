"""A run that diverges, goes back and goes on: what it tells, what its metrics are, and what a killed server makes of it."""

import unittest

from restarting import RestartTest, digits_spec
from trainyard.v1 import event_pb2, job_pb2, metric_pb2, optimizer_pb2, spec_pb2
from trainyard_testing import Client

FACTOR = 1e-20


def overflowing_spec(**fields: object) -> spec_pb2.JobSpec:
    """The first rates overflow at once; after two roll-backs it is 0.1."""
    spec = digits_spec(
        hidden=32,
        optimizer=optimizer_pb2.Optimizer(learning_rate=1e39, sgd=optimizer_pb2.Sgd()),
        budget=spec_pb2.Budget(epochs=30),
        **fields,
    )
    spec.divergence.roll_back.factor = FACTOR
    return spec


def events_of(client: Client, job: str) -> list[event_pb2.Event]:
    return list(client.watch(job, 1))


class RollBackTest(RestartTest):
    def test_each_roll_back_is_a_new_attempt_with_a_smaller_rate(self) -> None:
        _, client = self.begin()
        job = client.create_job(overflowing_spec()).name
        events = events_of(client, job)
        divergences = [event for event in events if event.WhichOneof("kind") == "divergence"]
        self.assertEqual([event.divergence.rolled_back.to_step for event in divergences], [0, 0])
        self.assertEqual([event.attempt for event in divergences], [1, 2])
        self.assertEqual([event.divergence.rolled_back.left for event in divergences], [4, 3])
        factors = [event.divergence.rolled_back.learning_rate_factor for event in divergences]
        self.assertEqual(factors, [FACTOR, FACTOR * FACTOR])
        self.assertEqual([event.sequence for event in events], list(range(1, len(events) + 1)))
        self.assertEqual(events[-1].state_changed.stop_reason, event_pb2.STOP_REASON_EPOCHS)
        ended = client.jobs.GetJob(job_pb2.GetJobRequest(name=job))
        self.assertEqual((ended.state, ended.attempt), (event_pb2.STATE_SUCCEEDED, 3))

    def test_metrics_leave_out_the_steps_that_were_made_anew(self) -> None:
        _, client = self.begin()
        job = client.create_job(overflowing_spec()).name
        events_of(client, job)
        metrics = client.jobs.GetMetrics(job_pb2.GetMetricsRequest(job=job, max_points=100_000))
        rates = next(series for series in metrics.series if series.series == metric_pb2.SERIES_LEARNING_RATE)
        self.assertEqual(list(rates.steps), list(range(len(rates.steps))))
        self.assertEqual(set(rates.values), {1e39 * (FACTOR * FACTOR)})

    def test_after_the_last_roll_back_the_job_fails(self) -> None:
        _, client = self.begin()
        spec = overflowing_spec()
        spec.divergence.roll_back.factor = 0.5
        spec.divergence.roll_back.max_times = 2
        job = client.create_job(spec).name
        events = events_of(client, job)
        self.assertEqual(events[-1].state_changed.state, event_pb2.STATE_FAILED)
        self.assertEqual(events[-1].state_changed.stop_reason, event_pb2.STOP_REASON_DIVERGENCE)
        self.assertEqual(events[-1].attempt, 3)

    def test_a_killed_run_does_not_diverge_again_and_ends_with_the_same_bits(self) -> None:
        server, client = self.begin()
        expected = client.create_job(overflowing_spec()).name
        events_of(client, expected)
        expected_digest = self.digest(client, expected)
        job = client.create_job(overflowing_spec()).name
        seen = []
        for event in client.watch(job, 1):
            seen.append(event)
            if event.attempt == 3 and event.WhichOneof("kind") == "metrics":
                break
        self.kill(server, client)
        _, client = self.start()
        events = events_of(client, job)
        # As bytes: a loss that is not a number is no equal of itself.
        seen_again = events[: len(seen)]
        self.assertEqual([e.SerializeToString() for e in seen_again], [e.SerializeToString() for e in seen])
        self.assertEqual([event.sequence for event in events], list(range(1, len(events) + 1)))
        self.assertEqual(len([event for event in events if event.WhichOneof("kind") == "divergence"]), 2)
        self.assertEqual(self.digest(client, job), expected_digest)


if __name__ == "__main__":
    unittest.main()
