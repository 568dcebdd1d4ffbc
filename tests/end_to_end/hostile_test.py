#!/usr/bin/python3
"""Who means harm is refused or dropped, within bounds of memory, and everyone else is served on."""

import contextlib
import io
import resource
import struct
import subprocess
import tempfile
import unittest
import zipfile
from pathlib import Path
from typing import Iterator

import grpc
import numpy as np

import raw_http2
from hostile import MEBIBYTE, Memory, expect_growth_below, huge_upload
from raw_http2 import Connection, call_headers, frame
from specs import spec_of
from trainyard.v1 import dataset_pb2, event_pb2, server_pb2, spec_pb2
from trainyard_testing import Client, Server, ServerTest, program

SERVER_INFO = b"/trainyard.v1.ServerService/GetServerInfo"


class HostileTest(ServerTest):
    """Each test is followed by a call of somebody else, and ends within bounds of memory."""

    bound = 128 * MEBIBYTE

    def setUp(self) -> None:
        self.memory = self.enterContext(Memory(self.server.process.pid))
        self.attacker = self.enterContext(Client(self.server.address))

    def tearDown(self) -> None:
        super().tearDown()
        expect_growth_below(self, self.memory.growth(), self.bound)


class ConnectionTest(HostileTest):
    def test_connections_that_stop_within_their_first_words_are_closed(self) -> None:
        first_words = (b"", raw_http2.PREFACE[:10], raw_http2.PREFACE)
        connections = [self.enterContext(Connection(self.server.address)) for _ in range(300)]
        for i, connection in enumerate(connections):
            connection.send(first_words[i % 3])
        self.client.server_info()
        for connection in connections:
            connection.read_to_end()

    def test_more_connections_than_the_server_may_have_files_are_closed_at_once(self) -> None:
        with Server() as server:
            resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (400, 400))
            with Client(server.address) as client, contextlib.ExitStack() as connections:
                client.server_info()
                flood = [connections.enter_context(Connection(server.address)) for _ in range(1000)]
                flood[-1].read_to_end()
                client.upload(b"a,y\n1,2\n", "beside")
            with Client(server.address) as client:
                grpc.channel_ready_future(client.plain_channel).result(timeout=30)
                self.assertEqual(client.server_info().version, "0.1.0")

    def test_what_is_not_http_2_is_closed(self) -> None:
        for words in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00" + bytes(512), bytes(10_000), b"\xff" * 10_000):
            with Connection(self.server.address) as connection:
                connection.send(words)
                connection.read_to_end()

    def test_a_frame_of_any_kind_out_of_place_closes_at_most_its_connection(self) -> None:
        for kind in range(256):
            with Connection(self.server.address) as connection:
                connection.send(raw_http2.PREFACE + frame(raw_http2.SETTINGS, 0, 0) + frame(kind, 255, 1, b"\xff" * 17))
        self.client.server_info()

    def test_a_flood_of_pings_ends_its_connection(self) -> None:
        with Connection(self.server.address) as connection:
            connection.send(raw_http2.PREFACE + frame(raw_http2.SETTINGS, 0, 0))
            connection.send(frame(raw_http2.PING, 0, 0, bytes(8)) * 100)
            code, text = raw_http2.goaway_of(connection.read_to_end())
        self.assertEqual((code, text), (raw_http2.ENHANCE_YOUR_CALM, b"too_many_pings"))

    def test_a_flood_of_settings_harms_nobody_else(self) -> None:
        with Connection(self.server.address) as connection:
            connection.send(raw_http2.PREFACE + frame(raw_http2.SETTINGS, 0, 0) * 10_000)
            self.client.server_info()

    def test_calls_that_are_reset_at_once_harm_nobody_else(self) -> None:
        headers = call_headers(SERVER_INFO)
        with Connection(self.server.address) as connection:
            connection.send(raw_http2.PREFACE + frame(raw_http2.SETTINGS, 0, 0))
            for stream in range(1, 4000, 2):
                connection.send(frame(raw_http2.HEADERS, raw_http2.END_HEADERS, stream, headers))
                connection.send(frame(raw_http2.RST_STREAM, 0, stream, raw_http2.CANCEL))
            self.client.server_info()

    def test_headers_without_end_harm_nobody_else(self) -> None:
        with Connection(self.server.address) as connection:
            connection.send(raw_http2.PREFACE + frame(raw_http2.SETTINGS, 0, 0))
            connection.send(frame(raw_http2.HEADERS, 0, 1, call_headers(SERVER_INFO)))
            piece = raw_http2.literal(b"x-endless", b"x" * 16_000)
            for _ in range(2_000):
                connection.send(frame(raw_http2.CONTINUATION, 0, 1, piece))
            self.client.server_info()


