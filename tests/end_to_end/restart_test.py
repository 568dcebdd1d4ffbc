#!/usr/bin/python3
"""A killed or drained server goes on where it was; what it has acknowledged survives."""

import subprocess
import time
import unittest
from typing import Callable

import grpc

import trainyard_testing
from restarting import EPOCHS, RestartTest, digits_spec, endless_spec, small_spec
from trainyard.v1 import dataset_pb2, event_pb2, metric_pb2, optimizer_pb2, spec_pb2, watch_pb2
from trainyard_testing import Client, Run, Server, chunk
from watching import watch_request

LAST_STEP = EPOCHS * 45  # 1,437 training examples, 32 a step

# Jobs that differ in how they are saved and in the numbers they use.
VARIANTS = {
    "a checkpoint every 250 steps": {"checkpoints": spec_pb2.CheckpointPlan(every_steps=250)},
    "no checkpoint": {"checkpoints": spec_pb2.CheckpointPlan(every_steps=10**9)},
    "double precision": {
        "checkpoints": spec_pb2.CheckpointPlan(every_steps=250),
        "precision": spec_pb2.PRECISION_F64,
        "hidden": 192,
    },
    "checkpoints by time": {},
}

# grpc.health.v1.HealthCheckResponse
SERVING = b"\x08\x01"
NOT_SERVING = b"\x08\x02"


