#!/usr/bin/python3
"""The same bits for the same job, whatever runs beside it."""

import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import trainyard_testing
from restarting import RestartTest, digits_spec, small_spec
from trainyard.v1 import event_pb2, optimizer_pb2, spec_pb2


class SameBitsTest(RestartTest):
    def test_the_same_job_twice_has_the_same_bits_on_any_number_of_threads(self) -> None:
        early_stopping = spec_pb2.EarlyStopping(patience=3)
        for name, spec in {
            "single precision": small_spec(),
            "double precision": small_spec(precision=spec_pb2.PRECISION_F64),
            "early stopping": small_spec(early_stopping=early_stopping),
            "double precision, early stopping": small_spec(
                early_stopping=early_stopping, precision=spec_pb2.PRECISION_F64
            ),
        }.items():
            with self.subTest(name):
                results = []
                with tempfile.TemporaryDirectory(prefix="trainyard-") as folder:
                    self.data = Path(folder)
                    server, client = self.begin()
                    jobs = [client.create_job(spec).name for _ in range(2)]
                    results += [(client.follow(job), self.digest(client, job)) for job in jobs]
                    self.drain(server, client)
                    server, client = self.start("--workers=1")
                    job = client.create_job(spec).name
                    results.append((client.follow(job), self.digest(client, job)))
                    self.drain(server, client)
                for run, digest in results[1:]:
                    self.expect_same(run, results[0][0])
                    self.assertEqual(digest, results[0][1])
                if spec.HasField("early_stopping"):
                    self.assertEqual(results[0][0].terminal.stop_reason, event_pb2.STOP_REASON_EARLY_STOP)

    def test_many_jobs_of_one_spec_have_the_same_bits(self) -> None:
        _, client = self.begin()
        for precision in (spec_pb2.PRECISION_F32, spec_pb2.PRECISION_F64):
            for hidden in (3, 16, 50):
                spec = digits_spec(hidden=hidden, precision=precision, budget=spec_pb2.Budget(steps=20))
                jobs = [client.train(spec).name for _ in range(8)]
                with self.subTest(hidden=hidden, precision=precision):
                    self.assertEqual(len({self.digest(client, job) for job in jobs}), 1)

    def test_a_job_has_the_same_bits_whether_one_worker_or_several_are_at_its_steps(self) -> None:
        _, client = self.start("--workers=4")
        client.upload_csv(trainyard_testing.DATA / "digits.csv", "digits")
        spec = digits_spec(
            hidden=512,
            minibatches=spec_pb2.Minibatches(size=64),
            budget=spec_pb2.Budget(steps=60),
            optimizer=optimizer_pb2.Optimizer(
                clipping=optimizer_pb2.Clipping(global_norm=optimizer_pb2.ClipGlobalNorm(max_norm=0.5))
            ),
        )
        results = []
        for threads in (1, 2, 4):
            spec.threads = threads
            job = client.create_job(spec).name
            results.append((client.follow(job), self.digest(client, job)))
        for run, digest in results[1:]:
            self.expect_same(run, results[0][0])
            self.assertEqual(digest, results[0][1])

    def test_a_job_has_the_same_bits_with_every_instruction_set(self) -> None:
        clipping = optimizer_pb2.Clipping(global_norm=optimizer_pb2.ClipGlobalNorm(max_norm=0.5))
        specs = {
            "single precision": small_spec(),
            "double precision": small_spec(precision=spec_pb2.PRECISION_F64),
            "wide": digits_spec(hidden=200, budget=spec_pb2.Budget(epochs=3)),
            "clipped": small_spec(optimizer=optimizer_pb2.Optimizer(clipping=clipping)),
        }
        runs = {name: [] for name in specs}
        processor = {"scalar", "avx2"} | ({"avx512"} if "avx512dq" in Path("/proc/cpuinfo").read_text() else set())
        for instruction_set in ("avx512", "avx2", "scalar"):
            with mock.patch.dict(os.environ, TRAINYARD_INSTRUCTION_SET=instruction_set):
                with trainyard_testing.Server() as server, trainyard_testing.Client(server.address) as client:
                    if instruction_set in processor:
                        self.assertEqual(client.server_info().cpu_dispatch, instruction_set)
                    client.upload_csv(trainyard_testing.DATA / "digits.csv", "digits")
                    for name, spec in specs.items():
                        job = client.create_job(spec).name
                        runs[name].append((client.follow(job), self.digest(client, job)))
        for name, (first, *others) in runs.items():
            for run, digest in others:
                with self.subTest(name):
                    self.expect_same(run, first[0])
                    self.assertEqual(digest, first[1])

    def test_another_seed_has_other_bits(self) -> None:
        _, client = self.begin()
        digests = {self.digest(client, client.train(small_spec(seed=seed)).name) for seed in (0, 1)}
        self.assertEqual(len(digests), 2)


if __name__ == "__main__":
    unittest.main()
