#!/usr/bin/python3
"""/metrics counts what the server does, in Prometheus's format; the pages of the HTTP server are bounded."""

import http.client
import re
import shutil
import socket
import subprocess
import unittest
from pathlib import Path

import grpc


from scraping import Page, get, scrape, wait_until
from specs import ENDLESS, spec_of
from trainyard.v1 import job_pb2, model_pb2, optimizer_pb2, spec_pb2
from trainyard_testing import SANITIZED, SMALL_WINDOW, Client, Run, ServerTest

PREFIX = "trainyard.v1."
DOCKER = Path(__file__).resolve().parent.parent.parent / "docker"


class MetricsPageTest(ServerTest):
    flags = ("--http=127.0.0.1:0", "--workers=1")
    datasets = ("iris",)

    def page(self) -> Page:
        return scrape(self.server.http)

    def endless_job(self) -> str:
        job = self.client.create_job(spec_of("iris", budget=ENDLESS)).name
        self.client.follow_until(job, Run(), lambda run: run.steps > 0)
        return job

    def test_promtool_finds_no_fault(self) -> None:
        promtool = shutil.which("promtool")
        if promtool is None:
            self.skipTest("promtool is not installed: Debian's package prometheus has it")
        self.client.train(spec_of("iris", budget=spec_pb2.Budget(steps=10)))
        body = get(self.server.http, "/metrics").body
        checked = subprocess.run([promtool, "check", "metrics"], input=body, capture_output=True, text=True, timeout=60)
        self.assertEqual((checked.returncode, checked.stdout, checked.stderr), (0, "", ""))

    def test_promtool_finds_no_fault_in_the_files_for_prometheus(self) -> None:
        promtool = shutil.which("promtool")
        if promtool is None:
            self.skipTest("promtool is not installed: Debian's package prometheus has it")
        checked = subprocess.run([promtool, "check", "config", str(DOCKER / "prometheus.yml")], timeout=60)
        self.assertEqual(checked.returncode, 0)

    def test_the_alerts_ask_for_samples_that_the_page_has(self) -> None:
        names = {name for name, _ in self.page().samples}
        asked = set(re.findall(r"trainyard_\w+", (DOCKER / "alerts.yml").read_text()))
        self.assertEqual(asked - names, set())
        self.assertGreater(len(asked), 3)

    def test_every_family_has_a_help_a_type_and_the_name_of_its_unit(self) -> None:
        lines = get(self.server.http, "/metrics").body.splitlines()
        types = dict(line.split()[2:4] for line in lines if line.startswith("# TYPE"))
        helps = {line.split()[2] for line in lines if line.startswith("# HELP") and len(line.split()) > 3}
        self.assertEqual(set(types), helps)
        for name, kind in types.items():
            self.assertEqual(name.endswith("_total"), kind == "counter", name)
            if kind == "histogram":
                self.assertTrue(name.endswith("_seconds"), name)

    def test_steps_and_examples_are_those_that_jobs_have_computed(self) -> None:
        before = self.page()
        job = self.client.train(spec_of("iris", budget=spec_pb2.Budget(steps=250)))
        after = self.page()
        steps = after.value("trainyard_steps_total") - before.value("trainyard_steps_total")
        examples = after.value("trainyard_examples_total") - before.value("trainyard_examples_total")
        self.assertEqual((steps, examples), (250, job.progress.examples))

    # A job that is seen to have ended is counted as ended when its end is durable, which may be a sync later.

    def live_jobs(self) -> tuple[float, ...]:
        page = self.page()
        return tuple(page.value("trainyard_jobs", state=state) for state in ("queued", "running", "paused"))

    def await_live_jobs(self, *expected: int) -> None:
        wait_until(lambda: self.live_jobs() == expected)

    def test_jobs_are_counted_by_state(self) -> None:
        self.await_live_jobs(0, 0, 0)
        job = self.endless_job()
        self.assertEqual(self.live_jobs(), (0, 1, 0))
        self.client.pause_job(job)
        self.assertEqual(self.live_jobs(), (0, 0, 1))
        self.client.resume_job(job)
        self.assertEqual(self.live_jobs(), (0, 1, 0))
        self.client.cancel_job(job)
        self.await_live_jobs(0, 0, 0)

    def test_ended_jobs_are_counted_by_state_and_reason(self) -> None:
        kinds = (("succeeded", "steps"), ("cancelled", "cancelled"), ("failed", "divergence"))

        def ended() -> list[float]:
            self.await_live_jobs(0, 0, 0)
            page = self.page()
            return [page.value("trainyard_jobs_ended_total", state=state, reason=reason) for state, reason in kinds]

        before = ended()
        self.client.train(spec_of("iris", budget=spec_pb2.Budget(steps=5)))
        self.assertEqual(ended(), [before[0] + 1, before[1], before[2]])
        self.client.cancel_job(self.endless_job())
        self.assertEqual(ended(), [before[0] + 1, before[1] + 1, before[2]])
        self.client.train(spec_of("iris", optimizer=optimizer_pb2.Optimizer(learning_rate=1e38)))
        self.assertEqual(ended(), [before[0] + 1, before[1] + 1, before[2] + 1])

    def test_a_job_adds_a_queue_wait_and_its_checkpoints(self) -> None:
        before = self.page()
        self.client.train(
            spec_of(
                "iris", budget=spec_pb2.Budget(steps=100), checkpoints=spec_pb2.CheckpointPlan(every_steps=25)
            )
        )
        after = self.page()
        waits = "trainyard_queue_wait_seconds_count"
        self.assertEqual(after.value(waits), before.value(waits) + 1)
        saves = "trainyard_checkpoint_seconds_count"
        self.assertGreaterEqual(after.value(saves), before.value(saves) + 4)
        syncs = "trainyard_store_sync_seconds_count"
        self.assertGreater(after.value(syncs), before.value(syncs))

    def test_a_running_job_takes_memory(self) -> None:
        memory = "trainyard_job_memory_bytes"
        wait_until(lambda: self.page().value(memory) == 0)
        job = self.endless_job()
        self.assertGreater(self.page().value(memory), 0)
        self.client.cancel_job(job)
        wait_until(lambda: self.page().value(memory) == 0)

    def test_watchers_and_what_they_were_given_are_counted(self) -> None:
        before = self.page()
        job = self.client.train(spec_of("iris", budget=spec_pb2.Budget(steps=5)))
        events = len(self.client.follow(job.name).events)
        after = self.page()
        given = after.value("trainyard_watch_events_total") - before.value("trainyard_watch_events_total")
        self.assertEqual(given, 2 * events)  # train watches it once
        written = after.value("trainyard_watch_bytes_total") - before.value("trainyard_watch_bytes_total")
        self.assertGreater(written, 2 * sum(event.ByteSize() for event in self.client.follow(job.name).events))
        wait_until(lambda: self.page().value("trainyard_watchers") == 0)

    def test_a_watcher_that_reads_nothing_lags(self) -> None:
        with Client(self.server.address, SMALL_WINDOW) as slow:
            job = self.endless_job()
            stream = slow.stream(job)
            wait_until(lambda: self.page().value("trainyard_watch_lag_most_events") > 100)
            page = self.page()
            self.assertEqual(page.value("trainyard_watchers"), 1)
            self.assertGreater(page.value("trainyard_watch_lag_events"), 100)
            stream.cancel()
        wait_until(lambda: self.page().value("trainyard_watchers") == 0)
        self.assertEqual(self.page().value("trainyard_watch_lag_events"), 0)
        self.client.cancel_job(job)

    def test_bytes_of_uploads_and_exports_are_counted(self) -> None:
        before = self.page()
        content = b"a,y\n1,2\n3,4\n"
        self.client.upload(content, "counted")
        job = self.client.train(spec_of("iris", budget=spec_pb2.Budget(steps=5)))
        exported = self.client.export(job.model, model_pb2.EXPORT_FORMAT_NPZ)
        after = self.page()
        for name, size in (("upload", len(content)), ("export", len(exported))):
            name = f"trainyard_{name}_bytes_total"
            self.assertEqual(after.value(name) - before.value(name), size)

    def test_calls_are_counted_by_method_and_code(self) -> None:
        def calls(method: str, code: str) -> float:
            return self.page().value("trainyard_call_seconds_count", method=PREFIX + method, code=code)

        get_job = "JobService/GetJob"
        ok, not_found = calls(get_job, "OK"), calls(get_job, "NOT_FOUND")
        job = self.client.train(spec_of("iris", budget=spec_pb2.Budget(steps=5)))
        asked = calls(get_job, "OK")
        self.assertGreater(asked, ok)
        self.client.get_job(job.name)
        self.assertEqual(calls(get_job, "OK"), asked + 1)
        missing = job_pb2.GetJobRequest(name="jobs/" + "0" * 32)
        self.refused(grpc.StatusCode.NOT_FOUND, self.client.jobs.GetJob, missing)
        self.assertEqual(calls(get_job, "NOT_FOUND"), not_found + 1)
        self.assertGreater(calls("DatasetService/UploadData", "OK"), 0)
        self.assertEqual(calls("WatchService/Watch", "OK"), 0)

    def test_the_process_and_its_build_are_described(self) -> None:
        page = self.page()
        info = self.client.server_info()
        labels = {"version": info.version, "numeric_fingerprint": info.numeric_fingerprint}
        self.assertEqual(page.value("trainyard_build_info", **labels), 1)
        self.assertGreater(page.value("process_resident_memory_bytes"), 1 << 20)
        if not SANITIZED:  # a sanitizer's malloc does not count
            self.assertGreater(page.value("trainyard_allocated_bytes"), 1 << 20)
        self.assertLess(page.value("trainyard_allocated_bytes"), page.value("process_resident_memory_bytes"))
        self.assertGreater(page.value("process_open_fds"), 3)
        self.assertGreater(page.value("process_cpu_seconds_total"), 0)
        self.assertGreater(page.value("trainyard_store_free_bytes"), 0)
        self.assertEqual(page.value("trainyard_ready"), 1)


