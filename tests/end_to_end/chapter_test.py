"""Each row of the chapter's table (core/README.md) through the command line: what it names trains, or is refused as it says."""

import json
import subprocess
import tempfile
import unittest

import trainyard_testing
from trainyard_testing import ServerTest, program

COMMON = "--epochs 3 --batch-size 16 --seed 1"
ON_IRIS = "--dataset iris --validation 0.3 " + COMMON
ON_CANCER = "--dataset breast-cancer --validation 0.3 " + COMMON
ON_DIABETES = "--dataset diabetes --validation 0.3 --learning-rate 0.0001 " + COMMON
EPOCH = "--set optimizer.schedule.{}.length.epochs=1"

# By heading, what is trained.
TRAINED = {
    "surrogate losses of two classes": [
        f"{ON_CANCER} --learning-rate 0.0001 --init zero_weights --loss {loss}"
        for loss in (
            "logistic",
            "hinge",
            "squared_hinge",
            "smoothed_hinge",
            "exponential",
            "perceptron",
            "squared_margin",
        )
    ],
    "surrogate losses of more classes": [f"{ON_IRIS} --loss {loss}" for loss in ("softmax", "multiclass_hinge")],
    "losses of numbers": [
        f"{ON_DIABETES} --init zero_weights --loss {loss}" for loss in ("squared", "absolute", "huber", "poisson")
    ]
    + [
        f"{ON_DIABETES} --loss huber --set loss.huber.delta=2",
        f"{ON_DIABETES} --loss quantile --set loss.quantile.quantile=0.95",
    ],
    "true losses": [
        f"{ON_IRIS} --metrics accuracy,zero_one_error,log_loss,top_k_accuracy,macro_f1,auc --top-k 2 --confusion-matrix",
        f"{ON_DIABETES} --metrics rmse,mae,r2",
    ],
    "early stopping": [
        f"{ON_IRIS} --patience 2",
        f"{ON_IRIS} --patience 2 --set early_stopping.metric=auc --set early_stopping.moving_average=2",
        f"{ON_IRIS} --patience 2 --set early_stopping.min_change=0.01 --set early_stopping.keep=last",
    ],
    "stopping at a goal": [
        f"{ON_IRIS} --set budget.target_metric.metric=accuracy --set budget.target_metric.value=0.5",
    ],
    "batch, minibatch, online": [f"--dataset iris --epochs 1 --batch-size {size}" for size in ("all", "32", "1")],
    "picking minibatches": [
        f"{ON_IRIS} --order {order}" for order in ("permutation", "shuffled_once", "with_replacement", "in_order")
    ]
    + [f"{ON_IRIS} --order windowed --set minibatches.windowed.rows=30", f"{ON_IRIS} --drop-last"],
    "weights of classes": [f"{ON_IRIS} --class-weights balanced", f"{ON_IRIS} --class-weights setosa=2"],
    "clipping": [
        f"{ON_IRIS} --clip-norm 0.1",
        f"{ON_IRIS} --set optimizer.clipping.value.limit=0.1",
        f"{ON_IRIS} --set optimizer.clipping.layer_norm.max_norm=0.1",
    ],
    "divergence": [
        f"{ON_IRIS} --optimizer sgd --learning-rate 1e39 --set divergence.roll_back.factor=1e-20",
    ],
    "gradient descent, momentum, Nesterov momentum": [
        f"{ON_IRIS} --optimizer sgd",
        f"{ON_IRIS} --optimizer momentum --momentum 0.5",
        f"{ON_IRIS} --optimizer nesterov --momentum 0.5",
    ],
    "learning rate decay": [
        f"{ON_IRIS} --schedule constant",
        f"{ON_IRIS} --schedule linear --final-learning-rate 0.001 --tau-epochs 2",
        f"{ON_IRIS} --schedule step {EPOCH.format('step')}",
        f"{ON_IRIS} --schedule exponential {EPOCH.format('exponential')}",
        f"{ON_IRIS} --schedule inverse --set optimizer.schedule.inverse.power=0.5",
        f"{ON_IRIS} --schedule cosine",
        f"{ON_IRIS} --schedule cosine --warm-up 5",
        f"{ON_IRIS} --schedule reduce_on_plateau --set optimizer.schedule.reduce_on_plateau.patience=1",
    ],
    "momentum over time": [
        f"{ON_IRIS} --optimizer nesterov --set optimizer.nesterov.schedule.ramp.length.epochs=2",
        f"{ON_IRIS} --optimizer momentum --momentum 0.99 --set optimizer.momentum.schedule.steps.values=0.5,0.9"
        " --set optimizer.momentum.schedule.steps.length.epochs=1",
    ],
    "penalties and decay": [f"{ON_IRIS} --l2 0.01 --l1 0.001", f"{ON_IRIS} --weight-decay 0.01"],
    "initialisation of weights": [
        f"{ON_IRIS} --hidden 8 --init {init}"
        for init in (
            "uniform_fan_in",
            "glorot_uniform",
            "glorot_normal",
            "he_normal",
            "gaussian",
            "uniform",
            "orthogonal",
            "sparse",
        )
    ],
    "initialisation of biases": [
        f"{ON_IRIS} --hidden 8 --biases constant",
        f"{ON_IRIS} --hidden 8 --output-biases marginal --output-weights zero",
    ],
    "hidden units": [
        f"{ON_IRIS} --hidden 8 --activation {activation}"
        for activation in ("identity", "relu", "tanh", "leaky_relu", "sigmoid", "softplus")
    ]
    + [f"{ON_IRIS} --set network.hidden[0].maxout.units=4"],
}

