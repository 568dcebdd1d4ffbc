#!/usr/bin/python3
"""A file with a flipped bit is found out and named with the digest of what it held; everything else is served."""

import contextlib
import sqlite3
import unittest
from pathlib import Path
from typing import Callable

import grpc

import trainyard_testing
from restarting import RestartTest, digits_spec
from trainyard.v1 import dataset_pb2, event_pb2, model_pb2, spec_pb2
from trainyard_testing import Client, Refusal, Run, model_of, refusal_of

EVERY = spec_pb2.CheckpointPlan(every_steps=100)
NPZ = model_pb2.EXPORT_FORMAT_NPZ


def flip_a_bit(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


class DamageTest(RestartTest):
    def blobs(self, kind: str) -> list[Path]:
        """The oldest first."""
        return sorted((self.data / "blobs").glob(f"{kind}-*"), key=lambda file: file.stat().st_mtime_ns)

    def newest_checkpoint(self) -> Path:
        """Of all jobs; the newest file may be one that the server died over."""
        with contextlib.closing(sqlite3.connect(self.data / "trainyard.db")) as database:
            (file,) = database.execute("SELECT file FROM checkpoints ORDER BY key DESC LIMIT 1").fetchone()
        return self.data / "blobs" / file

    def data_loss(self, call: Callable[[], object]) -> Refusal:
        with self.assertRaises(grpc.RpcError) as raised:
            call()
        refusal = refusal_of(raised.exception)
        self.assertEqual(refusal.code, grpc.StatusCode.DATA_LOSS, refusal)
        return refusal

    def restarted_after(self, server, client: Client, damage: Callable[[], None]) -> Client:
        self.kill(server, client)
        damage()
        return self.start()[1]

    def test_a_damaged_data_set_is_named_and_all_else_is_served(self) -> None:
        server, client = self.begin()
        digits = client.datasets.GetDataset(dataset_pb2.GetDatasetRequest(name="datasets/digits"))
        spec = digits_spec(budget=spec_pb2.Budget(epochs=1))
        ended = client.train(spec)
        client.upload_csv(trainyard_testing.DATA / "iris.csv", "iris")
        client = self.restarted_after(server, client, lambda: flip_a_bit(self.blobs("dataset")[0]))

        examples = dataset_pb2.ReadExamplesRequest(dataset=digits.name)
        for call in (lambda: client.create_job(spec), lambda: client.datasets.ReadExamples(examples)):
            refusal = self.data_loss(call)
            self.assertEqual(refusal.reason, "DATASET_DAMAGED")
            self.assertEqual(refusal.metadata, {"dataset": digits.name, "digest": digits.digest})
            self.assertIn(f"upload again the content with the SHA-256 {digits.digest}", refusal.message)
        self.assertEqual(client.get_job(ended.name), ended)
        self.assertGreater(len(client.export(model_of(ended.name), NPZ)), 0)
        iris = spec_pb2.JobSpec(data=spec_pb2.TrainingData(dataset="datasets/iris"), budget=spec_pb2.Budget(steps=1))
        self.assertEqual(client.train(iris).state, event_pb2.STATE_SUCCEEDED)

        client.datasets.DeleteDataset(dataset_pb2.DeleteDatasetRequest(name=digits.name))
        client.upload_csv(trainyard_testing.DATA / "digits.csv", "digits")
        self.assertEqual(client.train(spec).state, event_pb2.STATE_SUCCEEDED)

    def test_a_job_whose_newest_checkpoint_is_damaged_says_so_and_goes_on_from_another_with_the_same_bits(self) -> None:
        server, client = self.begin()
        spec = digits_spec(checkpoints=EVERY)
        expected = client.follow(client.create_job(spec).name)
        job = client.create_job(spec).name
        seen = client.follow_until(job, Run(), lambda run: len(run.of_kind("checkpoint_saved")) >= 4)
        client = self.restarted_after(server, client, lambda: flip_a_bit(self.newest_checkpoint()))
        for event in client.watch(job, seen.next_sequence):
            seen.add(event)
        self.expect_same(seen, expected)
        self.assertEqual(self.digest(client, job), self.digest(client, expected.events[0].job))
        saved = {event.step: event.checkpoint_saved.parameters_digest for event in seen.of_kind("checkpoint_saved")}
        warnings = [event.warning for event in seen.of_kind("warning") if event.warning.reason == "CHECKPOINT_DAMAGED"]
        self.assertEqual(len(warnings), 1)
        self.assertTrue(any(warnings[0].message.endswith(digest) for digest in saved.values()), warnings[0].message)
        recovered = seen.of_kind("recovered")[0].step
        self.assertGreater(recovered, 0)
        self.assertFalse(warnings[0].message.endswith(saved[recovered]))

    def test_a_damaged_model_is_named_with_its_digest_and_the_others_are_served(self) -> None:
        server, client = self.begin()
        spec = digits_spec(budget=spec_pb2.Budget(epochs=1))
        jobs = [client.train(spec).name for _ in range(2)]
        model = client.get_model(jobs[1])
        events = client.follow(jobs[1]).events
        client = self.restarted_after(server, client, lambda: flip_a_bit(self.newest_checkpoint()))
        refusal = self.data_loss(lambda: client.export(model.name, NPZ))
        self.assertEqual(refusal.reason, "CHECKPOINT_DAMAGED")
        self.assertEqual(refusal.metadata, {"step": str(model.step), "digest": model.parameters_digest})
        self.data_loss(lambda: client.predict_dataset(model.name, "digits"))
        self.assertEqual(client.get_model(jobs[1]), model)
        self.assertEqual(client.follow(jobs[1]).events, events)
        self.assertGreater(len(client.export(model_of(jobs[0]), NPZ)), 0)


if __name__ == "__main__":
    unittest.main()
