"""What tests of bad input share."""

from specs import ENDLESS, dense
from trainyard.v1 import event_pb2, spec_pb2
from trainyard_testing import ServerTest

NO_ID = "0" * 32


def iris_spec(**fields: object) -> spec_pb2.JobSpec:
    """One step of a linear model."""
    defaults = {"data": spec_pb2.TrainingData(dataset="datasets/iris"), "budget": spec_pb2.Budget(steps=1)}
    return spec_pb2.JobSpec(**{**defaults, **fields})


def hidden_spec(*widths: int) -> spec_pb2.JobSpec:
    layers = [dense(units) for units in widths]
    return iris_spec(network=spec_pb2.Network(hidden=layers))


def endless_spec(**fields: object) -> spec_pb2.JobSpec:
    return iris_spec(budget=ENDLESS, **fields)


class BadInputTest(ServerTest):
    """Each test is followed by a job that must succeed."""

    datasets = ("iris",)

    def tearDown(self) -> None:
        super().tearDown()
        self.assertEqual(self.client.train(iris_spec()).state, event_pb2.STATE_SUCCEEDED)
