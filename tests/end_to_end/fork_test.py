#!/usr/bin/python3
"""ForkJob: a new job goes on from another's checkpoint, with its bits or with changes."""

import unittest

import grpc

import trainyard_testing
from restarting import digits_spec, small_spec
from specs import ENDLESS
from steering import digests, fork_request, learning_rates, set_learning_rate, set_steps
from trainyard.v1 import dataset_pb2, event_pb2, job_pb2, metric_pb2, model_pb2, optimizer_pb2, spec_pb2, watch_pb2
from trainyard_testing import Run, ServerTest

EVERY_50 = spec_pb2.CheckpointPlan(every_steps=50)


def spec(**fields: object) -> spec_pb2.JobSpec:
    defaults = {
        "hidden": 64,
        "budget": spec_pb2.Budget(steps=500),
        "checkpoints": EVERY_50,
        "early_stopping": spec_pb2.EarlyStopping(patience=100),
    }
    return digits_spec(**{**defaults, **fields})


class ForkTest(ServerTest):
    datasets = ("digits",)

    def fork(self, name: str, *paths: str, **fields: object) -> job_pb2.Job:
        return self.client.jobs.ForkJob(fork_request(name, *paths, **fields))

    def ended(self, name: str, *paths: str, **fields: object) -> job_pb2.Job:
        return self.client.ended_job(self.fork(name, *paths, **fields).name)

    def test_a_fork_without_changes_has_the_bits_of_its_source_at_every_checkpoint_and_at_the_end(self) -> None:
        clipped = optimizer_pb2.Optimizer(clipping=optimizer_pb2.Clipping(global_norm=optimizer_pb2.ClipGlobalNorm(max_norm=0.5)))
        plateau = optimizer_pb2.Schedule(reduce_on_plateau=optimizer_pb2.ReduceOnPlateau(patience=1, min_change=10))
        sources = {
            "plain": spec(),
            "double precision": spec(precision=spec_pb2.PRECISION_F64),
            "clipped": spec(optimizer=clipped),
            "plateau": spec(optimizer=optimizer_pb2.Optimizer(schedule=plateau)),
            "two threads": spec(threads=2),
        }
        for what, source_spec in sources.items():
            with self.subTest(what):
                source = self.client.train(source_spec)
                for step in (100, 250):
                    fork = self.ended(source.name, from_step=step)
                    self.assertEqual(digests(self.client, fork.name), digests(self.client, source.name, from_step=step))
                    self.assertEqual(fork.parameters_step, source.parameters_step)
                    self.assertEqual(
                        self.client.get_model(fork.name).parameters_digest,
                        self.client.get_model(source.name).parameters_digest,
                    )
                    self.assertEqual((fork.forked_from.job, fork.forked_from.step), (source.name, step))
                    self.assertEqual(
                        fork.forked_from.parameters_digest, digests(self.client, source.name)[step]
                    )
                    self.assertEqual(min(learning_rates(self.client, fork.name)), step)
                    self.assertEqual((fork.attempts[0].attempt, fork.attempts[0].first_step), (1, step))
                    answer = self.client.jobs.VerifyJob(job_pb2.VerifyJobRequest(name=fork.name))
                    self.assertEqual((answer.difference, answer.first_step), ("", step))

    def test_a_fork_begins_with_the_newest_checkpoint_where_no_step_is_given(self) -> None:
        source = self.client.train(spec())
        fork = self.ended(source.name, "spec.budget", spec=spec_pb2.JobSpec(budget=spec_pb2.Budget(steps=600)))
        self.assertEqual(fork.forked_from.step, 500)
        self.assertEqual(fork.progress.step, 600)
        whole = self.client.train(
            digits_spec(hidden=64, budget=spec_pb2.Budget(steps=600), early_stopping=spec_pb2.EarlyStopping(patience=100))
        )
        self.assertEqual(digests(self.client, fork.name)[600], digests(self.client, whole.name)[600])

    def test_a_fork_sees_the_same_minibatches_under_another_optimiser(self) -> None:
        source = self.client.train(spec())
        rules = {
            "sgd": optimizer_pb2.Optimizer(sgd=optimizer_pb2.Sgd(), learning_rate=0.01),
            "momentum": optimizer_pb2.Optimizer(momentum=optimizer_pb2.Momentum(momentum=0.5), learning_rate=0.01),
        }
        request = job_pb2.GetMetricsRequest(job=source.name, series=[metric_pb2.SERIES_LOSS], max_points=100_000)
        losses = dict(zip(*(lambda one: (one.steps, one.values))(self.client.jobs.GetMetrics(request).series[0])))
        for what, rule in rules.items():
            with self.subTest(what):
                fork = self.ended(source.name, "spec.optimizer", from_step=200, spec=spec_pb2.JobSpec(optimizer=rule))
                request.job = fork.name
                series = self.client.jobs.GetMetrics(request).series[0]
                self.assertEqual(series.steps[0], 200)
                # Nesterov's rule has its loss at the look-ahead point, these at the parameters themselves: of the same examples.
                self.assertAlmostEqual(series.values[0], losses[200], delta=0.5 * losses[200] + 0.05)
                self.assertNotEqual(digests(self.client, fork.name)[500], digests(self.client, source.name)[500])
        sgd = spec(optimizer=rules["sgd"])
        first = self.client.train(sgd)
        request.job = first.name
        before = self.client.jobs.GetMetrics(request).series[0].values[200]
        fork = self.ended(first.name, "spec.optimizer.learning_rate", from_step=200, spec=spec_pb2.JobSpec(optimizer=optimizer_pb2.Optimizer(learning_rate=0.5)))
        request.job = fork.name
        self.assertEqual(self.client.jobs.GetMetrics(request).series[0].values[0], before)

    def test_another_seed_of_the_minibatches_changes_their_order_alone(self) -> None:
        source = self.client.train(spec())
        minibatches = spec_pb2.JobSpec(minibatches=spec_pb2.Minibatches(seed=5))
        fork = self.ended(source.name, "spec.minibatches.seed", from_step=200, spec=minibatches)
        self.assertEqual(fork.spec.seed, source.spec.seed)
        self.assertEqual(fork.progress.validation_examples, source.progress.validation_examples)
        self.assertNotEqual(digests(self.client, fork.name)[500], digests(self.client, source.name)[500])
        same = self.ended(
            source.name,
            "spec.minibatches.seed",
            from_step=200,
            spec=spec_pb2.JobSpec(minibatches=spec_pb2.Minibatches(seed=source.spec.seed)),
        )
        self.assertEqual(digests(self.client, same.name), digests(self.client, source.name, from_step=200))

    def test_a_fork_of_a_steered_job_has_the_options_that_held_at_its_step(self) -> None:
        long = spec(hidden=256, budget=ENDLESS, early_stopping=spec_pb2.EarlyStopping(patience=200))
        name = self.client.create_job(long).name
        self.client.follow_until(name, Run(), lambda run: run.steps >= 60)
        self.client.pause_job(name)
        changed = set_learning_rate(self.client, name, 0.002).changes[0].step
        set_steps(self.client, name, changed + 200)
        self.client.resume_job(name)
        self.client.ended_job(name)
        before = changed - 1 - (changed - 1) % 50
        fork = self.ended(name, from_step=before)
        self.assertEqual(set(learning_rates(self.client, fork.name).values()), {0.01})
        fork = self.ended(name, from_step=before + 100)
        self.assertEqual(set(learning_rates(self.client, fork.name).values()), {0.002})
        self.assertEqual(digests(self.client, fork.name), digests(self.client, name, from_step=before + 100))

    def test_a_running_job_can_be_forked_and_the_pair_be_watched_in_one_stream(self) -> None:
        name = self.client.create_job(spec()).name
        self.client.follow_until(name, Run(), lambda run: bool(run.of_kind("checkpoint_saved")))
        fork = self.fork(name).name
        targets = [watch_pb2.WatchTarget(job=one) for one in (name, fork)]
        told: dict[str, list[event_pb2.Event]] = {name: [], fork: []}
        for response in self.client.watches.Watch(watch_pb2.WatchRequest(targets=targets)):
            for event in response.events:
                told[event.job].append(event)
        for one in (name, fork):
            self.assertEqual([event.sequence for event in told[one]], list(range(1, len(told[one]) + 1)))
            self.assertEqual(told[one][-1].state_changed.state, event_pb2.STATE_SUCCEEDED)
        self.assertEqual(digests(self.client, fork)[500], digests(self.client, name)[500])

    def test_a_fork_stands_on_its_own(self) -> None:
        source = self.client.train(spec())
        fork = self.fork(source.name, from_step=200, display_name="child", labels={"a": "b"}, priority=3)
        self.assertEqual((fork.display_name, dict(fork.labels), fork.priority), ("child", {"a": "b"}, 3))
        expected = digests(self.client, source.name, from_step=200)
        self.client.jobs.DeleteJob(job_pb2.DeleteJobRequest(name=source.name))
        self.client.ended_job(fork.name)
        self.assertEqual(digests(self.client, fork.name), expected)
        again = self.ended(fork.name, from_step=300)
        self.assertEqual(digests(self.client, again.name), {step: one for step, one in expected.items() if step > 300})

    def test_a_fork_is_verified_from_what_it_began_with_as_long_as_its_model_is_there(self) -> None:
        source = self.client.train(spec())
        fork = self.ended(source.name, from_step=200)
        request = job_pb2.VerifyJobRequest(name=fork.name, step_count=3)
        answer = self.client.jobs.VerifyJob(request)
        self.assertEqual((answer.identical, answer.first_step, answer.step_count), (True, 200, 3))
        self.client.models.DeleteModel(model_pb2.DeleteModelRequest(name=fork.model))
        refusal = self.refused(grpc.StatusCode.FAILED_PRECONDITION, self.client.jobs.VerifyJob, request)
        self.assertEqual(refusal.reason, "NO_CHECKPOINT")
        self.assertEqual(refusal.message, "no checkpoint of step 200 is kept; there are those of steps none")

    def test_a_request_id_makes_a_fork_safe_to_repeat(self) -> None:
        source = self.client.train(spec())
        first = self.fork(source.name, from_step=200, request_id="fork-1")
        self.assertEqual(self.fork(source.name, from_step=200, request_id="fork-1").name, first.name)
        refusal = self.refused(
            grpc.StatusCode.ALREADY_EXISTS, self.fork, source.name, from_step=100, request_id="fork-1"
        )
        self.assertEqual(refusal.reason, "REQUEST_ID_REUSED")

    def test_what_a_fork_has_from_its_source_cannot_be_changed(self) -> None:
        source = self.client.train(small_spec())
        for path in ("spec.data", "spec.network.hidden", "spec.seed", "spec.precision", "spec", "labels", "spec.nothing"):
            with self.subTest(path):
                refusal = self.refused(grpc.StatusCode.INVALID_ARGUMENT, self.fork, source.name, path)
                self.assertEqual(refusal.fields, ["update_mask"])
        refusal = self.refused(
            grpc.StatusCode.INVALID_ARGUMENT,
            self.fork,
            source.name,
            "spec.optimizer.learning_rate",
            spec=spec_pb2.JobSpec(optimizer=optimizer_pb2.Optimizer(learning_rate=-1)),
        )
        self.assertEqual(refusal.fields, ["optimizer.learning_rate"])
        self.refused(grpc.StatusCode.INVALID_ARGUMENT, self.fork, source.name, from_step=-1)
        refusal = self.refused(grpc.StatusCode.FAILED_PRECONDITION, self.fork, source.name, from_step=7)
        self.assertEqual(refusal.reason, "NO_CHECKPOINT")
        self.assertEqual(refusal.metadata["steps"], str(source.progress.step))
        self.refused(grpc.StatusCode.NOT_FOUND, self.fork, "jobs/none")

    def test_a_fork_and_a_verification_are_refused_where_another_data_set_has_the_name_of_the_sources(self) -> None:
        client = self.client
        content = (trainyard_testing.DATA / "digits.csv").read_bytes()
        client.upload(content, "changing")
        changing = spec()
        changing.data.dataset = "datasets/changing"
        source = client.train(changing)
        client.datasets.DeleteDataset(dataset_pb2.DeleteDatasetRequest(name="datasets/changing"))
        self.refused(grpc.StatusCode.NOT_FOUND, self.fork, source.name)
        lines = content.splitlines(keepends=True)
        client.upload(b"".join(lines[:1500]), "changing")
        refusal = self.refused(grpc.StatusCode.FAILED_PRECONDITION, self.fork, source.name)
        self.assertEqual(refusal.reason, "DATASET_CHANGED")
        request = job_pb2.VerifyJobRequest(name=source.name)
        refusal = self.refused(grpc.StatusCode.FAILED_PRECONDITION, client.jobs.VerifyJob, request)
        self.assertEqual(refusal.reason, "DATASET_CHANGED")


if __name__ == "__main__":
    unittest.main()
