"""What calls of DatasetService may be answered."""

from typing import Any

from crc32c import crc32c
from service_state import Allowed, BAD_DATA, CONTENTS, Dataset, ETAG, INVALID, ROWS, ServiceState, Upload, allow
from trainyard.v1 import dataset_pb2
from trainyard_testing import TERMINAL_STATES


class DatasetModel(ServiceState):
    def CreateUpload(self, request: dataset_pb2.CreateUploadRequest) -> Allowed:
        asked = request.dataset
        faults = set()
        if self.name_faults(asked.name, "datasets", [asked.name], ""):
            faults.add(INVALID)
        if asked.read_options.format == dataset_pb2.FORMAT_UNSPECIFIED or request.size_bytes < 0:
            faults.add(INVALID)
        if len(asked.display_name) > 256 or len(request.request_id) > 64:
            faults.add(INVALID)
        former = self.requests.get(request.request_id) if request.request_id else None
        if former is not None and former in self.uploads:
            return allow(lambda answer: self._check_upload(answer, former), faults)

        def take(answer: dataset_pb2.Upload) -> None:
            assert answer.name not in self.uploads, "an upload of this name is there"
            size = request.size_bytes if request.HasField("size_bytes") else None
            self.uploads[answer.name] = Upload(asked, size)
            self.requests[request.request_id] = answer.name
            self._check_upload(answer, answer.name)

        return allow(take, faults)

    def _check_upload(self, answer: dataset_pb2.Upload, name: str) -> None:
        upload = self.uploads[name]
        assert answer.name == name
        assert answer.received_bytes == len(upload.content), f"{len(upload.content)} bytes were sent"
        assert answer.dataset.name == upload.dataset.name

    def UploadData(self, request: dataset_pb2.UploadDataRequest) -> Allowed:
        """One chunk."""
        faults = self.upload_faults(request.upload)
        if faults:
            return allow(lambda _: None, faults)
        upload = self.uploads[request.upload]
        if request.offset != len(upload.content):
            faults.add(("OUT_OF_RANGE", "OFFSET_MISMATCH"))
        elif request.crc32c != crc32c(request.data):
            faults.add(("DATA_LOSS", "CHECKSUM_MISMATCH"))
        elif upload.size is not None and len(upload.content) + len(request.data) > upload.size:
            faults.add(("RESOURCE_EXHAUSTED", "UPLOAD_TOO_LARGE"))

        def take(answer: dataset_pb2.Upload) -> None:
            upload.content += request.data
            self._check_upload(answer, request.upload)

        return allow(take, faults)

    def GetUpload(self, request: dataset_pb2.GetUploadRequest) -> Allowed:
        return allow(lambda answer: self._check_upload(answer, request.name), self.upload_faults(request.name))

    def DeleteUpload(self, request: dataset_pb2.DeleteUploadRequest) -> Allowed:
        def take(_: Any) -> None:
            del self.uploads[request.name]

        return allow(take, self.upload_faults(request.name))

    def CommitUpload(self, request: dataset_pb2.CommitUploadRequest) -> Allowed:
        made = self.made_of.get(request.name)
        if made is not None:
            mismatch = {("DATA_LOSS", "DIGEST_MISMATCH")} if request.digest else set()
            return allow(lambda answer: self._check_dataset(answer, made), mismatch)
        faults = self.upload_faults(request.name)
        if faults:
            return allow(lambda _: None, faults)
        upload = self.uploads[request.name]
        there = self.datasets.get(upload.dataset.name)
        readable = upload.content in CONTENTS[:2]
        if upload.size is not None and len(upload.content) < upload.size:
            faults.add(("FAILED_PRECONDITION", "UPLOAD_INCOMPLETE"))
        elif request.digest:
            faults.add(("DATA_LOSS", "DIGEST_MISMATCH"))
        elif there is not None and there.content != upload.content:
            faults.add(("ALREADY_EXISTS", "DATASET_EXISTS"))
        elif not readable:
            faults.add(BAD_DATA)

        def take(answer: dataset_pb2.Dataset) -> None:
            del self.uploads[request.name]
            if answer.name not in self.datasets:
                self.datasets[answer.name] = Dataset(upload.content, upload.dataset)
                self.made_of[request.name] = answer.name
            self._check_dataset(answer, upload.dataset.name)

        return allow(take, faults)

    def _check_dataset(self, answer: dataset_pb2.Dataset, name: str) -> None:
        dataset = self.datasets[name]
        assert (answer.name, answer.row_count) == (name, ROWS[dataset.kind])
        assert answer.display_name == dataset.asked.display_name
        assert answer.uploaded_bytes == len(dataset.content)

    def GetDataset(self, request: dataset_pb2.GetDatasetRequest) -> Allowed:
        return allow(lambda answer: self._check_dataset(answer, request.name), self.dataset_faults(request.name))

    def ListDatasets(self, request: dataset_pb2.ListDatasetsRequest) -> Allowed:
        def take(answers: list[dataset_pb2.Dataset]) -> None:
            assert [answer.name for answer in answers] == sorted(self.datasets), "not all data sets, by name"
            for answer in answers:
                self._check_dataset(answer, answer.name)

        return allow(take, self.page_faults(request))

    def ReadExamples(self, request: dataset_pb2.ReadExamplesRequest) -> Allowed:
        faults = self.dataset_faults(request.dataset)
        if request.first_row < 0 or not 0 <= request.row_count <= 1000:
            faults.add(INVALID)

        def take(answer: dataset_pb2.Table) -> None:
            dataset = self.datasets[request.dataset]
            left = max(0, ROWS[dataset.kind] - request.first_row)
            assert len(answer.rows) == min(left, request.row_count or 10), "not the rows asked for"

        return allow(take, faults)

    def DeleteDataset(self, request: dataset_pb2.DeleteDatasetRequest) -> Allowed:
        faults = self.dataset_faults(request.name)
        if not faults and request.etag:
            faults.add(ETAG)
        users = [job for job in self.jobs.values() if job.job.spec.data.dataset == request.name]
        in_use = ("FAILED_PRECONDITION", "DATASET_IN_USE")
        if not faults and any(not job.may_have_ended for job in users):
            faults.add(in_use)
        possible = {in_use} if any(not job.has_ended for job in users) else set()

        def take(_: Any) -> None:
            del self.datasets[request.name]
            self.made_of = {upload: name for upload, name in self.made_of.items() if name != request.name}
            for job in users:
                job.states &= set(TERMINAL_STATES)

        return allow(take, faults, possible)
