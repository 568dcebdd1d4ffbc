"""Peers: each in a process of its own, which does one round whenever it is asked, so that what it imports and
prepares is not timed."""

import functools
import importlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Iterable, Optional, Type

# Debian's package of each module that a peer needs.
PACKAGES = {module: f"python3-{module}" for module in ("sklearn", "torch", "pandas", "joblib")}
OPENBLAS = "libopenblas0-pthread"


@functools.cache
def numpy_is_fast() -> bool:
    """Whether NumPy multiplies with OpenBLAS; the reference BLAS that Debian has otherwise is many times slower."""
    importlib.import_module("numpy.linalg")
    return "openblas" in Path("/proc/self/maps").read_text()


def packages_lacking(modules: Iterable[str]) -> list[str]:
    missing = [PACKAGES[module] for module in modules if importlib.util.find_spec(module) is None]
    return missing if numpy_is_fast() else [*missing, OPENBLAS]


def missing_packages() -> list[str]:
    return packages_lacking(PACKAGES)


def lacks(*modules: str) -> str:
    """What to say where a peer can't be at its best; else empty."""
    missing = packages_lacking(modules)
    return f"no peer: apt-get install {' '.join(missing)}" if missing else ""


def environment(threads: int) -> dict[str, str]:
    """The best that OpenBLAS has for the processor, and so many threads."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("OPENBLAS_")}
    wide = " avx512f " in Path("/proc/cpuinfo").read_text()
    variables["OPENBLAS_CORETYPE"] = "SkylakeX" if wide else "Haswell"
    variables["OPENBLAS_NUM_THREADS"] = variables["OMP_NUM_THREADS"] = str(threads)
    variables["PYTHONPATH"] = str(Path(__file__).resolve().parent.parent)
    return variables


class Peer:
    """`arguments` are those of peer_process.py, `prefix` what goes before the command."""

    def __init__(self, *arguments: object, threads: int = 1, prefix: Iterable[str] = ()) -> None:
        command = [*prefix, sys.executable, "-m", "trainyard_benchmark.peer_process", *map(str, arguments)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment(threads)
        )
        self._line()

    def round(self) -> float:
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return float(self._line())

    def _line(self) -> str:
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the peer ended with {self._process.wait()}")
        return line

    def __enter__(self) -> "Peer":
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
