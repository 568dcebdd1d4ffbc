#!/usr/bin/python3
"""Nothing is lost: servers are killed at random moments while clients do all that they may; every answer counts.

TORTURE_KILLS and TORTURE_SEED choose how often and when.
"""

import os
import random
import tempfile
import unittest
from pathlib import Path
from typing import Sequence

from torture_check import Ending, check_all, undisturbed
from torture_clients import Asker, Controller, CONTROLLERS, Exporter, Submitter, Uploader, Watcher, WatcherOfAll
from torture_jobs import kinds, upload_data
from torture_record import Record
from torture_world import Actor, World
from trainyard_testing import Client, Server

KILLS = int(os.environ.get("TORTURE_KILLS", "20"))
SEED = int(os.environ.get("TORTURE_SEED", random.SystemRandom().randrange(10**6)))
WATCHERS = 3
SUBMITTERS = 2

# All that is left to do after the last death.
SETTLING_SECONDS = 120

# It tells what it has written, and writes it a little later.
LATE_SERVER = "late-disk-server"
CONTROL_KILLS = 20


class TortureTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.kinds = kinds()
        with Server() as server, Client(server.address) as client:
            upload_data(client)
            cls.endings: dict[str, Ending] = undisturbed(client, cls.kinds)

    def tortured(self, program: str, kills: int, until_fault: bool) -> Record:
        record = Record()
        data = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="trainyard-")))
        world = World(data, program, record, SEED)
        try:
            with Client(world.address) as client:
                upload_data(client)
            watchers = [Watcher(world, f"watcher-{i}", SEED) for i in range(WATCHERS)]
            others = self._others(world)
            for actor in (*others, *watchers):
                actor.start()
            for _ in range(kills):
                world.live_and_die()
                if until_fault and record.faults:
                    break
            world.settling.set()
            self._join(world, others)
            world.all_submitted.set()
            self._join(world, watchers)
            if not record.faults:
                with Client(world.address) as client:
                    check_all(client, record, self.endings, watchers)
        finally:
            world.close()
        record.calls["Watch"] = sum(watcher.streams for watcher in watchers)
        return record

    def _others(self, world: World) -> list[Actor]:
        return [
            *(Submitter(world, f"submitter-{i}", SEED, self.kinds) for i in range(SUBMITTERS)),
            *(Controller(world, f"controller-{i}", SEED, i) for i in range(CONTROLLERS)),
            Uploader(world, "uploader", SEED),
            Exporter(world, "exporter", SEED, WATCHERS),
            Asker(world, "asker", SEED),
            WatcherOfAll(world, "watcher-of-all", SEED),
        ]

    def _join(self, world: World, actors: Sequence[Actor]) -> None:
        for actor in actors:
            actor.join(SETTLING_SECONDS)
            if actor.is_alive():
                world.record.fault(f"{actor.name} did not come to an end")
                return

    def test_nothing_acknowledged_is_lost_and_every_job_ends_with_the_same_bits(self) -> None:
        record = self.tortured("trainyard-server", KILLS, until_fault=False)
        events = sum(map(len, record.events.values()))
        calls = ", ".join(f"{count} {name}" for name, count in sorted(record.calls.items()))
        jobs = f"{len(record.jobs)} jobs, taken up {record.recoveries} times"
        print(f"seed {SEED}: {KILLS} kills; {jobs}, {events} events")
        print(f"acknowledged: {calls}; in doubt: {record.doubts}")
        self.assertEqual((record.broken, record.faults), ([], []), f"TORTURE_SEED={SEED}")
        print(f"steered: {record.steered}")
        self.assertGreater(record.recoveries, KILLS)
        for call in ("CreateJob", "PauseJob", "ResumeJob", "UpdateJob", "CommitUpload", "ExportModel"):
            self.assertGreater(record.calls[call], 0, call)

    def test_a_server_that_tells_before_it_has_written_is_found_out(self) -> None:
        record = self.tortured(LATE_SERVER, CONTROL_KILLS, until_fault=True)
        print(f"seed {SEED}: found out by {record.faults[:3]}")
        self.assertEqual(record.broken, [], f"TORTURE_SEED={SEED}")
        self.assertNotEqual(record.faults, [], f"TORTURE_SEED={SEED}")


if __name__ == "__main__":
    unittest.main()
