#!/usr/bin/python3
"""Each method asks for a token of the role that is stated here, and what was refused or changed is kept."""

import json
import re
import subprocess
import tempfile
import time
import unittest
from pathlib import Path
from typing import Iterable, Optional

import grpc
from google.protobuf import descriptor, descriptor_pool

from scraping import scrape, wait_until
from secure import ROLES, client_with, new_token
from specs import ENDLESS, spec_of
from trainyard.v1 import job_pb2, model_pb2, spec_pb2
from trainyard_testing import DATA, SMALL_WINDOW, Client, Refusal, Server, program, refusal_of

# Whoever adds a method states its role here and at the head of its handler.
ROLE_OF = {
    "read": """DatasetService.GetUpload DatasetService.GetDataset DatasetService.ListDatasets DatasetService.ReadExamples
        JobService.GetJob JobService.ListJobs JobService.ListEvents JobService.GetMetrics
        ModelService.GetModel ModelService.ListModels ModelService.Predict ModelService.Evaluate ModelService.ExportModel
        InsightService.CheckJob InsightService.PreviewSchedule ServerService.GetServerInfo WatchService.Watch""",
    "train": """DatasetService.CreateUpload DatasetService.UploadData DatasetService.CommitUpload
        DatasetService.DeleteUpload
        JobService.CreateJob JobService.CancelJob JobService.PauseJob JobService.ResumeJob JobService.UpdateJob
        JobService.ForkJob JobService.VerifyJob""",
    "admin": "DatasetService.DeleteDataset JobService.DeleteJob ModelService.DeleteModel",
}
STATED = {f"trainyard.v1.{method}": role for role, methods in ROLE_OF.items() for method in methods.split()}
README = Path(__file__).resolve().parent.parent.parent / "README.md"
REFUSED = (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED)


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.tokens = cls.folder / "tokens"
        cls.audit = cls.folder / "audit"
        cls.token = {role: new_token(cls.tokens, f"the-{role}", role) for role in ROLES}
        flags = ("--tokens", str(cls.tokens), "--audit-log", str(cls.audit), "--http=127.0.0.1:0")
        cls.server = cls.enterClassContext(Server(flags=flags))
        cls.client = {role: cls.enterClassContext(client_with(cls.server.address, cls.token[role])) for role in ROLES}
        cls.client["admin"].upload_csv(DATA / "iris.csv", "iris")

    def kept(self) -> list[dict[str, str]]:
        return [json.loads(line) for line in self.audit.read_text().splitlines()]


def methods() -> Iterable[descriptor.MethodDescriptor]:
    pool = descriptor_pool.Default()
    services = {name.rpartition(".")[0] for name in STATED}
    for service in sorted(services):
        yield from pool.FindServiceByName(service).methods


def path_of(method: descriptor.MethodDescriptor) -> str:
    return f"/{method.containing_service.full_name}/{method.name}"


def outcome(client: Client, method: descriptor.MethodDescriptor) -> Optional[Refusal]:
    """Of a call with an empty request; None: it succeeded."""
    channel = client.channel
    try:
        if method.client_streaming:
            channel.stream_unary(path_of(method))(iter([b""]))
        elif method.server_streaming:
            list(channel.unary_stream(path_of(method))(b""))
        else:
            channel.unary_unary(path_of(method))(b"")
    except grpc.RpcError as error:
        return refusal_of(error)
    return None


