"""What end-to-end tests share: a server of their own, and a client for it.

Wants the modules of trainyard_python_proto and this folder on PYTHONPATH, and the built programs in TRAINYARD_BIN.
"""

import collections
import io
import os
import signal
import subprocess
import tempfile
import unittest
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Callable, Iterable, Iterator, Optional, Type

import grpc
import numpy as np

from crc32c import crc32c
from refusal import Refusal, refusal_in, refusal_of  # noqa: F401: part of what tests share
from trainyard.v1 import dataset_pb2, dataset_pb2_grpc, event_pb2, insight_pb2, insight_pb2_grpc, job_pb2
from trainyard.v1 import job_pb2_grpc, metric_pb2, model_pb2, model_pb2_grpc, server_pb2, server_pb2_grpc, spec_pb2
from trainyard.v1 import watch_pb2, watch_pb2_grpc

DATA = Path(__file__).resolve().parent.parent / "data"
CHUNK_BYTES = 256 * 1024
LISTENING = "listening on "
HTTP = "http on "
ANY_PORT = "127.0.0.1:0"

# Whether the programs were built with a sanitizer, whose memory is beside their own.
SANITIZED = "TRAINYARD_SANITIZED" in os.environ

# A call that takes longer hangs.
DEADLINE_SECONDS = 60
TERMINAL_STATES = (event_pb2.STATE_SUCCEEDED, event_pb2.STATE_FAILED, event_pb2.STATE_CANCELLED)


class Server:
    """A server on a free loopback port, or where a former one listened. `data` outlives it where it is given, else it
    has a folder of its own. `http` is where it serves HTTP, with a flag --http. Its log goes to `log`, a file, or where
    there is none only errors to the test's own output."""

    def __init__(
        self,
        data: Optional[Path] = None,
        flags: Iterable[str] = (),
        listen: str = ANY_PORT,
        program_name: str = "trainyard-server",
        log: Optional[IO[str]] = None,
    ) -> None:
        self._own_data = tempfile.TemporaryDirectory(prefix="trainyard-") if data is None else None
        self.data = Path(self._own_data.name) if self._own_data else data
        command = server_command(self.data, flags, listen, program_name)
        environment = {"TRAINYARD_LOG_LEVEL": "info" if log else "error", **os.environ}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment)
        self.address = self._told(LISTENING)
        self.http = self._told(HTTP) if any(flag.startswith("--http") for flag in command) else ""

    def _told(self, prefix: str) -> str:
        for line in self.process.stdout:
            if line.startswith(prefix):
                return line[len(prefix) :].strip()
        raise RuntimeError(f"trainyard-server ended with {self.process.wait()} before it listened")

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(DEADLINE_SECONDS)

    def kill(self) -> None:
        """SIGKILL: no chance to clean up."""
        self.process.kill()
        self.process.wait()

    def open_files(self) -> int:
        """And sockets; without those of the database, which are as many as read it at once."""
        links = [_link_of(path) for path in Path(f"/proc/{self.process.pid}/fd").iterdir()]
        return sum(bool(link) and "trainyard.db" not in link for link in links)

    def __enter__(self) -> "Server":
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        if self.process.poll() is None:
            self.kill()
        self.process.stdout.close()
        if self._own_data:
            self._own_data.cleanup()


def _link_of(path: Path) -> str:
    """Empty where it has just gone."""
    try:
        return os.readlink(path)
    except FileNotFoundError:
        return ""


def server_command(
    data: Path, flags: Iterable[str] = (), listen: str = ANY_PORT, program_name: str = "trainyard-server"
) -> list[str]:
    return [program(program_name), "--data", str(data), "--listen", listen, *flags]


def program(name: str) -> str:
    return str(Path(os.environ["TRAINYARD_BIN"]) / name)


@dataclass
class Run:
    """What a job's log says. Column j of a series is update j."""

    events: list[event_pb2.Event] = field(default_factory=list)
    series: dict[int, list[float]] = field(default_factory=dict)

    def values(self, series: int) -> list[float]:
        return self.series.get(series, [])

    @property
    def terminal(self) -> event_pb2.StateChanged:
        return self.events[-1].state_changed

    @property
    def steps(self) -> int:
        """Updates that the log has told of."""
        return max((len(values) for values in self.series.values()), default=0)

    @property
    def next_sequence(self) -> int:
        return len(self.events) + 1

    def of_kind(self, kind: str) -> list[event_pb2.Event]:
        return [event for event in self.events if event.WhichOneof("kind") == kind]

    def states(self) -> list[str]:
        return [event_pb2.State.Name(event.state_changed.state) for event in self.of_kind("state_changed")]

    def add(self, event: event_pb2.Event) -> None:
        """Fails on a gap between numbers or steps."""
        assert event.sequence == len(self.events) + 1, f"event {event.sequence} after {len(self.events)}"
        self.events.append(event)
        for column in event.metrics.columns:
            values = self.series.setdefault(column.series, [])
            assert len(values) == event.metrics.first_step, f"step {event.metrics.first_step} after {len(values)} steps"
            repeats = event.metrics.step_count if len(column.values) == 1 else 1
            values.extend(list(column.values) * repeats)


