"""The process of a peer.

    python3 -m trainyard_benchmark.peer_process mlp|torch a|b|c|d1|d128
    python3 -m trainyard_benchmark.peer_process sgd|pool
    python3 -m trainyard_benchmark.peer_process pandas FILE

Prints `ready` when all is prepared and warm; then, for each line on standard input, does a round and prints its rate:
examples a second, jobs a second (pool), or bytes a second (pandas).
"""

import sys
import time
import warnings
from typing import Callable

import numpy as np

from trainyard_benchmark import data
from trainyard_benchmark.shapes import JOB_EPOCHS, SHAPES, Shape

Round = Callable[[], float]
ROUND_SECONDS = 1.5
LEARNING_RATE = 0.01
MOMENTUM = 0.9
JOBS = 40
PASSES = 10


def examples(shape: Shape) -> tuple[np.ndarray, np.ndarray]:
    """As a Python program would hold them: numbers of about 1, in float32."""
    if shape.table == "pixels":
        x, y = data.pixels(shape.rows)
        return x.astype(np.float32) / np.float32(255), y.astype(np.int64)
    x, y = data.read_csv(shape.table)
    return data.standardized(x), y


def timed(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def repeated(work: Callable[[], object], amount: int) -> Round:
    """A round does the work, of this amount, as often as fits. It has been done once: all is warm."""
    times = max(1, round(ROUND_SECONDS / timed(work)))
    return lambda: amount * times / timed(lambda: [work() for _ in range(times)])


def fit_mlp(shape: Shape, x: np.ndarray, y: np.ndarray, epochs: int) -> object:
    from sklearn.neural_network import MLPClassifier

    model = MLPClassifier(
        shape.hidden,
        solver="sgd",
        learning_rate_init=LEARNING_RATE,
        momentum=MOMENTUM,
        nesterovs_momentum=True,
        alpha=0,
        batch_size=shape.batch,
        max_iter=epochs,
        tol=0,
        n_iter_no_change=10**9,
        random_state=0,
    )
    return model.fit(x, y)


def mlp(case: str) -> Round:
    shape = SHAPES[case]
    x, y = examples(shape)
    fit_mlp(shape, x, y, 1)
    return repeated(lambda: fit_mlp(shape, x, y, shape.epochs), len(y) * shape.epochs)


def torch(case: str) -> Round:
    import os

    import torch
    from torch import nn

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    torch.set_flush_denormal(True)
    torch.manual_seed(0)
    shape = SHAPES[case]
    x, y = map(torch.from_numpy, examples(shape))
    layers: list[nn.Module] = []
    for inputs, outputs in zip(shape.widths, shape.widths[1:]):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    network = nn.Sequential(*layers[:-1])
    optimizer = torch.optim.SGD(network.parameters(), lr=LEARNING_RATE, momentum=MOMENTUM, nesterov=True)
    loss = nn.CrossEntropyLoss()

    def epoch() -> None:
        order = torch.randperm(len(y))
        for begin in range(0, len(y), shape.batch):
            chosen = order[begin : begin + shape.batch]
            optimizer.zero_grad(set_to_none=True)
            loss(network(x[chosen]), y[chosen]).backward()
            optimizer.step()

    epoch()
    return repeated(epoch, len(y))


def sgd() -> Round:
    import scipy.sparse
    from sklearn.linear_model import SGDClassifier

    words, values, classes = data.documents()
    starts = np.arange(0, words.size + 1, words.shape[1])
    x = scipy.sparse.csr_matrix((values.ravel().astype(np.float64), words.ravel(), starts), (len(classes), data.WORDS))

    def fit(passes: int) -> object:
        model = SGDClassifier(
            loss="log_loss", penalty=None, learning_rate="constant", eta0=0.1, max_iter=passes, tol=None, random_state=0
        )
        return model.fit(x, classes)

    fit(1)
    return repeated(lambda: fit(PASSES), len(classes) * PASSES)


def small_job(seed: int) -> float:
    from trainyard_benchmark.peer_process import examples, fit_mlp

    warnings.filterwarnings("ignore")
    return fit_mlp(SHAPES["b"], *examples(SHAPES["b"]), JOB_EPOCHS).loss_ + seed


def pool() -> Round:
    from joblib import Parallel, delayed

    workers = Parallel(n_jobs=2).__enter__()
    workers(delayed(small_job)(seed) for seed in range(4))
    return lambda: JOBS / timed(lambda: workers(delayed(small_job)(seed) for seed in range(JOBS)))


def pandas(path: str) -> Round:
    import os

    import pandas

    def read() -> None:
        frame = pandas.read_csv(path, dtype=np.float32)
        frame.mean(), frame.var(ddof=0), frame.min(), frame.max()

    return lambda: os.path.getsize(path) / timed(read)


def main() -> None:
    warnings.filterwarnings("ignore")
    kinds = {"mlp": mlp, "torch": torch, "sgd": sgd, "pool": pool, "pandas": pandas}
    do_round = kinds[sys.argv[1]](*sys.argv[2:])
    print("ready", flush=True)
    for _ in sys.stdin:
        print(do_round(), flush=True)


if __name__ == "__main__":
    main()
