#!/usr/bin/python3
"""A run begins with what another has reached; what becomes of the other does not matter."""

import subprocess
import unittest

import grpc

import trainyard_testing
from restarting import RestartTest, digits_spec
from specs import ENDLESS, dense, spec_of
from trainyard.v1 import initialization_pb2, job_pb2, loss_pb2, metric_pb2, optimizer_pb2, spec_pb2
from trainyard_testing import Run, ServerTest, model_of

FULL_BATCH = spec_pb2.Minibatches(full_batch=spec_pb2.FullBatch(), in_order=spec_pb2.InOrder())
MOMENTUM = optimizer_pb2.Optimizer(learning_rate=0.05, momentum=optimizer_pb2.Momentum(momentum=0.9))
SGD = optimizer_pb2.Optimizer(learning_rate=0.05, sgd=optimizer_pb2.Sgd())


def from_model(job: str, **fields: object) -> initialization_pb2.WarmStart:
    return initialization_pb2.WarmStart(model=model_of(job), **fields)


# Of a network whose checkpoints are files: with 64 inputs and 10 outputs.
LARGE = 512


def from_checkpoint(job: str, step: int | None = None) -> initialization_pb2.WarmStart:
    return initialization_pb2.WarmStart(checkpoint=initialization_pb2.CheckpointSource(job=job, step=step))


def iris_spec(steps: int = 40, units: int = 8, **fields: object) -> spec_pb2.JobSpec:
    """Each step sees all examples: where a run goes depends on its state alone."""
    defaults = {
        "network": spec_pb2.Network(hidden=[dense(units, "tanh")]),
        "minibatches": FULL_BATCH,
        "optimizer": MOMENTUM,
        "budget": spec_pb2.Budget(steps=steps),
        "checkpoints": spec_pb2.CheckpointPlan(every_steps=10),
    }
    return spec_of("iris", **{**defaults, **fields})