class _CallDetails(
    collections.namedtuple(
        "_CallDetails", ("method", "timeout", "metadata", "credentials", "wait_for_ready", "compression")
    ),
    grpc.ClientCallDetails,
):
    pass


class Deadline(
    grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor, grpc.StreamUnaryClientInterceptor
):
    """Gives each call without one a deadline, so that a server that hangs fails a test."""

    def intercept_unary_unary(self, continuation, details, request):
        return continuation(self._limited(details), request)

    intercept_unary_stream = intercept_unary_unary
    intercept_stream_unary = intercept_unary_unary

    def _limited(self, details: grpc.ClientCallDetails) -> grpc.ClientCallDetails:
        timeout = DEADLINE_SECONDS if details.timeout is None else details.timeout
        return _CallDetails(
            details.method,
            timeout,
            details.metadata,
            details.credentials,
            details.wait_for_ready,
            details.compression,
        )


CHANNEL_OPTIONS = (
    ("grpc.enable_http_proxy", 0),
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
)

# A connection that holds no more than 64 KiB that were not read.
SMALL_WINDOW = (("grpc.http2.bdp_probe", 0), ("grpc.http2.lookahead_bytes", 65536))


class Client:
    def __init__(
        self, address: str, options: Iterable[tuple[str, int]] = (), channel: Optional[grpc.Channel] = None
    ) -> None:
        self.plain_channel = channel or grpc.insecure_channel(address, options=[*CHANNEL_OPTIONS, *options])
        self.channel = grpc.intercept_channel(self.plain_channel, Deadline())
        self.datasets = dataset_pb2_grpc.DatasetServiceStub(self.channel)
        self.jobs = job_pb2_grpc.JobServiceStub(self.channel)
        self.watches = watch_pb2_grpc.WatchServiceStub(self.channel)
        self.models = model_pb2_grpc.ModelServiceStub(self.channel)
        self.insights = insight_pb2_grpc.InsightServiceStub(self.channel)
        self.servers = server_pb2_grpc.ServerServiceStub(self.channel)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.plain_channel.close()

    # ---- Data sets

    def open_upload(self, dataset_id: str, size: Optional[int] = None, **read_options: object) -> dataset_pb2.Upload:
        options = dataset_pb2.ReadOptions(**{"format": dataset_pb2.FORMAT_CSV, **read_options})
        dataset = dataset_pb2.Dataset(name=f"datasets/{dataset_id}", read_options=options)
        return self.datasets.CreateUpload(dataset_pb2.CreateUploadRequest(dataset=dataset, size_bytes=size))

    def commit_upload(self, name: str, digest: str = "") -> dataset_pb2.Dataset:
        return self.datasets.CommitUpload(dataset_pb2.CommitUploadRequest(name=name, digest=digest))

    def delete_upload(self, name: str) -> None:
        self.datasets.DeleteUpload(dataset_pb2.DeleteUploadRequest(name=name))

    def upload(self, content: bytes, dataset_id: str, **read_options: object) -> dataset_pb2.Dataset:
        upload = self.open_upload(dataset_id, len(content), **read_options)
        if content:
            self.datasets.UploadData(chunks(upload.name, content))
        return self.commit_upload(upload.name)

    def upload_csv(self, path: Path, dataset_id: str, **read_options: object) -> dataset_pb2.Dataset:
        return self.upload(path.read_bytes(), dataset_id, **read_options)

    # ---- Jobs

    def create_job(self, spec: spec_pb2.JobSpec, **fields: object) -> job_pb2.Job:
        return self.jobs.CreateJob(job_pb2.CreateJobRequest(job=job_pb2.Job(spec=spec, **fields)))

    def get_job(self, name: str) -> job_pb2.Job:
        return self.jobs.GetJob(job_pb2.GetJobRequest(name=name))

    def pause_job(self, name: str) -> job_pb2.Job:
        return self.jobs.PauseJob(job_pb2.PauseJobRequest(name=name))

    def resume_job(self, name: str) -> job_pb2.Job:
        return self.jobs.ResumeJob(job_pb2.ResumeJobRequest(name=name))

    def cancel_job(self, name: str) -> job_pb2.Job:
        return self.jobs.CancelJob(job_pb2.CancelJobRequest(name=name))

    def check_job(self, spec: spec_pb2.JobSpec) -> insight_pb2.CheckJobResponse:
        return self.insights.CheckJob(insight_pb2.CheckJobRequest(spec=spec))

    def stream(self, job: str, from_sequence: Optional[int] = None, **options: object) -> grpc.Call:
        target = watch_pb2.WatchTarget(job=job, from_sequence=from_sequence)
        return self.watches.Watch(watch_pb2.WatchRequest(targets=[target], **options))

    def watch(self, job: str, from_sequence: Optional[int] = None) -> Iterator[event_pb2.Event]:
        """The events of the job, to its last."""
        for response in self.stream(job, from_sequence):
            yield from response.events

    def follow(self, job: str) -> Run:
        run = Run()
        for event in self.watch(job):
            run.add(event)
        return run

    def follow_until(self, job: str, run: Run, reached: Callable[[Run], bool]) -> Run:
        """Goes on with `run` until it has `reached`, and leaves."""
        stream = self.stream(job, run.next_sequence)
        for response in stream:
            for event in response.events:
                run.add(event)
            if reached(run):
                stream.cancel()
                return run
        raise AssertionError(f"{job} ended before it got there: {run.terminal}")

    def train(self, spec: spec_pb2.JobSpec, **fields: object) -> job_pb2.Job:
        """The job when it has ended."""
        name = self.create_job(spec, **fields).name
        self.follow(name)
        return self.ended_job(name)

    def ended_job(self, name: str) -> job_pb2.Job:
        """Asks until the job has ended."""
        while True:
            job = self.get_job(name)
            if job.state in TERMINAL_STATES:
                return job

    # ---- Models

    def get_model(self, job: str) -> model_pb2.Model:
        return self.models.GetModel(model_pb2.GetModelRequest(name=model_of(job)))

    def export(self, model: str, format: int) -> bytes:
        request = model_pb2.ExportModelRequest(model=model, format=format)
        return b"".join(response.data for response in self.models.ExportModel(request))

    def tensors(self, model: str) -> dict[str, np.ndarray]:
        """The model's parameters by name."""
        content = self.export(model, model_pb2.EXPORT_FORMAT_NPZ)
        with np.load(io.BytesIO(content)) as archive:
            return {name: archive[name] for name in archive.files}

    def predict(self, model: str, table: dataset_pb2.Table) -> model_pb2.PredictResponse:
        return self.models.Predict(model_pb2.PredictRequest(model=model, table=table))

    def predict_dataset(self, model: str, dataset: str) -> model_pb2.PredictResponse:
        return self.models.Predict(model_pb2.PredictRequest(model=model, dataset=f"datasets/{dataset}"))

    def evaluate(self, model: str, dataset: str, *metrics: int) -> model_pb2.EvaluateResponse:
        request = model_pb2.EvaluateRequest(model=model, dataset=f"datasets/{dataset}", metrics=metrics)
        return self.models.Evaluate(request)

    def server_info(self) -> server_pb2.ServerInfo:
        return self.servers.GetServerInfo(server_pb2.GetServerInfoRequest())


