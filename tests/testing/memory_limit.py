"""A limit on the memory of processes, the files that they have in memory included: a control group of their own."""

import os
from pathlib import Path
from types import TracebackType
from typing import Optional, Type

V2 = Path("/sys/fs/cgroup")
V1 = V2 / "memory"


class MemoryLimit:
    """Raises PermissionError or FileNotFoundError where the system lets nobody make control groups."""

    def __init__(self, limit_bytes: int) -> None:
        is_v1 = V1.is_dir()
        self._group = (V1 if is_v1 else V2) / f"trainyard-test-{os.getpid()}"
        self._group.mkdir()
        limit = self._group / ("memory.limit_in_bytes" if is_v1 else "memory.max")
        try:
            limit.write_text(str(limit_bytes))
        except OSError:
            self._group.rmdir()
            raise
        self._peak = self._group / ("memory.max_usage_in_bytes" if is_v1 else "memory.peak")

    def take(self, pid: int) -> None:
        """Puts a process under the limit, which must have ended before this is left. Memory that it has is not counted."""
        (self._group / "cgroup.procs").write_text(str(pid))

    @property
    def peak_bytes(self) -> int:
        return int(self._peak.read_text())

    def __enter__(self) -> "MemoryLimit":
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self._group.rmdir()
