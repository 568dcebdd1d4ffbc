#!/usr/bin/python3
"""UpdateJob: what changes while a job runs is told, survives, and is part of what decides its bits."""

import unittest
from typing import Callable

import grpc

from restarting import RestartTest, digits_spec, endless_spec, slow_spec, small_spec
from specs import ENDLESS
from steering import digests, events, learning_rates, of_kind, repeated, set_learning_rate, set_steps, update_job
from trainyard.v1 import dataset_pb2, event_pb2, job_pb2, optimizer_pb2, spec_pb2
from trainyard_testing import Client, Run, Server, ServerTest

EVERY_50 = spec_pb2.CheckpointPlan(every_steps=50)


def steps_of(client: Client, job: str, steps: int) -> None:
    client.follow_until(job, Run(), lambda run: run.steps >= steps)


def in_spec(**fields: object) -> spec_pb2.JobSpec:
    return spec_pb2.JobSpec(**fields)


def optimizer(**fields: object) -> spec_pb2.JobSpec:
    return spec_pb2.JobSpec(optimizer=optimizer_pb2.Optimizer(**fields))


class SteeringTest(RestartTest):
    def expect_repeatable(self, client: Client, name: str) -> None:
        """Its log can be verified, and the job submitted once more with its changes has its bits."""
        job = client.get_job(name)
        answer = client.jobs.VerifyJob(job_pb2.VerifyJobRequest(name=name))
        self.assertEqual(answer.difference, "")
        again = client.jobs.CreateJob(repeated(job)).name
        client.ended_job(again)
        self.assertEqual(digests(client, again, every=50), digests(client, name, every=50))
        self.assertEqual(client.get_model(again).parameters_digest, client.get_model(name).parameters_digest)

    def test_a_change_acts_at_its_step_with_an_event_and_the_run_can_be_repeated(self) -> None:
        _, client = self.begin()
        clipping = optimizer_pb2.Clipping(global_norm=optimizer_pb2.ClipGlobalNorm(max_norm=0.1))
        momentum = optimizer_pb2.Nesterov(momentum=0.5)
        cosine = optimizer_pb2.Schedule(cosine=optimizer_pb2.Cosine())
        changes: dict[str, tuple[str, spec_pb2.JobSpec]] = {
            "learning rate": ("optimizer.learning_rate", optimizer(learning_rate=0.003)),
            "momentum": ("optimizer.nesterov.momentum", optimizer(nesterov=momentum)),
            "clipping": ("optimizer.clipping", optimizer(clipping=clipping)),
            "schedule": ("optimizer.schedule", optimizer(schedule=cosine)),
            "budget": ("budget", in_spec(budget=spec_pb2.Budget(examples=100))),
        }
        for what, (path, spec) in changes.items():
            with self.subTest(what):
                name = client.create_job(
                    digits_spec(hidden=128, budget=ENDLESS, checkpoints=EVERY_50)
                ).name
                steps_of(client, name, 100)
                job = update_job(client, name, f"spec.{path}", spec=spec)
                self.assertEqual(len(job.changes), 1)
                change = job.changes[0]
                self.assertEqual(list(change.fields.paths), [path])
                self.assertGreaterEqual(change.step, 100)
                if path != "budget":
                    set_steps(client, name, change.step + 200)
                client.ended_job(name)
                told = of_kind(client, name, "spec_changed")
                self.assertEqual(told[0].spec_changed, change)
                self.assertEqual(told[0].step, change.step)
                self.expect_repeatable(client, name)

    def test_the_new_learning_rate_holds_from_the_step_of_the_change_on(self) -> None:
        _, client = self.begin()
        name = client.create_job(slow_spec()).name
        steps_of(client, name, 10)
        job = set_learning_rate(client, name, 0.005)
        step = job.changes[0].step
        self.assertEqual(job.changes[0].previous.optimizer.learning_rate, 0.01)
        self.assertEqual(job.spec.optimizer.learning_rate, 0.01)
        self.assertEqual(job.current_spec.optimizer.learning_rate, 0.005)
        client.ended_job(name)
        rates = learning_rates(client, name)
        self.assertTrue(all(rate == (0.01 if at < step else 0.005) for at, rate in rates.items()))
        self.assertIn(step, rates)

    def changed_across(self, end: Callable[[Server, Client], None], paused: bool) -> None:
        server, client = self.begin()
        name = client.create_job(digits_spec(budget=ENDLESS, checkpoints=EVERY_50)).name
        steps_of(client, name, 120)
        if paused:
            client.pause_job(name)
        first = set_learning_rate(client, name, 0.02)
        end(server, client)
        _, client = self.start()
        after = client.get_job(name)
        self.assertEqual(list(after.changes), list(first.changes))
        self.assertEqual(after.current_spec.optimizer.learning_rate, 0.02)
        second = set_learning_rate(client, name, 0.005)
        self.assertEqual(second.changes[0], first.changes[0])
        self.assertGreaterEqual(second.changes[1].step, first.changes[0].step)
        last = second.changes[1].step + 150
        self.assertEqual(list(set_steps(client, name, last).changes)[:2], list(second.changes))
        if paused:
            client.resume_job(name)
        job = client.ended_job(name)
        self.assertEqual(job.progress.step, max(last, job.changes[2].step))
        self.assertEqual(learning_rates(client, name)[job.progress.step - 1], 0.005)
        self.assertEqual([event.spec_changed for event in of_kind(client, name, "spec_changed")], list(job.changes))
        self.expect_repeatable(client, name)

    def test_an_acknowledged_change_survives_a_kill(self) -> None:
        self.changed_across(self.kill, paused=False)

    def test_an_acknowledged_change_survives_a_drain(self) -> None:
        self.changed_across(self.drain, paused=False)

    def test_a_change_of_a_paused_job_survives_a_kill(self) -> None:
        self.changed_across(self.kill, paused=True)

    def test_a_change_of_a_paused_job_survives_a_drain(self) -> None:
        self.changed_across(self.drain, paused=True)

    def test_a_change_while_a_job_computes_anew_acts_at_the_first_step_that_its_log_has_not(self) -> None:
        server, client = self.begin()
        name = client.create_job(digits_spec(budget=ENDLESS, seed=3)).name
        steps_of(client, name, 800)
        self.kill(server, client)
        _, client = self.start()
        job = set_learning_rate(client, name, 0.004)
        told = events(client, name)
        before = [event for event in told if event.HasField("spec_changed")][0].sequence
        logged = max(
            event.metrics.first_step + event.metrics.step_count
            for event in told
            if event.HasField("metrics") and event.sequence < before
        )
        self.assertGreaterEqual(job.changes[0].step, logged)
        set_steps(client, name, job.changes[0].step + 100)
        client.ended_job(name)
        self.expect_repeatable(client, name)

    def test_a_waiting_job_changes_before_its_first_step(self) -> None:
        _, client = self.begin()
        blocked = [client.create_job(endless_spec(), priority=1000).name for _ in range(8)]
        name = client.create_job(small_spec()).name
        self.assertEqual(client.get_job(name).state, event_pb2.STATE_QUEUED)
        job = set_learning_rate(client, name, 0.02)
        self.assertEqual(job.changes[0].step, 0)
        for other in blocked:
            client.cancel_job(other)
        client.ended_job(name)
        self.expect_repeatable(client, name)

    def test_a_longer_budget_lets_a_job_go_on_and_a_shorter_one_ends_it(self) -> None:
        _, client = self.begin()
        longer = client.create_job(digits_spec(hidden=16, budget=spec_pb2.Budget(steps=100_000_000))).name
        steps_of(client, longer, 100)
        job = set_steps(client, longer, 10)
        ended = client.ended_job(longer)
        self.assertEqual(ended.stop_reason, event_pb2.STOP_REASON_STEPS)
        self.assertEqual(ended.progress.step, job.changes[0].step)
        self.assertEqual(ended.progress.total_steps, 10)

        shorter = client.create_job(slow_spec(budget=spec_pb2.Budget(steps=50))).name
        set_steps(client, shorter, 60)
        self.assertEqual(client.ended_job(shorter).progress.step, 60)

    def test_the_changes_of_a_sparse_job_can_be_repeated(self) -> None:
        _, client = self.begin()
        lines = [f"{i % 2} " + " ".join(f"{j * 13 % 997 + 1}:{(i * j) % 7 - 3}" for j in sorted_columns(i)) for i in range(400)]
        client.upload("\n".join(lines).encode() + b"\n", "sparse", format=dataset_pb2.FORMAT_LIBSVM)
        spec = spec_pb2.JobSpec(
            data=spec_pb2.TrainingData(dataset="datasets/sparse"), budget=ENDLESS
        )
        name = client.create_job(spec).name
        steps_of(client, name, 2000)
        set_learning_rate(client, name, 0.001)
        update_job(
            client, name, "spec.optimizer.nesterov.momentum", spec=optimizer(nesterov=optimizer_pb2.Nesterov(momentum=0.3))
        )
        step = client.get_job(name).changes[1].step
        set_steps(client, name, step + 3000)
        client.ended_job(name)
        self.expect_repeatable(client, name)


