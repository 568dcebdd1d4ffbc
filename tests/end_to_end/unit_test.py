#!/usr/bin/python3
"""The systemd unit of the Debian package, started on a booted Debian.

Long: it installs Debian's systemd in a folder."""

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import trainyard_testing
from booted import ROOT, Booted
from containers import skip_unless_possible
from scraping import wait_until

BUILD = Path(os.environ["TRAINYARD_BIN"]).parent
SETTINGS = ROOT / "etc/trainyard/server.conf"
TRAIN = "trainyard train --dataset iris --hidden 8 --epochs 20 --seed 1 --watch"


def setUpModule() -> None:
    skip_unless_possible()
    if shutil.which("systemd-nspawn") is None:
        raise unittest.SkipTest("not installed: systemd-nspawn, of Debian's package systemd-container")


class UnitTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        with tempfile.TemporaryDirectory(prefix="trainyard-") as folder:
            subprocess.run(["cpack", "--config", BUILD / "CPackConfig.cmake", "-B", folder], cwd=BUILD, check=True, capture_output=True)
            (package,) = map(str, Path(folder).glob("trainyard_*.deb"))
            cls.booted = Booted(package)
        cls.addClassCleanup(cls.booted.close)
        shutil.copy(trainyard_testing.DATA / "iris.csv", ROOT / "root")

    def shown(self, name: str) -> str:
        return self.booted.run(f"systemctl show trainyard --property={name} --value")

    def start(self) -> None:
        """The manager waits until the server listens."""
        self.booted.run("systemctl start trainyard")
        self.booted.run("trainyard health")

    def await_answer(self) -> None:
        wait_until(lambda: self.booted.run("trainyard status", check=False) != "")

    def jobs(self) -> str:
        return self.booted.run("trainyard job list")

    def test_it_starts_a_server_that_trains_and_finds_everything_again(self) -> None:
        self.start()
        self.booted.run("trainyard dataset upload /root/iris.csv --name iris")
        self.booted.run(TRAIN)
        jobs = self.jobs()
        self.assertIn("SUCCEEDED", jobs.upper())

        self.booted.run(f"kill -KILL {self.shown('MainPID')}")
        wait_until(lambda: self.shown("NRestarts") == "1")
        self.await_answer()
        self.assertEqual(self.jobs(), jobs)

        self.booted.run("systemctl stop trainyard")
        self.assertEqual((self.shown("Result"), self.shown("ExecMainStatus")), ("success", "0"))
        self.start()
        self.assertEqual(self.jobs(), jobs)

    def test_the_server_runs_as_a_user_of_its_own_that_owns_its_data_alone(self) -> None:
        self.start()
        user = self.booted.run(f"stat --format=%u /proc/{self.shown('MainPID')}")
        self.assertNotEqual(user, "0")
        self.assertEqual(self.booted.run("stat --format='%u %a' /var/lib/private/trainyard"), f"{user} 700")

    def test_settings_that_are_wrong_are_told_and_not_tried_again(self) -> None:
        self.booted.run("systemctl stop trainyard")
        right = SETTINGS.read_text()
        self.addCleanup(SETTINGS.write_text, right)
        SETTINGS.write_text(right.replace("127.0.0.1:50551", "0.0.0.0:50551"))
        before = self.shown("NRestarts")
        self.assertEqual(self.booted.run("systemctl start trainyard && echo started", check=False), "")
        self.assertEqual(self.shown("ActiveState"), "failed")
        self.assertEqual((self.shown("NRestarts"), self.shown("ExecMainStatus")), (before, "2"))
        said = self.booted.run("journalctl --unit=trainyard --output=cat")
        self.assertIn("--listen = 0.0.0.0:50551, must be a loopback address", said)


if __name__ == "__main__":
    unittest.main()
