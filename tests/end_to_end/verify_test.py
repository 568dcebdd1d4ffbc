#!/usr/bin/python3
"""A job's steps, computed anew, have the bits that its log has; where they have not, the first difference is told."""

import collections
import sqlite3
import subprocess
import time
import unittest

import grpc

from restarting import RestartTest, digits_spec, endless_spec, small_spec
from trainyard.v1 import event_pb2, initialization_pb2, job_pb2, metric_pb2, optimizer_pb2, spec_pb2
from trainyard_testing import Client, ServerTest, program, refusal_of

EVERY_100 = spec_pb2.CheckpointPlan(every_steps=100)


def verify(client: Client, job: str, timeout: float | None = None, **fields: object) -> job_pb2.VerifyJobResponse:
    return client.jobs.VerifyJob(job_pb2.VerifyJobRequest(name=job, **fields), timeout=timeout)


class VerifyTest(RestartTest):
    def test_a_whole_run_is_the_same_to_the_bit(self) -> None:
        _, client = self.begin()
        clipping = optimizer_pb2.Clipping(global_norm=optimizer_pb2.ClipGlobalNorm(max_norm=0.5))
        rolled_back = digits_spec(
            hidden=32,
            optimizer=optimizer_pb2.Optimizer(learning_rate=1e39, sgd=optimizer_pb2.Sgd()),
            budget=spec_pb2.Budget(epochs=30),
        )
        rolled_back.divergence.roll_back.factor = 1e-20
        specs = {
            "single precision": small_spec(),
            "double precision": small_spec(precision=spec_pb2.PRECISION_F64),
            "early stopping": small_spec(early_stopping=spec_pb2.EarlyStopping(patience=3)),
            "clipped": small_spec(optimizer=optimizer_pb2.Optimizer(clipping=clipping)),
            "two threads": digits_spec(hidden=512, threads=2, budget=spec_pb2.Budget(steps=60)),
            "third attempt": rolled_back,
        }
        for what, spec in specs.items():
            with self.subTest(what):
                name = client.create_job(spec).name
                collections.deque(client.watch(name, 1), maxlen=0)
                job = client.ended_job(name)
                answer = verify(client, name)
                self.assertEqual(answer.difference, "")
                self.assertTrue(answer.identical)
                self.assertEqual((answer.first_step, answer.step_count), (0, job.progress.step))
                self.assertEqual(answer.attempt, job.attempt)
                self.assertEqual(answer.checkpoint_steps[-1], job.progress.step)

    def test_a_run_is_verified_from_any_checkpoint_that_is_kept_and_for_so_many_steps(self) -> None:
        _, client = self.begin()
        job = client.train(small_spec(checkpoints=EVERY_100))
        steps = job.progress.step
        answer = verify(client, job.name)
        self.assertIn(steps - steps % 100, answer.checkpoint_steps)
        for first in answer.checkpoint_steps[:-1]:
            rest = verify(client, job.name, from_step=first)
            self.assertTrue(rest.identical, rest.difference)
            self.assertEqual((rest.first_step, rest.step_count), (first, steps - first))
            self.assertEqual(rest.checkpoint_fingerprint, rest.numeric_fingerprint)
            some = verify(client, job.name, from_step=first, step_count=7)
            self.assertEqual((some.identical, some.step_count), (True, min(7, steps - first)))

    def test_a_warm_start_is_verified_from_what_it_copied(self) -> None:
        _, client = self.begin()
        source = client.train(small_spec())
        job = client.train(small_spec(warm_start=initialization_pb2.WarmStart(model=source.model)))
        answer = verify(client, job.name)
        self.assertTrue(answer.identical, answer.difference)
        self.assertEqual(answer.step_count, job.progress.step)

    def test_a_job_under_way_is_verified_as_far_as_it_is_logged(self) -> None:
        _, client = self.begin()
        job = client.create_job(endless_spec()).name
        while client.get_job(job).progress.step < 100:
            time.sleep(0.01)
        answer = verify(client, job, step_count=50)
        self.assertEqual((answer.identical, answer.step_count), (True, 50))
        client.pause_job(job)
        logged = client.get_job(job).progress.step
        answer = verify(client, job)
        self.assertEqual((answer.identical, answer.step_count), (True, logged))

    def test_a_value_that_was_altered_is_the_first_difference(self) -> None:
        server, client = self.begin()
        job = client.train(small_spec(checkpoints=EVERY_100)).name
        self.drain(server, client)
        step = self.alter_a_loss(behind=300)
        server, client = self.start()
        answer = verify(client, job)
        self.assertFalse(answer.identical)
        self.assertEqual(answer.difference, f"a metric of step {step} is not what the log says")
        self.assertEqual(answer.first_step + answer.step_count - 1, step)
        command = [program("trainyard"), "job", "verify", job, "--server", server.address]
        finished = subprocess.run(command, capture_output=True, text=True)
        self.assertEqual((finished.returncode, finished.stdout), (1, answer.difference + "\n"))

    def alter_a_loss(self, behind: int) -> int:
        """In its last digit, in the stored log; the step."""
        with sqlite3.connect(self.data / "trainyard.db") as database:
            for key, payload in database.execute("SELECT rowid, payload FROM events ORDER BY seq"):
                event = event_pb2.Event.FromString(payload)
                if not event.HasField("metrics") or event.metrics.first_step < behind:
                    continue
                column = next(c for c in event.metrics.columns if c.series == metric_pb2.SERIES_LOSS)
                column.values[3] *= 1 + 2**-50
                database.execute("UPDATE events SET payload = ? WHERE rowid = ?", (event.SerializeToString(), key))
                return event.metrics.first_step + 3
        raise AssertionError("no metrics behind the step")

    def test_ending_the_call_ends_the_work(self) -> None:
        _, client = self.begin()
        job = client.create_job(endless_spec()).name
        while client.get_job(job).progress.step < 20_000:
            time.sleep(0.01)
        client.cancel_job(job)
        with self.assertRaises(grpc.RpcError) as raised:
            verify(client, job, timeout=0.01)
        self.assertEqual(raised.exception.code(), grpc.StatusCode.DEADLINE_EXCEEDED)
        for _ in range(1000):
            try:
                self.assertTrue(verify(client, job, step_count=10).identical)
                return
            except grpc.RpcError as error:
                self.assertEqual(refusal_of(error).reason, "VERIFYING")
                time.sleep(0.01)
        self.fail("the first verification goes on")


class RefusedTest(ServerTest):
    datasets = ("digits",)

    def test_what_cannot_be_verified_is_refused(self) -> None:
        job = self.client.train(small_spec(checkpoints=EVERY_100)).name
        request = job_pb2.VerifyJobRequest
        call = self.client.jobs.VerifyJob
        self.refused_field("step_count = 0, must be at least 1", call, request(name=job, step_count=0))
        self.refused_field("from_step = -1, must be at least 0", call, request(name=job, from_step=-1))
        refusal = self.refused(grpc.StatusCode.FAILED_PRECONDITION, call, request(name=job, from_step=150))
        self.assertEqual(refusal.reason, "NO_CHECKPOINT")
        self.assertRegex(refusal.message, "^no checkpoint of step 150 is kept; there are those of steps .*200.*$")
        self.refused(grpc.StatusCode.NOT_FOUND, call, request(name="jobs/none"))


if __name__ == "__main__":
    unittest.main()
