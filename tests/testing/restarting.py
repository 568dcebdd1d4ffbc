"""What tests share that end a server and start another on its data."""

import tempfile
import unittest
from pathlib import Path

import trainyard_testing
from specs import ENDLESS, dense
from trainyard.v1 import metric_pb2, spec_pb2
from trainyard_testing import Client, Run, Server

EPOCHS = 240


def digits_spec(**fields: object) -> spec_pb2.JobSpec:
    """About 1 ms a step."""
    hidden = fields.pop("hidden", 256)
    layers = [dense(hidden) for _ in range(2)]
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


def slow_spec(**fields: object) -> spec_pb2.JobSpec:
    """60 steps of some 20 ms each, so that a test can act between two of them; a checkpoint at every fifth."""
    defaults = {
        "hidden": 512,
        "minibatches": spec_pb2.Minibatches(full_batch=spec_pb2.FullBatch()),
        "budget": spec_pb2.Budget(steps=60),
        "checkpoints": spec_pb2.CheckpointPlan(every_steps=5),
        "early_stopping": spec_pb2.EarlyStopping(patience=1000),
    }
    return digits_spec(**{**defaults, **fields})


def endless_spec() -> spec_pb2.JobSpec:
    return digits_spec(hidden=16, budget=ENDLESS)


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