class KillTest(RestartTest):
    """A run is broken off at several steps, each time on what the former server left, and goes on."""

    def broken_off(self, spec: spec_pb2.JobSpec, at_steps: list[int], end: Callable[[Server, Client], None]) -> Run:
        server, client = self.begin()
        expected = client.follow(client.create_job(spec).name)
        job = client.create_job(spec).name
        expected_digest = self.digest(client, expected.events[0].job)

        seen = Run()
        for step in at_steps:
            client.follow_until(job, seen, lambda run: run.steps >= step)
            end(server, client)
            server, client = self.start()
        for event in client.watch(job, seen.next_sequence):
            seen.add(event)

        self.expect_same(seen, expected)
        self.assertEqual(self.digest(client, job), expected_digest)
        self.assertEqual({event.attempt for event in seen.events}, {1})
        self.assertEqual(client.follow(job).events, seen.events)
        self.assertEqual(len(seen.of_kind("recovered")), len(at_steps))
        return seen

    def test_a_killed_run_with_many_checkpoints_goes_on_with_the_same_bits(self) -> None:
        spec = digits_spec(**VARIANTS["a checkpoint every 250 steps"])
        self.broken_off(spec, [1, 400, 1100, LAST_STEP // 2], self.kill)

    def test_a_killed_run_without_a_checkpoint_begins_anew_with_the_same_bits(self) -> None:
        spec = digits_spec(**VARIANTS["no checkpoint"])
        self.broken_off(spec, [1, 600, 1300], self.kill)

    def test_a_killed_run_in_double_precision_goes_on_with_the_same_bits(self) -> None:
        self.broken_off(digits_spec(**VARIANTS["double precision"]), [300, 900], self.kill)

    def test_a_killed_run_that_stops_early_stops_at_the_same_step(self) -> None:
        spec = digits_spec(
            hidden=512,
            early_stopping=spec_pb2.EarlyStopping(patience=12, metric=metric_pb2.METRIC_LOG_LOSS),
            optimizer=optimizer_pb2.Optimizer(learning_rate=0.05),
            checkpoints=spec_pb2.CheckpointPlan(every_steps=100),
        )
        self.broken_off(spec, [60, 120], self.kill)

    def test_a_drained_run_goes_on_with_the_same_bits(self) -> None:
        spec = digits_spec(**VARIANTS["checkpoints by time"])
        self.broken_off(spec, [200, 1000], self.drain)

    def recovered(
        self, spec: spec_pb2.JobSpec, until: Callable[[Run], bool], end: Callable[[Server, Client], None]
    ) -> tuple[int, event_pb2.Event]:
        """The steps in the log when the server came back, and what it said then."""
        server, client = self.begin()
        job = client.create_job(spec).name
        seen = client.follow_until(job, Run(), until)
        end(server, client)
        _, client = self.start()
        client.follow_until(job, seen, lambda run: bool(run.of_kind("recovered")))
        event = seen.of_kind("recovered")[0]
        before = Run()
        for earlier in seen.events[: event.sequence - 1]:
            before.add(earlier)
        return before.steps, event

    def test_a_drained_run_goes_on_where_it_was(self) -> None:
        steps, event = self.recovered(endless_spec(), lambda run: run.steps >= 300, self.drain)
        self.assertEqual(event.step, steps)
        self.assertEqual(event.recovered.replay_until_step, steps)

    def test_a_killed_run_says_from_where_to_where_it_computes_again(self) -> None:
        spec = endless_spec()
        spec.checkpoints.every_steps = 200
        saved = lambda run: bool(run.of_kind("checkpoint_saved"))
        steps, event = self.recovered(spec, saved, self.kill)
        self.assertGreater(event.step, 0)
        self.assertEqual(event.step % 200, 0)
        self.assertEqual(event.recovered.replay_until_step, steps)

    def test_the_progress_of_a_killed_run_does_not_go_back(self) -> None:
        server, client = self.begin()
        job = client.create_job(digits_spec(**VARIANTS["no checkpoint"])).name
        seen = client.follow_until(job, Run(), lambda run: run.steps >= 500)
        self.kill(server, client)
        _, client = self.start()
        self.assertGreaterEqual(client.get_job(job).progress.step, seen.steps)

    def test_many_jobs_go_on_after_a_kill(self) -> None:
        server, client = self.begin()
        specs = [small_spec(seed=seed) for seed in range(8)]
        expected = [client.train(spec) for spec in specs]
        jobs = [client.create_job(spec).name for spec in specs]
        client.follow_until(jobs[0], Run(), lambda run: run.steps > 0)
        server.kill()
        _, client = self.start()
        for job, before in zip(jobs, expected):
            self.assertEqual(client.follow(job).terminal.state, event_pb2.STATE_SUCCEEDED)
            self.assertEqual(self.digest(client, job), self.digest(client, before.name))


class DrainTest(RestartTest):
    def test_a_watcher_of_hundreds_of_jobs_is_told_that_the_server_drains(self) -> None:
        server, client = self.begin()
        jobs = [client.create_job(endless_spec()).name for _ in range(300)]
        stream = client.watches.Watch(watch_request(*jobs))
        next(stream)
        server.process.terminate()
        with self.assertRaises(grpc.RpcError) as raised:
            for _ in stream:
                pass
        refusal = trainyard_testing.refusal_of(raised.exception)
        self.assertEqual((refusal.code, refusal.reason), (grpc.StatusCode.UNAVAILABLE, "DRAINING"))
        self.assertEqual(server.process.wait(15), 0)

    def test_watchers_are_told_the_number_to_resume_from(self) -> None:
        server, client = self.begin()
        jobs = [client.create_job(endless_spec()).name for _ in range(2)]
        seen = {job: Run() for job in jobs}
        targets = [watch_pb2.WatchTarget(job=job) for job in jobs]
        stream = client.watches.Watch(watch_pb2.WatchRequest(targets=targets))
        with self.assertRaises(grpc.RpcError) as raised:
            for response in stream:
                for event in response.events:
                    seen[event.job].add(event)
                if all(run.steps > 0 for run in seen.values()) and server.process.poll() is None:
                    server.process.terminate()
        refusal = trainyard_testing.refusal_of(raised.exception)
        self.assertEqual((refusal.code, refusal.reason), (grpc.StatusCode.UNAVAILABLE, "DRAINING"))
        self.assertEqual(refusal.metadata, {job: str(run.next_sequence) for job, run in seen.items()})
        self.assertEqual(server.process.wait(15), 0)

        _, client = self.start()
        for job, run in seen.items():
            client.follow_until(job, run, lambda run: bool(run.of_kind("recovered")))

    def test_who_watches_the_health_sees_that_it_does_not_serve_any_more(self) -> None:
        server, client = self.begin()
        client.follow_until(client.create_job(endless_spec()).name, Run(), lambda run: run.steps > 0)
        watch = client.channel.unary_stream("/grpc.health.v1.Health/Watch")(b"")
        self.assertEqual(next(watch), SERVING)
        server.process.terminate()
        self.assertEqual(next(watch), NOT_SERVING)
        with self.assertRaises(grpc.RpcError):
            next(watch)
        self.assertEqual(server.process.wait(15), 0)

    def test_an_idle_server_exits_0_soon(self) -> None:
        server, _ = self.start()
        server.process.terminate()
        self.assertEqual(server.process.wait(5), 0)

    def test_a_server_exits_0_while_jobs_end(self) -> None:
        server, client = self.begin()
        spec = digits_spec(hidden=512, budget=spec_pb2.Budget(steps=4), precision=spec_pb2.PRECISION_F64)
        for delay in range(12):
            for _ in range(6):
                client.create_job(spec)
            time.sleep(0.02 * delay)
            self.drain(server, client)
            server, client = self.start()

    def test_a_server_with_idle_watchers_exits_0_soon(self) -> None:
        server, client = self.begin()
        job = client.create_job(endless_spec()).name
        client.follow_until(job, Run(), lambda run: run.steps > 0)
        client.pause_job(job)
        streams = [client.stream(job) for _ in range(20)]
        for stream in streams:
            next(stream)
        server.process.terminate()
        self.assertEqual(server.process.wait(10), 0)
        for stream in streams:
            with self.assertRaises(grpc.RpcError):
                list(stream)
            self.assertEqual(stream.code(), grpc.StatusCode.UNAVAILABLE)


class AcknowledgedTest(RestartTest):
    """Killed right after the answer."""

    def restarted(self, server: Server) -> Client:
        server.kill()
        _, client = self.start()
        return client

    def test_bytes_that_were_acknowledged_survive(self) -> None:
        server, client = self.start()
        upload = client.open_upload("kept", 12)
        self.assertEqual(client.datasets.UploadData(iter([chunk(upload.name, 0, b"a,b\n1,2\n")])).received_bytes, 8)
        client = self.restarted(server)
        found = client.datasets.GetUpload(dataset_pb2.GetUploadRequest(name=upload.name))
        self.assertEqual((found.received_bytes, found.size_bytes), (8, 12))
        client.datasets.UploadData(iter([chunk(upload.name, 8, b"3,4\n")]))
        self.assertEqual(client.commit_upload(upload.name).row_count, 2)

    def test_an_upload_that_was_opened_survives(self) -> None:
        server, client = self.start()
        upload = client.open_upload("opened")
        client = self.restarted(server)
        found = client.datasets.GetUpload(dataset_pb2.GetUploadRequest(name=upload.name))
        self.assertEqual(found, upload)

    def test_a_data_set_that_was_committed_survives(self) -> None:
        server, client = self.start()
        dataset = client.upload_csv(trainyard_testing.DATA / "digits.csv", "digits")
        client = self.restarted(server)
        self.assertEqual(client.datasets.GetDataset(dataset_pb2.GetDatasetRequest(name=dataset.name)), dataset)
        self.assertEqual(client.train(small_spec()).state, event_pb2.STATE_SUCCEEDED)

    def test_a_job_that_was_accepted_survives(self) -> None:
        server, client = self.begin()
        job = client.create_job(small_spec(), display_name="kept", labels={"team": "a"}, priority=3)
        client = self.restarted(server)
        after = client.get_job(job.name)
        self.assertEqual(after.spec, job.spec)
        self.assertEqual((after.display_name, after.labels["team"], after.priority), ("kept", "a", 3))
        self.assertEqual(client.follow(job.name).terminal.state, event_pb2.STATE_SUCCEEDED)

    def test_an_ended_job_survives_with_its_log_and_its_model(self) -> None:
        server, client = self.begin()
        job = client.train(small_spec())
        run, model = client.follow(job.name), client.get_model(job.name)
        client = self.restarted(server)
        self.assertEqual(client.get_job(job.name), job)
        self.assertEqual(client.follow(job.name).events, run.events)
        self.assertEqual(client.get_model(job.name), model)


class DirectoryTest(RestartTest):
    def test_a_second_server_on_the_same_directory_is_refused(self) -> None:
        _, client = self.start()
        second = subprocess.run(
            [trainyard_testing.program("trainyard-server"), "--data", str(self.data), "--listen", "127.0.0.1:0"],
            capture_output=True,
            text=True,
            timeout=10,
        )
        self.assertEqual(second.returncode, 2)
        message = f"trainyard-server: another server uses {self.data}; stop it, or choose another with --data\n"
        self.assertEqual(second.stderr, message)
        self.assertEqual(second.stdout, "")
        client.server_info()


if __name__ == "__main__":
    unittest.main()