class MethodTest(Case):
    def test_each_served_method_has_a_stated_role(self) -> None:
        reflect = self.client["read"].channel.stream_stream(
            "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
        )
        answer = next(reflect(iter([b"\x3a\x01*"]), timeout=10))
        stated_services = {name.rpartition(".")[0] for name in STATED}
        self.assertEqual(answer.count(b"trainyard."), len(stated_services))
        for service in stated_services:
            self.assertIn(service.encode(), answer)
        self.assertEqual({method.full_name for method in methods()}, set(STATED))

    def test_the_readme_states_the_same_roles(self) -> None:
        stated = {}
        for line in README.read_text().splitlines():
            cells = line.split("|")
            if len(cells) == 4 and (role := cells[1].strip(" `")) in ROLES:
                stated.update({method: role for method in re.findall(r"`(\w+)`", cells[2])})
        self.assertEqual(stated, {name.rpartition(".")[2]: role for name, role in STATED.items()})

    def test_without_a_token_no_method_is_open(self) -> None:
        with client_with(self.server.address) as client:
            for method in methods():
                with self.subTest(method.full_name):
                    refusal = outcome(client, method)
                    self.assertEqual(refusal.code, grpc.StatusCode.UNAUTHENTICATED)
                    self.assertEqual(refusal.reason, "TOKEN_MISSING")

    def test_a_token_that_the_server_does_not_know_opens_no_method(self) -> None:
        with client_with(self.server.address, "ty_" + "0" * 64) as client:
            for method in methods():
                with self.subTest(method.full_name):
                    refusal = outcome(client, method)
                    self.assertEqual(refusal.code, grpc.StatusCode.UNAUTHENTICATED)
                    self.assertEqual(refusal.reason, "TOKEN_UNKNOWN")

    def test_a_smaller_role_opens_no_method(self) -> None:
        for method in methods():
            needed = STATED[method.full_name]
            for role in ROLES[: ROLES.index(needed)]:
                with self.subTest(method.full_name, role=role):
                    refusal = outcome(self.client[role], method)
                    self.assertEqual(refusal.code, grpc.StatusCode.PERMISSION_DENIED)
                    self.assertEqual(refusal.reason, "ROLE_TOO_SMALL")
                    self.assertEqual(refusal.metadata, {"role": role, "needed": needed})

    def test_the_stated_role_and_those_above_it_open_each_method(self) -> None:
        for method in methods():
            for role in ROLES[ROLES.index(STATED[method.full_name]) :]:
                with self.subTest(method.full_name, role=role):
                    refusal = outcome(self.client[role], method)
                    self.assertNotIn(refusal and refusal.code, REFUSED)

    def test_health_and_reflection_ask_nobody_for_a_token(self) -> None:
        with client_with(self.server.address) as client:
            self.assertEqual(client.channel.unary_unary("/grpc.health.v1.Health/Check")(b""), b"\x08\x01")
            reflect = client.channel.stream_stream("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")
            self.assertIn(b"trainyard.v1.JobService", next(reflect(iter([b"\x3a\x01*"]), timeout=10)))