def model_of(job: str) -> str:
    return "models/" + job.removeprefix("jobs/")


def values_of(values: Iterable[metric_pb2.MetricValue]) -> dict[int, float]:
    """By metric."""
    return {value.metric: value.value for value in values}


class ServerTest(unittest.TestCase):
    """Tests that share a server, with the data sets of `datasets`, and leave it serving."""

    flags: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = cls.enterClassContext(Server(flags=cls.flags))
        cls.client = cls.enterClassContext(Client(cls.server.address))
        for name in cls.datasets:
            cls.client.upload_csv(DATA / f"{name}.csv", name.replace("_", "-"))

    def tearDown(self) -> None:
        self.assertEqual(self.client.server_info().version, "0.1.0")

    def refused(
        self, code: grpc.StatusCode, call: Callable[..., object], *arguments: object, **named: object
    ) -> Refusal:
        """The call's error, which has this code. A stream is read to its end."""
        with self.assertRaises(grpc.RpcError) as raised:
            result = call(*arguments, **named)
            if isinstance(result, grpc.Call):
                for _ in result:
                    pass
        refusal = refusal_of(raised.exception)
        self.assertEqual(refusal.code, code, refusal)
        return refusal

    def refused_field(self, message: str, call: Callable[..., object], *arguments: object) -> Refusal:
        """INVALID_ARGUMENT "<field> = <value>, must be <rule>", which names the field in its details as well."""
        refusal = self.refused(grpc.StatusCode.INVALID_ARGUMENT, call, *arguments)
        self.assertEqual(refusal.message, message)
        self.assertEqual(refusal.fields, [message.split(" = ")[0]])
        self.assertEqual(refusal.reason, "INVALID_FIELD")
        return refusal


def chunks(upload: str, content: bytes) -> Iterator[dataset_pb2.UploadDataRequest]:
    for offset in range(0, len(content), CHUNK_BYTES):
        yield chunk(upload, offset, content[offset : offset + CHUNK_BYTES])


def chunk(upload: str, offset: int, data: bytes) -> dataset_pb2.UploadDataRequest:
    return dataset_pb2.UploadDataRequest(upload=upload, offset=offset, crc32c=crc32c(data), data=data)