class HttpTest(ServerTest):
    flags = ("--http=127.0.0.1:0",)

    def test_other_paths_and_methods_are_refused(self) -> None:
        self.assertEqual(get(self.server.http, "/").status, 404)
        self.assertEqual(get(self.server.http, "/metrics/").status, 404)
        answer = get(self.server.http, "/metrics", "DELETE")
        self.assertEqual((answer.status, answer.headers["Allow"]), (405, "GET, HEAD"))

    def test_the_head_of_an_answer_comes_without_its_body(self) -> None:
        answer = get(self.server.http, "/live", "HEAD")
        self.assertEqual((answer.status, answer.headers["Content-Length"], answer.body), (200, "5", ""))

    def test_a_query_is_no_part_of_the_path(self) -> None:
        self.assertEqual(get(self.server.http, "/live?a=b").status, 200)

    def test_a_connection_serves_several_requests(self) -> None:
        connection = http.client.HTTPConnection(self.server.http, timeout=30)
        for _ in range(3):
            connection.request("GET", "/live")
            self.assertEqual(connection.getresponse().read(), b"live\n")
        connection.close()

    def test_a_long_head_and_a_body_are_refused(self) -> None:
        self.assertEqual(get(self.server.http, "/live", headers={"X-Long": "x" * 20_000}).status, 431)
        self.assertEqual(get(self.server.http, "/live", "POST", body=b"x").status, 413)

    def test_what_is_not_http_is_refused(self) -> None:
        host, port = self.server.http.split(":")
        with socket.create_connection((host, int(port)), timeout=30) as connection:
            connection.sendall(b"\x16\x03\x01\x02\x00 not HTTP\r\n\r\n")
            self.assertTrue(connection.recv(100).startswith(b"HTTP/1.1 400 "))

    def test_connections_beyond_the_limit_are_closed_and_the_others_served(self) -> None:
        host, port = self.server.http.split(":")
        idle = [socket.create_connection((host, int(port)), timeout=30) for _ in range(64)]
        with socket.create_connection((host, int(port)), timeout=30) as another:
            self.assertEqual(another.recv(1), b"")
        for connection in idle:
            connection.close()
        wait_until(lambda: self.answers("/live"))

    def answers(self, path: str) -> bool:
        try:
            return get(self.server.http, path).status == 200
        except (http.client.HTTPException, OSError):
            return False


if __name__ == "__main__":
    unittest.main()
