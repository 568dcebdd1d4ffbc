#!/usr/bin/python3
"""A server's memory does not grow with the jobs that it has done."""

import unittest
from pathlib import Path

from restarting import small_spec
from trainyard_testing import ServerTest

JOBS = 150

# What a job may leave behind: its newest events are kept in memory, up to a budget for all jobs.
KEPT_BYTES = 64 << 10


class MemoryTest(ServerTest):
    datasets = ("digits",)

    def anonymous_bytes(self) -> int:
        status = Path(f"/proc/{self.server.process.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon")) * 1024

    def train_many(self) -> None:
        for _ in range(JOBS // 10):
            for job in [self.client.create_job(small_spec()).name for _ in range(10)]:
                self.client.ended_job(job)

    def test_jobs_that_have_ended_leave_little_memory(self) -> None:
        self.train_many()
        before = self.anonymous_bytes()
        self.train_many()
        self.assertLess(self.anonymous_bytes() - before, JOBS * KEPT_BYTES)


if __name__ == "__main__":
    unittest.main()