class MessageTest(HostileTest):
    def info_with(self, header_size: int) -> object:
        """On a connection of its own: gRPC may close one on which it has refused headers."""
        with Client(self.server.address) as client:
            metadata = (("x-large", "x" * header_size),)
            return client.servers.GetServerInfo(server_pb2.GetServerInfoRequest(), metadata=metadata)

    def test_headers_of_more_than_8_kib_are_refused(self) -> None:
        self.info_with(4000)
        for size in (9000, 200_000):
            refusal = self.refused(grpc.StatusCode.RESOURCE_EXHAUSTED, self.info_with, size)
            self.assertEqual(refusal.message, "received initial metadata size exceeds limit")

    def test_a_message_over_the_limit_is_refused(self) -> None:
        chunk = dataset_pb2.UploadDataRequest(upload="uploads/1", data=bytes(17 * MEBIBYTE))
        refusal = self.refused(grpc.StatusCode.RESOURCE_EXHAUSTED, self.attacker.datasets.UploadData, iter([chunk]))
        self.assertIn("Received message larger than max", refusal.message)

    def test_a_compressed_message_is_refused_and_never_unpacked(self) -> None:
        chunk = dataset_pb2.UploadDataRequest(upload="uploads/1", data=bytes(512 * MEBIBYTE))
        for compression in (grpc.Compression.Gzip, grpc.Compression.Deflate):
            with self.assertRaises(grpc.RpcError) as raised:
                self.attacker.datasets.UploadData(iter([chunk]), compression=compression)
            self.assertEqual(raised.exception.code(), grpc.StatusCode.UNIMPLEMENTED)

    def test_a_message_whose_length_is_a_lie_ends_its_call_alone(self) -> None:
        for body in (struct.pack(">BI", 0, 0xFFFFFFFF), struct.pack(">BI", 7, 1) + b"x", struct.pack(">BI", 0, 1000)):
            with Connection(self.server.address) as connection:
                connection.send(raw_http2.PREFACE + frame(raw_http2.SETTINGS, 0, 0))
                connection.send(frame(raw_http2.HEADERS, raw_http2.END_HEADERS, 1, call_headers(SERVER_INFO)))
                connection.send(frame(raw_http2.DATA, raw_http2.END_STREAM, 1, body))
                self.client.server_info()


