"""Debian with systemd as its first process, booted from a folder beside the base image's."""

import shutil
import subprocess
import time
from pathlib import Path

from containers import FOLDER, make_root, run

ROOT = FOLDER / "booted"
BOOT_SECONDS = 60


class Booted:
    """With a package installed. It has no network but its own loopback."""

    def __init__(self, package: str) -> None:
        shutil.rmtree(ROOT, ignore_errors=True)
        run("cp", "--archive", str(make_root()), str(ROOT))
        shutil.copy(package, ROOT / "root/package.deb")
        shutil.copy("/etc/resolv.conf", ROOT / "etc/resolv.conf")
        install = "apt-get install --yes --no-install-recommends systemd systemd-sysv dbus /root/package.deb"
        run("chroot", str(ROOT), "sh", "-c", f"apt-get update && DEBIAN_FRONTEND=noninteractive {install}", seconds=600)
        flags = ("--boot", "--quiet", "--register=no", "--keep-unit", "--private-network", "--machine=trainyard-booted")
        self._log = open(FOLDER / "booted.log", "wb")
        self._process = subprocess.Popen(
            ["systemd-nspawn", f"--directory={ROOT}", *flags], stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log
        )
        self._wait_for_boot()

    def _wait_for_boot(self) -> None:
        until = time.monotonic() + BOOT_SECONDS
        state = ""
        while state != "running":
            if time.monotonic() > until:
                self.close()
                raise AssertionError(f"not booted: {state}\n{(FOLDER / 'booted.log').read_text()[-4000:]}")
            time.sleep(0.2)
            state = self.run("systemctl is-system-running", check=False)

    def _first_process(self) -> str:
        return Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()[0]

    def run(self, command: str, check: bool = True) -> str:
        """What a shell command prints in there."""
        try:
            enter = ["nsenter", "--target", self._first_process(), "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup"]
        except IndexError:
            return ""
        done = subprocess.run([*enter, "sh", "-c", command], capture_output=True, text=True, timeout=120)
        if check and done.returncode != 0:
            raise AssertionError(f"{command} exited {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout.strip()

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()
        self._log.close()
        shutil.rmtree(ROOT, ignore_errors=True)
