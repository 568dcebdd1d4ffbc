#!/usr/bin/python3
"""Many watchers at once: each sees all of it; who never reads, and who comes and goes, takes nothing from the others."""

import threading
import unittest
from concurrent.futures import ThreadPoolExecutor

import grpc

import raw_http2
import trainyard_testing
from hostile import Memory, expect_growth_below
from restarting import RestartTest
from scraping import scrape, wait_until
from trainyard.v1 import event_pb2, watch_pb2
from trainyard_testing import SMALL_WINDOW, Client, Run, ServerTest
from watching import endless_spec, events_of, iris_spec, is_terminal

CROWD = 100
STREAMS_OF_A_CLIENT = 25
NEVER_READ = 10
DROPPED = 200

# More than what a connection with small windows holds in its buffers.
LONG_STEPS = 400_000

# Of the server's memory, with the job. A copy of the log for each that does not read would be 128 MB.
MOST_GROWTH_BYTES = 64 << 20


class CrowdTest(ServerTest):
    flags = ("--http=127.0.0.1:0",)
    datasets = ("iris",)

    def crowd(self) -> list[Client]:
        """A client for each watcher, some on a connection."""
        clients = [self.enterContext(Client(self.server.address)) for _ in range(CROWD // STREAMS_OF_A_CLIENT)]
        return clients * STREAMS_OF_A_CLIENT

    def follow_all(self, job: str) -> list[Run]:
        """Each watcher's whole run, which must be without gap and repeat."""
        with ThreadPoolExecutor(CROWD) as threads:
            return list(threads.map(lambda client: client.follow(job), self.crowd()))

    def test_a_hundred_who_watch_at_once_see_the_same_without_gap_or_repeat_to_the_end(self) -> None:
        job = self.client.create_job(iris_spec(20_000)).name
        runs = self.follow_all(job)
        self.assertTrue(is_terminal(runs[0].events[-1]))
        for run in runs[1:]:
            self.assertEqual(run.events, runs[0].events)

    def test_those_who_never_read_take_nothing_from_the_others(self) -> None:
        with Memory(self.server.process.pid) as memory:
            job = self.client.create_job(iris_spec(LONG_STEPS)).name
            stalled = [self.enterContext(Client(self.server.address, SMALL_WINDOW)) for _ in range(NEVER_READ)]
            streams = [client.stream(job) for client in stalled]
            for stream in streams:
                next(stream)
            seen = self.client.follow(job)
            growth = memory.growth()
        with ThreadPoolExecutor(CROWD) as threads:
            counts = list(threads.map(lambda client: len(events_of(client.stream(job))), self.crowd()))
        self.assertEqual(seen.terminal.state, event_pb2.STATE_SUCCEEDED)
        self.assertEqual(seen.steps, LONG_STEPS)
        self.assertEqual(counts, [len(seen.events)] * CROWD)
        self.assertEqual(self.client.server_info().watchers, NEVER_READ)
        self.assertGreater(scrape(self.server.http).value("trainyard_watch_lag_most_events"), 0)
        expect_growth_below(self, growth, MOST_GROWTH_BYTES)
        for stream in streams:
            stream.cancel()

    def test_those_who_connect_and_drop_leave_nothing_behind(self) -> None:
        job = self.client.create_job(endless_spec()).name
        self.client.follow_until(job, Run(), lambda run: run.steps > 0)
        request = watch_pb2.WatchRequest(targets=[watch_pb2.WatchTarget(job=job)]).SerializeToString()
        message = b"\x00" + len(request).to_bytes(4, "big") + request
        opening = (
            raw_http2.PREFACE
            + raw_http2.frame(raw_http2.SETTINGS, 0, 0)
            + raw_http2.frame(
                raw_http2.HEADERS, raw_http2.END_HEADERS, 1, raw_http2.call_headers(b"/trainyard.v1.WatchService/Watch")
            )
            + raw_http2.frame(raw_http2.DATA, raw_http2.END_STREAM, 1, message)
        )

        def watch_and_drop(index: int) -> None:
            with raw_http2.Connection(self.server.address) as connection:
                connection.send(opening)
                if index % 2 == 0:
                    connection.read_some()

        files = self.server.open_files()
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(watch_and_drop, range(DROPPED)))
        wait_until(lambda: self.client.server_info().watchers == 0)
        wait_until(lambda: self.server.open_files() <= files)
        self.client.cancel_job(job)
        self.assertEqual(self.client.follow(job).terminal.state, event_pb2.STATE_CANCELLED)


class DrainTest(RestartTest):
    def test_all_who_watch_are_told_the_number_that_comes_next(self) -> None:
        server, client = self.start()
        client.upload_csv(trainyard_testing.DATA / "iris.csv", "iris")
        job = client.create_job(endless_spec()).name
        client.follow_until(job, Run(), lambda run: run.steps > 0)
        client.pause_job(job)
        clients = [self.enterContext(Client(server.address)) for _ in range(CROWD // STREAMS_OF_A_CLIENT)]
        caught_up = threading.Barrier(CROWD + 1)

        def watch(watcher: Client) -> tuple[Run, trainyard_testing.Refusal]:
            run = Run()
            behind = True
            with self.assertRaises(grpc.RpcError) as raised:
                for response in watcher.stream(job):
                    for event in response.events:
                        run.add(event)
                    if behind and response.HasField("heartbeat"):
                        behind = False
                        caught_up.wait()
            return run, trainyard_testing.refusal_of(raised.exception)

        with ThreadPoolExecutor(CROWD) as threads:
            watches = [threads.submit(watch, watcher) for watcher in clients * STREAMS_OF_A_CLIENT]
            caught_up.wait()
            server.process.terminate()
            told = [watching.result() for watching in watches]
        for run, refusal in told:
            self.assertEqual((refusal.code, refusal.reason), (grpc.StatusCode.UNAVAILABLE, "DRAINING"))
            self.assertEqual(refusal.metadata, {job: str(run.next_sequence)})
        self.assertEqual(server.process.wait(30), 0)

        _, client = self.start()
        client.resume_job(job)
        run, _ = told[0]
        client.follow_until(job, run, lambda run: run.states()[-1] == "STATE_RUNNING")


if __name__ == "__main__":
    unittest.main()
