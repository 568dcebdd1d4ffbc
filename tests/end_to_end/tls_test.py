#!/usr/bin/python3
"""TLS: what is refused at the start, who may connect, and certificates that change while the server runs."""

import json
import os
import ssl
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import grpc

from secure import Authority, client_with, credentials_of, new_token
from trainyard_testing import Server, program


class TlsCase(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.authority = Authority(self.folder)
        self.certificate = self.authority.sign("server")
        self.flags = ("--tls-certificate", str(self.certificate), "--tls-key", str(self.certificate.with_suffix(".key")))

    def start(self, *flags: str, listen: str = "127.0.0.1:0") -> Server:
        return self.enterContext(Server(flags=(*self.flags, *flags), listen=listen))

    def reaches(self, address: str, credentials: grpc.ChannelCredentials) -> bool:
        with client_with(address, credentials=credentials) as client:
            try:
                client.server_info()
                return True
            except grpc.RpcError as error:
                self.assertEqual(error.code(), grpc.StatusCode.UNAVAILABLE)
                return False


class ConnectionTest(TlsCase):
    def test_who_trusts_the_authority_may_connect(self) -> None:
        server = self.start()
        self.assertTrue(self.reaches(server.address, credentials_of(self.authority)))

    def test_who_does_not_trust_the_authority_refuses_the_server(self) -> None:
        server = self.start()
        other = Authority(self.folder, "other")
        self.assertFalse(self.reaches(server.address, credentials_of(other)))

    def test_nothing_is_answered_in_clear_text(self) -> None:
        server = self.start()
        with client_with(server.address) as client, self.assertRaises(grpc.RpcError) as raised:
            client.server_info()
        self.assertEqual(raised.exception.code(), grpc.StatusCode.UNAVAILABLE)
        self.assertTrue(self.reaches(server.address, credentials_of(self.authority)))

    def test_with_client_roots_only_their_certificates_connect(self) -> None:
        self.authority.sign("client")
        other = Authority(self.folder, "other")
        other.sign("stranger")
        server = self.start("--tls-client-ca", str(self.authority.path))
        self.assertTrue(self.reaches(server.address, credentials_of(self.authority, "client")))
        self.assertFalse(self.reaches(server.address, credentials_of(self.authority)))
        self.assertFalse(self.reaches(server.address, credentials_of(self.authority, "stranger")))

    def test_the_audit_log_names_the_certificate(self) -> None:
        self.authority.sign("client")
        tokens, audit = self.folder / "tokens", self.folder / "audit"
        new_token(tokens, "alice", "train")
        server = self.start("--tls-client-ca", str(self.authority.path), "--tokens", str(tokens), "--audit-log", str(audit))
        with client_with(server.address, credentials=credentials_of(self.authority, "client")) as client:
            with self.assertRaises(grpc.RpcError):
                client.server_info()
        self.assertEqual(json.loads(audit.read_text())["certificate"], "client")

    def test_with_tls_and_tokens_the_server_listens_beyond_loopback(self) -> None:
        tokens = self.folder / "tokens"
        token = new_token(tokens, "alice", "read")
        server = self.start("--tokens", str(tokens), listen="0.0.0.0:0")
        port = server.address.rpartition(":")[2]
        with client_with(f"127.0.0.1:{port}", token, credentials_of(self.authority)) as client:
            self.assertEqual(client.server_info().version, "0.1.0")


class ChangeTest(TlsCase):
    def served(self, address: str) -> str:
        host, port = address.split(":")
        return ssl.get_server_certificate((host, int(port)))

    def test_a_new_certificate_is_served_without_a_restart(self) -> None:
        server = self.start()
        self.assertEqual(self.served(server.address), self.certificate.read_text())
        with client_with(server.address, credentials=credentials_of(self.authority)) as client:
            client.server_info()
            self.authority.sign("server")
            self.await_new(server)
            # Connections of before go on.
            client.server_info()
        self.assertTrue(self.reaches(server.address, credentials_of(self.authority)))

    def await_new(self, server: Server) -> None:
        while True:
            try:
                if self.served(server.address) == self.certificate.read_text():
                    return
            except (OSError, ssl.SSLError):
                pass  # the key may have come before the certificate
            time.sleep(0.05)

    def test_a_key_that_does_not_fit_is_outlived(self) -> None:
        server = self.start()
        key = self.certificate.with_suffix(".key")
        good = key.read_bytes()
        self.authority.sign("other")
        with client_with(server.address, credentials=credentials_of(self.authority)) as client:
            client.server_info()
            key.write_bytes((self.folder / "other.key").read_bytes())
            while self.reaches(server.address, credentials_of(self.authority)):
                time.sleep(0.05)
            client.server_info()
        key.write_bytes(good)
        while not self.reaches(server.address, credentials_of(self.authority)):
            time.sleep(0.05)

    def test_new_client_roots_hold_without_a_restart(self) -> None:
        self.authority.sign("client")
        roots = self.folder / "roots.pem"
        roots.write_bytes(Authority(self.folder, "other").path.read_bytes())
        server = self.start("--tls-client-ca", str(roots))
        self.assertFalse(self.reaches(server.address, credentials_of(self.authority, "client")))
        roots.write_bytes(self.authority.path.read_bytes())
        while not self.reaches(server.address, credentials_of(self.authority, "client")):
            time.sleep(0.05)


class StartTest(TlsCase):
    def refused(self, *flags: str, listen: str = "127.0.0.1:0") -> str:
        """What the server says before it ends with 2."""
        command = [program("trainyard-server"), "--data", str(self.folder / "data"), "--listen", listen, *flags]
        result = subprocess.run(command, capture_output=True, text=True, timeout=60)
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertFalse((self.folder / "data").exists())
        return result.stderr.removeprefix("trainyard-server: ").rstrip("\n")

    def test_beyond_loopback_without_tls_and_tokens_nothing_is_served(self) -> None:
        said = self.refused(listen="0.0.0.0:0")
        self.assertTrue(said.startswith("--listen = 0.0.0.0:0, must be a loopback address"), said)

    def test_files_that_are_not_what_their_flags_say_are_named(self) -> None:
        key, text = self.certificate.with_suffix(".key"), self.folder / "text"
        text.write_text("nothing")
        other_key = self.authority.sign("other").with_suffix(".key")
        cases = {
            (self.certificate, other_key): f"--tls-key = {other_key}, must be the private key of --tls-certificate",
            (text, key): f"--tls-certificate = {text}, must be a certificate in PEM form",
            (self.certificate, text): f"--tls-key = {text}, must be a private key in PEM form without a password",
            (self.folder / "none", key): f"can't read {self.folder}/none: No such file or directory",
        }
        for (certificate, private_key), said in cases.items():
            with self.subTest(said):
                self.assertEqual(self.refused("--tls-certificate", str(certificate), "--tls-key", str(private_key)), said)
        said = self.refused(*self.flags, "--tls-client-ca", str(text))
        self.assertEqual(said, f"--tls-client-ca = {text}, must be a certificate in PEM form")

    def test_a_key_under_a_password_is_refused_at_once(self) -> None:
        locked = self.folder / "locked.key"
        key = str(self.certificate.with_suffix(".key"))
        subprocess.run(
            ["openssl", "pkey", "-in", key, "-aes256", "-passout", "pass:x", "-out", str(locked)], check=True
        )
        said = self.refused("--tls-certificate", str(self.certificate), "--tls-key", str(locked))
        self.assertEqual(said, f"--tls-key = {locked}, must be a private key in PEM form without a password")

    def test_tokens_with_a_fault_are_refused(self) -> None:
        tokens = self.folder / "tokens"
        tokens.write_text("alice root " + "0" * 64 + "\n")
        self.assertEqual(
            self.refused("--tokens", str(tokens)), f"{tokens}: line 1: role = root, must be read, train or admin"
        )


class CommandLineTest(TlsCase):
    def setUp(self) -> None:
        super().setUp()
        self.authority.sign("client")
        tokens = self.folder / "tokens"
        self.token = new_token(tokens, "alice", "read")
        self.server = self.start("--tls-client-ca", str(self.authority.path), "--tokens", str(tokens))
        certificate = self.folder / "client.pem"
        self.connection = ["--tls-ca", str(self.authority.path), "--tls-certificate", str(certificate)]
        self.connection += ["--tls-key", str(certificate.with_suffix(".key"))]

    def run_trainyard(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
        command = [program("trainyard"), "--server", self.server.address, *arguments]
        environment = {**os.environ, **environment}
        return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)

    def test_a_token_comes_from_a_file_or_a_variable(self) -> None:
        file = self.folder / "token"
        file.write_text(self.token + "\n")
        by_file = self.run_trainyard(*self.connection, "--token-file", str(file), "status")
        self.assertEqual(by_file.returncode, 0, by_file.stderr)
        by_variable = self.run_trainyard(*self.connection, "status", TRAINYARD_TOKEN=self.token)
        self.assertEqual(by_variable.returncode, 0, by_variable.stderr)
        both = self.run_trainyard(*self.connection, "--token-file", str(file), "status", TRAINYARD_TOKEN="ty_wrong")
        self.assertEqual(both.returncode, 0, both.stderr)

    def test_the_connection_may_come_from_variables(self) -> None:
        certificate = self.folder / "client.pem"
        result = self.run_trainyard(
            "status",
            TRAINYARD_TOKEN=self.token,
            TRAINYARD_TLS_CA=str(self.authority.path),
            TRAINYARD_CLIENT_CERTIFICATE=str(certificate),
            TRAINYARD_CLIENT_KEY=str(certificate.with_suffix(".key")),
        )
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_a_missing_token_and_a_small_role_say_what_to_do(self) -> None:
        result = self.run_trainyard(*self.connection, "status")
        self.assertEqual(result.returncode, 4)
        self.assertIn("--token-file FILE, or in TRAINYARD_TOKEN", result.stderr)
        result = self.run_trainyard(*self.connection, "job", "cancel", "1", TRAINYARD_TOKEN=self.token)
        self.assertEqual(result.returncode, 4)
        self.assertIn("the role of alice is read, but this method needs train", result.stderr)

    def test_a_failed_connection_says_why(self) -> None:
        result = self.run_trainyard("status")
        self.assertEqual(result.returncode, 3)
        self.assertIn("--tls-ca FILE", result.stderr)
        other = Authority(self.folder, "other")
        result = self.run_trainyard("--tls-ca", str(other.path), "status")
        self.assertEqual(result.returncode, 3)
        self.assertIn("certificate verify failed", result.stderr)

    def test_a_token_is_not_sent_in_clear_text_beyond_loopback(self) -> None:
        command = [program("trainyard"), "--server", "192.0.2.1:50551", "status"]
        environment = {**os.environ, "TRAINYARD_TOKEN": self.token}
        result = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)
        self.assertEqual(result.returncode, 2)
        self.assertIn("would cross the network in clear text", result.stderr)


class SocketFileTest(unittest.TestCase):
    def test_a_socket_file_is_told_as_it_was_given(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            with Server(listen=f"unix:{folder}/socket") as server:
                self.assertEqual(server.address, f"unix:{folder}/socket")
                with client_with(server.address) as client:
                    self.assertEqual(client.server_info().version, "0.1.0")


if __name__ == "__main__":
    unittest.main()
