#!/usr/bin/python3
"""A model's life: upload, train, watch, predict, evaluate, delete."""

import unittest

import grpc
import numpy as np

import trainyard_testing
from specs import dense, spec_of
from tables import csv_rows, table_of
from trainyard.v1 import dataset_pb2, event_pb2, job_pb2, metric_pb2, model_pb2, optimizer_pb2, spec_pb2
from trainyard_testing import Run, ServerTest, model_of, values_of


class JourneyTest(ServerTest):
    def test_from_the_upload_to_the_deletion(self) -> None:
        client = self.client
        client.upload_csv(trainyard_testing.DATA / "iris.csv", "iris")
        spec = spec_of(
            "iris",
            data={"validation_fraction": 0.2, "test_fraction": 0.2},
            network=spec_pb2.Network(hidden=[dense(8, "tanh")]),
            optimizer=optimizer_pb2.Optimizer(learning_rate=0.1),
            budget=spec_pb2.Budget(epochs=100),
            seed=3,
        )
        job = client.create_job(spec, display_name="first", labels={"team": "a"})
        self.assertEqual((job.state, job.attempt, job.model), (event_pb2.STATE_QUEUED, 1, model_of(job.name)))

        seen = client.follow_until(job.name, Run(), lambda run: run.steps >= 10)
        for event in client.watch(job.name, seen.next_sequence):
            seen.add(event)
        self.assertEqual(seen.terminal.stop_reason, event_pb2.STOP_REASON_EPOCHS)
        self.assertEqual(len(seen.of_kind("evaluation")), 100 + 1)

        ended = client.ended_job(job.name)
        self.assertEqual(ended.state, event_pb2.STATE_SUCCEEDED)
        self.assertEqual(ended.progress.step, 100 * 3)
        self.assertEqual((ended.progress.epoch, ended.progress.examples), (100, 100 * 90))
        self.assertEqual(
            (
                ended.progress.training_examples,
                ended.progress.validation_examples,
                ended.progress.test_examples,
            ),
            (90, 30, 30),
        )
        by_part = {evaluation.part: values_of(evaluation.values) for evaluation in ended.latest_evaluations}
        self.assertEqual(set(by_part), {metric_pb2.PART_VALIDATION, metric_pb2.PART_TEST})
        self.assertGreater(by_part[metric_pb2.PART_TEST][metric_pb2.METRIC_ACCURACY], 0.9)

        columns, rows = csv_rows("iris")
        prediction = self.client.predict(job.model, table_of(columns[:4], [row[:4] for row in rows]))
        self.assertEqual(list(prediction.classes), ["setosa", "versicolor", "virginica"])
        for entry in prediction.predictions:
            self.assertAlmostEqual(sum(entry.probabilities), 1, delta=1e-12)
            self.assertEqual(entry.class_name, prediction.classes[int(np.argmax(entry.probabilities))])
        right = [entry.class_name == row[4] for entry, row in zip(prediction.predictions, rows)]
        accuracy = values_of(self.client.evaluate(job.model, "iris").values)[metric_pb2.METRIC_ACCURACY]
        self.assertAlmostEqual(accuracy, sum(right) / len(right), delta=1e-12)

        client.models.DeleteModel(model_pb2.DeleteModelRequest(name=job.model))
        self.refused(grpc.StatusCode.NOT_FOUND, client.get_model, job.name)
        self.assertEqual(client.get_job(job.name).state, event_pb2.STATE_SUCCEEDED)
        client.jobs.DeleteJob(job_pb2.DeleteJobRequest(name=job.name, etag=ended.etag))
        self.refused(grpc.StatusCode.NOT_FOUND, client.get_job, job.name)
        self.refused(grpc.StatusCode.NOT_FOUND, client.stream, job.name)
        client.datasets.DeleteDataset(dataset_pb2.DeleteDatasetRequest(name="datasets/iris"))
        request = dataset_pb2.GetDatasetRequest(name="datasets/iris")
        self.refused(grpc.StatusCode.NOT_FOUND, client.datasets.GetDataset, request)

    def test_a_deleted_job_takes_its_model_with_it(self) -> None:
        self.client.upload(b"a,y\n1,1.5\n2,2.5\n", "small")
        job = self.client.train(spec_of("small", budget=spec_pb2.Budget(steps=1)))
        self.client.get_model(job.name)
        self.client.jobs.DeleteJob(job_pb2.DeleteJobRequest(name=job.name))
        self.refused(grpc.StatusCode.NOT_FOUND, self.client.get_model, job.name)

    def test_a_data_set_keeps_its_examples_as_they_were_uploaded(self) -> None:
        self.client.upload(b"a,b,y\n1,x,0.5\nNA,z,1.5\n3,,2.5\n", "preview")
        read = self.client.datasets.ReadExamples
        table = read(dataset_pb2.ReadExamplesRequest(dataset="datasets/preview", first_row=1, row_count=5))
        self.assertEqual(table, table_of(["a", "b", "y"], [[None, "z", 1.5], [3, None, 2.5]]))
        table = read(dataset_pb2.ReadExamplesRequest(dataset="datasets/preview"))
        self.assertEqual(len(table.rows), 3)


if __name__ == "__main__":
    unittest.main()
