"""Calls of the service drawn at random, valid ones and others, with names from what a ServiceModel knows."""

import random
from dataclasses import dataclass
from typing import Any, Callable

from crc32c import crc32c
from google.protobuf import field_mask_pb2, text_format
from service_model import ServiceModel
from service_state import CONTENTS, FEATURES, PAUSED
from specs import dense
from trainyard.v1 import dataset_pb2, job_pb2, model_pb2, spec_pb2, watch_pb2
from trainyard_testing import Client, model_of

# Each takes a worker's time for itself.
MOST_ENDLESS_JOBS = 2


@dataclass
class Call:
    method: str
    request: Any

    def __str__(self) -> str:
        return f"{self.method}({text_format.MessageToString(self.request, as_one_line=True)})"

    def renamed(self, names: dict[str, str]) -> "Call":
        """With other ids in place of those of uploads and jobs."""
        text = text_format.MessageToString(self.request)
        for old, new in names.items():
            text = text.replace(old, new)
        return Call(self.method, text_format.Parse(text, type(self.request)()))


def pages(method: Callable[[Any], Any], request: Any, field: str) -> list[Any]:
    """Everything on this page and those that follow."""
    rows: list[Any] = []
    while True:
        answer = method(request)
        page = getattr(answer, field)
        assert len(page) <= (request.page_size or 50), "a page is larger than was asked for"
        rows.extend(page)
        if not answer.next_page_token:
            return rows
        request.page_token = answer.next_page_token


def events_of(client: Client, request: watch_pb2.WatchRequest) -> list[Any]:
    return [event for answer in client.watches.Watch(request) for event in answer.events]


def answer_of(client: Client, call: Call) -> Any:
    """What the service answers; raises grpc.RpcError."""
    copy = type(call.request)()
    copy.CopyFrom(call.request)
    match call.method:
        case "UploadData":
            return client.datasets.UploadData(iter([copy]))
        case "ListDatasets":
            return pages(client.datasets.ListDatasets, copy, "datasets")
        case "ListJobs":
            return pages(client.jobs.ListJobs, copy, "jobs")
        case "ListModels":
            return pages(client.models.ListModels, copy, "models")
        case "Watch":
            return events_of(client, copy)
        case "ExportModel":
            return list(client.models.ExportModel(copy))
    for stub in (client.datasets, client.jobs, client.models):
        if hasattr(stub, call.method):
            return getattr(stub, call.method)(copy)
    raise AssertionError(f"there is no method {call.method}")


