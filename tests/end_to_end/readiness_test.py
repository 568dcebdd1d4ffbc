#!/usr/bin/python3
"""Health checks and /ready say whether the server takes new work; /live and `live` that it runs."""

import subprocess
import tempfile
import unittest
from pathlib import Path

import grpc

import trainyard_testing
from bad_input import endless_spec, hidden_spec
from scraping import get, scrape, wait_until
from trainyard_testing import Client, Run, Server, program

# grpc.health.v1.HealthCheckRequest with a service, and HealthCheckResponse.
REQUESTS = {"": b"", "ready": b"\x0a\x05ready", "live": b"\x0a\x04live"}
SERVING = b"\x08\x01"
NOT_SERVING = b"\x08\x02"


def health(client: Client) -> dict[str, bytes]:
    check = client.channel.unary_unary("/grpc.health.v1.Health/Check")
    return {service: check(request) for service, request in REQUESTS.items()}


def health_command(address: str, *arguments: str) -> tuple[int, str]:
    """Its exit code and output."""
    command = [program("trainyard"), "health", "--server", address, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


class ReadinessTest(unittest.TestCase):
    def start(self, *flags: str, **fields: object) -> tuple[Server, Client]:
        server = self.enterContext(Server(flags=("--http=127.0.0.1:0", *flags), **fields))
        return server, self.enterContext(Client(server.address))

    def expect_ready(self, server: Server, client: Client) -> None:
        wait_until(lambda: health(client)[""] == SERVING)
        self.assertEqual(health(client), {"": SERVING, "ready": SERVING, "live": SERVING})
        self.assertEqual((get(server.http, "/ready").status, get(server.http, "/ready").body), (200, "ready\n"))
        self.assertEqual(scrape(server.http).value("trainyard_ready"), 1)
        self.assertEqual(health_command(server.address), (0, "ready\n"))

    def expect_not_ready(self, server: Server, client: Client, reason: str) -> None:
        wait_until(lambda: health(client)[""] == NOT_SERVING)
        self.assertEqual(health(client), {"": NOT_SERVING, "ready": NOT_SERVING, "live": SERVING})
        answer = get(server.http, "/ready")
        self.assertEqual((answer.status, answer.body.split(":")[0]), (503, reason))
        self.assertEqual(get(server.http, "/live").status, 200)
        self.assertEqual(scrape(server.http).value("trainyard_ready"), 0)
        self.assertEqual(health_command(server.address), (4, "not ready\n"))
        self.assertEqual(health_command(server.address, "--live"), (0, "live\n"))

    def test_a_server_with_room_is_ready(self) -> None:
        self.expect_ready(*self.start())

    def test_a_server_that_is_not_there_has_no_health(self) -> None:
        self.assertEqual(health_command("127.0.0.1:1"), (3, ""))

    def test_the_health_command_has_the_health_check_s_json(self) -> None:
        server, _ = self.start()
        self.assertEqual(health_command(server.address, "--output", "json"), (0, '{"status": "SERVING"}\n'))

    def test_an_unknown_service_is_not_found(self) -> None:
        _, client = self.start()
        with self.assertRaises(grpc.RpcError) as raised:
            client.channel.unary_unary("/grpc.health.v1.Health/Check")(b"\x0a\x05other")
        self.assertEqual(raised.exception.code(), grpc.StatusCode.NOT_FOUND)

    def test_a_server_whose_queue_is_at_its_limit_is_not_ready(self) -> None:
        server, client = self.start("--job-memory=64MiB", "--queued-jobs=1")
        client.upload(b"a,y\n1,1.5\n2,2.5\n3,4.5\n4,8.5\n", "iris")
        spec = endless_spec()
        spec.network.CopyFrom(hidden_spec(20_000).network)
        running = client.create_job(spec)
        client.follow_until(running.name, Run(), lambda run: len(run.events) >= 2)
        queued = client.create_job(spec)
        self.expect_not_ready(server, client, "QUEUE_FULL")
        self.assertEqual(scrape(server.http).value("trainyard_queue_length"), 1)
        client.cancel_job(queued.name)
        self.expect_ready(server, client)
        client.cancel_job(running.name)

    def test_a_server_whose_disk_is_full_is_not_ready_until_there_is_room(self) -> None:
        disk = self.small_disk()
        server, client = self.start(data=disk / "data")
        self.expect_ready(server, client)
        fill(disk / "filler")
        self.expect_not_ready(server, client, "STORAGE_FULL")
        with self.assertRaises(grpc.RpcError) as raised:
            client.open_upload("refused", 4)
        self.assertEqual(trainyard_testing.refusal_of(raised.exception).reason, "STORAGE_FULL")
        (disk / "filler").unlink()
        self.expect_ready(server, client)
        client.upload(b"a,y\n1,2\n3,4\n", "accepted")

    def small_disk(self) -> Path:
        folder = self.enterContext(tempfile.TemporaryDirectory(prefix="trainyard-"))
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "none", folder], capture_output=True)
        if mounted.returncode != 0:
            self.skipTest("only root can mount a small disk here: " + mounted.stderr.decode())
        self.addCleanup(subprocess.run, ["umount", "--lazy", folder], check=True)
        return Path(folder)


def fill(path: Path) -> None:
    with open(path, "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1 << 20))
        except OSError:
            pass


if __name__ == "__main__":
    unittest.main()
