"""Images and containers without an engine that runs all the time: Debian's buildah, podman and runc, as root.

What they keep lies in a folder of its own and is used again by the next run; the base image is made from Debian's
packages.
"""

import os
import shutil
import subprocess
import unittest
from pathlib import Path

TOOLS = ("buildah", "podman", "runc", "iptables", "debootstrap")
BASE = "docker.io/library/debian:bookworm-slim"
MIRROR = "http://deb.debian.org"
FOLDER = Path(os.environ.get("TRAINYARD_IMAGES", "/var/tmp/trainyard-image"))
SOURCE = Path(__file__).resolve().parent.parent.parent

STORAGE = f"""[storage]
driver = "overlay"
graphroot = "{FOLDER}/store"
runroot = "{FOLDER}/run"
"""
CONTAINERS = """[containers]
default_ulimits = ["nofile=20000:20000", "nproc=4096:4096"]
log_driver = "k8s-file"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[network]
network_backend = "netavark"
"""


def skip_unless_possible() -> None:
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    missing += [] if Path("/usr/lib/podman/netavark").exists() else ["netavark"]
    if missing:
        raise unittest.SkipTest(f"not installed: {' '.join(missing)}; they are Debian packages of the same names")
    if os.geteuid() != 0:
        raise unittest.SkipTest("images are built by root here")


def environment() -> dict[str, str]:
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "storage.conf").write_text(STORAGE)
    (FOLDER / "containers.conf").write_text(CONTAINERS)
    return {
        **os.environ,
        "CONTAINERS_STORAGE_CONF": str(FOLDER / "storage.conf"),
        "CONTAINERS_CONF": str(FOLDER / "containers.conf"),
    }


def run(*command: str, seconds: float = 120) -> str:
    """What it prints; fails with what it says where it fails."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, env=environment())
    if done.returncode != 0:
        said = done.stdout[-4000:] + "\n" + done.stderr[-4000:]
        raise AssertionError(f"{' '.join(command)} exited {done.returncode}\n{said}")
    return done.stdout.strip()


def podman(*arguments: str, seconds: float = 120) -> str:
    return run("podman", *arguments, seconds=seconds)


def make_root() -> Path:
    """A folder with Debian 12 and nothing else."""
    root = FOLDER / "rootfs"
    if not (root / "etc/debian_version").exists():
        shutil.rmtree(root, ignore_errors=True)
        including = "--include=ca-certificates"
        run("debootstrap", "--variant=minbase", including, "bookworm", str(root), f"{MIRROR}/debian", seconds=900)
    suites = [("debian", "bookworm"), ("debian", "bookworm-updates"), ("debian-security", "bookworm-security")]
    sources = "".join(f"deb {MIRROR}/{archive} {suite} main\n" for archive, suite in suites)
    (root / "etc/apt/sources.list").write_text(sources)
    return root


def make_base() -> None:
    """Debian 12 and nothing else, under the name that Dockerfiles use."""
    exists = subprocess.run(["podman", "image", "exists", BASE], env=environment())
    if exists.returncode == 0:
        return
    root = make_root()
    archive = FOLDER / "base.tar"
    without = ("--exclude=./dev/*", "--exclude=./var/cache/apt/*.bin")
    run("tar", "-C", str(root), "--numeric-owner", *without, "-cf", str(archive), ".")
    path = "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    podman("import", "-q", "-c", 'CMD ["bash"]', "-c", path, str(archive), BASE)
    archive.unlink()


def build(tag: str) -> None:
    """The image of docker/Dockerfile. What the compiler has made lasts until the next time."""
    make_base()
    cache = FOLDER / "ccache"
    cache.mkdir(parents=True, exist_ok=True)
    options = ("--isolation", "chroot", "--pull=never", "--layers", "--format", "docker")
    options += ("--volume", f"{cache}:/root/.cache/ccache")
    run("buildah", "bud", *options, "-t", tag, "-f", str(SOURCE / "docker/Dockerfile"), str(SOURCE), seconds=1800)
