#!/usr/bin/python3
"""A bad upload is refused, by code, reason, offset and digest, and the server serves on."""

import hashlib
import threading
import unittest

import grpc

from bad_input import NO_ID, BadInputTest
from trainyard.v1 import dataset_pb2
from trainyard_testing import chunk, chunks


class UploadTest(BadInputTest):
    def test_a_truncated_upload_is_incomplete(self) -> None:
        upload = self.client.open_upload("truncated", 20)
        self.client.datasets.UploadData(iter([chunk(upload.name, 0, b"a,b\n1,2\n")]))
        refusal = self.refused(grpc.StatusCode.FAILED_PRECONDITION, self.client.commit_upload, upload.name)
        self.assertEqual(refusal.reason, "UPLOAD_INCOMPLETE")
        self.assertEqual(refusal.metadata, {"expected_offset": "8"})
        self.assertEqual(refusal.message, f"{upload.name} has 8 of the 20 bytes declared; send the rest first")

    def test_a_wrong_checksum_keeps_the_chunks_before_it(self) -> None:
        upload = self.client.open_upload("checksum", 16)
        bad = dataset_pb2.UploadDataRequest(offset=8, crc32c=1, data=b"3,4\n5,6\n")
        sent = [chunk(upload.name, 0, b"a,b\n1,2\n"), bad]
        refusal = self.refused(grpc.StatusCode.DATA_LOSS, self.client.datasets.UploadData, iter(sent))
        self.assertEqual(refusal.reason, "CHECKSUM_MISMATCH")
        self.assertEqual(refusal.message, "the chunk at offset 8 does not match its CRC-32C; send it again")
        self.assertEqual(self.received(upload), 8)
        self.client.datasets.UploadData(iter([chunk(upload.name, 8, b"3,4\n5,6\n")]))
        self.assertEqual(self.client.commit_upload(upload.name).row_count, 3)

    def test_an_offset_that_does_not_follow_is_refused_with_the_one_that_does(self) -> None:
        upload = self.client.open_upload("offset")
        sent = [chunk(upload.name, 0, b"a,b\n"), chunk("", 5, b"1,2\n")]
        refusal = self.refused(grpc.StatusCode.OUT_OF_RANGE, self.client.datasets.UploadData, iter(sent))
        self.assertEqual(refusal.reason, "OFFSET_MISMATCH")
        self.assertEqual(refusal.metadata, {"expected_offset": "4"})
        self.assertEqual(
            refusal.message, f"the chunk begins at offset 5, but {upload.name} has 4 bytes; go on from there"
        )
        self.assertEqual(self.received(upload), 4)

    def test_more_bytes_than_declared_are_too_large(self) -> None:
        upload = self.client.open_upload("too-long", 6)
        sent = iter([chunk(upload.name, 0, b"a,b\n1,2\n")])
        refusal = self.refused(grpc.StatusCode.RESOURCE_EXHAUSTED, self.client.datasets.UploadData, sent)
        self.assertEqual(refusal.reason, "UPLOAD_TOO_LARGE")
        self.assertEqual(refusal.metadata, {"limit_bytes": "6"})
        self.assertEqual(self.received(upload), 0)

    def test_a_digest_that_does_not_match_is_data_loss(self) -> None:
        content = b"a,b\n1,2\n3,4\n"
        upload = self.client.open_upload("digest", len(content))
        self.client.datasets.UploadData(chunks(upload.name, content))
        refusal = self.refused(grpc.StatusCode.DATA_LOSS, self.client.commit_upload, upload.name, "0" * 64)
        digest = hashlib.sha256(content).hexdigest()
        self.assertEqual(refusal.reason, "DIGEST_MISMATCH")
        self.assertEqual(refusal.metadata, {"digest": digest})
        self.assertEqual(refusal.message, f"the content's SHA-256 is {digest}, not {'0' * 64}; upload it again")
        self.assertEqual(self.client.commit_upload(upload.name, digest).digest, digest)

    def test_a_second_stream_to_an_upload_finds_it_busy(self) -> None:
        upload = self.client.open_upload("busy")
        go_on = threading.Event()

        def slowly():
            yield chunk(upload.name, 0, b"a,b\n")
            go_on.wait()

        first = self.client.datasets.UploadData.future(slowly())
        while self.received(upload) == 0:
            pass
        sent = iter([chunk(upload.name, 4, b"1,2\n")])
        refusal = self.refused(grpc.StatusCode.ABORTED, self.client.datasets.UploadData, sent)
        go_on.set()
        self.assertEqual(refusal.reason, "UPLOAD_BUSY")
        self.assertEqual(first.result().received_bytes, 4)

    def test_a_stream_without_an_upload_is_refused(self) -> None:
        sent = iter([chunk("", 0, b"a,b\n")])
        refusal = self.refused(grpc.StatusCode.INVALID_ARGUMENT, self.client.datasets.UploadData, sent)
        self.assertEqual(refusal.fields, ["upload"])

    def test_an_unknown_upload_is_not_found(self) -> None:
        name = f"uploads/{NO_ID}"
        sent = iter([chunk(name, 0, b"a")])
        for refusal in (
            self.refused(grpc.StatusCode.NOT_FOUND, self.client.datasets.UploadData, sent),
            self.refused(grpc.StatusCode.NOT_FOUND, self.client.commit_upload, name),
        ):
            self.assertEqual((refusal.reason, refusal.message), ("NO_SUCH_UPLOAD", f"there is no upload {name}"))

    def test_an_upload_without_a_format_is_refused(self) -> None:
        refusal = self.refused(grpc.StatusCode.INVALID_ARGUMENT, self.client.open_upload, "unset", 1, format=0)
        self.assertEqual(refusal.fields, ["dataset.read_options.format"])

    def test_another_content_under_the_same_name_exists_already(self) -> None:
        self.client.upload(b"a,b\n1,2\n", "taken")
        refusal = self.refused(grpc.StatusCode.ALREADY_EXISTS, self.client.upload, b"a,b\n1,3\n", "taken")
        self.assertEqual(refusal.reason, "DATASET_EXISTS")

    def test_the_same_content_read_in_another_way_exists_already(self) -> None:
        content = b"a,b\n1,2\n"
        self.client.upload(content, "read-twice")
        upload = lambda: self.client.upload(content, "read-twice", target="a")
        self.assertEqual(self.refused(grpc.StatusCode.ALREADY_EXISTS, upload).reason, "DATASET_EXISTS")

    def test_the_same_content_under_the_same_name_is_that_data_set(self) -> None:
        first = self.client.upload(b"a,b\n1,2\n", "again")
        self.assertEqual(self.client.upload(b"a,b\n1,2\n", "again"), first)

    def received(self, upload: dataset_pb2.Upload) -> int:
        return self.client.datasets.GetUpload(dataset_pb2.GetUploadRequest(name=upload.name)).received_bytes

    def test_calls_with_the_same_request_id_at_the_same_time_are_one_upload(self) -> None:
        dataset = dataset_pb2.Dataset(name="datasets/at-once")
        dataset.read_options.format = dataset_pb2.FORMAT_CSV
        for round_number in range(20):
            request = dataset_pb2.CreateUploadRequest(dataset=dataset, request_id=f"at once {round_number}")
            calls = [self.client.datasets.CreateUpload.future(request) for _ in range(8)]
            self.assertEqual(len({call.result().name for call in calls}), 1)


if __name__ == "__main__":
    unittest.main()
