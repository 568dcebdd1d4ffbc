"""The jobs of the torture test: kinds that differ in what a server must keep of them to go on with the same bits."""

import numpy as np

import trainyard_testing
from restarting import digits_spec
from specs import spec_of
from trainyard.v1 import dataset_pb2, loss_pb2, metric_pb2, optimizer_pb2, spec_pb2
from trainyard_testing import Client

WORDS = 2000
DOCUMENTS = 300
WORDS_EACH = 10


def documents() -> bytes:
    """LIBSVM: index 1 speaks for one class, index 2 for the other."""
    source = np.random.default_rng(5)
    lines = []
    for i in range(DOCUMENTS):
        words = sorted(source.choice(np.arange(3, WORDS + 1), WORDS_EACH, replace=False))
        lines.append(" ".join([["-1 2:2", "+1 1:2"][i % 2], *(f"{word}:0.5" for word in words)]))
    return ("\n".join(lines) + "\n").encode()


def upload_data(client: Client) -> None:
    client.upload_csv(trainyard_testing.DATA / "digits.csv", "digits")
    client.upload(documents(), "documents", format=dataset_pb2.FORMAT_LIBSVM)


def kinds() -> dict[str, spec_pb2.JobSpec]:
    """Each some tenths of a second of work."""
    often = spec_pb2.CheckpointPlan(every_steps=150)
    decaying = optimizer_pb2.Schedule(linear=optimizer_pb2.Linear())
    clipped = optimizer_pb2.Clipping(global_norm=optimizer_pb2.ClipGlobalNorm(max_norm=0.5))
    specs = {
        "momentum and decay": digits_spec(
            hidden=48, budget=spec_pb2.Budget(epochs=80), optimizer=optimizer_pb2.Optimizer(schedule=decaying)
        ),
        "clipped, saved often": digits_spec(
            hidden=32,
            budget=spec_pb2.Budget(epochs=60),
            optimizer=optimizer_pb2.Optimizer(learning_rate=0.2, clipping=clipped),
            checkpoints=often,
        ),
        "early stop": digits_spec(
            hidden=64,
            early_stopping=spec_pb2.EarlyStopping(patience=4, metric=metric_pb2.METRIC_LOG_LOSS),
            optimizer=optimizer_pb2.Optimizer(learning_rate=0.05),
            checkpoints=often,
        ),
        "double precision, saved to files": digits_spec(
            hidden=96, budget=spec_pb2.Budget(epochs=12), precision=spec_pb2.PRECISION_F64, checkpoints=often
        ),
        "two threads": digits_spec(
            hidden=512,
            budget=spec_pb2.Budget(steps=80),
            minibatches=spec_pb2.Minibatches(size=64),
            threads=2,
            checkpoints=spec_pb2.CheckpointPlan(every_steps=30),
        ),
        "lazy sparse": spec_of(
            "documents",
            data={"validation_fraction": 0.2},
            loss=loss_pb2.Loss(logistic=loss_pb2.Logistic()),
            optimizer=optimizer_pb2.Optimizer(learning_rate=0.2, nesterov=optimizer_pb2.Nesterov(momentum=0.9)),
            budget=spec_pb2.Budget(epochs=400),
            checkpoints=often,
            seed=3,
        ),
        "rolled back": digits_spec(
            hidden=32,
            budget=spec_pb2.Budget(epochs=20),
            optimizer=optimizer_pb2.Optimizer(learning_rate=1e39, sgd=optimizer_pb2.Sgd()),
            checkpoints=often,
        ),
    }
    specs["rolled back"].divergence.roll_back.factor = 1e-20
    return specs