class WarmStartTest(ServerTest):
    datasets = ("iris", "diabetes")

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.source = cls.client.train(iris_spec()).name
        cls.source_losses = cls.client.follow(cls.source).values(metric_pb2.SERIES_LOSS)

    def losses(self, spec: spec_pb2.JobSpec) -> list[float]:
        return self.client.follow(self.client.create_job(spec).name).values(metric_pb2.SERIES_LOSS)

    def test_a_checkpoint_brings_its_velocity(self) -> None:
        losses = self.losses(iris_spec(steps=20, warm_start=from_checkpoint(self.source, 20)))
        self.assertEqual(losses, self.source_losses[20:])

    def test_a_model_brings_parameters_alone(self) -> None:
        losses = self.losses(iris_spec(steps=20, warm_start=from_checkpoint(self.source, 40)))
        without_velocity = self.losses(iris_spec(steps=20, warm_start=from_model(self.source)))
        self.assertEqual(without_velocity[0], losses[0])
        self.assertNotEqual(without_velocity[2:], losses[2:])

    def test_a_rule_without_velocity_takes_the_parameters_of_one_with(self) -> None:
        losses = self.losses(iris_spec(steps=5, optimizer=SGD, warm_start=from_checkpoint(self.source, 20)))
        self.assertEqual(losses[0], self.source_losses[20])

    def test_the_newest_checkpoint_is_the_default(self) -> None:
        job = self.client.create_job(iris_spec(warm_start=from_checkpoint(self.source)))
        self.assertEqual(job.spec.warm_start.parameters_digest, self.client.get_model(self.source).parameters_digest)

    def test_the_parameters_at_step_0_are_those_of_the_source(self) -> None:
        digest = self.client.get_model(self.source).parameters_digest
        first = self.client.train(iris_spec(warm_start=from_model(self.source)))
        self.assertEqual(first.spec.warm_start.parameters_digest, digest)
        again = self.client.train(iris_spec(warm_start=from_checkpoint(first.name, 0)))
        self.assertEqual(again.spec.warm_start.parameters_digest, digest)

    def test_precision_may_differ(self) -> None:
        double = iris_spec(steps=5, precision=spec_pb2.PRECISION_F64, warm_start=from_checkpoint(self.source, 20))
        self.assertAlmostEqual(self.losses(double)[0], self.source_losses[20], places=6)
        name = self.client.train(double).name
        self.assertAlmostEqual(
            self.losses(iris_spec(steps=1, warm_start=from_model(name)))[0],
            self.losses(iris_spec(steps=1, precision=spec_pb2.PRECISION_F64, warm_start=from_model(name)))[0],
            places=6,
        )

    def test_a_source_of_the_given_digest_is_taken(self) -> None:
        digest = self.client.get_model(self.source).parameters_digest
        self.client.train(iris_spec(warm_start=from_model(self.source, parameters_digest=digest)))
        other = "0" * 64
        self.refused_both(
            f"warm_start.parameters_digest = {other}, must be that of the parameters that {model_of(self.source)} holds, "
            f"{digest}, or left out",
            iris_spec(warm_start=from_model(self.source, parameters_digest=other)),
        )

    def test_check_job_says_what_would_be_copied_and_copies_nothing(self) -> None:
        digest = self.client.get_model(self.source).parameters_digest
        check = self.client.check_job(iris_spec(warm_start=from_model(self.source)))
        self.assertEqual(check.spec.warm_start.parameters_digest, digest)
        self.assertFalse(check.spec.HasField("initial_state"))
        cold = self.client.check_job(iris_spec())
        self.assertNotEqual(check.layers[0].activation_variance, cold.layers[0].activation_variance)

    def test_the_command_line_takes_models_and_checkpoints(self) -> None:
        for source in (model_of(self.source), self.source, self.source + "@20"):
            command = [trainyard_testing.program("trainyard"), "--server", self.server.address, "train"]
            command += ["--dataset", "iris", "--hidden", "8", "--activation", "tanh", "--warm-start", source]
            done = subprocess.run(command, capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0, done.stderr)
            spec = self.client.get_job(done.stdout.strip()).spec
            self.assertRegex(spec.warm_start.parameters_digest, "^[0-9a-f]{64}$")

    def test_the_source_may_be_deleted(self) -> None:
        source = self.client.train(iris_spec(seed=5)).name
        spec = iris_spec(warm_start=from_model(source))
        expected = self.losses(spec)
        name = self.client.create_job(spec).name
        self.client.jobs.DeleteJob(job_pb2.DeleteJobRequest(name=source))
        self.assertEqual(self.client.follow(name).values(metric_pb2.SERIES_LOSS), expected)

    # ---- Refusals: CreateJob and CheckJob say the same.

    def refused_both(self, message: str, spec: spec_pb2.JobSpec) -> None:
        self.refused_field(message, self.client.create_job, spec)
        self.refused_field(message, self.client.check_job, spec)

    def refused_source(self, difference: str, spec: spec_pb2.JobSpec) -> None:
        model = model_of(self.source)
        spec.warm_start.CopyFrom(from_model(self.source))
        self.refused_both(f"warm_start.model = {model}, must be a source like this job's network: {difference}", spec)

    def test_every_tensor_that_differs_is_named(self) -> None:
        self.refused_source(
            "layers.0.weight is [4, 9] here and [4, 8] there; layers.0.bias is [9] here and [8] there; "
            "layers.1.weight is [9, 3] here and [8, 3] there",
            iris_spec(units=9),
        )
        self.refused_source(
            "layers.0.weight is [4, 3] here and [4, 8] there; layers.0.bias is [3] here and [8] there; "
            "layers.1.weight is [8, 3] there and missing here; layers.1.bias is [3] there and missing here",
            iris_spec(network=spec_pb2.Network()),
        )

    def test_features_are_the_same_in_the_same_order(self) -> None:
        content = (trainyard_testing.DATA / "iris.csv").read_text().splitlines()
        cells = [line.split(",") for line in content]
        names = cells[0]
        swapped = "\n".join(",".join([row[1], row[0], *row[2:]]) for row in cells) + "\n"
        fewer = "\n".join(",".join([*row[:3], row[4]]) for row in cells) + "\n"
        self.client.upload(swapped.encode(), "iris-swapped")
        self.client.upload(fewer.encode(), "iris-fewer")
        for dataset, difference in (
            ("iris-swapped", f"feature 1 here is {names[1]}, there {names[0]}"),
            ("iris-fewer", f"feature 4 there is {names[3]}, here is none"),
        ):
            spec = iris_spec()
            spec.data.dataset = f"datasets/{dataset}"
            self.refused_source(difference, spec)

    def test_classes_are_the_same(self) -> None:
        content = (trainyard_testing.DATA / "iris.csv").read_text()
        lines = content.splitlines()
        names = list(dict.fromkeys(line.rsplit(",", 1)[1] for line in lines[1:]))
        self.client.upload(content.replace(names[0], "a-" + names[0]).encode(), "iris-renamed")
        spec = iris_spec()
        spec.data.dataset = "datasets/iris-renamed"
        refusal = None
        spec.warm_start.CopyFrom(from_model(self.source))
        refusal = self.refused(grpc.StatusCode.INVALID_ARGUMENT, self.client.create_job, spec)
        self.assertIn("its classes differ: here a-" + names[0], refusal.message)

    def test_the_source_must_exist(self) -> None:
        for source, reason in (
            (initialization_pb2.WarmStart(model="models/none"), "NO_SUCH_MODEL"),
            (from_checkpoint("jobs/none"), "NO_SUCH_JOB"),
        ):
            spec = iris_spec(warm_start=source)
            for call in (self.client.create_job, self.client.check_job):
                self.assertEqual(self.refused(grpc.StatusCode.NOT_FOUND, call, spec).reason, reason)

    def test_the_step_must_be_kept(self) -> None:
        self.refused_both(
            "warm_start.checkpoint.step = 15, must be the step of a kept checkpoint: 40, 30, 20, 10",
            iris_spec(warm_start=from_checkpoint(self.source, 15)),
        )
        self.refused_both(
            "warm_start.checkpoint.step = -1, must be at least 0",
            iris_spec(warm_start=from_checkpoint(self.source, -1)),
        )

    def test_a_job_that_waits_has_no_checkpoint(self) -> None:
        job = self.client.create_job(iris_spec(budget=ENDLESS, checkpoints=spec_pb2.CheckpointPlan(every_steps=10**9)))
        self.refused_both(
            f"warm_start.checkpoint.job = {job.name}, must be one that has a checkpoint",
            iris_spec(warm_start=from_checkpoint(job.name)),
        )
        self.client.cancel_job(job.name)

    def test_names_are_well_formed(self) -> None:
        for source, field in (
            (initialization_pb2.WarmStart(model="jobs/a"), "warm_start.model"),
            (from_checkpoint("models/a"), "warm_start.checkpoint.job"),
            (initialization_pb2.WarmStart(), "warm_start.source"),
        ):
            refusal = self.refused(
                grpc.StatusCode.INVALID_ARGUMENT, self.client.create_job, iris_spec(warm_start=source)
            )
            self.assertEqual(refusal.fields, [field])

    def test_given_parameters_conflict(self) -> None:
        bias = initialization_pb2.Tensor(name="layers.1.bias", shape=[3], values=[0, 0, 0])
        self.refused_both(
            "initial_state.parameters = 1 tensors, must be left out with warm_start, which gives all parameters",
            iris_spec(
                warm_start=from_model(self.source), initial_state=initialization_pb2.InitialState(parameters=[bias])
            ),
        )

    def test_a_given_velocity_goes_before_the_sources(self) -> None:
        zeros = initialization_pb2.InitialState(
            velocity=[
                initialization_pb2.Tensor(name="layers.0.weight", shape=[4, 8], values=[0] * 32),
                initialization_pb2.Tensor(name="layers.0.bias", shape=[8], values=[0] * 8),
                initialization_pb2.Tensor(name="layers.1.weight", shape=[8, 3], values=[0] * 24),
                initialization_pb2.Tensor(name="layers.1.bias", shape=[3], values=[0] * 3),
            ]
        )
        stopped = self.losses(iris_spec(steps=9, warm_start=from_checkpoint(self.source), initial_state=zeros))
        self.assertEqual(stopped, self.losses(iris_spec(steps=9, warm_start=from_model(self.source))))


