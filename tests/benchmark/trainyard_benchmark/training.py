"""How fast jobs train, beside a program that does the same with a library.

Each round of ours is a job of 1.5 s through the whole service, watched, with the default checkpoints, without
validation; its rate is that between two events of its log. Each round of the peer is 1.5 s of fitting in a process that
is warm.
"""

import contextlib
import functools
from dataclasses import replace
from typing import Callable, Optional

from google.protobuf import duration_pb2
from memory_limit import MemoryLimit
from specs import dense
from trainyard.v1 import loss_pb2, optimizer_pb2, spec_pb2

from trainyard_benchmark import data
from trainyard_benchmark.bench import Bench
from trainyard_benchmark.peers import Peer, lacks
from trainyard_benchmark.report import Result
from trainyard_benchmark.service import Service, serve
from trainyard_benchmark.shapes import SHAPES, Shape

RATE = "examples/s"
ROUND = spec_pb2.Budget(running_time=duration_pb2.Duration(seconds=1, nanos=500_000_000))
LARGE_ROWS = 650_000  # 510 MB
NOT_FOUND = "not available: JobSpec has no field `threads`"

# So small that each step is clipped.
MAX_NORM = 1e-3

MLP, TORCH, SGD_CLASSIFIER = "MLPClassifier", "PyTorch", "SGDClassifier (float64)"


def nesterov() -> optimizer_pb2.Optimizer:
    return optimizer_pb2.Optimizer(learning_rate=0.01, nesterov=optimizer_pb2.Nesterov(momentum=0.9))


def spec_for(shape: Shape, dataset: str, **fields: object) -> spec_pb2.JobSpec:
    defaults = {
        "data": spec_pb2.TrainingData(dataset=dataset),
        "network": spec_pb2.Network(hidden=[dense(units) for units in shape.hidden]),
        "optimizer": nesterov(),
        "minibatches": spec_pb2.Minibatches(size=shape.batch),
        "budget": ROUND,
    }
    spec = spec_pb2.JobSpec(**{**defaults, **fields})
    if shape.table == "pixels":
        spec.data.encoding.scaling = spec_pb2.SCALING_MIN_MAX
    return spec


def beside(
    bench: Bench, case: str, peer_name: str, peer_kind: str, change: Callable[[spec_pb2.JobSpec], None] = lambda _: None
) -> Result:
    """One job on one thread, and the peer on one thread."""
    shape = SHAPES[case]
    missing = lacks("torch" if peer_kind == "torch" else "sklearn")
    with contextlib.ExitStack() as stack:
        peer: Optional[Peer] = None if missing else stack.enter_context(Peer(peer_kind, case))
        service = stack.enter_context(serve(bench, "--workers", "1"))
        spec = spec_for(shape, service.upload_for(shape))
        change(spec)
        service.train(spec)
        sides = [lambda: train_once(service, spec), *([peer.round] if peer else [])]
        ours, *others = bench.take_turns(*sides)
    return Result(
        RATE,
        ours,
        others[0] if others else (),
        peer_name,
        flops=shape.flops if case in ("b", "c") else 0,
        fma_limit=bench.fma_limit,
        note=missing,
    )


def train_once(service: Service, spec: spec_pb2.JobSpec) -> float:
    (job,) = service.train(spec)
    if spec.optimizer.HasField("clipping") and job.progress.clipped_steps != job.progress.step:
        raise RuntimeError(f"{job.progress.clipped_steps} of {job.progress.step} steps were clipped")
    return service.rate(job)


def alone(case: str) -> Callable[[Bench], Result]:
    """Without a peer; the best round, since other work on the machine only slows."""

    def measure(bench: Bench) -> Result:
        shape = SHAPES[case]
        with serve(bench, "--workers", "1") as service:
            spec = spec_for(shape, service.upload_for(shape))
            service.train(spec)
            (ours,) = bench.take_turns(lambda: train_once(service, spec))
        return Result(RATE, [max(ours)], flops=shape.flops, fma_limit=bench.fma_limit)

    return measure


def against_mlp(case: str) -> Callable[[Bench], Result]:
    return lambda bench: beside(bench, case, MLP, "mlp")


def against_torch(case: str) -> Callable[[Bench], Result]:
    return lambda bench: beside(bench, case, TORCH, "torch")


