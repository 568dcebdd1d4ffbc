#!/usr/bin/python3
"""The Debian package: what is in it runs from where it is put."""

import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

import trainyard_testing
from restarting import small_spec
from trainyard.v1 import event_pb2
from trainyard_testing import Client, Server

BUILD = Path(os.environ["TRAINYARD_BIN"]).parent
UNIT = "usr/lib/systemd/system/trainyard.service"
SETTINGS = "etc/trainyard/server.conf"
LIBRARIES = ("libgrpc++1.51", "libprotobuf32", "libsqlite3-0", "libprometheus-cpp-core1.0", "libyaml-cpp0.7")


def run(*command: str, **fields: object) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120, **fields).stdout


class PackageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="trainyard-")))
        run("cpack", "--config", str(BUILD / "CPackConfig.cmake"), "-B", str(folder / "package"), cwd=BUILD)
        (cls.package,) = map(str, (folder / "package").glob("trainyard_*.deb"))
        cls.root = folder / "root"
        run("dpkg-deb", "--extract", cls.package, str(cls.root))

    def test_it_depends_on_the_libraries_of_the_programs(self) -> None:
        depends = run("dpkg-deb", "--field", self.package, "Depends")
        for library in LIBRARIES:
            self.assertIn(library + " ", depends)

    def test_it_runs_no_script_and_keeps_changed_settings(self) -> None:
        control = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="trainyard-")))
        run("dpkg-deb", "--control", self.package, str(control))
        self.assertEqual({file.name for file in control.iterdir()}, {"control", "md5sums", "conffiles"})
        self.assertEqual((control / "conffiles").read_text(), f"/{SETTINGS}\n")

    def test_what_the_unit_starts_is_in_the_package(self) -> None:
        (paths,) = re.findall(r"^Exec\w+=(\S+) --config (\S+)", (self.root / UNIT).read_text(), re.MULTILINE)
        for path in paths:
            self.assertTrue((self.root / path.lstrip("/")).exists(), path)

    def test_its_programs_run_with_its_settings(self) -> None:
        program = str(self.root / "usr/bin/trainyard-server")
        checked = run(program, "--config", str(self.root / SETTINGS), "--check-config", env={})
        self.assertRegex(checked, r"(?m)^data +/var/lib/trainyard +file ")
        built = os.environ["TRAINYARD_BIN"]
        os.environ["TRAINYARD_BIN"] = str(self.root / "usr/bin")
        try:
            with Server(flags=("--config", str(self.root / SETTINGS), "--http=127.0.0.1:0")) as server:
                with Client(server.address) as client:
                    client.upload_csv(trainyard_testing.DATA / "digits.csv", "digits")
                    self.assertEqual(client.train(small_spec()).state, event_pb2.STATE_SUCCEEDED)
                status = run(str(self.root / "usr/bin/trainyard"), "--server", server.address, "status")
            self.assertRegex(status, r"version +0\.1\.0")
        finally:
            os.environ["TRAINYARD_BIN"] = built


if __name__ == "__main__":
    unittest.main()
