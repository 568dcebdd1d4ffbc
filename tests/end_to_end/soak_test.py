#!/usr/bin/python3
"""A server that has done many jobs before many watchers is as it was: the same memory, files and streams.

SOAK_JOBS, SOAK_SECONDS and SOAK_WATCHERS choose how long and how hard; SOAK_SECONDS=0: as quick as it goes.
"""

import os
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from scraping import wait_until
from soaking import Follower, Watcher, WatcherOfAll, Work
from trainyard_testing import ServerTest

JOBS = int(os.environ.get("SOAK_JOBS", "240"))
SECONDS = float(os.environ.get("SOAK_SECONDS", "0"))
WATCHERS = int(os.environ.get("SOAK_WATCHERS", "10"))
ROUNDS = 20
CALLERS = 4

# Of the memory, from the middle of the soak to its end: a job that leaves 60 KB behind is found out.
MOST_GROWTH_BYTES = 6 << 20


class SoakTest(ServerTest):
    datasets = ("iris", "digits")

    def anonymous_bytes(self) -> int:
        status = Path(f"/proc/{self.server.process.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon")) * 1024

    def follow(self, work: Work) -> list[Watcher]:
        address = self.server.address
        watchers = [Follower(address, work, i) if i % 2 else WatcherOfAll(address) for i in range(WATCHERS)]
        for watcher in watchers:
            watcher.start()
        return watchers

    def do_rounds(self, work: Work) -> list[int]:
        """The memory after each round."""
        begin = time.monotonic()
        sizes = []
        jobs = JOBS // ROUNDS

        def do(index: int) -> None:
            time.sleep(max(0, begin + SECONDS * index / JOBS - time.monotonic()))
            work.do(index)

        with ThreadPoolExecutor(CALLERS) as callers:
            for first in range(0, JOBS, jobs):
                list(callers.map(do, range(first, first + jobs)))
                sizes.append(self.anonymous_bytes())
        return sizes

    def test_memory_files_and_streams_do_not_grow_with_the_jobs_that_were_done(self) -> None:
        files = self.server.open_files()
        work = Work(self.client)
        watchers = self.follow(work)
        try:
            sizes = self.do_rounds(work)
            all_kept = set(work.kept)
            wait_until(lambda: all(all_kept <= w.ended for w in watchers if isinstance(w, WatcherOfAll)))
        finally:
            for watcher in watchers:
                watcher.leave()
        for watcher in watchers:
            self.assertEqual(watcher.faults, [])
        events = sum(watcher.events for watcher in watchers)
        streams = sum(watcher.streams for watcher in watchers)
        print(f"{JOBS} jobs; {events} events in {streams} streams")
        print("MB after each round:", *(f"{size / 1e6:.1f}" for size in sizes))
        second_half = sizes[ROUNDS // 2 :]
        slope = np.polyfit(range(len(second_half)), second_half, 1)[0]
        print(f"grows by {slope * len(second_half) / 1e6:.1f} MB in the second half")
        self.assertLess(slope * len(second_half), MOST_GROWTH_BYTES)
        wait_until(lambda: self.client.server_info().watchers == 0)
        wait_until(lambda: self.server.open_files() <= files)


if __name__ == "__main__":
    unittest.main()
