#!/usr/bin/python3
"""Paused, resumed and cancelled jobs, also across the end of the server."""

import unittest
from typing import Callable

import grpc
import trainyard_testing
from restarting import RestartTest, digits_spec, endless_spec, small_spec
from trainyard.v1 import event_pb2, job_pb2, spec_pb2
from trainyard_testing import Client, Run, Server, refusal_of


class PauseTest(RestartTest):
    def begun(self, client: Client, spec: spec_pb2.JobSpec, steps: int = 200) -> tuple[str, Run]:
        job = client.create_job(spec).name
        return job, client.follow_until(job, Run(), lambda run: run.steps >= steps)

    def finish(self, client: Client, job: str, seen: Run) -> Run:
        for event in client.watch(job, seen.next_sequence):
            seen.add(event)
        return seen

    def test_a_paused_and_resumed_run_has_the_same_bits(self) -> None:
        _, client = self.begin()
        spec = digits_spec(budget=spec_pb2.Budget(epochs=240))
        expected = client.follow(client.create_job(spec).name)
        job, seen = self.begun(client, spec)
        for step in (300, 500):
            self.assertEqual(client.pause_job(job).state, event_pb2.STATE_PAUSED)
            self.assertEqual(client.pause_job(job).state, event_pb2.STATE_PAUSED)
            self.assertEqual(client.resume_job(job).state, event_pb2.STATE_RUNNING)
            self.assertEqual(client.resume_job(job).state, event_pb2.STATE_RUNNING)
            client.follow_until(job, seen, lambda run: run.steps >= step)
        self.expect_same(self.finish(client, job, seen), expected)
        self.assertEqual(self.digest(client, job), self.digest(client, expected.events[0].job))
        running, paused = "STATE_RUNNING", "STATE_PAUSED"
        self.assertEqual(
            seen.states(), ["STATE_QUEUED", running, paused, running, paused, running, "STATE_SUCCEEDED"]
        )

    def paused_across(self, end: Callable[[Server, Client], None]) -> None:
        server, client = self.begin()
        spec = digits_spec(budget=spec_pb2.Budget(epochs=240))
        expected = client.follow(client.create_job(spec).name)
        job, seen = self.begun(client, spec)
        client.pause_job(job)
        client.follow_until(job, seen, lambda run: run.states()[-1] == "STATE_PAUSED")
        end(server, client)
        _, client = self.start()
        after = client.get_job(job)
        self.assertEqual(after.state, event_pb2.STATE_PAUSED)
        self.assertEqual(after.newest_sequence, len(seen.events))
        self.assertEqual(client.resume_job(job).state, event_pb2.STATE_RUNNING)
        self.expect_same(self.finish(client, job, seen), expected)
        self.assertEqual(self.digest(client, job), self.digest(client, expected.events[0].job))

    def test_a_paused_run_stays_paused_when_the_server_is_killed(self) -> None:
        self.paused_across(self.kill)

    def test_a_paused_run_stays_paused_when_the_server_drains(self) -> None:
        self.paused_across(self.drain)

    def test_a_paused_run_makes_no_step(self) -> None:
        _, client = self.begin()
        job, seen = self.begun(client, endless_spec())
        client.pause_job(job)
        client.follow_until(job, seen, lambda run: run.states()[-1] == "STATE_PAUSED")
        client.train(small_spec())
        self.assertEqual(client.get_job(job).newest_sequence, len(seen.events))

    def test_a_pause_and_a_resumption_that_were_acknowledged_are_in_the_log(self) -> None:
        _, client = self.begin()
        job, _ = self.begun(client, endless_spec())
        for _ in range(20):
            for change in (client.pause_job, client.resume_job):
                before = client.get_job(job).newest_sequence
                state = change(job).state
                changes = self.changes(client, job, before + 1, client.get_job(job).newest_sequence)
                self.assertEqual(changes, [state])

    def changes(self, client: Client, job: str, first: int, last: int) -> list[int]:
        """States that the job entered by these events."""
        changes = []
        while first <= last:
            request = job_pb2.ListEventsRequest(job=job, page_size=1000, from_sequence=first)
            page = client.jobs.ListEvents(request).events
            changes += [event.state_changed.state for event in page if event.HasField("state_changed")]
            first = page[-1].sequence + 1
        return changes

    def test_a_pause_that_was_acknowledged_survives_a_kill_at_once(self) -> None:
        server, client = self.begin()
        job, _ = self.begun(client, endless_spec())
        for _ in range(5):
            client.pause_job(job)
            self.kill(server, client)
            server, client = self.start()
            self.assertEqual(client.get_job(job).state, event_pb2.STATE_PAUSED)
            client.resume_job(job)

    def test_a_job_that_tells_its_end_is_neither_paused_nor_resumed(self) -> None:
        _, client = self.begin()
        for _ in range(50):
            job = client.create_job(digits_spec(hidden=1, budget=spec_pb2.Budget(steps=1))).name
            client.ended_job(job)
            for change in (client.resume_job, client.pause_job):
                with self.assertRaises(grpc.RpcError) as raised:
                    change(job)
                self.assertEqual(refusal_of(raised.exception).reason, "JOB_ENDED")

    def cancelled(self, client: Client, job: str, seen: Run) -> None:
        ended = client.cancel_job(job)
        self.finish(client, job, seen)
        self.assertEqual(ended.state, event_pb2.STATE_CANCELLED)
        self.assertEqual(ended.stop_reason, event_pb2.STOP_REASON_CANCELLED)
        self.assertEqual(ended.parameters_held, event_pb2.PARAMETERS_HELD_LAST)
        self.assertEqual(ended.parameters_step, seen.steps)
        self.assertEqual(seen.terminal.state, event_pb2.STATE_CANCELLED)
        self.assertEqual(seen.terminal.parameters_step, seen.steps)
        self.assertEqual(client.get_model(job).step, seen.steps)
        self.assertGreater(len(client.tensors(trainyard_testing.model_of(job))), 0)

    def test_a_running_job_is_cancelled_with_what_it_reached(self) -> None:
        _, client = self.begin()
        self.cancelled(client, *self.begun(client, endless_spec()))

    def test_a_paused_job_is_cancelled_with_what_it_reached(self) -> None:
        _, client = self.begin()
        job, seen = self.begun(client, endless_spec())
        client.pause_job(job)
        self.cancelled(client, job, seen)

    def test_a_job_paused_before_the_server_was_killed_is_cancelled_with_what_it_reached(self) -> None:
        server, client = self.begin()
        job, seen = self.begun(client, endless_spec())
        client.pause_job(job)
        server.kill()
        _, client = self.start()
        self.cancelled(client, job, seen)

    def test_a_job_cancelled_stays_cancelled_when_the_server_is_killed_at_once(self) -> None:
        server, client = self.begin()
        job, _ = self.begun(client, endless_spec())
        ended = client.cancel_job(job)
        server.kill()
        _, client = self.start()
        after = client.get_job(job)
        self.assertEqual(after.state, event_pb2.STATE_CANCELLED)
        self.assertEqual(after.parameters_step, ended.parameters_step)
        self.assertEqual(client.get_model(job).step, ended.parameters_step)


if __name__ == "__main__":
    unittest.main()
