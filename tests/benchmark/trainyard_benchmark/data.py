"""The data that both sides train on."""

from pathlib import Path

import numpy as np

FOLDER = Path(__file__).resolve().parents[2] / "data"

DOCUMENTS = 100_000
WORDS = 50_000
WORDS_A_DOCUMENT = 75


def read_csv(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Features, and classes from 0. The last column is the target."""
    rows = [line.split(",") for line in (FOLDER / f"{name}.csv").read_text().splitlines()[1:]]
    classes = {label: index for index, label in enumerate(dict.fromkeys(row[-1] for row in rows))}
    features = np.array([row[:-1] for row in rows], np.float32)
    return features, np.array([classes[row[-1]] for row in rows], np.int64)


def standardized(x: np.ndarray) -> np.ndarray:
    deviation = x.std(axis=0)
    return ((x - x.mean(axis=0)) / np.where(deviation > 0, deviation, 1)).astype(np.float32)


def pixels(rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Pictures of 28 x 28 bytes in 10 classes, each class around a picture of its own; and the classes, of which one in
    ten is wrong, so that nobody's numbers vanish."""
    source = np.random.default_rng(1)
    centres = source.integers(0, 128, (10, 784), np.uint8)
    classes = source.integers(0, 10, rows, np.uint8)
    x = source.integers(0, 128, (rows, 784), np.uint8) + centres[classes]
    wrong = source.random(rows) < 0.1
    return x, np.where(wrong, source.integers(0, 10, rows, np.uint8), classes)


def write_pixels(folder: Path, rows: int) -> list[Path]:
    """As two IDX files, as MNIST has them."""
    x, y = pixels(rows)
    images, labels = folder / f"images-{rows}", folder / f"labels-{rows}"
    images.write_bytes(np.array([0x803, rows, 28, 28], ">u4").tobytes() + x.tobytes())
    labels.write_bytes(np.array([0x801, rows], ">u4").tobytes() + y.tobytes())
    return [images, labels]


def documents() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """75 different words a row, ascending, of which a few are frequent; their values, rows of norm 1; and classes 0
    and 1, from a linear rule with one in twenty turned round."""
    source = np.random.default_rng(2)
    # One word from each of 75 ranges, the first of them narrow.
    edges = np.unique((WORDS * np.linspace(0, 1, WORDS_A_DOCUMENT + 1) ** 2.5).astype(np.int64) + np.arange(76))
    edges[-1] = WORDS
    width = np.diff(edges)
    words = edges[:-1] + (source.random((DOCUMENTS, WORDS_A_DOCUMENT)) * width).astype(np.int64)
    values = source.random((DOCUMENTS, WORDS_A_DOCUMENT), np.float32) + np.float32(0.1)
    values /= np.linalg.norm(values, axis=1, keepdims=True)
    rule = source.standard_normal(WORDS).astype(np.float32)
    positive = (values * rule[words]).sum(axis=1) > 0
    return words, values, (positive ^ (source.random(DOCUMENTS) < 0.05)).astype(np.int64)


def write_documents(folder: Path) -> Path:
    """As LIBSVM has them."""
    path = folder / "documents.libsvm"
    with path.open("w") as file:
        for row, numbers, positive in zip(*(part.tolist() for part in documents())):
            cells = " ".join([f"{word + 1}:{value:.6g}" for word, value in zip(row, numbers)])
            file.write(f"{2 * positive - 1} {cells}\n")
    return path


def write_table(path: Path, gigabytes: float, columns: int = 28) -> int:
    """A CSV file of numbers of about this size, and its rows. A block of some megabytes comes again and again."""
    source = np.random.default_rng(3)
    block = source.standard_normal((20_000, columns)) * 10.0 ** source.integers(-2, 4, columns)
    lines = "".join(",".join([f"{value:.6g}" for value in row]) + "\n" for row in block.tolist()).encode()
    repeats = max(1, round(gigabytes * 1e9 / len(lines)))
    with path.open("wb") as file:
        file.write(",".join(f"x{column}" for column in range(columns)).encode() + b"\n")
        for _ in range(repeats):
            file.write(lines)
    return repeats * len(block)
