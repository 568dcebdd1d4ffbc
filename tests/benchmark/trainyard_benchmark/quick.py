from trainyard_benchmark.bench import Bench


def guard(bench: Bench) -> int:
    return 0
