#!/usr/bin/python3
"""The same bits, whatever happens to the server; and what it has acknowledged survives."""

import subprocess
import tempfile
import unittest
from pathlib import Path
from typing import Callable

import grpc

import trainyard_testing
from trainyard.v1 import dataset_pb2, event_pb2, job_pb2, metric_pb2, spec_pb2, watch_pb2
from trainyard_testing import Client, Run, Server, chunk

EPOCHS = 40
LAST_STEP = EPOCHS * 45  # 1,437 training examples, 32 a step

# Jobs that differ in how they are saved and in the numbers they use.
VARIANTS = {
    "a checkpoint every 250 steps": {"checkpoints": spec_pb2.CheckpointPlan(every_steps=250)},
    "no checkpoint": {"checkpoints": spec_pb2.CheckpointPlan(every_steps=10**9)},
    "double precision": {
        "checkpoints": spec_pb2.CheckpointPlan(every_steps=250),
        "precision": spec_pb2.PRECISION_F64,
        "hidden": 96,
    },
    "checkpoints by time": {},
}


def digits_spec(**fields: object) -> spec_pb2.JobSpec:
    """About 1 ms a step."""
    hidden = fields.pop("hidden", 256)
    layers = [spec_pb2.Layer(dense=spec_pb2.Dense(units=hidden)) for _ in range(2)]
    defaults = {
        "data": spec_pb2.TrainingData(dataset="datasets/digits", validation_fraction=0.1, test_fraction=0.1),
        "network": spec_pb2.Network(hidden=layers),
        "budget": spec_pb2.Budget(epochs=EPOCHS),
        "seed": 7,
    }
    return spec_pb2.JobSpec(**{**defaults, **fields})


def small_spec(**fields: object) -> spec_pb2.JobSpec:
    """Some tenths of a second, with momentum, decay and a hidden layer."""
    spec = digits_spec(hidden=16, budget=spec_pb2.Budget(epochs=60), **fields)
    spec.optimizer.schedule.linear.SetInParent()
    return spec


def endless_spec() -> spec_pb2.JobSpec:
    return digits_spec(hidden=16, budget=spec_pb2.Budget(steps=10**12))


def evaluations(run: Run) -> list[tuple[int, bytes]]:
    """Each with its step, to the bit."""
    return [(event.step, event.evaluation.SerializeToString()) for event in run.of_kind("evaluation")]


class RestartTest(unittest.TestCase):
    def setUp(self) -> None:
        self.data = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="trainyard-")))

    def start(self, *flags: str) -> tuple[Server, Client]:
        server = self.enterContext(Server(self.data, flags))
        return server, self.enterContext(Client(server.address))

    def begin(self) -> tuple[Server, Client]:
        server, client = self.start()
        client.upload_csv(trainyard_testing.DATA / "digits.csv", "digits")
        return server, client

    def drain(self, server: Server, client: Client) -> None:
        """Without a client the server need not wait for one."""
        client.close()
        self.assertEqual(server.stop(), 0)

    def kill(self, server: Server, client: Client) -> None:
        client.close()
        server.kill()

    def expect_same(self, actual: Run, expected: Run) -> None:
        """The same terminal state, evaluations and values at every step."""
        self.assertEqual(actual.terminal, expected.terminal)
        self.assertEqual(set(actual.series), set(expected.series))
        for series, values in expected.series.items():
            name = metric_pb2.Series.Name(series)
            self.assertEqual(len(actual.values(series)), len(values), name)
            pairs = enumerate(zip(actual.values(series), values))
            self.assertIsNone(next(((step, *pair) for step, pair in pairs if pair[0] != pair[1]), None), name)
        self.assertTrue(evaluations(actual) == evaluations(expected), "the evaluations differ")
        early = [event.early_stop for event in actual.of_kind("early_stop")]
        self.assertEqual(early, [event.early_stop for event in expected.of_kind("early_stop")])

    def digest(self, client: Client, job: str) -> str:
        digest = client.get_model(job).parameters_digest
        self.assertRegex(digest, "^[0-9a-f]{64}$")
        return digest


