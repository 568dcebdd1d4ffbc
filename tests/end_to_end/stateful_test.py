#!/usr/bin/python3
"""The service behaves as a simple model of it: random calls, one after the other, are answered as the model says.

STATEFUL_CALLS and STATEFUL_SEED choose how many and which. Where one is answered otherwise, the seed and a shortened
list of calls are told.
"""

import os
import random
import time
import unittest
from collections import Counter

import grpc

from service_model import ServiceModel
from stateful_calls import Call, Caller, answer_of
from trainyard_testing import Client, Server, refusal_of

CALLS = int(os.environ.get("STATEFUL_CALLS", "2000"))
SEED = int(os.environ.get("STATEFUL_SEED", random.SystemRandom().randrange(10**6)))

# A sequence on one server.
CALLS_A_SERVER = 2000
SHORTENING_SECONDS = 60

# Answers that name what comes up later.
NAMING = ("CreateUpload", "CreateJob")


def make(client: Client, model: ServiceModel, call: Call) -> tuple[str, str]:
    """Makes the call and tells its outcome, and the name in the answer. AssertionError: the model does not allow it."""
    allowed = model.allowed(call.method, call.request)
    try:
        answer = answer_of(client, call)
    except grpc.RpcError as error:
        refusal = refusal_of(error)
        fault = (refusal.code.name, refusal.reason)
        if fault not in allowed.faults:
            expected = sorted(allowed.faults) or "an answer"
            raise AssertionError(f"{call}: {refusal.code.name} {refusal.reason} {refusal.message}, must be {expected}")
        model.learn_fault(call.request, fault)
        return refusal.reason, ""
    if allowed.take is None:
        raise AssertionError(f"{call}: answered, must be {sorted(allowed.faults)}")
    try:
        allowed.take(answer)
    except AssertionError as error:
        raise AssertionError(f"{call}: {error}\n{answer}") from error
    return "OK", answer.name if call.method in NAMING else ""


class Failure(Exception):
    pass


def run(seed: int, count: int) -> Counter:
    """Outcomes of `count` calls. Failure tells of the first that the model does not allow, and of those before it."""
    model = ServiceModel()
    caller = Caller(seed, model)
    made: list[tuple[Call, str]] = []
    outcomes: Counter = Counter()
    with Server() as server, Client(server.address) as client:
        for _ in range(count):
            call = caller.draw()
            try:
                outcome, name = make(client, model, call)
            except AssertionError as error:
                raise Failure(f"STATEFUL_SEED={seed}: {error}\n{shortened([*made, (call, '')])}") from error
            made.append((call, name))
            outcomes[call.method, outcome] += 1
    return outcomes


def fails(made: list[tuple[Call, str]]) -> bool:
    """Whether these calls, made anew, end with one that the model does not allow."""
    model = ServiceModel()
    names: dict[str, str] = {}
    with Server() as server, Client(server.address) as client:
        for call, old in made:
            try:
                _, new = make(client, model, call.renamed(names))
            except AssertionError:
                return True
            if old and new:
                names[old.split("/")[1]] = new.split("/")[1]
    return False


def shortened(made: list[tuple[Call, str]]) -> str:
    """The calls, without those that the fault does not need, as far as that is found in time."""
    until = time.monotonic() + SHORTENING_SECONDS
    size = len(made) // 2
    while size > 0 and time.monotonic() < until:
        begin = 0
        while begin < len(made) - 1 and time.monotonic() < until:
            fewer = [*made[:begin], *made[min(begin + size, len(made) - 1) :]]
            if fails(fewer):
                made = fewer
            else:
                begin += size
        size //= 2
    return "\n".join(str(call) for call, _ in made)


class StatefulTest(unittest.TestCase):
    def test_every_call_is_answered_as_the_model_of_the_service_says(self) -> None:
        outcomes: Counter = Counter()
        for i in range(0, CALLS, CALLS_A_SERVER):
            outcomes += run(SEED + i, min(CALLS_A_SERVER, CALLS - i))
        for (method, outcome), count in sorted(outcomes.items()):
            print(f"{method:16} {outcome:20} {count}")
        answered = {method for method, outcome in outcomes if outcome == "OK"}
        drawn = {method for method, _ in outcomes}
        self.assertGreaterEqual(len(drawn), 25)
        # Of few calls a method may have had bad arguments each time.
        never = drawn - answered
        self.assertLessEqual(len(never), 0 if CALLS >= 20_000 else 3, f"never answered: {never}")


if __name__ == "__main__":
    unittest.main()
