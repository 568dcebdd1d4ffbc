"""What calls of JobService, and a watch, may be answered."""

from typing import Any, Iterator, Optional

from service_state import Allowed, BAD_DATA, CANCELLED, DATASET_CHANGED, Fault, INVALID, JOB_ENDED
from service_state import Job, JOB_QUEUED, NO_CHECKPOINT, OUT_OF_RANGE, PAUSED, QUEUED, RUNNING, ServiceState, allow
from trainyard.v1 import event_pb2, job_pb2
from trainyard_testing import model_of


class JobModel(ServiceState):
    def CreateJob(self, request: job_pb2.CreateJobRequest) -> Allowed:
        spec = request.job.spec
        faults = self.dataset_faults(spec.data.dataset)
        if abs(request.job.priority) > 1000 or spec.optimizer.learning_rate < 0 or len(request.request_id) > 64:
            faults.add(INVALID)
        asked = request.job.SerializeToString(deterministic=True)
        former = self.job_requests.get(request.request_id)
        if former is not None and former[0] in self.jobs:
            if former[1] != asked:
                return allow(lambda _: None, {("ALREADY_EXISTS", "REQUEST_ID_REUSED"), *(faults & {INVALID})})
            return allow(lambda answer: self._check_job(answer, former[0]))

        def take(answer: job_pb2.Job) -> None:
            assert answer.name not in self.jobs, "a job of this name is there"
            endless = spec.budget.steps > 1000
            self.jobs[answer.name] = Job(request.job, self.datasets[spec.data.dataset], endless)
            if request.request_id:
                self.job_requests[request.request_id] = (answer.name, asked)
            self._check_job(answer, answer.name)

        return allow(take, faults)

    def _check_job(self, answer: job_pb2.Job, name: str) -> None:
        job = self.jobs[name]
        assert answer.name == name and answer.model == model_of(name)
        assert answer.display_name == job.job.display_name and answer.labels == job.job.labels
        assert answer.priority == job.job.priority
        self._see(job, answer.state)
        if answer.newest_sequence:
            assert answer.newest_sequence >= job.newest, f"the newest event was {job.newest}"
            job.newest = answer.newest_sequence

    @staticmethod
    def _see(job: Job, state: int) -> None:
        names = ", ".join(event_pb2.State.Name(known) for known in sorted(job.states))
        assert state in job.states, f"{event_pb2.State.Name(state)}, must be one of {names}"
        job.states = {state}
        job.go_on()

    def GetJob(self, request: job_pb2.GetJobRequest) -> Allowed:
        return allow(lambda answer: self._check_job(answer, request.name), self.job_faults(request.name))

    def ListJobs(self, request: job_pb2.ListJobsRequest) -> Allowed:
        faults = self.page_faults(request)
        if request.filter and "=" not in request.filter:
            faults.add(INVALID)
        team = request.filter.removeprefix("labels.team = ") if request.filter else None
        wanted = [name for name, job in self.jobs.items() if team in (None, job.job.labels.get("team"))]

        def take(answers: list[job_pb2.Job]) -> None:
            assert [answer.name for answer in answers] == wanted[::-1], "not all jobs that match, newest first"
            for answer in answers:
                self._check_job(answer, answer.name)

        return allow(take, faults)

    def ListEvents(self, request: job_pb2.ListEventsRequest) -> Allowed:
        faults = self.job_faults(request.job)
        if not 0 <= request.page_size <= 1000:
            faults.add(INVALID)
        job = self.jobs.get(request.job)
        first = request.from_sequence if request.HasField("from_sequence") else 1
        if job is not None and first < 1:
            faults.add(OUT_OF_RANGE)
        possible = {OUT_OF_RANGE} if job is not None and first > job.newest + 1 else set()

        def take(answer: job_pb2.ListEventsResponse) -> None:
            numbers = [event.sequence for event in answer.events]
            assert numbers == list(range(first, first + len(numbers))), "a gap between events"
            assert len(numbers) <= (request.page_size or 100)
            assert answer.next_sequence == first + len(numbers)
            assert answer.newest_sequence >= job.newest, f"the newest event was {job.newest}"
            job.newest = answer.newest_sequence

        return allow(take, faults, possible)

    def GetMetrics(self, request: job_pb2.GetMetricsRequest) -> Allowed:
        faults = self.job_faults(request.job)
        points = request.max_points if request.HasField("max_points") else 2000
        if not 4 <= points <= 100_000:
            faults.add(INVALID)

        def take(answer: job_pb2.GetMetricsResponse) -> None:
            for series in answer.series:
                assert len(series.steps) == len(series.values) <= points
                assert list(series.steps) == sorted(set(series.steps)), "steps do not ascend"

        return allow(take, faults)

    def CancelJob(self, request: job_pb2.CancelJobRequest) -> Allowed:
        job, faults, possible = self._running_faults(request.name)

        def take(answer: job_pb2.Job) -> None:
            job.has_model |= {True, False}
            self._become(job, answer, CANCELLED)

        return allow(take, faults, possible)

    def _running_faults(self, name: str) -> tuple[Optional[Job], set[Fault], set[Fault]]:
        job, faults = self.jobs.get(name), self.job_faults(name)
        if job is not None and job.has_ended:
            faults.add(JOB_ENDED)
        return job, faults, {JOB_ENDED} if job is not None and job.may_have_ended else set()

    def _become(self, job: Job, answer: job_pb2.Job, state: int) -> None:
        job.states = {state}
        self._check_job(answer, answer.name)

    def PauseJob(self, request: job_pb2.PauseJobRequest) -> Allowed:
        job, faults, possible = self._running_faults(request.name)
        if job is not None and QUEUED in job.states:
            possible.add(JOB_QUEUED)
        return allow(lambda answer: self._become(job, answer, PAUSED), faults, possible)

    def ResumeJob(self, request: job_pb2.ResumeJobRequest) -> Allowed:
        job, faults, possible = self._running_faults(request.name)
        if job is not None and QUEUED in job.states:
            possible.add(JOB_QUEUED)
        return allow(lambda answer: self._become(job, answer, RUNNING), faults, possible)

    def UpdateJob(self, request: job_pb2.UpdateJobRequest) -> Allowed:
        job, faults, possible = self._running_faults(request.job.name)
        paths = list(request.update_mask.paths)
        if not paths or "state" in paths or abs(request.job.priority) > 1000 and "priority" in paths:
            faults.add(INVALID)
        if request.job.spec.optimizer.learning_rate < 0:
            faults.add(INVALID)

        def take(answer: job_pb2.Job) -> None:
            known = job_pb2.Job()
            known.CopyFrom(job.job)
            if "labels" in paths:
                known.ClearField("labels")
                known.labels.update(request.job.labels)
            for path in {"display_name", "priority"} & set(paths):
                setattr(known, path, getattr(request.job, path))
            job.job = known
            self._check_job(answer, answer.name)

        return allow(take, faults, possible)

    def ForkJob(self, request: job_pb2.ForkJobRequest) -> Allowed:
        source, faults = self.jobs.get(request.name), self.job_faults(request.name)
        possible: set[Fault] = set()
        if request.from_step < 0 or request.update_mask.paths:
            faults.add(INVALID)
        if source is not None:
            if False in source.has_model or QUEUED in source.states:
                possible |= {JOB_QUEUED, NO_CHECKPOINT}
            now = self.datasets.get(source.job.spec.data.dataset)
            if now is None:
                faults.add(("NOT_FOUND", "NO_SUCH_DATA_SET"))
            elif now.content != source.data.content:
                possible |= {DATASET_CHANGED, INVALID, BAD_DATA}

        def take(answer: job_pb2.Job) -> None:
            assert answer.name not in self.jobs, "a job of this name is there"
            assert answer.forked_from.job == request.name
            fork = job_pb2.Job(spec=source.job.spec, display_name=request.job.display_name)
            fork.forked_from.CopyFrom(answer.forked_from)
            self.jobs[answer.name] = Job(fork, source.data, source.endless)
            self._check_job(answer, answer.name)

        return allow(take, faults, possible)

    def VerifyJob(self, request: job_pb2.VerifyJobRequest) -> Allowed:
        job, faults = self.jobs.get(request.name), self.job_faults(request.name)
        if request.step_count < 0 or request.HasField("step_count") and request.step_count == 0:
            faults.add(INVALID)
        possible = set()
        now = None
        if job is not None:
            now = self.datasets.get(job.job.spec.data.dataset)
            if QUEUED in job.states:
                possible.add(JOB_QUEUED)
            if job.job.HasField("forked_from") and False in job.has_model:
                # What it began with went with its model.
                possible.add(NO_CHECKPOINT)
            if now is None:
                # Queued jobs need their data set.
                faults.add(("NOT_FOUND", "NO_SUCH_DATA_SET"))
            elif now.content != job.data.content:
                possible |= {DATASET_CHANGED, INVALID}

        def take(answer: job_pb2.VerifyJobResponse) -> None:
            if now.content == job.data.content:
                assert answer.identical, answer.difference
            assert answer.step_count <= request.step_count or not request.HasField("step_count")

        return allow(take, faults, possible)

    def DeleteJob(self, request: job_pb2.DeleteJobRequest) -> Allowed:
        job, faults = self.jobs.get(request.name), self.job_faults(request.name)
        possible: set[Fault] = set()
        if job is not None:
            self.add_deletion_faults(job, request.etag, faults, possible)

        def take(_: Any) -> None:
            del self.jobs[request.name]

        return allow(take, faults, possible)

    def Watch(self, request: Any) -> Allowed:
        """A watch of one job to its last event, from its first."""
        name = request.targets[0].job
        faults = self.job_faults(name)

        def take(events: Iterator[event_pb2.Event]) -> None:
            events = list(events)
            assert [event.sequence for event in events] == list(range(1, len(events) + 1)), "a gap between events"
            assert len(events) >= self.jobs[name].newest, f"the newest event was {self.jobs[name].newest}"
            self.jobs[name].newest = len(events)
            self._see(self.jobs[name], events[-1].state_changed.state)

        return allow(take, faults)
