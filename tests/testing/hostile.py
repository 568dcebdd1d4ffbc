"""What tests of harmful input share: the server's memory, watched, and uploads too large to hold here."""

import threading
import unittest
from pathlib import Path

from crc32c import crc32c
from trainyard.v1 import dataset_pb2
from trainyard_testing import CHUNK_BYTES, SANITIZED, Client

MEBIBYTE = 1 << 20


class Memory:
    """The memory of a process that no file stands behind, looked at 100 times a second."""

    def __init__(self, pid: int) -> None:
        self._status = Path(f"/proc/{pid}/status")
        self._start = self._most = self._now()
        self._ended = threading.Event()
        self._watcher = threading.Thread(target=self._watch)

    def __enter__(self) -> "Memory":
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._watcher.join()

    def growth(self) -> int:
        """In bytes, from the start to the most that was seen."""
        return max(self._most, self._now()) - self._start

    def _watch(self) -> None:
        while not self._ended.wait(0.01):
            self._most = max(self._most, self._now())

    def _now(self) -> int:
        for line in self._status.read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) * 1024
        return 0


def expect_growth_below(test: unittest.TestCase, growth: int, bound: int) -> None:
    if not SANITIZED:
        test.assertLess(growth, bound)


def huge_upload(client: Client, before: bytes, filling: bytes, size: int, after: bytes) -> str:
    """An upload of `size` bytes of `filling` between the two others; its name."""
    upload = client.open_upload("huge").name
    piece = filling * (CHUNK_BYTES // len(filling))
    checksum = crc32c(piece)

    def chunks():
        yield dataset_pb2.UploadDataRequest(upload=upload, offset=0, crc32c=crc32c(before), data=before)
        offset = len(before)
        for _ in range(size // len(piece)):
            yield dataset_pb2.UploadDataRequest(offset=offset, crc32c=checksum, data=piece)
            offset += len(piece)
        yield dataset_pb2.UploadDataRequest(offset=offset, crc32c=crc32c(after), data=after)

    client.datasets.UploadData(chunks())
    return upload
