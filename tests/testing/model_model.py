"""What calls of ModelService may be answered."""

from typing import Any, Iterator

from service_state import Allowed, BAD_DATA, FEATURES, INVALID, ROWS, ServiceState, allow
from trainyard.v1 import model_pb2
from trainyard_testing import TERMINAL_STATES, model_of


class ModelModel(ServiceState):
    def _check_model(self, answer: model_pb2.Model, name: str) -> None:
        job = self.jobs[answer.job]
        assert answer.name == name == model_of(answer.job)
        assert answer.display_name == job.job.display_name
        assert tuple(feature.column for feature in answer.features) == FEATURES[job.data.kind]
        job.has_model = {True}

    def GetModel(self, request: model_pb2.GetModelRequest) -> Allowed:
        _, faults, possible = self.model_faults(request.name)
        return allow(lambda answer: self._check_model(answer, request.name), faults, possible)

    def ListModels(self, request: model_pb2.ListModelsRequest) -> Allowed:
        def take(answers: list[model_pb2.Model]) -> None:
            listed = {answer.name for answer in answers}
            assert len(listed) == len(answers), "a model comes twice"
            for name, job in self.jobs.items():
                assert (model_of(name) in listed) in job.has_model, f"{model_of(name)} is there, or is not"
            for answer in answers:
                self._check_model(answer, answer.name)

        return allow(take, self.page_faults(request))

    def Predict(self, request: model_pb2.PredictRequest) -> Allowed:
        job, faults, possible = self.model_faults(request.model)
        rows = 0
        if request.WhichOneof("input") == "table":
            rows = len(request.table.rows)
            if job is not None and not set(FEATURES[job.data.kind]) <= set(request.table.columns):
                faults.add(INVALID)
        elif request.WhichOneof("input") == "dataset":
            faults |= self.dataset_faults(request.dataset)
            data = self.datasets.get(request.dataset)
            rows = ROWS[data.kind] if data else 0
            if job is not None and data is not None and data.kind != job.data.kind:
                faults.add(BAD_DATA)
        else:
            faults.add(INVALID)
        if request.first_row < 0 or (request.HasField("max_rows") and request.max_rows < 1):
            faults.add(INVALID)
        rows = max(rows - request.first_row, 0)
        if request.HasField("max_rows"):
            rows = min(rows, request.max_rows)

        def take(answer: model_pb2.PredictResponse) -> None:
            job.has_model = {True}
            assert len(answer.predictions) == rows, f"{rows} rows"

        return allow(take, faults, possible)

    def Evaluate(self, request: model_pb2.EvaluateRequest) -> Allowed:
        job, faults, possible = self.model_faults(request.model)
        faults |= self.dataset_faults(request.dataset)
        data = self.datasets.get(request.dataset)
        if job is not None and data is not None and data.kind != job.data.kind:
            faults.add(BAD_DATA)

        def take(answer: model_pb2.EvaluateResponse) -> None:
            job.has_model = {True}
            assert answer.row_count == ROWS[data.kind]

        return allow(take, faults, possible)

    def ExportModel(self, request: model_pb2.ExportModelRequest) -> Allowed:
        job, faults, possible = self.model_faults(request.model)
        if request.format == model_pb2.EXPORT_FORMAT_UNSPECIFIED:
            faults.add(INVALID)

        def take(parts: Iterator[model_pb2.ExportModelResponse]) -> None:
            job.has_model = {True}
            size = 0
            for part in parts:
                assert part.offset == size
                size += len(part.data)
                assert size <= part.size_bytes

        return allow(take, faults, possible)

    def DeleteModel(self, request: model_pb2.DeleteModelRequest) -> Allowed:
        job, faults, possible = self.model_faults(request.name)
        if job is not None and not faults:
            self.add_deletion_faults(job, request.etag, faults, possible)

        def take(_: Any) -> None:
            job.states &= set(TERMINAL_STATES)
            job.has_model = {False}

        return allow(take, faults, possible)