class SameBitsTest(RestartTest):
    def test_the_same_job_twice_has_the_same_bits_on_any_number_of_threads(self) -> None:
        early_stopping = spec_pb2.EarlyStopping(patience=3)
        for name, spec in {
            "single precision": small_spec(),
            "double precision": small_spec(precision=spec_pb2.PRECISION_F64),
            "early stopping": small_spec(early_stopping=early_stopping),
            "double precision, early stopping": small_spec(
                early_stopping=early_stopping, precision=spec_pb2.PRECISION_F64
            ),
        }.items():
            with self.subTest(name):
                results = []
                with tempfile.TemporaryDirectory(prefix="trainyard-") as folder:
                    self.data = Path(folder)
                    server, client = self.begin()
                    jobs = [client.create_job(spec).name for _ in range(2)]
                    results += [(client.follow(job), self.digest(client, job)) for job in jobs]
                    self.drain(server, client)
                    server, client = self.start("--workers=1")
                    job = client.create_job(spec).name
                    results.append((client.follow(job), self.digest(client, job)))
                    self.drain(server, client)
                for run, digest in results[1:]:
                    self.expect_same(run, results[0][0])
                    self.assertEqual(digest, results[0][1])
                if spec.HasField("early_stopping"):
                    self.assertEqual(results[0][0].terminal.stop_reason, event_pb2.STOP_REASON_EARLY_STOP)

    def test_many_jobs_of_one_spec_have_the_same_bits(self) -> None:
        _, client = self.begin()
        for precision in (spec_pb2.PRECISION_F32, spec_pb2.PRECISION_F64):
            for hidden in (3, 16, 50):
                spec = digits_spec(hidden=hidden, precision=precision, budget=spec_pb2.Budget(steps=20))
                jobs = [client.train(spec).name for _ in range(8)]
                with self.subTest(hidden=hidden, precision=precision):
                    self.assertEqual(len({self.digest(client, job) for job in jobs}), 1)

    def test_another_seed_has_other_bits(self) -> None:
        _, client = self.begin()
        digests = {self.digest(client, client.train(small_spec(seed=seed)).name) for seed in (0, 1)}
        self.assertEqual(len(digests), 2)


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
        self.broken_off(spec, [1, 400, 1100, LAST_STEP - 60], self.kill)

    def test_a_killed_run_without_a_checkpoint_begins_anew_with_the_same_bits(self) -> None:
        spec = digits_spec(**VARIANTS["no checkpoint"])
        self.broken_off(spec, [1, 600, 1300], self.kill)

    def test_a_killed_run_in_double_precision_goes_on_with_the_same_bits(self) -> None:
        self.broken_off(digits_spec(**VARIANTS["double precision"]), [300, 900], self.kill)

    def test_a_killed_run_that_stops_early_stops_at_the_same_step(self) -> None:
        spec = digits_spec(
            early_stopping=spec_pb2.EarlyStopping(patience=4, metric=metric_pb2.METRIC_LOG_LOSS),
            optimizer=spec_pb2.Optimizer(learning_rate=0.05),
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

    def test_an_idle_server_exits_0_soon(self) -> None:
        server, _ = self.start()
        server.process.terminate()
        self.assertEqual(server.process.wait(5), 0)

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
        spec = digits_spec(budget=spec_pb2.Budget(epochs=20))
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
        spec = digits_spec(budget=spec_pb2.Budget(epochs=20))
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
                state = change(job).state
                newest = client.get_job(job).newest_sequence
                request = job_pb2.ListEventsRequest(job=job, page_size=1000, from_sequence=max(newest - 900, 1))
                changes = [
                    event.state_changed.state
                    for event in client.jobs.ListEvents(request).events
                    if event.HasField("state_changed")
                ]
                self.assertEqual(changes[-1:], [state])

    def test_a_pause_that_was_acknowledged_survives_a_kill_at_once(self) -> None:
        server, client = self.begin()
        job, _ = self.begun(client, endless_spec())
        for _ in range(5):
            client.pause_job(job)
            self.kill(server, client)
            server, client = self.start()
            self.assertEqual(client.get_job(job).state, event_pb2.STATE_PAUSED)
            client.resume_job(job)

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