class TokenTest(Case):
    def test_the_health_command_needs_none(self) -> None:
        command = [program("trainyard"), "health", "--server", self.server.address]
        self.assertEqual(subprocess.run(command, capture_output=True, text=True, check=True).stdout, "ready\n")

    def refused_token(self, *authorizations: str) -> str:
        metadata = [("authorization", value) for value in authorizations]
        with client_with(self.server.address, metadata=metadata) as client:
            with self.assertRaises(grpc.RpcError) as raised:
                client.server_info()
        refusal = refusal_of(raised.exception)
        self.assertEqual(refusal.code, grpc.StatusCode.UNAUTHENTICATED)
        return refusal.reason

    def test_only_one_bearer_token_counts(self) -> None:
        good = f"Bearer {self.token['admin']}"
        self.assertEqual(self.refused_token(good, good), "TOKEN_MISSING")
        self.assertEqual(self.refused_token(f"Basic {self.token['admin']}"), "TOKEN_MISSING")
        self.assertEqual(self.refused_token(self.token["admin"]), "TOKEN_MISSING")
        self.assertEqual(self.refused_token("Bearer "), "TOKEN_UNKNOWN")
        self.assertEqual(self.refused_token(good[:-1]), "TOKEN_UNKNOWN")
        self.assertEqual(self.refused_token("Bearer " + self.tokens.read_text().split()[2]), "TOKEN_UNKNOWN")

    def test_a_token_holds_soon_after_its_line_is_there_and_no_longer(self) -> None:
        before = self.tokens.read_text()
        token = new_token(self.tokens, "guest", "read")
        with client_with(self.server.address, token) as client:
            self.await_outcome(client, accepted=True)
            self.tokens.write_text(before)
            self.await_outcome(client, accepted=False)

    def test_a_watch_ends_soon_after_its_token_is_taken_back(self) -> None:
        before = self.tokens.read_text()
        token = new_token(self.tokens, "watcher", "train")
        with client_with(self.server.address, token) as client:
            self.await_outcome(client, accepted=True)
            job = client.create_job(spec_of("iris", budget=ENDLESS))
            stream, other = client.stream(job.name), self.client["read"].stream(job.name)
            next(stream)
            next(other)
            self.tokens.write_text(before)
            with self.assertRaises(grpc.RpcError) as raised:
                for _ in stream:
                    pass
            refusal = refusal_of(raised.exception)
            self.assertEqual((refusal.code, refusal.reason), (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_REVOKED"))
            next(other)
            other.cancel()
            self.client["train"].cancel_job(job.name)

    def test_a_watcher_that_never_reads_does_not_outlive_its_token(self) -> None:
        before = self.tokens.read_text()
        token = new_token(self.tokens, "sleeper", "read")
        job = self.client["train"].create_job(spec_of("iris", budget=ENDLESS))
        with client_with(self.server.address, token, options=SMALL_WINDOW) as client:
            self.await_outcome(client, accepted=True)
            stream = client.stream(job.name)
            next(stream)
            wait_until(lambda: scrape(self.server.http).value("trainyard_watch_lag_most_events") > 1000)
            self.tokens.write_text(before)
            wait_until(lambda: self.client["read"].server_info().watchers == 0)
            stream.cancel()
        self.client["train"].cancel_job(job.name)

    def await_outcome(self, client: Client, accepted: bool) -> None:
        while True:
            try:
                client.server_info()
                if accepted:
                    return
            except grpc.RpcError as error:
                self.assertEqual(refusal_of(error).reason, "TOKEN_UNKNOWN")
                if not accepted:
                    return
            time.sleep(0.05)

    def test_the_token_is_in_no_file_of_the_server(self) -> None:
        files = [self.tokens, self.audit, *self.server.data.rglob("*")]
        for path in files:
            if path.is_file():
                for token in self.token.values():
                    self.assertNotIn(token.encode(), path.read_bytes(), path)


class AuditTest(Case):
    def test_what_a_caller_changes_is_kept_with_who_what_and_how_it_ended(self) -> None:
        job = self.client["train"].create_job(spec_of("iris", budget=spec_pb2.Budget(steps=1)))
        self.client["train"].ended_job(job.name)
        with self.assertRaises(grpc.RpcError):
            self.client["train"].cancel_job(job.name)
        self.client["admin"].jobs.DeleteJob(job_pb2.DeleteJobRequest(name=job.name))
        kept = [line for line in self.kept() if line.get("resource") == job.name]
        shown = [(line["caller"], line["method"], line["code"], line.get("reason")) for line in kept]
        self.assertEqual(
            shown,
            [
                ("the-train", "trainyard.v1.JobService.CreateJob", "OK", None),
                ("the-train", "trainyard.v1.JobService.CancelJob", "FAILED_PRECONDITION", "JOB_ENDED"),
                ("the-admin", "trainyard.v1.JobService.DeleteJob", "OK", None),
            ],
        )
        for line in kept:
            self.assertTrue(line["peer"].startswith("ipv4:127.0.0.1:"))

    def test_an_upload_is_kept_call_by_call(self) -> None:
        start = len(self.kept())
        self.client["train"].upload(b"a,y\n1,2\n", "small")
        kept = [(line["method"].rpartition(".")[2], line["resource"].partition("/")[0]) for line in self.kept()[start:]]
        self.assertEqual(kept, [("CreateUpload", "uploads"), ("UploadData", "uploads"), ("CommitUpload", "datasets")])

    def test_what_only_reads_is_not_kept(self) -> None:
        start = len(self.kept())
        self.client["read"].server_info()
        self.client["read"].jobs.ListJobs(job_pb2.ListJobsRequest())
        self.assertEqual(self.kept()[start:], [])

    def test_each_refusal_is_kept(self) -> None:
        start = len(self.kept())
        with client_with(self.server.address) as client, self.assertRaises(grpc.RpcError):
            client.server_info()
        request = model_pb2.DeleteModelRequest(name="models/1")
        with self.assertRaises(grpc.RpcError):
            self.client["train"].models.DeleteModel(request)
        shown = [(line.get("caller"), line["method"], line["code"], line["reason"]) for line in self.kept()[start:]]
        self.assertEqual(
            shown,
            [
                (None, "trainyard.v1.ServerService.GetServerInfo", "UNAUTHENTICATED", "TOKEN_MISSING"),
                ("the-train", "trainyard.v1.ModelService.DeleteModel", "PERMISSION_DENIED", "ROLE_TOO_SMALL"),
            ],
        )


if __name__ == "__main__":
    unittest.main()
