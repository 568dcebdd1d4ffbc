#!/usr/bin/python3
"""A job's deadline ends it wherever it is, and its model holds what was reached."""

import subprocess
import time
import unittest

import grpc
from google.protobuf import timestamp_pb2

from restarting import RestartTest, endless_spec
from steering import update_job
from trainyard.v1 import event_pb2, job_pb2
from trainyard_testing import Client, program, refusal_of


def in_seconds(seconds: float) -> timestamp_pb2.Timestamp:
    return timestamp_pb2.Timestamp(seconds=int(time.time() + seconds), nanos=int((time.time() + seconds) % 1 * 1e9))


class DeadlineTest(RestartTest):
    def expect_ended_by_deadline(self, client: Client, name: str) -> job_pb2.Job:
        for _ in client.watch(name):
            pass
        job = client.ended_job(name)
        self.assertEqual((job.state, job.stop_reason), (event_pb2.STATE_CANCELLED, event_pb2.STOP_REASON_DEADLINE))
        return job

    def test_a_running_job_ends_at_its_deadline_with_what_it_has_reached(self) -> None:
        _, client = self.begin()
        created = client.create_job(endless_spec(), deadline=in_seconds(1))
        job = self.expect_ended_by_deadline(client, created.name)
        self.assertGreater(job.progress.step, 0)
        self.assertEqual(client.get_model(job.name).step, job.parameters_step)
        self.assertGreaterEqual(job.end_time.ToNanoseconds(), created.deadline.ToNanoseconds())

    def test_queued_and_paused_jobs_end_at_their_deadlines(self) -> None:
        _, client = self.begin()
        above = [client.create_job(endless_spec(), priority=1000).name for _ in range(8)]
        queued = client.create_job(endless_spec(), deadline=in_seconds(1)).name
        self.assertEqual(client.get_job(queued).state, event_pb2.STATE_QUEUED)
        paused = client.create_job(endless_spec(), priority=1000, deadline=in_seconds(3)).name
        while client.get_job(paused).state == event_pb2.STATE_QUEUED:
            time.sleep(0.01)
        client.pause_job(paused)
        self.assertEqual(
            self.expect_ended_by_deadline(client, queued).parameters_held, event_pb2.PARAMETERS_HELD_NONE
        )
        self.assertEqual(self.expect_ended_by_deadline(client, paused).parameters_held, event_pb2.PARAMETERS_HELD_LAST)
        for name in above:
            client.cancel_job(name)

    def test_a_deadline_that_passes_while_the_server_is_dead_ends_the_job_when_it_lives(self) -> None:
        server, client = self.begin()
        name = client.create_job(endless_spec(), deadline=in_seconds(2)).name
        self.kill(server, client)
        time.sleep(2)
        _, client = self.start()
        self.expect_ended_by_deadline(client, name)

    def test_a_deadline_is_moved_and_taken_away_by_an_update(self) -> None:
        _, client = self.begin()
        sooner = client.create_job(endless_spec(), deadline=in_seconds(3600)).name
        update_job(client, sooner, "deadline", deadline=in_seconds(0.5))
        self.expect_ended_by_deadline(client, sooner)
        never = client.create_job(endless_spec(), deadline=in_seconds(2)).name
        self.assertFalse(update_job(client, never, "deadline").HasField("deadline"))
        time.sleep(2.5)
        self.assertEqual(client.cancel_job(never).stop_reason, event_pb2.STOP_REASON_CANCELLED)

    def test_a_request_that_is_repeated_after_the_deadline_has_its_answer(self) -> None:
        _, client = self.begin()
        job = job_pb2.Job(spec=endless_spec(), deadline=in_seconds(0.5))
        request = job_pb2.CreateJobRequest(job=job, request_id="once")
        name = client.jobs.CreateJob(request).name
        self.expect_ended_by_deadline(client, name)
        self.assertEqual(client.jobs.CreateJob(request).name, name)

    def test_a_deadline_in_the_past_is_refused(self) -> None:
        _, client = self.begin()
        for deadline in (in_seconds(-1), timestamp_pb2.Timestamp(seconds=1, nanos=-1)):
            with self.assertRaises(grpc.RpcError) as raised:
                client.create_job(endless_spec(), deadline=deadline)
            self.assertEqual(refusal_of(raised.exception).fields, ["job.deadline"])

    def test_the_command_line_takes_a_time_from_now(self) -> None:
        server, client = self.begin()
        command = [program("trainyard"), "train", "--dataset", "digits", "--steps", "1000000000", "--deadline", "1s"]
        name = subprocess.run(
            [*command, "--server", server.address], check=True, capture_output=True, text=True
        ).stdout.strip()
        self.expect_ended_by_deadline(client, name)


if __name__ == "__main__":
    unittest.main()
