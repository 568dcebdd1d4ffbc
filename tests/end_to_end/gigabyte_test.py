#!/usr/bin/python3
"""The refusal of a huge field takes no more memory for 1 GiB than for 256 MiB."""

import unittest

import grpc

from hostile import MEBIBYTE, Memory, expect_growth_below, huge_upload
from trainyard_testing import ServerTest


class GigabyteTest(ServerTest):
    def test_one_field_of_1_gib_is_refused_within_128_mib(self) -> None:
        cases = ((b"a,y\n", b"x", b",1\n"), (b'a,y\n"', b'""', b'",1\n'), (b"", b"x", b",y\n1,2\n"), (b'a,y\n"', b"x", b""))
        for before, filling, after in cases:
            with self.subTest(before=before, after=after), Memory(self.server.process.pid) as memory:
                upload = huge_upload(self.client, before, filling, 1024 * MEBIBYTE, after)
                refusal = self.refused(grpc.StatusCode.INVALID_ARGUMENT, self.client.commit_upload, upload)
                self.assertEqual(refusal.reason, "BAD_DATA")
                expect_growth_below(self, memory.growth(), 128 * MEBIBYTE)


if __name__ == "__main__":
    unittest.main()
