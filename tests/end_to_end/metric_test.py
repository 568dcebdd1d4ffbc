#!/usr/bin/python3
"""What is measured, beside scikit-learn on the same predictions; weights of classes."""

import json
import subprocess
import unittest
from typing import Optional

import numpy as np
from sklearn import metrics as sklearn_metrics

from specs import dense, spec_of
from trainyard.v1 import dataset_pb2, event_pb2, job_pb2, loss_pb2, metric_pb2, model_pb2, optimizer_pb2, spec_pb2
from trainyard_testing import DATA, ServerTest, program, values_of

FOR_CLASSES = [
    metric_pb2.METRIC_LOSS,
    metric_pb2.METRIC_ACCURACY,
    metric_pb2.METRIC_ZERO_ONE_ERROR,
    metric_pb2.METRIC_LOG_LOSS,
    metric_pb2.METRIC_TOP_K_ACCURACY,
    metric_pb2.METRIC_MACRO_F1,
    metric_pb2.METRIC_AUC,
]
FOR_NUMBERS = [metric_pb2.METRIC_LOSS, metric_pb2.METRIC_RMSE, metric_pb2.METRIC_MAE, metric_pb2.METRIC_R2]


def targets_of(data: str) -> list[str]:
    """The last column."""
    return [line.rsplit(",", 1)[1] for line in (DATA / f"{data}.csv").read_text(encoding="utf-8").splitlines()[1:]]


def given(**weights: float) -> loss_pb2.ClassWeights:
    return loss_pb2.ClassWeights(given=loss_pb2.GivenClassWeights(weights=weights))


def balanced() -> loss_pb2.ClassWeights:
    return loss_pb2.ClassWeights(balanced=loss_pb2.BalancedClasses())


