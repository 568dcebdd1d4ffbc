"""What tests of a shut server share: tokens, certificates, and clients that show them."""

import subprocess
from pathlib import Path
from typing import Iterable, Optional

import grpc

from trainyard_testing import CHANNEL_OPTIONS, Client, _CallDetails, program

ROLES = ("read", "train", "admin")


def new_token(tokens: Path, name: str, role: str, *quotas: str) -> str:
    """The token, whose line is then in the file."""
    command = [program("trainyard-server"), "token", "new", "--name", name, "--role", role, "--tokens", str(tokens)]
    return subprocess.run([*command, *quotas], check=True, capture_output=True, text=True).stdout.strip()


class Metadata(
    grpc.UnaryUnaryClientInterceptor,
    grpc.UnaryStreamClientInterceptor,
    grpc.StreamUnaryClientInterceptor,
    grpc.StreamStreamClientInterceptor,
):
    """Adds to the metadata of each call."""

    def __init__(self, *added: tuple[str, str]) -> None:
        self._added = added

    def intercept_unary_unary(self, continuation, details, request):
        return continuation(
            _CallDetails(
                details.method,
                details.timeout,
                [*(details.metadata or ()), *self._added],
                details.credentials,
                details.wait_for_ready,
                details.compression,
            ),
            request,
        )

    intercept_unary_stream = intercept_unary_unary
    intercept_stream_unary = intercept_unary_unary
    intercept_stream_stream = intercept_unary_unary


def client_with(
    address: str,
    token: Optional[str] = None,
    credentials: Optional[grpc.ChannelCredentials] = None,
    metadata: Iterable[tuple[str, str]] = (),
    options: Iterable[tuple[str, int]] = (),
) -> Client:
    channel = (
        grpc.insecure_channel(address, options=[*CHANNEL_OPTIONS, *options])
        if credentials is None
        else grpc.secure_channel(address, credentials, options=[*CHANNEL_OPTIONS, *options])
    )
    added = list(metadata) if token is None else [("authorization", f"Bearer {token}"), *metadata]
    return Client(address, channel=grpc.intercept_channel(channel, Metadata(*added)))


class Authority:
    """A root that signs certificates, and their files in `folder`: NAME.pem and NAME.key."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        self.folder = folder
        self.name = name
        self._openssl(name, "-subj", f"/CN={name}")

    @property
    def path(self) -> Path:
        return self.folder / f"{self.name}.pem"

    def sign(self, name: str, days: int = 30) -> Path:
        """Of a server or client on loopback with this common name; replaces a former one."""
        self._openssl(
            name,
            *("-subj", f"/CN={name}", "-CA", str(self.path), "-CAkey", str(self.path.with_suffix(".key"))),
            *("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-addext", "basicConstraints=CA:FALSE"),
            days=days,
        )
        return self.folder / f"{name}.pem"

    def _openssl(self, name: str, *arguments: str, days: int = 30) -> None:
        # Renamed into place: whoever reads a file finds the old one or the new one.
        new_key, new_certificate = self.folder / f"{name}.key.new", self.folder / f"{name}.pem.new"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
            + ["-days", str(days), "-keyout", str(new_key), "-out", str(new_certificate), *arguments],
            check=True,
            capture_output=True,
        )
        new_key.rename(self.folder / f"{name}.key")
        new_certificate.rename(self.folder / f"{name}.pem")


def credentials_of(authority: Authority, client: Optional[str] = None) -> grpc.ChannelCredentials:
    """That trust the authority, and show the client's certificate."""
    key = (authority.folder / f"{client}.key").read_bytes() if client else None
    certificate = (authority.folder / f"{client}.pem").read_bytes() if client else None
    return grpc.ssl_channel_credentials(authority.path.read_bytes(), key, certificate)
