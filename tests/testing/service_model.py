"""A simple model of the service, as one client sees it that makes a call after the other.

Each method of the service is one here, of the same name: what a request may be answered now. A new one needs a line in
stateful_calls.py, which draws requests, as well.
"""

from typing import Any

from dataset_model import DatasetModel
from job_model import JobModel
from model_model import ModelModel
from service_state import JOB_ACTIVE, JOB_ENDED, JOB_QUEUED, Allowed, Fault
from trainyard_testing import TERMINAL_STATES


class ServiceModel(DatasetModel, JobModel, ModelModel):
    def allowed(self, method: str, request: Any) -> Allowed:
        for job in self.jobs.values():
            job.go_on()
        return getattr(self, method)(request)

    def learn_fault(self, request: Any, fault: Fault) -> None:
        job = self.jobs.get(getattr(request, "name", ""))
        if job is None:
            return
        if fault == JOB_ENDED:
            job.states &= set(TERMINAL_STATES)
        if fault in (JOB_ACTIVE, JOB_QUEUED):
            job.states -= set(TERMINAL_STATES)