class Caller:
    """Draws calls. `model` is asked for names alone, and for what is not to be waited for."""

    def __init__(self, seed: int, model: ServiceModel) -> None:
        self._random = random.Random(seed)
        self._model = model

    def draw(self) -> Call:
        methods = self._methods()
        method = self._random.choices(list(methods), [weight for weight, _ in methods.values()])[0]
        return Call(method, methods[method][1]())

    def _methods(self) -> dict[str, tuple[int, Callable[[], Any]]]:
        """How often each is drawn, and its request."""
        methods = {
            "CreateUpload": (5, self._create_upload),
            "UploadData": (10, self._upload_data),
            "GetUpload": (2, lambda: dataset_pb2.GetUploadRequest(name=self._name("uploads"))),
            "CommitUpload": (8, self._commit_upload),
            "DeleteUpload": (1, lambda: dataset_pb2.DeleteUploadRequest(name=self._name("uploads"))),
            "GetDataset": (2, lambda: dataset_pb2.GetDatasetRequest(name=self._name("datasets"))),
            "ListDatasets": (1, lambda: dataset_pb2.ListDatasetsRequest(page_size=self._page_size())),
            "ReadExamples": (2, self._read_examples),
            "DeleteDataset": (2, self._delete_dataset),
            "CreateJob": (6, self._create_job),
            "GetJob": (5, lambda: job_pb2.GetJobRequest(name=self._name("jobs"))),
            "ListJobs": (2, self._list_jobs),
            "ListEvents": (4, self._list_events),
            "GetMetrics": (2, self._get_metrics),
            "CancelJob": (3, lambda: job_pb2.CancelJobRequest(name=self._name("jobs"))),
            "PauseJob": (4, lambda: job_pb2.PauseJobRequest(name=self._name("jobs"))),
            "ResumeJob": (4, lambda: job_pb2.ResumeJobRequest(name=self._name("jobs"))),
            "UpdateJob": (4, self._update_job),
            "VerifyJob": (1, self._verify_job),
            "DeleteJob": (4, lambda: job_pb2.DeleteJobRequest(name=self._name("jobs"), etag=self._etag())),
            "GetModel": (2, lambda: model_pb2.GetModelRequest(name=self._name("models"))),
            "ListModels": (1, lambda: model_pb2.ListModelsRequest(page_size=self._page_size())),
            "Predict": (3, self._predict),
            "Evaluate": (2, self._evaluate),
            "ExportModel": (2, self._export_model),
            "DeleteModel": (2, lambda: model_pb2.DeleteModelRequest(name=self._name("models"), etag=self._etag())),
        }
        ending = [name for name, job in self._model.jobs.items() if not job.endless and PAUSED not in job.states]
        if ending:
            methods["ForkJob"] = (1, lambda: self._fork_job(self._random.choice(ending)))
            methods["Watch"] = (4, lambda: self._watch(self._random.choice(ending)))
        return methods

    # ---- Parts of requests

    def _seldom(self) -> bool:
        return self._random.random() < 0.06

    def _name(self, collection: str) -> str:
        if self._seldom():
            return self._random.choice([f"{collection}/gone", f"{collection}/", "", "else/where", f"{collection}/a/b"])
        models = [model_of(name) for name in self._model.jobs]
        known = models if collection == "models" else list(getattr(self._model, collection))
        return self._random.choice(known[-8:]) if known else f"{collection}/gone"

    def _etag(self) -> str:
        return "stale" if self._seldom() else ""

    def _page_size(self) -> int:
        return self._random.choice([0, 1, 3, 1000, 1000, -1 if self._seldom() else 2])

    def _request_id(self) -> str:
        return self._random.choice(["", "", "", "again", "again-2", "x" * 65 if self._seldom() else ""])

    # ---- Requests

    def _create_upload(self) -> dataset_pb2.CreateUploadRequest:
        name = "datasets/" + ("no/name" if self._seldom() else self._random.choice("abc"))
        format = dataset_pb2.FORMAT_UNSPECIFIED if self._seldom() else dataset_pb2.FORMAT_CSV
        dataset = dataset_pb2.Dataset(name=name, display_name=self._random.choice(["", "é", "x" * 256, "x" * 257]))
        dataset.read_options.format = format
        size = self._random.choice([None, len(CONTENTS[0]), 10, -1 if self._seldom() else None])
        return dataset_pb2.CreateUploadRequest(dataset=dataset, size_bytes=size, request_id=self._request_id())

    def _upload_data(self) -> dataset_pb2.UploadDataRequest:
        name = self._name("uploads")
        upload = self._model.uploads.get(name)
        sent = upload.content if upload else b""
        wanted = self._random.choices(CONTENTS, [6, 3, 1])[0]
        data = wanted[len(sent) :] if wanted.startswith(sent) else b"more"
        if self._random.random() < 0.2 and not sent:
            data = data[:2]  # no data set: a column without a name
        offset = len(sent) + (1 if self._seldom() else 0)
        crc = 0 if self._seldom() and data else crc32c(data)
        return dataset_pb2.UploadDataRequest(upload=name, offset=offset, crc32c=crc, data=data)

    def _commit_upload(self) -> dataset_pb2.CommitUploadRequest:
        digest = "0" * 64 if self._seldom() else ""
        again = self._name("made_of") if self._random.random() < 0.2 else None
        return dataset_pb2.CommitUploadRequest(name=again or self._name("uploads"), digest=digest)

    def _read_examples(self) -> dataset_pb2.ReadExamplesRequest:
        first, count = self._random.choice([(0, 0), (2, 3), (100, 5), (0, 1000), (-1, 1), (0, 1001)])
        return dataset_pb2.ReadExamplesRequest(dataset=self._name("datasets"), first_row=first, row_count=count)

    def _delete_dataset(self) -> dataset_pb2.DeleteDatasetRequest:
        return dataset_pb2.DeleteDatasetRequest(name=self._name("datasets"), etag=self._etag())

    def _create_job(self) -> job_pb2.CreateJobRequest:
        endless = sum(job.endless and not job.has_ended for job in self._model.jobs.values())
        spec = spec_pb2.JobSpec(data=spec_pb2.TrainingData(dataset=self._name("datasets")))
        if self._random.random() < 0.3 and endless < MOST_ENDLESS_JOBS:
            spec.budget.steps = 10**12
            spec.network.hidden.extend([dense(512), dense(512)])
        else:
            spec.budget.steps = self._random.choice([1, 5, 100])
        if self._seldom():
            spec.optimizer.learning_rate = -1
        job = job_pb2.Job(spec=spec, display_name=self._random.choice(["", "é", "x"]))
        # Others are waited for: they go before the endless ones.
        job.priority = -1000 if spec.budget.steps > 1000 else self._random.choice([0, 0, 5])
        if self._seldom():
            job.priority = 1001
        if self._random.random() < 0.5:
            job.labels["team"] = self._random.choice("ab")
        return job_pb2.CreateJobRequest(job=job, request_id=self._request_id())

    def _update_job(self) -> job_pb2.UpdateJobRequest:
        name = self._name("jobs")
        known = self._model.jobs.get(name)
        job = job_pb2.Job(name=name, display_name=self._random.choice(["", "é", "y"]), labels={"team": "b"})
        job.spec.optimizer.learning_rate = -1 if self._seldom() else self._random.choice([0.01, 0.02])
        paths = ["display_name", "labels", "spec.optimizer.learning_rate"]
        if known is not None and not known.endless:
            job.priority = self._random.choice([0, 5])
            paths.append("priority")
        chosen = self._random.sample(paths, self._random.randrange(1, len(paths) + 1))
        if self._seldom():
            chosen = self._random.choice([[], ["state"]])
        if job.spec.optimizer.learning_rate < 0:
            chosen.append("spec.optimizer.learning_rate")
        return job_pb2.UpdateJobRequest(job=job, update_mask=field_mask_pb2.FieldMask(paths=chosen))

    def _fork_job(self, name: str) -> job_pb2.ForkJobRequest:
        request = job_pb2.ForkJobRequest(name=self._name("jobs") if self._seldom() else name)
        request.job.display_name = self._random.choice(["", "fork"])
        if self._seldom():
            request.from_step = -1
        return request

    def _list_jobs(self) -> job_pb2.ListJobsRequest:
        text = "what is this" if self._seldom() else self._random.choice(["", "labels.team = a", "labels.team = b"])
        return job_pb2.ListJobsRequest(page_size=self._page_size(), filter=text)

    def _list_events(self) -> job_pb2.ListEventsRequest:
        name = self._name("jobs")
        job = self._model.jobs.get(name)
        newest = job.newest if job else 1
        first = self._random.choice([None, 1, newest, newest + 1, newest + 2, 10**9, 0])
        return job_pb2.ListEventsRequest(job=name, from_sequence=first, page_size=self._page_size())

    def _get_metrics(self) -> job_pb2.GetMetricsRequest:
        points = self._random.choice([None, 4, 10, 3, 100_001])
        return job_pb2.GetMetricsRequest(job=self._name("jobs"), max_points=points)

    def _verify_job(self) -> job_pb2.VerifyJobRequest:
        return job_pb2.VerifyJobRequest(name=self._name("jobs"), step_count=self._random.choice([1, 3, 0, -1]))

    def _watch(self, job: str) -> watch_pb2.WatchRequest:
        return watch_pb2.WatchRequest(targets=[watch_pb2.WatchTarget(job=job)])

    def _predict(self) -> model_pb2.PredictRequest:
        request = model_pb2.PredictRequest(model=self._name("models"))
        if self._random.random() < 0.5:
            request.dataset = self._name("datasets")
        elif not self._seldom():
            request.table.columns.extend(self._random.choice(FEATURES))
            for _ in range(self._random.choice([0, 1, 7])):
                request.table.rows.add().extend([1.5] * len(request.table.columns))
        if self._random.random() < 0.3:
            request.first_row = self._random.choice([0, 1, 5, 1000, -1])
        if self._random.random() < 0.3:
            request.max_rows = self._random.choice([1, 3, 1000, 2**62, 0])
        return request

    def _evaluate(self) -> model_pb2.EvaluateRequest:
        return model_pb2.EvaluateRequest(model=self._name("models"), dataset=self._name("datasets"))

    def _export_model(self) -> model_pb2.ExportModelRequest:
        formats = [model_pb2.EXPORT_FORMAT_NPZ, model_pb2.EXPORT_FORMAT_SAFETENSORS]
        format = model_pb2.EXPORT_FORMAT_UNSPECIFIED if self._seldom() else self._random.choice(formats)
        return model_pb2.ExportModelRequest(model=self._name("models"), format=format)
