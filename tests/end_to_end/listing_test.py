#!/usr/bin/python3
"""Lists of jobs, data sets and models: order, pages, filters."""

import unittest

import trainyard_testing
from specs import ENDLESS, spec_of
from trainyard.v1 import dataset_pb2, job_pb2, model_pb2, spec_pb2
from trainyard_testing import Run, ServerTest, model_of


class ListTest(ServerTest):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        content = (trainyard_testing.DATA / "iris.csv").read_bytes()
        for name in ("one", "two", "three"):
            cls.client.upload(content, name)
        cls.jobs = []
        for i in range(7):
            dataset = "one" if i < 5 else "two"
            labels = {"team": "ab"[i % 2], "n": str(i)}
            spec = spec_of(dataset, budget=spec_pb2.Budget(steps=1))
            cls.jobs.append(cls.client.train(spec, labels=labels, display_name=f"job {i}"))
        cls.running = cls.client.create_job(spec_of("two", budget=ENDLESS))
        cls.client.follow_until(cls.running.name, Run(), lambda run: run.steps > 0)

    @classmethod
    def tearDownClass(cls) -> None:
        cls.client.cancel_job(cls.running.name)
        super().tearDownClass()

    def listed(self, filter: str = "", page_size: int = 0) -> list[str]:
        names = []
        request = job_pb2.ListJobsRequest(filter=filter, page_size=page_size)
        while True:
            page = self.client.jobs.ListJobs(request)
            names += [job.name for job in page.jobs]
            if page_size:
                self.assertLessEqual(len(page.jobs), page_size)
            request.page_token = page.next_page_token
            if not request.page_token:
                return names

    def names(self, *indices: int) -> list[str]:
        """Newest first."""
        return [self.jobs[i].name for i in sorted(indices, reverse=True)]

    def test_jobs_come_newest_first_in_pages_of_any_size(self) -> None:
        expected = [self.running.name, *self.names(*range(7))]
        for page_size in (0, 1, 3, 8, 1000):
            self.assertEqual(self.listed(page_size=page_size), expected)

    def test_filters_choose(self) -> None:
        created = self.jobs[4].create_time.ToJsonString()
        for filter, expected in (
            ('labels.team = "a"', self.names(0, 2, 4, 6)),
            ("labels.team = b", self.names(1, 3, 5)),
            ('labels.team != "a"', [self.running.name, *self.names(1, 3, 5)]),
            ("state = SUCCEEDED", self.names(*range(7))),
            ("state = RUNNING", [self.running.name]),
            ("state != SUCCEEDED", [self.running.name]),
            ('display_name = "job 3"', self.names(3)),
            ('dataset = "datasets/two"', [self.running.name, *self.names(5, 6)]),
            ('state = SUCCEEDED AND labels.team = "b" AND dataset = "datasets/one"', self.names(1, 3)),
            (f'create_time >= "{created}"', [self.running.name, *self.names(4, 5, 6)]),
            (f'create_time < "{created}"', self.names(0, 1, 2, 3)),
            ('labels.team = "none"', []),
        ):
            with self.subTest(filter):
                self.assertEqual(self.listed(filter), expected)
                self.assertEqual(self.listed(filter, page_size=2), expected)

    def test_jobs_in_a_list_are_those_that_get_answers(self) -> None:
        page = self.client.jobs.ListJobs(job_pb2.ListJobsRequest(filter='labels.n = "3"'))
        self.assertEqual(list(page.jobs), [self.client.get_job(self.jobs[3].name)])

    def test_data_sets_come_by_name(self) -> None:
        names = []
        request = dataset_pb2.ListDatasetsRequest(page_size=2)
        while True:
            page = self.client.datasets.ListDatasets(request)
            names += [dataset.name for dataset in page.datasets]
            request.page_token = page.next_page_token
            if not request.page_token:
                break
        self.assertEqual(names, ["datasets/one", "datasets/three", "datasets/two"])

    def test_models_come_newest_first(self) -> None:
        names = []
        request = model_pb2.ListModelsRequest(page_size=3)
        while True:
            page = self.client.models.ListModels(request)
            names += [model.name for model in page.models]
            request.page_token = page.next_page_token
            if not request.page_token:
                break
        self.assertEqual(names, [model_of(name) for name in self.names(*range(7))])


if __name__ == "__main__":
    unittest.main()
