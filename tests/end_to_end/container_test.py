#!/usr/bin/python3
"""The image of docker/Dockerfile, built and run: it trains, stops at SIGTERM, and finds its volume again.

Long: it builds the programs."""

import json
import shutil
import socket
import tempfile
import unittest
from pathlib import Path

import grpc

import trainyard_testing
from containers import SOURCE, build, podman, run, skip_unless_possible
from restarting import small_spec
from scraping import get, scrape, wait_until
from specs import ENDLESS
from trainyard.v1 import dataset_pb2, event_pb2
from trainyard_testing import Client, Run

IMAGE = "localhost/trainyard:test"
NAME = "trainyard-test"
VOLUME = "trainyard-test-data"


def setUpModule() -> None:
    skip_unless_possible()
    build(IMAGE)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class ContainerTest(unittest.TestCase):
    def setUp(self) -> None:
        self.addCleanup(podman, "volume", "rm", "--force", VOLUME)
        self.addCleanup(podman, "rm", "--force", "--time", "0", "--ignore", NAME)
        podman("rm", "--force", "--time", "0", "--ignore", NAME)
        podman("volume", "rm", "--force", VOLUME)

    def start(self) -> Client:
        grpc_port, self.http = free_port(), f"127.0.0.1:{free_port()}"
        ports = ["-p", f"127.0.0.1:{grpc_port}:50551", "-p", f"{self.http}:50552"]
        podman("run", "--detach", "--name", NAME, "--no-healthcheck", *ports, "--volume", f"{VOLUME}:/data", IMAGE)
        wait_until(self.is_ready)
        return self.enterContext(Client(f"127.0.0.1:{grpc_port}"))

    def is_ready(self) -> bool:
        try:
            return get(self.http, "/ready").status == 200
        except OSError:
            return False

    def stop(self, client: Client) -> None:
        """SIGTERM. The server has 2 seconds until SIGKILL, which would show as 137."""
        client.close()
        podman("stop", "--time", "2", NAME)
        self.assertEqual(podman("inspect", "--format", "{{.State.ExitCode}}", NAME), "0")
        podman("rm", NAME)

    def test_it_trains_stops_at_once_and_finds_everything_on_its_volume(self) -> None:
        client = self.start()
        dataset = client.upload_csv(trainyard_testing.DATA / "digits.csv", "digits")
        ended = client.train(small_spec())
        self.assertEqual(ended.state, event_pb2.STATE_SUCCEEDED)
        log, model = client.follow(ended.name), client.get_model(ended.name)
        spec = small_spec(seed=2)
        spec.budget.CopyFrom(ENDLESS)
        running = client.create_job(spec).name
        seen = client.follow_until(running, Run(), lambda run: run.steps > 0)
        self.stop(client)

        client = self.start()
        name = dataset_pb2.GetDatasetRequest(name=dataset.name)
        self.assertEqual(client.datasets.GetDataset(name), dataset)
        self.assertEqual(client.get_job(ended.name), ended)
        self.assertEqual(client.follow(ended.name).events, log.events)
        self.assertEqual(client.get_model(ended.name), model)
        client.follow_until(running, seen, lambda run: bool(run.of_kind("recovered")))
        steps = seen.steps
        client.follow_until(running, seen, lambda run: run.steps > steps)
        client.cancel_job(running)
        self.stop(client)

    def test_it_runs_as_an_ordinary_user(self) -> None:
        self.start()
        self.assertEqual(podman("exec", NAME, "id", "-u"), "10001")

    def test_its_health_check_passes_and_its_numbers_are_published(self) -> None:
        self.start()
        check = json.loads(podman("image", "inspect", IMAGE))[0]["Healthcheck"]["Test"]
        self.assertEqual(check[0], "CMD")
        podman("exec", NAME, *check[1:])
        self.assertEqual(scrape(self.http).value("trainyard_ready"), 1)


class ComposeTest(unittest.TestCase):
    def test_the_compose_file_starts_a_server_that_is_reached_on_the_loopback(self) -> None:
        if shutil.which("podman-compose") is None:
            self.skipTest("podman-compose is not installed; it is a Debian package")
        port = free_port()
        folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="trainyard-")))
        text = (SOURCE / "docker/compose.yaml").read_text()
        for old, new in (("127.0.0.1:50551:", f"127.0.0.1:{port}:"), ("image: trainyard\n", f"image: {IMAGE}\n")):
            self.assertIn(old, text)
            text = text.replace(old, new)
        (folder / "compose.yaml").write_text(text)
        compose = ("podman-compose", "-p", NAME, "-f", str(folder / "compose.yaml"))
        self.addCleanup(run, *compose, "down", "-t", "2", "-v")
        run(*compose, "--podman-run-args=--no-healthcheck", "up", "-d", "--no-build", "trainyard")
        with Client(f"127.0.0.1:{port}") as client:
            wait_until(lambda: self.answers(client))
            client.upload_csv(trainyard_testing.DATA / "digits.csv", "digits")
            self.assertEqual(client.train(small_spec()).state, event_pb2.STATE_SUCCEEDED)

    def answers(self, client: Client) -> bool:
        try:
            return client.server_info().version != ""
        except grpc.RpcError:
            return False


if __name__ == "__main__":
    unittest.main()
