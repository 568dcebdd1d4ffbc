#!/usr/bin/python3
"""A run begins with the values that came with its request; its job shows their digest."""

import unittest

import numpy as np

from restarting import RestartTest, small_spec
from specs import dense, spec_of
from trainyard.v1 import event_pb2, initialization_pb2, job_pb2, optimizer_pb2, spec_pb2
from trainyard_testing import Client, ServerTest

FULL_BATCH = spec_pb2.Minibatches(full_batch=spec_pb2.FullBatch(), in_order=spec_pb2.InOrder())
MOMENTUM = optimizer_pb2.Optimizer(learning_rate=0.05, momentum=optimizer_pb2.Momentum(momentum=0.9))


def iris_spec(units: int = 8, **fields: object) -> spec_pb2.JobSpec:
    defaults = {
        "network": spec_pb2.Network(hidden=[dense(units, "tanh")]),
        "minibatches": FULL_BATCH,
        "optimizer": MOMENTUM,
        "budget": spec_pb2.Budget(steps=20),
        "checkpoints": spec_pb2.CheckpointPlan(every_steps=10),
    }
    return spec_of("iris", **{**defaults, **fields})


def tensor(name: str, *shape: int, value: float = 0.01) -> initialization_pb2.Tensor:
    return initialization_pb2.Tensor(name=name, shape=shape, values=np.full(int(np.prod(shape)), value))


def given(*parameters: initialization_pb2.Tensor, **fields: object) -> initialization_pb2.InitialState:
    return initialization_pb2.InitialState(parameters=parameters, **fields)


class InitialStateTest(ServerTest):
    datasets = ("iris",)

    def test_a_job_shows_the_digest_in_place_of_the_values(self) -> None:
        state = given(tensor("layers.0.bias", 8), velocity=[tensor("layers.0.weight", 4, 8)])
        created = self.client.create_job(iris_spec(initial_state=state))
        ended = self.client.ended_job(created.name)
        check = self.client.check_job(iris_spec(initial_state=state))
        digest = created.spec.initial_state.parameters_digest
        self.assertRegex(digest, "^[0-9a-f]{64}$")
        for spec in (created.spec, ended.spec, check.spec):
            self.assertEqual(spec.initial_state, initialization_pb2.InitialState(parameters_digest=digest))
        other = self.client.create_job(iris_spec(initial_state=given(tensor("layers.0.bias", 8, value=0.02))))
        self.assertNotEqual(other.spec.initial_state.parameters_digest, digest)

    def test_a_job_with_many_values_is_no_larger_than_clients_take(self) -> None:
        units = 150_000
        state = given(tensor("layers.0.weight", 4, units), tensor("layers.1.weight", units, 3))
        spec = iris_spec(units, initial_state=state, budget=spec_pb2.Budget(steps=1))
        options = [("grpc.max_receive_message_length", 4 << 20)]
        with Client(self.server.address, options=options) as plain:
            name = plain.create_job(spec).name
            self.assertEqual(plain.ended_job(name).state, event_pb2.STATE_SUCCEEDED)
            self.assertEqual(plain.check_job(spec).parameter_count, units * 8 + 3)

    def test_a_digest_that_is_given_must_be_that_of_the_parameters(self) -> None:
        state = given(tensor("layers.0.bias", 8))
        digest = self.client.create_job(iris_spec(initial_state=state)).spec.initial_state.parameters_digest
        state.parameters_digest = digest
        again = self.client.create_job(iris_spec(initial_state=state))
        self.assertEqual(again.spec.initial_state.parameters_digest, digest)
        other = "0" * 64
        state.parameters_digest = other
        for call in (self.client.create_job, self.client.check_job):
            self.refused_field(
                f"initial_state.parameters_digest = {other}, must be that of the parameters that the run begins with, "
                f"{digest}, or left out",
                call,
                iris_spec(initial_state=state),
            )

    def test_a_job_s_answer_sent_again_says_where_its_values_are(self) -> None:
        source = self.client.train(iris_spec(initial_state=given(tensor("layers.0.bias", 8))))
        digest = source.spec.initial_state.parameters_digest
        self.refused_field(
            f"initial_state.parameters_digest = {digest}, must be given together with the values, which a job does not "
            "show: send them again, or begin with warm_start.checkpoint, step 0 of that job",
            self.client.create_job,
            source.spec,
        )
        spec = source.spec
        spec.ClearField("initial_state")
        spec.warm_start.checkpoint.job = source.name
        spec.warm_start.checkpoint.step = 0
        again = self.client.train(spec)
        self.assertEqual(again.spec.warm_start.parameters_digest, digest)
        self.assertEqual(
            self.client.get_model(again.name).parameters_digest, self.client.get_model(source.name).parameters_digest
        )

    def test_a_run_that_began_so_verifies_and_forks(self) -> None:
        job = self.client.train(iris_spec(initial_state=given(tensor("layers.0.bias", 8, value=1))))
        self.assertEqual(self.client.jobs.VerifyJob(job_pb2.VerifyJobRequest(name=job.name)).difference, "")
        fork = self.client.jobs.ForkJob(job_pb2.ForkJobRequest(name=job.name, from_step=10))
        self.assertFalse(fork.spec.HasField("initial_state"))
        self.client.ended_job(fork.name)
        self.assertEqual(
            self.client.get_model(fork.name).parameters_digest, self.client.get_model(job.name).parameters_digest
        )


class KilledTest(RestartTest):
    def test_values_survive_a_server_that_is_killed_before_and_while_the_run_uses_them(self) -> None:
        server, client = self.begin()
        spec = small_spec(seed=4)
        spec.initial_state.CopyFrom(given(tensor("layers.0.bias", 16, value=0.5)))
        expected = self.digest(client, client.train(spec).name)
        jobs = [client.create_job(spec).name for _ in range(4)]
        for _ in range(3):
            server.kill()
            server, client = self.start()
        for job in jobs:
            client.ended_job(job)
            self.assertEqual(self.digest(client, job), expected)


if __name__ == "__main__":
    unittest.main()
