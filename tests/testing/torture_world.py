"""The server of the torture test, which dies again and again, and the clients' view of it."""

import random
import subprocess
import threading
import time
from pathlib import Path
from typing import Callable, Optional, TypeVar

import grpc

import trainyard_testing
from torture_record import Record
from trainyard_testing import Client, Server

Answer = TypeVar("Answer")

# In seconds.
LONGEST_LIFE = 1.6
LONGEST_DRAIN = 0.1
LONGEST_BIRTH = 0.1
QUICK_RECONNECTION = (("grpc.initial_reconnect_backoff_ms", 50), ("grpc.max_reconnect_backoff_ms", 200))


class World:
    """One data directory and one port; a server at a time."""

    def __init__(self, data: Path, program: str, record: Record, seed: int) -> None:
        self.record = record
        self.settling = threading.Event()  # nothing new is to be begun
        self.all_submitted = threading.Event()  # no job is on its way to the server any more
        self.life = 0  # odd: dying
        self._data = data
        self._program = program
        self._random = random.Random(seed)
        self._serving = threading.Event()
        self._server = Server(data, program_name=program)
        self.address = self._server.address
        self._serving.set()

    def await_serving(self) -> None:
        self._serving.wait()

    def live_and_die(self) -> None:
        """Kills the server at a random moment, some while it drains, and starts it anew, some twice."""
        time.sleep(self._random.uniform(0, LONGEST_LIFE))
        drain = self._random.random() < 0.15
        self.life += 1
        if drain:
            self._server.process.terminate()
            time.sleep(self._random.uniform(0, LONGEST_DRAIN))
        self._serving.clear()
        self._expect_alive(self._server.process, after_drain=drain)
        self._server.kill()
        while self._random.random() < 0.15:
            self._die_before_it_serves()
        self._start()

    def _expect_alive(self, process: subprocess.Popen, after_drain: bool = False) -> None:
        """A server ends by itself only where it was asked to, and then without a fault."""
        code = process.poll()
        if code is not None and not (after_drain and code == 0):
            self.record.fault(f"a server ended by itself with {code}")

    def _die_before_it_serves(self) -> None:
        command = trainyard_testing.server_command(self._data, listen=self.address, program_name=self._program)
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        time.sleep(self._random.uniform(0, LONGEST_BIRTH))
        self._expect_alive(process)
        process.kill()
        process.wait()

    def _start(self) -> None:
        self._server.process.stdout.close()
        self._server = Server(self._data, listen=self.address, program_name=self._program)
        self.life += 1
        self._serving.set()

    def close(self) -> None:
        self._server.__exit__(None, None, None)


class Actor(threading.Thread):
    """A client that does one thing after another until the world settles, and finishes what it has begun."""

    def __init__(self, world: World, name: str, seed: int) -> None:
        super().__init__(name=name, daemon=True)
        self.world = world
        self.record = world.record
        self.random = random.Random(f"{seed} {name}")
        self._client: Optional[Client] = None
        self._client_life = -1

    def act(self) -> None:
        raise NotImplementedError

    def finish(self) -> None:
        """After the last death of the server."""

    def run(self) -> None:
        try:
            while not self.world.settling.is_set():
                self.world.await_serving()
                self.act()
            self.finish()
        except grpc.RpcError as error:
            self.record.fault(f"{self.name} was refused: {error.details()}")
        except Exception as error:  # a thread that dies in silence would be a test that passes
            self.record.broken.append(f"{self.name}: {error!r}")
        finally:
            if self._client:
                self._client.close()

    @property
    def client(self) -> Client:
        """Of this life of the server."""
        if self._client_life != self.world.life:
            if self._client:
                self._client.close()
            self._client_life = self.world.life
            self._client = Client(self.world.address, QUICK_RECONNECTION)
        return self._client

    def pause(self) -> None:
        time.sleep(self.random.uniform(0, 0.05))

    def ask(self, call: Callable[[Client], Answer], *allowed: grpc.StatusCode) -> Optional[Answer]:
        """The answer, or None where the server died over it: the call may have taken effect or not. Raises what the
        server refuses; the caller takes what is `allowed` as an answer and sees it in `refused`."""
        self.refused: Optional[grpc.StatusCode] = None
        life = self.world.life
        try:
            answer = call(self.client)
        except grpc.RpcError as error:
            dying = life % 2 == 1 or self.world.life != life
            if dying or error.code() == grpc.StatusCode.UNAVAILABLE:
                with self.record.lock:
                    self.record.doubts += 1
                return None
            if error.code() not in allowed:
                raise
            self.refused = error.code()
            return None
        return answer

    def insist(self, call: Callable[[Client], Answer], *allowed: grpc.StatusCode) -> Optional[Answer]:
        """Asks until there is an answer; None where it is one of the refusals that are `allowed`."""
        while True:
            self.world.await_serving()
            answer = self.ask(call, *allowed)
            if answer is not None or self.refused is not None:
                return answer
            self.pause()