def sorted_columns(i: int) -> list[int]:
    return sorted({(i * k) % 70 + 1 for k in range(1, 6)}, key=lambda j: j * 13 % 997)


class UpdateTest(ServerTest):
    datasets = ("digits",)

    def setUp(self) -> None:
        self.name = self.client.create_job(endless_spec()).name
        steps_of(self.client, self.name, 10)

    def tearDown(self) -> None:
        self.client.cancel_job(self.name)
        super().tearDown()

    def test_name_and_labels_change_without_an_event(self) -> None:
        before = self.client.get_job(self.name)
        job = update_job(self.client, self.name, "display_name", "labels", display_name="new", labels={"team": "a"})
        self.assertEqual((job.display_name, dict(job.labels)), ("new", {"team": "a"}))
        self.assertNotEqual(job.etag, before.etag)
        self.assertEqual(of_kind(self.client, self.name, "spec_changed"), [])
        listed = self.client.jobs.ListJobs(job_pb2.ListJobsRequest(filter='labels.team = "a"')).jobs
        self.assertEqual([one.name for one in listed], [self.name])
        self.client.pause_job(self.name)
        update_job(self.client, self.name, "display_name", display_name="newer")
        model = self.client.get_model(self.name)
        self.assertEqual((model.display_name, dict(model.labels)), ("newer", {"team": "a"}))

    def test_a_priority_changes_with_an_event(self) -> None:
        self.assertEqual(update_job(self.client, self.name, "priority", priority=5).priority, 5)
        told = of_kind(self.client, self.name, "priority_changed")
        self.assertEqual([(one.priority_changed.previous, one.priority_changed.priority) for one in told], [(0, 5)])

    def test_what_has_the_value_already_changes_nothing(self) -> None:
        set_learning_rate(self.client, self.name, 0.02)
        before = self.client.get_job(self.name)
        after = set_learning_rate(self.client, self.name, 0.02)
        self.assertEqual((after.etag, after.changes), (before.etag, before.changes))

    def test_a_field_in_the_mask_that_is_not_given_goes_back_to_its_default(self) -> None:
        set_learning_rate(self.client, self.name, 0.02)
        job = update_job(self.client, self.name, "spec.optimizer.learning_rate")
        self.assertEqual(job.current_spec.optimizer.learning_rate, 0.01)

    def test_a_path_that_may_not_change_is_refused_and_so_is_a_bad_value(self) -> None:
        for path in ("spec.data.dataset", "spec.network", "spec.seed", "spec", "state", "spec.optimizer.nothing", "name"):
            with self.subTest(path):
                refusal = self.refused(
                    grpc.StatusCode.INVALID_ARGUMENT, update_job, self.client, self.name, path, spec=endless_spec()
                )
                self.assertEqual(refusal.fields, ["update_mask"])
        self.refused_field(
            "optimizer.learning_rate = -1, must be positive and finite",
            lambda: set_learning_rate(self.client, self.name, -1),
        )
        self.refused(grpc.StatusCode.INVALID_ARGUMENT, update_job, self.client, self.name)
        refusal = self.refused(
            grpc.StatusCode.INVALID_ARGUMENT, update_job, self.client, self.name, "priority", priority=1001
        )
        self.assertEqual(refusal.fields, ["job.priority"])

    def test_another_update_rule_is_refused(self) -> None:
        refusal = self.refused(
            grpc.StatusCode.INVALID_ARGUMENT,
            update_job,
            self.client,
            self.name,
            "spec.optimizer.momentum",
            spec=optimizer(momentum=optimizer_pb2.Momentum(momentum=0.5)),
        )
        self.assertEqual(refusal.fields, ["optimizer"])

    def test_an_etag_that_is_not_the_jobs_is_refused(self) -> None:
        etag = self.client.get_job(self.name).etag
        update_job(self.client, self.name, "display_name", display_name="x", etag=etag)
        refusal = self.refused(
            grpc.StatusCode.FAILED_PRECONDITION,
            update_job,
            self.client,
            self.name,
            "display_name",
            display_name="y",
            etag=etag,
        )
        self.assertEqual(refusal.reason, "ETAG_MISMATCH")

    def test_an_ended_job_is_refused(self) -> None:
        name = self.client.train(small_spec()).name
        refusal = self.refused(grpc.StatusCode.FAILED_PRECONDITION, set_learning_rate, self.client, name, 0.1)
        self.assertEqual(refusal.reason, "JOB_ENDED")

    def test_changes_of_a_new_job_are_checked(self) -> None:
        def create(*changes: event_pb2.SpecChange) -> None:
            job = job_pb2.Job(spec=small_spec(), changes=changes)
            self.client.jobs.CreateJob(job_pb2.CreateJobRequest(job=job))

        def change(step: int, path: str, rate: float = 0.1) -> event_pb2.SpecChange:
            made = event_pb2.SpecChange(step=step, spec=optimizer(learning_rate=rate))
            made.fields.paths.append(path)
            return made

        rate = "optimizer.learning_rate"
        for field, changes in {
            "job.changes[0].step": [change(-1, rate)],
            "job.changes[1].step": [change(5, rate), change(4, rate)],
            "job.changes[0].fields": [change(0, "data")],
            "job.changes[1].spec.optimizer.learning_rate": [change(0, rate), change(1, rate, -1)],
        }.items():
            with self.subTest(field):
                refusal = self.refused(grpc.StatusCode.INVALID_ARGUMENT, create, *changes)
                self.assertEqual(refusal.fields, [field])
        refusal = self.refused(
            grpc.StatusCode.RESOURCE_EXHAUSTED, create, *(change(step, rate, step + 1) for step in range(1001))
        )
        self.assertEqual(refusal.reason, "TOO_MANY_CHANGES")


if __name__ == "__main__":
    unittest.main()
