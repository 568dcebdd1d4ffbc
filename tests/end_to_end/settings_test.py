#!/usr/bin/python3
"""What the server is told, and what it tells its operator: flags, environment, file, log."""

import json
import os
import select
import subprocess
import tempfile
import unittest
from pathlib import Path
from typing import Optional

import trainyard_testing
from restarting import RestartTest, endless_spec
from specs import spec_of
from trainyard.v1 import optimizer_pb2
from trainyard_testing import Client, Run, Server


class CheckConfigTest(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="trainyard-")))

    def file(self, content: str) -> str:
        path = self.folder / "server.conf"
        path.write_text(content)
        return str(path)

    def check(self, *flags: str, environment: Optional[dict[str, str]] = None) -> subprocess.CompletedProcess:
        command = [trainyard_testing.program("trainyard-server"), "--check-config", *flags]
        variables = {name: value for name, value in os.environ.items() if not name.startswith("TRAINYARD_")}
        variables.update(environment or {})
        return subprocess.run(command, capture_output=True, text=True, timeout=30, env=variables, cwd=self.folder)

    def settings(self, checked: subprocess.CompletedProcess) -> dict[str, tuple[str, str]]:
        """Value and origin by name."""
        self.assertEqual((checked.returncode, checked.stderr), (0, ""))
        lines = [line.split(None, 2) for line in checked.stdout.splitlines()]
        return {line[0]: (line[1], line[2]) for line in lines if len(line) == 3}

    def test_it_prints_each_setting_and_where_it_comes_from(self) -> None:
        path = self.file('workers=2\nupload-bytes="1MiB"\nlisten="127.0.0.1:7"\nlog-format="json"\n')
        environment = {"TRAINYARD_LISTEN": "127.0.0.1:8", "TRAINYARD_LOG_FORMAT": "text"}
        settings = self.settings(self.check("--config", path, "--log-format=json", environment=environment))
        self.assertEqual(settings["workers"], ("2", f"file {path}"))
        self.assertEqual(settings["upload-bytes"], (str(1 << 20), f"file {path}"))
        self.assertEqual(settings["listen"], ("127.0.0.1:8", "environment TRAINYARD_LISTEN"))
        self.assertEqual(settings["log-format"], ("json", "flag"))
        self.assertEqual(settings["watchers"], ("10000", "default"))

    def test_the_file_may_be_named_by_the_environment(self) -> None:
        settings = self.settings(self.check(environment={"TRAINYARD_CONFIG": self.file("watchers=5\n")}))
        self.assertEqual(settings["watchers"][0], "5")

    def test_it_neither_starts_nor_makes_anything(self) -> None:
        self.settings(self.check("--data", "data"))
        self.assertEqual(list(self.folder.iterdir()), [])

    def expect_fault(self, message: str, checked: subprocess.CompletedProcess) -> None:
        self.assertEqual(checked.returncode, 2)
        self.assertIn(message, checked.stderr)

    def test_a_value_out_of_range_exits_2_and_says_the_rule(self) -> None:
        message = "trainyard-server: --workers = 5000, must be in 1..1024, or 0\n"
        self.expect_fault(message, self.check("--workers=5000"))
        message = "trainyard-server: --watchers = 2147483647, must be in 1..1000000\n"
        self.expect_fault(message, self.check("--watchers=2147483647"))

    def test_an_unknown_name_exits_2_and_is_named_wherever_it_stands(self) -> None:
        self.expect_fault("wrokers", self.check("--wrokers=3"))
        self.expect_fault("wrokers", self.check("--config", self.file("wrokers=3\n")))

    def test_what_is_no_number_exits_2_and_is_named(self) -> None:
        self.expect_fault("--watchers = many", self.check("--config", self.file("watchers=many\n")))

    def test_what_is_no_choice_exits_2_and_the_choices_are_named(self) -> None:
        self.expect_fault("{text,json}", self.check("--log-format=xml"))

    def test_a_missing_file_exits_2_and_is_named(self) -> None:
        self.expect_fault("/no/such/file", self.check("--config=/no/such/file"))

    def test_an_address_without_a_port_that_there_is_exits_2(self) -> None:
        for address in ("127.0.0.1:65536", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:-1", "127.0.0.1: 1", ":50551", "50551"):
            for flag in ("--listen", "--http"):
                self.expect_fault(f"{flag} = {address}, must be HOST:PORT", self.check(f"{flag}={address}"))
        self.settings(self.check("--listen=[::1]:65535", "--http=localhost:0"))
        self.settings(self.check("--listen=unix:/run/socket"))

    def test_the_version_is_printed(self) -> None:
        self.assertEqual(self.check("--version").stdout, "trainyard-server 0.1.0\n")

    def test_http_beyond_loopback_exits_2_unless_insecure(self) -> None:
        message = "--http = 0.0.0.0:50552, must be a loopback address, as 127.0.0.1:50552, unless --insecure is given"
        self.expect_fault(message, self.check("--http=0.0.0.0:50552"))
        self.settings(self.check("--http=0.0.0.0:50552", "--insecure"))


class LogTest(RestartTest):
    """Each line is an event; the tests read JSON."""

    def logged(self) -> tuple[Server, Client, Path]:
        path = self.data.parent / (self.data.name + ".log")
        log = self.enterContext(open(path, "w"))
        self.addCleanup(path.unlink, missing_ok=True)
        server = self.enterContext(Server(self.data, ("--log-format=json",), log=log))
        return server, self.enterContext(Client(server.address)), path

    def events(self, path: Path) -> dict[str, dict[str, object]]:
        """The last of each name. Each line must be a JSON object with time, level and event."""
        found = {}
        for line in path.read_text().splitlines():
            fields = json.loads(line)
            self.assertRegex(fields["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
            self.assertIn(fields["level"], ("info", "warning", "error"))
            found[fields["event"]] = fields
        return found

    def test_start_and_end_are_told_with_the_settings(self) -> None:
        server, client, path = self.logged()
        client.close()
        self.assertEqual(server.stop(), 0)
        events = self.events(path)
        self.assertEqual(list(events), ["starting", "listening", "draining", "drained"])
        self.assertEqual(events["starting"]["version"], "0.1.0")
        self.assertEqual(events["starting"]["data"], str(self.data))
        self.assertEqual(events["listening"]["address"], server.address)

    def test_jobs_that_are_taken_up_are_told(self) -> None:
        server, client, _ = self.logged()
        client.upload_csv(trainyard_testing.DATA / "digits.csv", "digits")
        job = client.create_job(endless_spec()).name
        client.follow_until(job, Run(), lambda run: run.steps > 0)
        self.kill(server, client)
        _, client, path = self.logged()
        client.cancel_job(job)
        self.assertEqual(self.events(path)["jobs_taken_up"]["count"], 1)

    def test_a_job_that_fails_is_told_with_its_reason(self) -> None:
        server, client, path = self.logged()
        client.upload_csv(trainyard_testing.DATA / "iris.csv", "iris")
        job = client.train(spec_of("iris", optimizer=optimizer_pb2.Optimizer(learning_rate=1e38)))
        client.close()
        server.stop()
        told = self.events(path)["job_failed"]
        self.assertEqual((told["level"], told["job"], told["reason"]), ("warning", job.name, "DIVERGED"))
        self.assertEqual(told["message"], job.error.message)

    def test_a_reader_who_stands_still_does_not_keep_the_server_from_ending(self) -> None:
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        with open(writer, "w") as log:
            os.set_blocking(writer, False)
            with self.assertRaises(BlockingIOError):
                while True:
                    os.write(writer, b"x" * select.PIPE_BUF)
            os.set_blocking(writer, True)
            server = self.enterContext(Server(self.data, log=log))
        self.assertEqual(server.stop(), 0)


if __name__ == "__main__":
    unittest.main()
