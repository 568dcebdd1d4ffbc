"""What end-to-end tests share: a server of their own, and a client for it.

Wants the modules of trainyard_python_proto and this folder on PYTHONPATH, and the built programs in TRAINYARD_BIN.
"""

import io
import os
import signal
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Iterable, Iterator, Optional, Type

import grpc
import numpy as np

from trainyard.v1 import dataset_pb2, dataset_pb2_grpc, event_pb2, job_pb2, job_pb2_grpc
from trainyard.v1 import model_pb2, model_pb2_grpc, spec_pb2, watch_pb2, watch_pb2_grpc

DATA = Path(__file__).resolve().parent.parent / "data"
CHUNK_BYTES = 256 * 1024
LISTENING = "listening on "


class Server:
    """A server on a free loopback port. `data` outlives it where it is given, else it has a folder of its own."""

    def __init__(self, data: Optional[Path] = None, flags: Iterable[str] = ()) -> None:
        self._own_data = tempfile.TemporaryDirectory(prefix="trainyard-") if data is None else None
        self.data = Path(self._own_data.name) if self._own_data else data
        command = [program("trainyard-server"), "--data", str(self.data), "--listen", "127.0.0.1:0", *flags]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.address = self._address()

    def _address(self) -> str:
        for line in self.process.stdout:
            if line.startswith(LISTENING):
                return line[len(LISTENING) :].strip()
        raise RuntimeError(f"trainyard-server ended with {self.process.wait()} before it listened")

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait()

    def kill(self) -> None:
        """SIGKILL: no chance to clean up."""
        self.process.kill()
        self.process.wait()

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

    def add(self, event: event_pb2.Event) -> None:
        """Fails on a gap between numbers or steps."""
        assert event.sequence == len(self.events) + 1, f"event {event.sequence} after {len(self.events)}"
        self.events.append(event)
        for column in event.metrics.columns:
            values = self.series.setdefault(column.series, [])
            assert len(values) == event.metrics.first_step, f"step {event.metrics.first_step} after {len(values)} steps"
            repeats = event.metrics.step_count if len(column.values) == 1 else 1
            values.extend(list(column.values) * repeats)


class Client:
    def __init__(self, address: str) -> None:
        self.channel = grpc.insecure_channel(address, options=[("grpc.enable_http_proxy", 0)])
        self.datasets = dataset_pb2_grpc.DatasetServiceStub(self.channel)
        self.jobs = job_pb2_grpc.JobServiceStub(self.channel)
        self.watches = watch_pb2_grpc.WatchServiceStub(self.channel)
        self.models = model_pb2_grpc.ModelServiceStub(self.channel)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.channel.close()

    def upload_csv(self, path: Path, dataset_id: str, **read_options: object) -> dataset_pb2.Dataset:
        content = path.read_bytes()
        options = dataset_pb2.ReadOptions(format=dataset_pb2.FORMAT_CSV, **read_options)
        dataset = dataset_pb2.Dataset(name=f"datasets/{dataset_id}", read_options=options)
        upload = self.datasets.CreateUpload(dataset_pb2.CreateUploadRequest(dataset=dataset, size_bytes=len(content)))
        self.datasets.UploadData(chunks(upload.name, content))
        return self.datasets.CommitUpload(dataset_pb2.CommitUploadRequest(name=upload.name))

    def create_job(self, spec: spec_pb2.JobSpec) -> job_pb2.Job:
        return self.jobs.CreateJob(job_pb2.CreateJobRequest(job=job_pb2.Job(spec=spec)))

    def watch(self, job: str) -> Iterator[event_pb2.Event]:
        """Every event of the job, to its last."""
        request = watch_pb2.WatchRequest(targets=[watch_pb2.WatchTarget(job=job)])
        for response in self.watches.Watch(request):
            yield from response.events

    def follow(self, job: str) -> Run:
        run = Run()
        for event in self.watch(job):
            run.add(event)
        return run

    def tensors(self, model: str) -> dict[str, np.ndarray]:
        """The model's parameters by name."""
        request = model_pb2.ExportModelRequest(model=model, format=model_pb2.EXPORT_FORMAT_NPZ)
        content = b"".join(response.data for response in self.models.ExportModel(request))
        with np.load(io.BytesIO(content)) as archive:
            return {name: archive[name] for name in archive.files}


def chunks(upload: str, content: bytes) -> Iterator[dataset_pb2.UploadDataRequest]:
    for offset in range(0, len(content), CHUNK_BYTES):
        data = content[offset : offset + CHUNK_BYTES]
        yield dataset_pb2.UploadDataRequest(upload=upload, offset=offset, crc32c=crc32c(data), data=data)


def crc32c(data: bytes) -> int:
    """Castagnoli's polynomial, reflected; 0xE3069283 for b"123456789"."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = CRC32C_TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def crc32c_entry(byte: int) -> int:
    for _ in range(8):
        byte = (byte >> 1) ^ (0x82F63B78 if byte & 1 else 0)
    return byte


CRC32C_TABLE = [crc32c_entry(byte) for byte in range(256)]
