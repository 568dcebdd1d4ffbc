#!/usr/bin/python3
"""ResumeJob from an earlier checkpoint: the run goes back, and what it told before stays as a branch."""

import unittest
from typing import Callable

import grpc

from restarting import RestartTest, slow_spec, small_spec
from steering import digests, events, learning_rates, of_kind, set_learning_rate
from trainyard.v1 import event_pb2, job_pb2, metric_pb2
from trainyard_testing import Client, Run, Server, refusal_of

def rewind(client: Client, name: str, step: int) -> job_pb2.Job:
    return client.jobs.ResumeJob(job_pb2.ResumeJobRequest(name=name, from_step=step))


class RewindTest(RestartTest):
    def paused(self, client: Client, steps: int) -> str:
        name = client.create_job(slow_spec()).name
        client.follow_until(name, Run(), lambda run: run.steps >= steps)
        client.pause_job(name)
        return name

    def refused(self, reason: str, call: Callable[..., object], *arguments: object) -> dict[str, str]:
        with self.assertRaises(grpc.RpcError) as raised:
            call(*arguments)
        refusal = refusal_of(raised.exception)
        self.assertEqual((refusal.code, refusal.reason), (grpc.StatusCode.FAILED_PRECONDITION, reason))
        return refusal.metadata

    def test_a_rewound_run_has_the_bits_of_an_undisturbed_one_and_its_old_branch_stays_readable(self) -> None:
        _, client = self.begin()
        expected = client.train(slow_spec())
        name = self.paused(client, 22)
        before = events(client, name)
        job = rewind(client, name, 10)
        self.assertEqual((job.state, job.attempt), (event_pb2.STATE_RUNNING, 2))
        self.assertEqual([(one.attempt, one.first_step) for one in job.attempts], [(1, 0), (2, 10)])
        ended = client.ended_job(name)
        self.assertEqual(ended.state, event_pb2.STATE_SUCCEEDED)
        self.assertEqual(digests(client, name), digests(client, expected.name, from_step=10))
        self.assertEqual(client.get_model(name).parameters_digest, client.get_model(expected.name).parameters_digest)
        self.assertEqual(ended.parameters_step, expected.parameters_step)
        self.assertEqual(ended.latest_evaluations, expected.latest_evaluations)
        self.assertEqual(ended.progress.examples, expected.progress.examples)
        after = events(client, name)
        self.assertEqual(after[: len(before)], before)
        told = of_kind(client, name, "rewound")
        self.assertEqual([(one.attempt, one.step, one.rewound.to_step) for one in told], [(2, 10, 10)])
        request = job_pb2.GetMetricsRequest(job=name, series=[metric_pb2.SERIES_LOSS], max_points=100_000)
        series = client.jobs.GetMetrics(request).series[0]
        self.assertEqual(list(series.steps), list(range(60)))
        answer = client.jobs.VerifyJob(job_pb2.VerifyJobRequest(name=name))
        self.assertEqual((answer.difference, answer.attempt), ("", 2))
        self.assertGreaterEqual(answer.first_step, 10)

    def rewound_across(self, end: Callable[[Server, Client], None]) -> None:
        server, client = self.begin()
        expected = digests(client, client.train(slow_spec()).name, from_step=15)
        name = self.paused(client, 26)
        end(server, client)
        server, client = self.start()
        rewind(client, name, 15)
        end(server, client)
        _, client = self.start()
        ended = client.ended_job(name)
        self.assertEqual((ended.state, ended.attempt), (event_pb2.STATE_SUCCEEDED, 2))
        self.assertEqual(digests(client, name, from_step=15), expected)

    def test_a_rewind_survives_kills_before_and_after_it(self) -> None:
        self.rewound_across(self.kill)

    def test_a_rewind_survives_drains_before_and_after_it(self) -> None:
        self.rewound_across(self.drain)

    def test_until_it_is_past_the_old_branch_a_rewound_job_shows_only_what_holds(self) -> None:
        _, client = self.begin()
        name = self.paused(client, 22)
        shown = client.get_job(name)
        rewind(client, name, 10)
        client.pause_job(name)
        job = client.get_job(name)
        if job.progress.step < shown.latest_evaluations[0].step:
            self.assertLessEqual(job.latest_evaluations[0].step, job.progress.step)
        request = job_pb2.GetMetricsRequest(job=name, series=[metric_pb2.SERIES_LOSS], max_points=100_000)
        self.assertEqual(client.jobs.GetMetrics(request).series[0].steps[-1], job.progress.step - 1)
        self.assertLessEqual(client.get_model(name).step, job.progress.step)

    def test_changes_that_acted_later_are_undone_and_those_still_to_act_do_so_at_once(self) -> None:
        _, client = self.begin()
        expected = client.train(slow_spec())
        name = client.create_job(slow_spec()).name
        client.follow_until(name, Run(), lambda run: run.steps >= 12)
        undone = set_learning_rate(client, name, 0.5).changes[0].step
        client.follow_until(name, Run(), lambda run: run.steps >= undone + 6)
        client.pause_job(name)
        job = rewind(client, name, 10)
        self.assertEqual((list(job.changes), job.HasField("current_spec")), ([], False))
        client.ended_job(name)
        self.assertEqual(digests(client, name), digests(client, expected.name, from_step=10))

        name = self.paused(client, 22)
        self.assertGreaterEqual(set_learning_rate(client, name, 0.002).changes[0].step, 22)
        job = rewind(client, name, 10)
        self.assertEqual([change.step for change in job.changes], [10])
        client.ended_job(name)
        rates = learning_rates(client, name)
        self.assertEqual((rates[9], rates[10], rates[59]), (0.01, 0.002, 0.002))
        self.assertTrue(client.jobs.VerifyJob(job_pb2.VerifyJobRequest(name=name)).identical)

    def test_only_a_paused_job_goes_back_and_only_to_a_checkpoint_on_its_branch(self) -> None:
        _, client = self.begin()
        name = self.paused(client, 22)
        there_are = self.refused("NO_CHECKPOINT", rewind, client, name, 11)["steps"].split(", ")
        self.assertIn("10", there_are)
        rewind(client, name, 10)
        self.refused("JOB_RUNNING", rewind, client, name, 10)
        client.pause_job(name)
        self.refused("NO_CHECKPOINT", rewind, client, name, 10_000)
        if client.get_job(name).progress.step < 20:
            self.refused("NO_CHECKPOINT", rewind, client, name, 20)
        rewind(client, name, 5)
        self.assertEqual(client.get_job(name).attempt, 3)
        client.ended_job(name)
        self.refused("JOB_ENDED", rewind, client, name, 5)
        self.refused("JOB_ENDED", rewind, client, client.train(small_spec()).name, 5)


if __name__ == "__main__":
    unittest.main()
