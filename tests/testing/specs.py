"""Jobs that end-to-end tests submit."""

from trainyard.v1 import spec_pb2

ENDLESS = spec_pb2.Budget(steps=10**12)


def dense(units: int, activation: str = "relu") -> spec_pb2.Layer:
    layer = spec_pb2.Layer(dense=spec_pb2.Dense(units=units))
    getattr(layer.dense.activation, activation).SetInParent()
    return layer


def spec_of(dataset: str, **fields: object) -> spec_pb2.JobSpec:
    data = fields.pop("data", {})
    return spec_pb2.JobSpec(data=spec_pb2.TrainingData(dataset=f"datasets/{dataset}", **data), **fields)