class ContentTest(HostileTest):
    def bad_data(self, content: bytes, format: int) -> str:
        refusal = self.refused(grpc.StatusCode.INVALID_ARGUMENT, self.client.upload, content, "bad", format=format)
        self.assertEqual(refusal.reason, "BAD_DATA")
        return refusal.message

    def test_an_archive_that_unpacks_to_much_more_than_itself_is_refused(self) -> None:
        packed = io.BytesIO()
        np.savez_compressed(packed, x=np.zeros((1 << 20, 128)))  # 1 GiB in 1 MiB
        self.assertIn("unpack to more than the 2", self.bad_data(packed.getvalue(), dataset_pb2.FORMAT_NPZ))

    def test_a_size_that_an_archive_only_claims_takes_no_memory(self) -> None:
        content = npy_of("(1000000000, 100)", b"")
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("x.npy", content)
        self.bad_data(packed.getvalue(), dataset_pb2.FORMAT_NPZ)
        # The size of the member, in the local header and in the directory.
        lying = bytearray(packed.getvalue())
        for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
            at = lying.index(signature) + offset
            lying[at : at + 4] = struct.pack("<I", 0xFFFFFFF0)
        self.bad_data(bytes(lying), dataset_pb2.FORMAT_NPZ)

    def test_an_archive_of_archives_is_refused(self) -> None:
        content = b""
        for _ in range(10):
            packed = io.BytesIO()
            with zipfile.ZipFile(packed, "w") as archive:
                archive.writestr("x.npy", content)
            content = packed.getvalue()
        self.bad_data(content, dataset_pb2.FORMAT_NPZ)

    def test_shapes_that_a_numpy_header_only_claims_are_refused(self) -> None:
        shapes = ("(1000000000000, 1)", "(9223372036854775807, 9223372036854775807)", "(-1, 1)", "(1,) * 99", "()", "1")
        for shape in (*shapes, "(" * 5000 + ")" * 5000, "(" + "1," * 20_000 + ")", "(99999999999999999999999, 1)"):
            with self.subTest(shape[:40]):
                self.bad_data(npy_of(shape, bytes(8)), dataset_pb2.FORMAT_NPY)

    def test_a_numpy_header_is_never_run(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            trace = Path(folder) / "trace"
            self.bad_data(npy_of(f"open('{trace}', 'w') or (1, 1)", bytes(8)), dataset_pb2.FORMAT_NPY)
            self.assertFalse(trace.exists())

    def test_a_numpy_header_longer_than_its_file_is_refused(self) -> None:
        for content in (b"\x93NUMPY\x02\x00\xff\xff\xff\xff{", b"\x93NUMPY\x01\x00\xff\xff", b"\x93NUMPY", b"\x93NUMPY\xff\xff\0\0"):
            self.bad_data(content, dataset_pb2.FORMAT_NPY)

    def test_dimensions_that_an_idx_header_only_claims_are_refused(self) -> None:
        for rank, dimensions in ((2, (0xFFFFFFFF, 1)), (3, (0xFFFFFFFF,) * 3), (255, (2,) * 255), (255, (0xFFFFFFFF,) * 3), (2, (1, 100_001))):
            content = struct.pack(">BBBB", 0, 0, 8, rank) + struct.pack(f">{len(dimensions)}I", *dimensions) + bytes(64)
            with self.subTest(rank=rank):
                self.bad_data(content, dataset_pb2.FORMAT_IDX)

    def test_one_field_of_256_mib_is_refused(self) -> None:
        quoted = 'row 2, column "a": the row\'s fields with doubled quotes take more than 16 MiB'
        text = 'row 2, column "a": a text of 268435456 bytes; the limit is 65536; declare the column ignored'
        name = "row 1, column 1: a name of 268435456 bytes; the limit is 65536"
        open_quote = 'row 2, column "a": a quoted field is not closed before the end of the file'
        cases = (
            (b"a,y\n", b"x", b",1\n", text),
            (b'a,y\n"', b'""', b'",1\n', quoted),
            (b"", b"x", b",y\n1,2\n", name),
            (b'a,y\n"', b"x", b"", open_quote),
            (b"a,y\n", b"1", b",1\n", 'row 2, column "a": "' + "1" * 40 + '…" must be a finite number'),
        )
        for before, filling, after, message in cases:
            with self.subTest(message):
                upload = huge_upload(self.client, before, filling, 256 * MEBIBYTE, after)
                refusal = self.refused(grpc.StatusCode.INVALID_ARGUMENT, self.client.commit_upload, upload)
                self.assertEqual((refusal.reason, refusal.message), ("BAD_DATA", message))


def npy_of(shape: str, data: bytes) -> bytes:
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}}}\n".encode()
    return b"\x93NUMPY\x02\x00" + struct.pack("<I", len(header)) + header + data


class JobFileTest(ServerTest):
    """The command line reads job files, the server never."""

    def test_a_job_file_that_is_nested_too_deeply_or_has_no_end_is_refused(self) -> None:
        doubled = "a0: &a0 [x,x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1},*a{i - 1}]\n" for i in range(1, 60))
        files = {
            "deep.json": '{"spec":' * 100_000 + "1" + "}" * 100_000,
            "deep.yaml": "[" * 100_000,
            "doubled.yaml": doubled,
            "circle.yaml": "labels: &a [*a]",
        }
        with tempfile.TemporaryDirectory() as folder:
            for name, content in files.items():
                path = Path(folder) / name
                path.write_text(content)
                with self.subTest(name):
                    command = [program("trainyard"), "--server", self.server.address, "train", "-f", str(path)]
                    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
                    self.assertEqual(result.returncode, 2, result.stderr)
                    rule = "it has more than 1000000 values, or values more than 100 levels deep"
                    self.assertEqual(result.stderr, f"trainyard: {path}: {rule}\n")


if __name__ == "__main__":
    unittest.main()
