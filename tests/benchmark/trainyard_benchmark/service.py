"""Our side of a case: a server of its own on an empty folder, and jobs that go all the way through it."""

import contextlib
import subprocess
from pathlib import Path
from typing import Iterator

from trainyard.v1 import dataset_pb2, event_pb2, job_pb2, spec_pb2, watch_pb2
from trainyard_testing import ANY_PORT, Client, Run, Server

from trainyard_benchmark import data
from trainyard_benchmark.bench import Bench
from trainyard_benchmark.shapes import Shape

WATCH = "/trainyard.v1.WatchService/Watch"

# Events of a job's log that are left out at its beginning, as a share of all.
WARM_UP = 0.2


class Service:
    def __init__(self, bench: Bench, server: Server, client: Client, address: str) -> None:
        self.bench = bench
        self.server = server
        self.address = address
        self.client = client

    # ---- Data sets

    def upload(self, name: str, *paths: Path, arguments: tuple[str, ...] = (), prefix: tuple[str, ...] = ()) -> str:
        """With the command line. The data set's name."""
        command = ("dataset", "upload", "--server", self.address, "--name", name, *arguments, *paths)
        self.bench.run("trainyard", *command, prefix=prefix)
        return f"datasets/{name}"

    def upload_for(self, shape: Shape) -> str:
        if shape.table == "pixels":
            paths = data.write_pixels(self.bench.scratch, shape.rows)
            return self.upload("pixels", *paths, arguments=("--format", "idx"))
        return self.upload(shape.table.replace("_", "-"), data.FOLDER / f"{shape.table}.csv")

    def delete_dataset(self, name: str) -> None:
        self.client.datasets.DeleteDataset(dataset_pb2.DeleteDatasetRequest(name=name))

    # ---- Jobs

    def submit(self, spec: spec_pb2.JobSpec) -> str:
        return self.client.create_job(spec).name

    def begin(self, spec: spec_pb2.JobSpec) -> str:
        """A job that has told of its first steps."""
        job = self.submit(spec)
        self.client.follow_until(job, Run(), lambda run: run.steps > 0)
        return job

    @contextlib.contextmanager
    def watched(self, job: str) -> Iterator[None]:
        """With a watcher of the job that takes in all of it; returns at the job's end."""
        request = watch_pb2.WatchRequest(targets=[watch_pb2.WatchTarget(job=job)])
        path = self.bench.save(job.replace("/", "-"), request)
        command = self.bench.command("watch_load", self.address, WATCH, path, 1)
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as watcher:
            yield
        if watcher.returncode != 0:
            raise RuntimeError(f"the watcher of {job} failed")

    def train(self, *specs: spec_pb2.JobSpec) -> list[job_pb2.Job]:
        """The jobs at their ends, which run at once and each have a watcher."""
        names = [self.submit(spec) for spec in specs]
        with contextlib.ExitStack() as watchers:
            for name in names:
                watchers.enter_context(self.watched(name))
        jobs = [self.client.ended_job(name) for name in names]
        for job in jobs:
            if job.state != event_pb2.STATE_SUCCEEDED:
                raise RuntimeError(f"{job.name}: {job.state_message}")
        return jobs

    def metrics_near(self, job: str, sequence: int) -> event_pb2.Event:
        """The first metrics with this number or a later one."""
        request = job_pb2.ListEventsRequest(job=job, from_sequence=max(1, sequence), page_size=50)
        return next(event for event in self.client.jobs.ListEvents(request).events if event.HasField("metrics"))

    def rate(self, job: job_pb2.Job) -> float:
        """Examples a second between two points of the run: steps and times are those of the log's events, one after the
        run has warmed up, the other near its end."""
        begin = self.metrics_near(job.name, round(job.newest_sequence * WARM_UP))
        end = self.metrics_near(job.name, job.newest_sequence - min(20, job.newest_sequence // 4))
        done = examples(job, _last_step(end)) - examples(job, _last_step(begin))
        return done / ((end.time.ToNanoseconds() - begin.time.ToNanoseconds()) / 1e9)


def _last_step(event: event_pb2.Event) -> int:
    return event.metrics.first_step + event.metrics.step_count


def examples(job: job_pb2.Job, steps: int) -> int:
    """Seen in so many steps; the last minibatch of an epoch may be a short one."""
    rows, batch = job.progress.training_examples, job.spec.minibatches.size
    epochs, rest = divmod(steps, -(-rows // batch))
    return epochs * rows + min(rest * batch, rows)


@contextlib.contextmanager
def serve(bench: Bench, *flags: str, listen: str = ANY_PORT) -> Iterator[Service]:
    with Server(flags=flags, listen=listen) as server:
        address = server.address if listen == ANY_PORT else listen
        with Client(address) as client:
            yield Service(bench, server, client, address)
        server.stop()
