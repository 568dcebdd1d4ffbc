"""What tests of the operator's pages share: a page as a program that scrapes it sees it."""

import http.client
import time
from dataclasses import dataclass
from typing import Callable

from prometheus_client.parser import text_string_to_metric_families

PATIENCE_SECONDS = 30


@dataclass
class Answer:
    status: int
    body: str
    headers: dict[str, str]


def get(address: str, path: str, method: str = "GET", **fields: object) -> Answer:
    connection = http.client.HTTPConnection(address, timeout=PATIENCE_SECONDS)
    try:
        connection.request(method, path, **fields)
        response = connection.getresponse()
        return Answer(response.status, response.read().decode(), dict(response.getheaders()))
    finally:
        connection.close()


@dataclass
class Page:
    """Samples by name and labels."""

    samples: dict[tuple[str, frozenset[tuple[str, str]]], float]

    def value(self, name: str, **labels: str) -> float:
        """0 where there is no such sample yet."""
        return self.samples.get((name, frozenset(labels.items())), 0.0)


def scrape(address: str) -> Page:
    answer = get(address, "/metrics")
    assert answer.status == 200, answer
    families = text_string_to_metric_families(answer.body)
    samples = [sample for family in families for sample in family.samples]
    return Page({(sample.name, frozenset(sample.labels.items())): sample.value for sample in samples})


def wait_until(reached: Callable[[], bool], patience_seconds: float = PATIENCE_SECONDS) -> None:
    deadline = time.monotonic() + patience_seconds
    while not reached():
        if time.monotonic() > deadline:
            raise AssertionError("it did not come to pass")
        time.sleep(0.02)
