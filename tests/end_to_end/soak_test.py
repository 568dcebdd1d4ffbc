#!/usr/bin/python3
"""A server that has done many jobs before many watchers is as it was: the same memory, files and streams.

SOAK_JOBS, SOAK_SECONDS and SOAK_WATCHERS choose how long and how hard; SOAK_SECONDS=0: as quick as it goes.
"""

import contextlib
import os
import sqlite3
import time
import unittest
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from scraping import scrape, wait_until
from soaking import Follower, Watcher, WatcherOfAll, Work
from trainyard_testing import ServerTest

JOBS = int(os.environ.get("SOAK_JOBS", "240"))
SECONDS = float(os.environ.get("SOAK_SECONDS", "0"))
WATCHERS = int(os.environ.get("SOAK_WATCHERS", "10"))
ROUNDS = 20
CALLERS = 4

# Those who watch all jobs, in one slow process, may be far behind when the last job of a round ends.
CATCH_UP_SECONDS = 240

# Of the memory in use, from the middle of the soak to its end, with what is on its way to those who follow single jobs:
# a job that leaves 40 KB behind is found out, and of an hour with 100 watchers one that leaves 60.
MOST_GROWTH_BYTES = (2 << 20) + WATCHERS * (256 << 10)


class SoakTest(ServerTest):
    flags = ("--http=127.0.0.1:0",)
    datasets = ("iris", "digits")

    def jobs_on_disk(self) -> int:
        """Those that are being deleted included."""
        with contextlib.closing(sqlite3.connect(self.server.data / "trainyard.db")) as database:
            return database.execute("SELECT count(*) FROM jobs").fetchone()[0]

    def follow(self, work: Work) -> list[Watcher]:
        address = self.server.address
        watchers = [Follower(address, work, i) if i % 2 else WatcherOfAll(address) for i in range(WATCHERS)]
        for watcher in watchers:
            watcher.start()
        return watchers

    def do_rounds(self, work: Work, watchers: list[Watcher]) -> tuple[list[float], list[float]]:
        """The memory in use and the memory resident, after each round."""
        begin = time.monotonic()
        sizes = []
        resident = []
        jobs = JOBS // ROUNDS

        def do(index: int) -> None:
            time.sleep(max(0, begin + SECONDS * index / JOBS - time.monotonic()))
            work.do(index)

        with ThreadPoolExecutor(CALLERS) as callers:
            for first in range(0, JOBS, jobs):
                list(callers.map(do, range(first, first + jobs)))
                self.settle(work, watchers)
                found = scrape(self.server.http)
                sizes.append(found.value("trainyard_allocated_bytes"))
                resident.append(found.value("process_resident_memory_bytes"))
        return sizes, resident

    def settle(self, work: Work, watchers: list[Watcher]) -> None:
        """All who watch all have seen all, and nothing is left of the jobs."""
        kept = set(work.kept)
        of_all = [watcher for watcher in watchers if isinstance(watcher, WatcherOfAll)]
        wait_until(lambda: all(kept <= watcher.ended for watcher in of_all), CATCH_UP_SECONDS)
        work.delete_all()
        wait_until(lambda: self.jobs_on_disk() == 0, CATCH_UP_SECONDS)

    def test_memory_files_and_streams_do_not_grow_with_the_jobs_that_were_done(self) -> None:
        files = self.server.open_files()
        work = Work(self.client)
        watchers = self.follow(work)
        try:
            sizes, resident = self.do_rounds(work, watchers)
        finally:
            for watcher in watchers:
                watcher.leave()
        for watcher in watchers:
            self.assertEqual(watcher.faults, [])
        events = sum(watcher.events for watcher in watchers)
        streams = sum(watcher.streams for watcher in watchers)
        print(f"{JOBS} jobs; {events} events in {streams} streams")
        print("MB resident after each round:", *(f"{size / 1e6:.1f}" for size in resident))
        print("MB in use after each round:", *(f"{size / 1e6:.1f}" for size in sizes))
        second_half = sizes[ROUNDS // 2 :]
        slope = np.polyfit(range(len(second_half)), second_half, 1)[0]
        print(f"grows by {slope * len(second_half) / 1e6:.1f} MB in the second half")
        self.assertLess(slope * len(second_half), MOST_GROWTH_BYTES)
        wait_until(lambda: self.client.server_info().watchers == 0)
        wait_until(lambda: self.server.open_files() <= files)


if __name__ == "__main__":
    unittest.main()