# By heading, what is refused, and a part of the reason.
REFUSED = {
    "the true loss is not trained on": (f"{ON_CANCER} --loss zero_one", "derivative"),
    "breaking symmetry": (f"{ON_IRIS} --hidden 8 --init zero_weights", "initialization.zero_weights"),
}


class ChapterTest(ServerTest):
    datasets = ("iris", "breast_cancer", "diabetes")

    def train(self, flags: str) -> subprocess.CompletedProcess:
        command = [program("trainyard"), "--server", self.server.address, "--output", "json", "train", *flags.split()]
        return subprocess.run([*command, "--watch"], capture_output=True, text=True, timeout=60)

    def test_what_the_table_names_trains(self) -> None:
        for heading, rows in TRAINED.items():
            for flags in rows:
                with self.subTest(heading, flags=flags):
                    done = self.train(flags)
                    self.assertEqual(done.returncode, 0, done.stderr)
                    self.assertEqual(json.loads(done.stdout.splitlines()[-1])["state"], "STATE_SUCCEEDED")

    def test_what_the_table_refuses_is_refused_with_the_reason(self) -> None:
        for heading, (flags, reason) in REFUSED.items():
            with self.subTest(heading):
                done = self.train(flags)
                self.assertEqual(done.returncode, 4)
                self.assertIn(reason, done.stderr)

    def test_a_model_is_where_another_run_may_begin(self) -> None:
        first = self.train(f"{ON_IRIS} --hidden 8")
        model = json.loads(first.stdout.splitlines()[-1])["model"]
        self.assertEqual(self.train(f"{ON_IRIS} --hidden 8 --warm-start {model}").returncode, 0)

    def upload(self, name: str, content: str, *flags: str) -> None:
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write(content)
            file.flush()
            command = [program("trainyard"), "--server", self.server.address, "dataset", "upload", file.name]
            done = subprocess.run([*command, "--name", name, *flags], capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_sparse_data_and_wide_categories_train_by_sparse_steps(self) -> None:
        words = [(row * 37 % 2000 + 1, row % 2) for row in range(200)]
        self.upload("words", "".join(f"{label} {index}:1\n" for index, label in words), "--format", "libsvm")
        names = "name,y\n" + "".join(f"n{index},c{label}\n" for index, label in words * 5)
        self.upload("names", names, "--target", "y", "--format", "csv")
        for dataset in ("words", "names"):
            for flags in ("--optimizer sgd", "--optimizer momentum --l2 0.01", "--schedule exponential --momentum 0.5"):
                with self.subTest(dataset, flags=flags):
                    done = self.train(f"--dataset {dataset} {COMMON} {flags}")
                    self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_schedule_and_a_job_can_be_looked_at_before_they_run(self) -> None:
        for look in ("--preview-schedule", "--check"):
            command = [program("trainyard"), "--server", self.server.address, "train", *ON_IRIS.split(), look]
            done = subprocess.run(command, capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertNotEqual(done.stdout, "")


if __name__ == "__main__":
    unittest.main()
