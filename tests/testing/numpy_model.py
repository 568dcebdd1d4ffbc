"""What NumPy makes of an exported model and its description."""

import json

import numpy as np

from tables import Cell
from trainyard.v1 import dataset_pb2, model_pb2, spec_pb2

NUMPY_TYPES = {"F32": np.float32, "F64": np.float64}


def encode(model: model_pb2.Model, columns: list[str], rows: list[list[Cell]]) -> np.ndarray:
    """The network's inputs, as Model.features describes them."""
    inputs = []
    for feature in model.features:
        cells = [row[columns.index(feature.column)] for row in rows]
        if feature.type == dataset_pb2.COLUMN_TYPE_NUMERIC:
            numbers = np.array([feature.missing_value if cell is None else cell for cell in cells], np.float64)
            inputs.append(((numbers - feature.offset) * feature.scale)[:, None])
            continue
        width = max(len(feature.categories), feature.missing_category + 1)
        one_hot = np.zeros((len(rows), width))
        for i, cell in enumerate(cells):
            if cell is None:
                one_hot[i, feature.missing_category] = 1
            elif cell in feature.categories:
                one_hot[i, list(feature.categories).index(cell)] = 1
        inputs.append(one_hot)
    return np.hstack(inputs)


def activate(layer: spec_pb2.Layer, z: np.ndarray) -> np.ndarray:
    if layer.HasField("maxout"):
        return z.reshape(len(z), layer.maxout.units, layer.maxout.pieces).max(axis=2)
    activation = layer.dense.activation
    return {
        "identity": lambda: z,
        "relu": lambda: np.maximum(z, 0),
        "tanh": lambda: np.tanh(z),
        "leaky_relu": lambda: np.where(z > 0, z, activation.leaky_relu.slope * z),
        "sigmoid": lambda: 1 / (1 + np.exp(-z)),
        "softplus": lambda: np.logaddexp(0, z),
    }[activation.WhichOneof("kind")]()


def forward(model: model_pb2.Model, tensors: dict[str, np.ndarray], inputs: np.ndarray) -> np.ndarray:
    real = next(iter(tensors.values())).dtype
    x = inputs.astype(real).astype(np.float64)
    for i in range(len(model.network.hidden) + 1):
        x = x @ tensors[f"layers.{i}.weight"].astype(np.float64) + tensors[f"layers.{i}.bias"].astype(np.float64)
        if i < len(model.network.hidden):
            x = activate(model.network.hidden[i], x)
    return x


def scores_of(model: model_pb2.Model, outputs: np.ndarray) -> np.ndarray:
    """In the order of the classes."""
    if not model.target.positive_class:
        return outputs
    sign = np.where(np.array(model.target.classes) == model.target.positive_class, 1, -1)
    return outputs * sign


def probabilities_of(model: model_pb2.Model, outputs: np.ndarray) -> np.ndarray:
    """In the order of the classes."""
    if model.loss.WhichOneof("kind") == "softmax_cross_entropy":
        shares = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        return shares / shares.sum(axis=1, keepdims=True)
    return 1 / (1 + np.exp(-scores_of(model, outputs)))


def read_safetensors(content: bytes) -> tuple[dict[str, str], dict[str, np.ndarray]]:
    size = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + size])
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        data = content[8 + size + begin : 8 + size + end]
        tensors[name] = np.frombuffer(data, NUMPY_TYPES[entry["dtype"]]).reshape(entry["shape"])
    return metadata, tensors