def clipped(bench: Bench) -> Result:
    """The peer has no clipping and does without."""

    def clip(spec: spec_pb2.JobSpec) -> None:
        spec.optimizer.clipping.global_norm.max_norm = MAX_NORM

    return beside(bench, "c", f"{MLP}, not clipped", "mlp", clip)


def two_threads(bench: Bench) -> Result:
    """Ours on two threads beside the peer on two, and beside ours on one."""
    if "threads" not in spec_pb2.JobSpec.DESCRIPTOR.fields_by_name:
        return Result(RATE, peer_name=f"{MLP}, 2 threads", note=NOT_FOUND)
    shape = SHAPES["c"]
    missing = lacks("sklearn")
    with contextlib.ExitStack() as stack:
        peer = None if missing else stack.enter_context(Peer("mlp", "c", threads=2))
        service = stack.enter_context(serve(bench, "--workers", "2"))
        dataset = service.upload_for(shape)
        one, two = (spec_for(shape, dataset, threads=threads) for threads in (1, 2))
        service.train(two)
        sides = [lambda: train_once(service, two), lambda: train_once(service, one)]
        ours, alone, *others = bench.take_turns(*sides, *([peer.round] if peer else []))
    result = Result(RATE, ours, others[0] if others else (), f"{MLP}, 2 threads", note=missing)
    result.extra["of 1 thread"] = Result(RATE, ours, alone).ratio
    return result


def two_jobs(bench: Bench) -> Result:
    """Two jobs at once beside one alone, all ours."""
    shape = SHAPES["c"]
    with serve(bench, "--workers", "2") as service:
        spec = spec_for(shape, service.upload_for(shape))
        service.train(spec)

        def together() -> float:
            return sum(service.rate(job) for job in service.train(spec, spec))

        ours, alone = bench.take_turns(together, lambda: train_once(service, spec))
    return Result(RATE, ours, alone, "one job alone", flops=shape.flops / 2, fma_limit=bench.fma_limit)


# ---- Sparse rows


def sparse(optimizer: optimizer_pb2.Optimizer) -> Callable[[Bench], Result]:
    def measure(bench: Bench) -> Result:
        missing = lacks("sklearn")
        with contextlib.ExitStack() as stack:
            peer = None if missing else stack.enter_context(Peer("sgd"))
            service = stack.enter_context(serve(bench, "--workers", "1"))
            path = data.write_documents(bench.scratch)
            spec = spec_pb2.JobSpec(
                data=spec_pb2.TrainingData(dataset=service.upload("documents", path, arguments=("--format", "libsvm"))),
                loss=loss_pb2.Loss(logistic=loss_pb2.Logistic()),
                optimizer=optimizer,
                minibatches=spec_pb2.Minibatches(size=1),
                budget=ROUND,
            )
            service.train(spec)
            ours, *others = bench.take_turns(lambda: train_once(service, spec), *([peer.round] if peer else []))
        note = missing or "ours in float32"
        return Result(RATE, ours, others[0] if others else (), SGD_CLASSIFIER, note=note)

    return measure


PLAIN = optimizer_pb2.Optimizer(learning_rate=0.1, sgd=optimizer_pb2.Sgd())
LAZY_MOMENTUM = optimizer_pb2.Optimizer(learning_rate=0.01, momentum=optimizer_pb2.Momentum(momentum=0.9))


def larger_than_memory(bench: Bench) -> Result:
    """On a data set four times as large as the server's memory, beside a server without a limit."""
    shape = replace(SHAPES["d128"], rows=LARGE_ROWS)
    try:
        limit = MemoryLimit(LARGE_ROWS * 784 // 4)
    except OSError as error:
        return Result(RATE, peer_name="without a limit", note=f"control groups can't be made here: {error}")
    with contextlib.ExitStack() as stack:
        stack.enter_context(limit)
        limited, unlimited = (stack.enter_context(serve(bench, "--workers", "1")) for _ in range(2))
        limit.take(limited.server.process.pid)
        sides = []
        for service in (limited, unlimited):
            order = spec_pb2.Minibatches(size=shape.batch, windowed=spec_pb2.Windowed(rows=8192))
            dataset = service.upload_for(shape)
            spec = spec_for(shape, dataset, minibatches=order, budget=spec_pb2.Budget(epochs=4))
            sides.append(functools.partial(train_once, service, spec))
        ours, peer = bench.take_turns(*sides)
    return Result(RATE, ours, peer, "ours without a limit")