class SurvivalTest(RestartTest):
    def test_what_was_copied_survives_a_kill_before_the_first_checkpoint_and_the_end_of_the_source(self) -> None:
        never = spec_pb2.CheckpointPlan(every_steps=10**9)
        server, client = self.begin()
        source = client.train(digits_spec(budget=spec_pb2.Budget(epochs=3))).name
        spec = digits_spec(budget=spec_pb2.Budget(epochs=20), checkpoints=never, warm_start=from_checkpoint(source))
        expected = client.follow(client.create_job(spec).name)
        expected_digest = self.digest(client, expected.events[0].job)

        job = client.create_job(spec).name
        client.jobs.DeleteJob(job_pb2.DeleteJobRequest(name=source))
        seen = client.follow_until(job, Run(), lambda run: run.steps >= 1)
        for _ in range(2):
            self.kill(server, client)
            server, client = self.start()
            client.follow_until(job, seen, lambda run: run.steps >= 200)
        for event in client.watch(job, seen.next_sequence):
            seen.add(event)
        self.expect_same(seen, expected)
        self.assertEqual(self.digest(client, job), expected_digest)

    def test_what_was_copied_goes_with_the_job(self) -> None:
        _, client = self.begin()
        source = client.train(digits_spec(budget=spec_pb2.Budget(steps=5), hidden=LARGE)).name
        before = self.blobs()
        name = client.train(
            digits_spec(budget=spec_pb2.Budget(steps=5), hidden=LARGE, warm_start=from_model(source))
        ).name
        self.assertEqual(len(self.blobs() - before), 2)
        client.jobs.DeleteJob(job_pb2.DeleteJobRequest(name=name))
        while self.blobs() != before:
            client.server_info()

    def test_a_refused_job_leaves_nothing(self) -> None:
        _, client = self.begin()
        source = client.train(digits_spec(budget=spec_pb2.Budget(steps=5), hidden=16)).name
        before = self.blobs()
        with self.assertRaises(grpc.RpcError):
            client.create_job(digits_spec(hidden=17, warm_start=from_model(source)))
        self.assertEqual(self.blobs(), before)

    def blobs(self) -> set[str]:
        return {path.name for path in (self.data / "blobs").iterdir()}


if __name__ == "__main__":
    unittest.main()
