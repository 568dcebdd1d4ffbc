#!/usr/bin/python3
"""A backup of a store in use: a server started on it has all that was acknowledged, and its running jobs go on with the
same bits."""

import subprocess
import unittest
from pathlib import Path

import trainyard_testing
from restarting import RestartTest, digits_spec, small_spec
from trainyard.v1 import dataset_pb2, event_pb2, job_pb2, spec_pb2
from trainyard_testing import Client, Run, Server, chunk

# Some seconds of training, with checkpoints that replace each other all the while.
CHECKPOINTS = spec_pb2.CheckpointPlan(every_steps=20)


def running_spec(seed: int) -> spec_pb2.JobSpec:
    return digits_spec(hidden=64, seed=seed, budget=spec_pb2.Budget(epochs=600), checkpoints=CHECKPOINTS)


class BackupTest(RestartTest):
    def back_up(self, name: str = "copy") -> Path:
        copy = self.data / name
        command = [trainyard_testing.program("trainyard-server"), "backup", "--data", str(self.data), "--to", str(copy)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn(f"backed up {self.data} to {copy}", done.stdout)
        return copy

    def serve(self, copy: Path) -> Client:
        server = self.enterContext(Server(copy))
        return self.enterContext(Client(server.address))

    def test_all_that_was_acknowledged_is_in_a_backup_made_while_jobs_run(self) -> None:
        _, client = self.begin()
        ended = client.train(small_spec())
        run, model = client.follow(ended.name), client.get_model(ended.name)
        jobs = [client.create_job(running_spec(seed)).name for seed in (1, 2)]
        for job in jobs:
            client.follow_until(job, Run(), lambda run: bool(run.of_kind("checkpoint_saved")))
        copy = self.back_up()
        states = [client.get_job(job).state for job in jobs]
        self.assertEqual(states, [event_pb2.STATE_RUNNING] * 2)  # so they ran all through the backup

        restored = self.serve(copy)
        name = dataset_pb2.GetDatasetRequest(name="datasets/digits")
        self.assertEqual(restored.datasets.GetDataset(name), client.datasets.GetDataset(name))
        self.assertEqual(restored.get_job(ended.name), ended)
        self.assertEqual(restored.follow(ended.name).events, run.events)
        self.assertEqual(restored.get_model(ended.name), model)
        for job in jobs:
            expected, actual = client.follow(job), restored.follow(job)
            self.assertEqual(len(actual.of_kind("recovered")), 1)
            self.expect_same(actual, expected)
            self.assertEqual(self.digest(restored, job), self.digest(client, job))

    def test_an_upload_under_way_goes_on_from_what_the_backup_has(self) -> None:
        _, client = self.start()
        upload = client.open_upload("kept", 12)
        client.datasets.UploadData(iter([chunk(upload.name, 0, b"a,b\n1,2\n")]))
        copy = self.back_up()
        client.datasets.UploadData(iter([chunk(upload.name, 8, b"9,9\n")]))
        client.commit_upload(upload.name)

        restored = self.serve(copy)
        found = restored.datasets.GetUpload(dataset_pb2.GetUploadRequest(name=upload.name))
        self.assertEqual(found.received_bytes, 8)
        restored.datasets.UploadData(iter([chunk(upload.name, 8, b"3,4\n")]))
        self.assertEqual(restored.commit_upload(upload.name).row_count, 2)

    def test_a_store_that_no_server_uses_can_be_backed_up(self) -> None:
        server, client = self.begin()
        job = client.train(small_spec())
        self.drain(server, client)
        self.assertEqual(self.serve(self.back_up()).get_job(job.name), job)

    def test_the_copy_and_the_store_go_separate_ways(self) -> None:
        _, client = self.begin()
        job = client.train(small_spec())
        restored = self.serve(self.back_up())
        restored.jobs.DeleteJob(job_pb2.DeleteJobRequest(name=job.name))
        restored.datasets.DeleteDataset(dataset_pb2.DeleteDatasetRequest(name="datasets/digits"))
        self.assertEqual(client.get_job(job.name), job)
        self.assertEqual(client.train(small_spec()).state, event_pb2.STATE_SUCCEEDED)

    def test_what_cannot_be_backed_up_is_refused_and_exits_2(self) -> None:
        self.start()
        self.back_up()
        program = trainyard_testing.program("trainyard-server")
        for arguments, message in (
            (["--data", str(self.data), "--to", str(self.data / "copy")], "choose a folder that is not"),
            (["--data", str(self.data / "none"), "--to", str(self.data / "other")], "there is no store in"),
            (["--data", str(self.data)], "--to is required"),
        ):
            done = subprocess.run([program, "backup", *arguments], capture_output=True, text=True, timeout=30)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertIn(message, done.stderr)


if __name__ == "__main__":
    unittest.main()
