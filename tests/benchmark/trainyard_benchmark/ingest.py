"""How fast a large table comes in, and an upload alone."""

import contextlib
import itertools
import subprocess
import time
from pathlib import Path
from typing import Callable

from trainyard_benchmark import data
from trainyard_benchmark.bench import Bench
from trainyard_benchmark.peers import Peer, lacks
from trainyard_benchmark.report import Result
from trainyard_benchmark.service import serve

UPLOAD_BYTES = 1_000_000_000


def pinned(core: int) -> tuple[str, ...]:
    return ("taskset", "--cpu-list", str(core))


def csv(client_core: int) -> Callable[[Bench], Result]:
    """Ours: `trainyard dataset upload`, from its start until the data set, with its statistics, is safe on the disk;
    the server has core 0. The peer: read_csv with mean, variance, minimum and maximum, in memory, on core 0."""

    def measure(bench: Bench) -> Result:
        missing = lacks("pandas")
        path = bench.scratch / "table.csv"
        if not path.exists():
            data.write_table(path, bench.gigabytes)
        names = itertools.count()
        with contextlib.ExitStack() as stack:
            peer = None if missing else stack.enter_context(Peer("pandas", path, prefix=pinned(0)))
            service = stack.enter_context(serve(bench))
            subprocess.run(["taskset", "--all-tasks", "--cpu-list", "-p", "0", str(service.server.process.pid)],
                           check=True, stdout=subprocess.DEVNULL)  # fmt: skip

            def one_round() -> float:
                begin = time.perf_counter()
                name = service.upload(f"table-{next(names)}", path, prefix=pinned(client_core))
                seconds = time.perf_counter() - begin
                service.delete_dataset(name)
                return path.stat().st_size / 1e6 / seconds

            def peer_round() -> float:
                return peer.round() / 1e6

            ours, *others = bench.take_turns(one_round, *([peer_round] if peer else []))
        return Result("MB/s", ours, others[0] if others else (), "pandas.read_csv, 1 core", note=missing)

    return measure


def copy_rate(source: Path, target: Path) -> float:
    """Of dd, with its sync, in MB/s."""
    begin = time.perf_counter()
    subprocess.run(["dd", f"if={source}", f"of={target}", "bs=1M", "conv=fsync", "status=none"], check=True)
    seconds = time.perf_counter() - begin
    target.unlink()
    return source.stat().st_size / 1e6 / seconds


def upload(bench: Bench) -> Result:
    """Over a Unix socket: CreateUpload and UploadData to its answer, without CommitUpload, which parses. Each round has
    a server of its own, so that what the former wrote is gone."""
    source = bench.scratch / "upload"
    subprocess.run(["dd", "if=/dev/urandom", f"of={source}", "bs=1M", f"count={UPLOAD_BYTES >> 20}", "status=none"],
                   check=True)  # fmt: skip

    def one_round() -> float:
        with serve(bench, listen=f"unix:{bench.scratch}/socket") as service:
            (rate,) = bench.numbers("upload_load", service.address, source)
            return rate

    ours, copy = bench.take_turns(one_round, lambda: copy_rate(source, bench.scratch / "copy"))
    source.unlink()
    return Result("MB/s", ours, copy, "dd conv=fsync")