class MetricTest(ServerTest):
    datasets = ("iris", "breast_cancer", "digits", "diabetes")

    def train(self, dataset: str, steps: int = 60, **fields: object) -> job_pb2.Job:
        fields.setdefault("precision", spec_pb2.PRECISION_F64)
        job = self.client.train(spec_of(dataset, budget=spec_pb2.Budget(steps=steps), **fields))
        self.assertEqual(job.state, event_pb2.STATE_SUCCEEDED)
        return job

    def evaluate(self, job: job_pb2.Job, dataset: str, **fields: object) -> model_pb2.EvaluateResponse:
        return self.client.models.Evaluate(
            model_pb2.EvaluateRequest(model=job.model, dataset=f"datasets/{dataset}", **fields)
        )

    # ---- Beside scikit-learn

    def compare_classes(self, data: str, job: job_pb2.Job, top_k: int) -> None:
        dataset = data.replace("_", "-")
        answer = self.client.predict_dataset(job.model, dataset)
        classes = list(answer.classes)
        truth = np.array([classes.index(name) for name in targets_of(data)])
        p = np.array([prediction.probabilities for prediction in answer.predictions])
        predicted = p.argmax(axis=1)
        score = p[:, 1] if len(classes) == 2 else p
        labels = range(len(classes))
        expected = {
            metric_pb2.METRIC_ACCURACY: sklearn_metrics.accuracy_score(truth, predicted),
            metric_pb2.METRIC_ZERO_ONE_ERROR: sklearn_metrics.zero_one_loss(truth, predicted),
            metric_pb2.METRIC_LOG_LOSS: sklearn_metrics.log_loss(truth, p, labels=labels),
            metric_pb2.METRIC_TOP_K_ACCURACY: sklearn_metrics.top_k_accuracy_score(
                truth, score, k=top_k, labels=labels
            ),
            metric_pb2.METRIC_MACRO_F1: sklearn_metrics.f1_score(truth, predicted, average="macro"),
            metric_pb2.METRIC_AUC: sklearn_metrics.roc_auc_score(truth, score, multi_class="ovr", average="macro"),
        }
        measured = self.evaluate(job, dataset, top_k=top_k, confusion_matrix=True)
        told = values_of(measured.values)
        for metric, value in expected.items():
            self.assertAlmostEqual(told[metric], value, delta=1e-12, msg=metric_pb2.Metric.Name(metric))
        matrix = sklearn_metrics.confusion_matrix(truth, predicted, labels=labels)
        self.assertEqual(list(measured.confusion_matrix.counts), matrix.ravel().tolist())
        np.testing.assert_allclose(
            measured.confusion_matrix.class_accuracy, matrix.diagonal() / matrix.sum(axis=1), rtol=1e-15
        )

    def test_two_classes_with_logistic_loss(self) -> None:
        job = self.train("breast-cancer", steps=10, loss=loss_pb2.Loss(logistic=loss_pb2.Logistic()))
        self.compare_classes("breast_cancer", job, top_k=1)

    def test_two_classes_with_softmax(self) -> None:
        job = self.train("breast-cancer", steps=10, network=spec_pb2.Network(hidden=[dense(6)]))
        self.compare_classes("breast_cancer", job, top_k=1)

    def test_three_and_ten_classes(self) -> None:
        self.compare_classes("iris", self.train("iris", steps=8), top_k=2)
        for top_k in (1, 3, 5):
            self.compare_classes("digits", self.train("digits", steps=15), top_k=top_k)

    def test_single_precision(self) -> None:
        self.compare_classes("digits", self.train("digits", steps=15, precision=spec_pb2.PRECISION_F32), top_k=2)

    def test_numbers(self) -> None:
        job = self.train("diabetes", steps=200, optimizer=optimizer_pb2.Optimizer(learning_rate=0.002))
        answer = self.client.predict_dataset(job.model, "diabetes")
        predicted = np.array([prediction.value for prediction in answer.predictions])
        truth = np.array([float(cell) for cell in targets_of("diabetes")])
        told = values_of(self.evaluate(job, "diabetes").values)
        expected = {
            metric_pb2.METRIC_RMSE: sklearn_metrics.mean_squared_error(truth, predicted, squared=False),
            metric_pb2.METRIC_MAE: sklearn_metrics.mean_absolute_error(truth, predicted),
            metric_pb2.METRIC_R2: sklearn_metrics.r2_score(truth, predicted),
        }
        for metric, value in expected.items():
            np.testing.assert_allclose(told[metric], value, rtol=1e-12, err_msg=metric_pb2.Metric.Name(metric))

    # ---- What is measured when

    def test_evaluate_measures_all_that_fit_unless_told_otherwise(self) -> None:
        classes, numbers = self.train("iris", steps=3), self.train("diabetes", steps=3)
        self.assertEqual([value.metric for value in self.evaluate(classes, "iris").values], FOR_CLASSES)
        self.assertEqual([value.metric for value in self.evaluate(numbers, "diabetes").values], FOR_NUMBERS)
        self.assertFalse(self.evaluate(classes, "iris").HasField("confusion_matrix"))

    def test_a_data_set_of_one_class_has_no_area_under_the_curve(self) -> None:
        lines = (DATA / "iris.csv").read_text(encoding="utf-8").splitlines()
        self.client.upload("\n".join(lines[:31]).encode(), "one-class", types={"species": dataset_pb2.COLUMN_TYPE_CATEGORICAL})
        told = values_of(self.evaluate(self.train("iris"), "one-class").values)
        self.assertTrue(np.isnan(told[metric_pb2.METRIC_AUC]))
        self.assertTrue(np.isfinite(told[metric_pb2.METRIC_MACRO_F1]))

    def test_a_job_tells_the_metrics_and_the_matrix_that_its_plan_asks_for(self) -> None:
        wanted = [metric_pb2.METRIC_AUC, metric_pb2.METRIC_MACRO_F1, metric_pb2.METRIC_TOP_K_ACCURACY]
        plan = spec_pb2.EvaluationPlan(metrics=wanted, top_k=2, confusion_matrix=True, every_steps=20)
        job = self.client.create_job(
            spec_of(
                "iris",
                data={"validation_fraction": 0.4, "test_fraction": 0.2},
                budget=spec_pb2.Budget(steps=60),
                evaluation=plan,
            )
        )
        told = self.client.follow(job.name).of_kind("evaluation")
        self.assertEqual(len(told), 4)
        for event in told:
            metrics = [value.metric for value in event.evaluation.values]
            self.assertEqual(metrics, [metric_pb2.METRIC_LOSS, *wanted])
            examples = 60 if event.evaluation.part == metric_pb2.PART_VALIDATION else 30
            self.assertEqual(sum(event.evaluation.confusion_matrix.counts), examples)
        ended = self.client.ended_job(job.name)
        self.assertTrue(all(entry.HasField("confusion_matrix") for entry in ended.latest_evaluations))
        self.assertEqual(ended.spec.evaluation.top_k, 2)

    def test_early_stopping_watches_a_metric_of_which_more_is_better(self) -> None:
        stopping = spec_pb2.EarlyStopping(metric=metric_pb2.METRIC_AUC, patience=3)
        spec = spec_of(
            "breast-cancer",
            data={"validation_fraction": 0.3},
            budget=spec_pb2.Budget(epochs=200),
            early_stopping=stopping,
            evaluation=spec_pb2.EvaluationPlan(metrics=[metric_pb2.METRIC_AUC]),
        )
        run = self.client.follow(self.client.create_job(spec).name)
        self.assertEqual(run.terminal.stop_reason, event_pb2.STOP_REASON_EARLY_STOP)
        told = {
            event.step: values_of(event.evaluation.values)[metric_pb2.METRIC_AUC]
            for event in run.of_kind("evaluation")
        }
        stop = run.of_kind("early_stop")[0].early_stop
        self.assertEqual(stop.best_value, max(told.values()))
        self.assertEqual(stop.best_step, next(step for step, value in told.items() if value == stop.best_value))

    # ---- Weights of classes

    def digest(self, dataset: str, weights: Optional[loss_pb2.ClassWeights]) -> str:
        job = self.train(dataset, data={"class_weights": weights})
        return self.client.get_model(job.name).parameters_digest

    def test_balanced_is_n_by_c_times_n_c_given(self) -> None:
        names = targets_of("breast_cancer")
        counts = {name: names.count(name) for name in set(names)}
        formula = {name: len(names) / len(counts) / count for name, count in counts.items()}
        self.assertEqual(self.digest("breast-cancer", balanced()), self.digest("breast-cancer", given(**formula)))
        self.assertNotEqual(self.digest("breast-cancer", balanced()), self.digest("breast-cancer", None))
        model = self.client.get_model(self.train("breast-cancer", data={"class_weights": balanced()}).name)
        self.assertEqual(list(model.target.class_weights), [formula[name] for name in model.target.classes])
        self.assertAlmostEqual(model.weight_scale, 1, delta=1e-12)

    def test_balanced_classes_of_the_same_size_change_nothing(self) -> None:
        self.assertEqual(self.digest("iris", balanced()), self.digest("iris", None))

    def test_the_surrogate_loss_has_the_weights_and_no_other_metric_has(self) -> None:
        weights = {"setosa": 3.0, "virginica": 0.5}
        job = self.train("iris", steps=10, data={"class_weights": given(**weights)})
        model = self.client.get_model(job.name)
        self.assertEqual(list(model.target.class_weights), [weights.get(name, 1) for name in model.target.classes])
        answer = self.client.predict_dataset(job.model, "iris")
        names = targets_of("iris")
        true = np.array(
            [entry.probabilities[list(answer.classes).index(name)] for entry, name in zip(answer.predictions, names)]
        )
        w = np.array([weights.get(name, 1) for name in names])
        told = values_of(self.evaluate(job, "iris").values)
        self.assertAlmostEqual(told[metric_pb2.METRIC_LOSS], np.mean(-np.log(true) * w / w.mean()), delta=1e-12)
        self.assertAlmostEqual(told[metric_pb2.METRIC_LOG_LOSS], np.mean(-np.log(true)), delta=1e-12)

    # ---- What is refused

    def test_an_evaluation_that_cannot_be(self) -> None:
        classes, numbers = self.train("iris", steps=1), self.train("diabetes", steps=1)
        misfit = "must be a metric that fits the model's target"
        for message, job, dataset, fields in [
            (f"metrics[1] = r2, {misfit}", classes, "iris", {"metrics": [1, metric_pb2.METRIC_R2]}),
            (f"metrics[0] = auc, {misfit}", numbers, "diabetes", {"metrics": [metric_pb2.METRIC_AUC]}),
            ("top_k = 0, must be at least 1", classes, "iris", {"top_k": 0}),
            ("top_k = -3, must be at least 1", classes, "iris", {"top_k": -3}),
            (
                "confusion_matrix = true, must be false for a numeric target",
                numbers,
                "diabetes",
                {"confusion_matrix": True},
            ),
        ]:
            with self.subTest(message):
                self.refused_field(message, lambda: self.evaluate(job, dataset, **fields))

    def test_a_plan_or_weights_that_cannot_be(self) -> None:
        rows = "\n".join(f"{i},name-{i % 101}" for i in range(202))
        self.client.upload(f"x,y\n{rows}\n".encode(), "many-classes")
        validation = {"validation_fraction": 0.5}
        plan = spec_pb2.EvaluationPlan
        weight = "data.class_weights.given.weights"
        for message, spec in [
            (
                "evaluation.metrics[0] = mae, must be a metric for classes",
                spec_of("iris", evaluation=plan(metrics=[metric_pb2.METRIC_MAE])),
            ),
            (
                "evaluation.metrics[0] = macro_f1, must be a metric for numbers",
                spec_of("diabetes", evaluation=plan(metrics=[metric_pb2.METRIC_MACRO_F1])),
            ),
            ("evaluation.top_k = 0, must be at least 1", spec_of("iris", evaluation=plan(top_k=0))),
            (
                "evaluation.confusion_matrix = true, must be false for a numeric target",
                spec_of("diabetes", evaluation=plan(confusion_matrix=True)),
            ),
            (
                "evaluation.confusion_matrix = true, must be false for a target of 101 classes, which are more than 100",
                spec_of("many-classes", evaluation=plan(confusion_matrix=True)),
            ),
            (
                "early_stopping.metric = r2, must be a metric for classes",
                spec_of("iris", data=validation, early_stopping=spec_pb2.EarlyStopping(metric=metric_pb2.METRIC_R2)),
            ),
            (
                "data.class_weights.kind = unset, must be balanced or given",
                spec_of("iris", data={"class_weights": loss_pb2.ClassWeights()}),
            ),
            (
                "data.class_weights = set, must be left out for a numeric target",
                spec_of("diabetes", data={"class_weights": balanced()}),
            ),
            (
                f"{weight}[setosa] = 0, must be positive and finite",
                spec_of("iris", data={"class_weights": given(setosa=0)}),
            ),
            (
                f"{weight}[setosa] = -1, must be positive and finite",
                spec_of("iris", data={"class_weights": given(setosa=-1)}),
            ),
            (
                f"{weight}[setosa] = nan, must be positive and finite",
                spec_of("iris", data={"class_weights": given(setosa=float("nan"))}),
            ),
            (
                f"{weight}[setosa] = inf, must be positive and finite",
                spec_of("iris", data={"class_weights": given(setosa=float("inf"))}),
            ),
            (
                f'{weight}[tulip] = 2, must be of one of the target\'s classes: "setosa", "versicolor", "virginica"',
                spec_of("iris", data={"class_weights": given(tulip=2)}),
            ),
        ]:
            with self.subTest(message):
                self.refused_field(message, self.client.create_job, spec)
                self.refused_field(message, self.client.check_job, spec)

    def test_weights_that_cannot_be_scaled(self) -> None:
        spec = spec_of("iris", data={"class_weights": given(setosa=1e308)})
        self.refused_field(
            "data.class_weights = weights that sum to inf, must be neither so large nor so small",
            self.client.check_job,
            spec,
        )

    # ---- The command line

    def trainyard(self, *arguments: str) -> str:
        return subprocess.run(
            [program("trainyard"), "--server", self.server.address, *arguments],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            timeout=60,
        ).stdout

    def test_the_command_line_trains_with_weights_and_shows_the_matrix(self) -> None:
        flags = "--epochs 20 --validation 0.3 --metrics auc,macro_f1 --top-k 2 --confusion-matrix"
        flags += " --class-weights setosa=2,virginica=0.5"
        lines = self.trainyard("--output", "json", "train", "--dataset", "iris", *flags.split(), "--watch").splitlines()
        job = json.loads(lines[-1])
        self.assertEqual(
            job["spec"]["data"]["classWeights"], {"given": {"weights": {"setosa": 2, "virginica": 0.5}}}
        )
        self.assertEqual(job["spec"]["evaluation"]["metrics"], ["METRIC_AUC", "METRIC_MACRO_F1"])
        flags = "--metrics auc,top_k_accuracy --top-k 2 --confusion-matrix"
        text = self.trainyard("model", "evaluate", job["model"], "--dataset", "iris", *flags.split())
        counts = r"( +\d+){3} +[01]\.\d{4}"
        self.assertRegex(
            text,
            r"\Aloss \S+\nAUC 0\.\d{4}\ntop-k accuracy [01]\.\d{4}\nrows 150\n\n"
            r"TRUE \\ PREDICTED +setosa +versicolor +virginica +ACCURACY\n"
            rf"setosa{counts}\nversicolor{counts}\nvirginica{counts}\n\Z",
        )
        shown = self.trainyard("model", "show", job["model"])
        self.assertRegex(shown, r"class weights +2, 1, 0.5\n")
        self.assertRegex(shown, r"validation macro F1 [01]\.\d{4}")
        self.assertRegex(shown, r"validation:\nTRUE \\ PREDICTED")
        self.assertRegex(self.trainyard("job", "show", job["name"]), r"validation AUC [01]\.\d{4}")
        balanced_job = self.trainyard("train", "--dataset", "iris", "--steps", "1", "--class-weights", "balanced")
        self.assertTrue(self.client.get_job(balanced_job.strip()).spec.data.class_weights.HasField("balanced"))


if __name__ == "__main__":
    unittest.main()
