#!/usr/bin/python3
"""A client that pings as often as the README allows keeps its connection."""

import re
import time
import unittest
from pathlib import Path

from trainyard_testing import Client, Run, ServerTest
from watching import endless_spec, watch_request

README = Path(__file__).resolve().parent.parent.parent / "README.md"
OPTION = re.compile(r'\("(grpc\.[\w.]+)", ([\d_]+)\)')
PING_SECONDS = 10

# Without data in between, a server cuts off who has pinged too soon three times.
PINGS = 5


class KeepaliveTest(ServerTest):
    datasets = ("iris",)

    def test_a_watch_without_news_lives_while_its_client_pings(self) -> None:
        job = self.client.create_job(endless_spec()).name
        self.client.follow_until(job, Run(), lambda run: run.steps > 0)
        self.client.pause_job(job)
        newest = self.client.get_job(job).newest_sequence
        options = [(name, int(value)) for name, value in OPTION.findall(README.read_text())]
        self.assertIn(("grpc.keepalive_time_ms", 1000 * PING_SECONDS), options)
        with Client(self.server.address, options) as client:
            request = watch_request(job, heartbeat_seconds=300)
            request.targets[0].from_sequence = newest + 1
            stream = client.watches.Watch(request, timeout=120)
            next(stream)
            time.sleep(PING_SECONDS * PINGS + 5)
            self.client.resume_job(job)
            self.assertEqual([event.sequence for event in next(stream).events][:1], [newest + 1])
            stream.cancel()
        self.client.cancel_job(job)


if __name__ == "__main__":
    unittest.main()
