#!/usr/bin/python3
"""What is wrong is refused, by code, reason, field and number, and the server serves on."""

import hashlib
import math
import threading
import unittest
from typing import Callable

import grpc

import trainyard_testing
from trainyard.v1 import dataset_pb2, event_pb2, job_pb2, metric_pb2, model_pb2, spec_pb2, watch_pb2
from trainyard_testing import Refusal, ServerTest, chunk, chunks

NAME_RULE = (
    "must be {0}/<id> with an id of 1 to 63 lower-case letters, digits, '.', '_' and '-', the first and the last a "
    "letter or a digit"
)
NO_ID = "0" * 32
MEBIBYTE = 1 << 20


def iris_spec(**fields: object) -> spec_pb2.JobSpec:
    """One step of a linear model."""
    defaults = {"data": spec_pb2.TrainingData(dataset="datasets/iris"), "budget": spec_pb2.Budget(steps=1)}
    return spec_pb2.JobSpec(**{**defaults, **fields})


def hidden_spec(*widths: int) -> spec_pb2.JobSpec:
    layers = [spec_pb2.Layer(dense=spec_pb2.Dense(units=units)) for units in widths]
    return iris_spec(network=spec_pb2.Network(hidden=layers))


def endless_spec(**fields: object) -> spec_pb2.JobSpec:
    return iris_spec(budget=spec_pb2.Budget(steps=10**12), **fields)


class BadInputTest(ServerTest):
    """Each test is followed by a job that must succeed."""

    datasets = ("iris",)

    def tearDown(self) -> None:
        super().tearDown()
        self.assertEqual(self.client.train(iris_spec()).state, event_pb2.STATE_SUCCEEDED)


class UploadTest(BadInputTest):
    def test_a_truncated_upload_is_incomplete(self) -> None:
        upload = self.client.open_upload("truncated", 20)
        self.client.datasets.UploadData(iter([chunk(upload.name, 0, b"a,b\n1,2\n")]))
        refusal = self.refused(grpc.StatusCode.FAILED_PRECONDITION, self.client.commit_upload, upload.name)
        self.assertEqual(refusal.reason, "UPLOAD_INCOMPLETE")
        self.assertEqual(refusal.metadata, {"expected_offset": "8"})
        self.assertEqual(refusal.message, f"{upload.name} has 8 of the 20 bytes declared; send the rest first")

    def test_a_wrong_checksum_keeps_the_chunks_before_it(self) -> None:
        upload = self.client.open_upload("checksum", 16)
        bad = dataset_pb2.UploadDataRequest(offset=8, crc32c=1, data=b"3,4\n5,6\n")
        sent = [chunk(upload.name, 0, b"a,b\n1,2\n"), bad]
        refusal = self.refused(grpc.StatusCode.DATA_LOSS, self.client.datasets.UploadData, iter(sent))
        self.assertEqual(refusal.reason, "CHECKSUM_MISMATCH")
        self.assertEqual(refusal.message, "the chunk at offset 8 does not match its CRC-32C; send it again")
        self.assertEqual(self.received(upload), 8)
        self.client.datasets.UploadData(iter([chunk(upload.name, 8, b"3,4\n5,6\n")]))
        self.assertEqual(self.client.commit_upload(upload.name).row_count, 3)

    def test_an_offset_that_does_not_follow_is_refused_with_the_one_that_does(self) -> None:
        upload = self.client.open_upload("offset")
        sent = [chunk(upload.name, 0, b"a,b\n"), chunk("", 5, b"1,2\n")]
        refusal = self.refused(grpc.StatusCode.OUT_OF_RANGE, self.client.datasets.UploadData, iter(sent))
        self.assertEqual(refusal.reason, "OFFSET_MISMATCH")
        self.assertEqual(refusal.metadata, {"expected_offset": "4"})
        self.assertEqual(
            refusal.message, f"the chunk begins at offset 5, but {upload.name} has 4 bytes; go on from there"
        )
        self.assertEqual(self.received(upload), 4)

    def test_more_bytes_than_declared_are_too_large(self) -> None:
        upload = self.client.open_upload("too-long", 6)
        sent = iter([chunk(upload.name, 0, b"a,b\n1,2\n")])
        refusal = self.refused(grpc.StatusCode.RESOURCE_EXHAUSTED, self.client.datasets.UploadData, sent)
        self.assertEqual(refusal.reason, "UPLOAD_TOO_LARGE")
        self.assertEqual(refusal.metadata, {"limit_bytes": "6"})
        self.assertEqual(self.received(upload), 0)

    def test_a_digest_that_does_not_match_is_data_loss(self) -> None:
        content = b"a,b\n1,2\n3,4\n"
        upload = self.client.open_upload("digest", len(content))
        self.client.datasets.UploadData(chunks(upload.name, content))
        refusal = self.refused(grpc.StatusCode.DATA_LOSS, self.client.commit_upload, upload.name, "0" * 64)
        digest = hashlib.sha256(content).hexdigest()
        self.assertEqual(refusal.reason, "DIGEST_MISMATCH")
        self.assertEqual(refusal.metadata, {"digest": digest})
        self.assertEqual(refusal.message, f"the content's SHA-256 is {digest}, not {'0' * 64}; upload it again")
        self.assertEqual(self.client.commit_upload(upload.name, digest).digest, digest)

    def test_a_second_stream_to_an_upload_finds_it_busy(self) -> None:
        upload = self.client.open_upload("busy")
        go_on = threading.Event()

        def slowly():
            yield chunk(upload.name, 0, b"a,b\n")
            go_on.wait()

        first = self.client.datasets.UploadData.future(slowly())
        while self.received(upload) == 0:
            pass
        sent = iter([chunk(upload.name, 4, b"1,2\n")])
        refusal = self.refused(grpc.StatusCode.ABORTED, self.client.datasets.UploadData, sent)
        go_on.set()
        self.assertEqual(refusal.reason, "UPLOAD_BUSY")
        self.assertEqual(first.result().received_bytes, 4)

    def test_a_stream_without_an_upload_is_refused(self) -> None:
        sent = iter([chunk("", 0, b"a,b\n")])
        refusal = self.refused(grpc.StatusCode.INVALID_ARGUMENT, self.client.datasets.UploadData, sent)
        self.assertEqual(refusal.fields, ["upload"])

    def test_an_unknown_upload_is_not_found(self) -> None:
        name = f"uploads/{NO_ID}"
        sent = iter([chunk(name, 0, b"a")])
        for refusal in (
            self.refused(grpc.StatusCode.NOT_FOUND, self.client.datasets.UploadData, sent),
            self.refused(grpc.StatusCode.NOT_FOUND, self.client.commit_upload, name),
        ):
            self.assertEqual((refusal.reason, refusal.message), ("NO_SUCH_UPLOAD", f"there is no upload {name}"))

    def test_an_upload_without_a_format_is_refused(self) -> None:
        refusal = self.refused(grpc.StatusCode.INVALID_ARGUMENT, self.client.open_upload, "unset", 1, format=0)
        self.assertEqual(refusal.fields, ["dataset.read_options.format"])

    def test_another_content_under_the_same_name_exists_already(self) -> None:
        self.client.upload(b"a,b\n1,2\n", "taken")
        refusal = self.refused(grpc.StatusCode.ALREADY_EXISTS, self.client.upload, b"a,b\n1,3\n", "taken")
        self.assertEqual(refusal.reason, "DATASET_EXISTS")

    def test_the_same_content_read_in_another_way_exists_already(self) -> None:
        content = b"a,b\n1,2\n"
        self.client.upload(content, "read-twice")
        upload = lambda: self.client.upload(content, "read-twice", target="a")
        self.assertEqual(self.refused(grpc.StatusCode.ALREADY_EXISTS, upload).reason, "DATASET_EXISTS")

    def test_the_same_content_under_the_same_name_is_that_data_set(self) -> None:
        first = self.client.upload(b"a,b\n1,2\n", "again")
        self.assertEqual(self.client.upload(b"a,b\n1,2\n", "again"), first)

    def received(self, upload: dataset_pb2.Upload) -> int:
        return self.client.datasets.GetUpload(dataset_pb2.GetUploadRequest(name=upload.name)).received_bytes


class ContentTest(BadInputTest):
    def bad_data(self, content: bytes, row: int, column: str, message: str, **read_options: object) -> None:
        refusal = self.refused(
            grpc.StatusCode.INVALID_ARGUMENT, self.client.upload, content, "bad", **read_options
        )
        self.assertEqual(refusal.reason, "BAD_DATA")
        self.assertEqual(refusal.metadata, {"row": str(row), "column": column})
        self.assertEqual(refusal.message, message)
        request = dataset_pb2.GetDatasetRequest(name="datasets/bad")
        self.refused(grpc.StatusCode.NOT_FOUND, self.client.datasets.GetDataset, request)

    def test_a_short_row_is_named(self) -> None:
        message = 'row 3, column "y": the row has 2 fields, the header has 3'
        self.bad_data(b"a,b,y\n1,2,3\n4,5\n", 3, "y", message)

    def test_a_long_row_is_named(self) -> None:
        message = "row 2, column 4: the row has 4 fields, the header has 3"
        self.bad_data(b"a,b,y\n1,2,3,4\n", 2, "4", message)

    def test_a_text_in_a_column_declared_numeric_is_named(self) -> None:
        types = {"a": dataset_pb2.COLUMN_TYPE_NUMERIC}
        self.bad_data(b"a,b,y\n1,2,3\nx,5,6\n", 3, "a", 'row 3, column "a": "x" is not a number', types=types)

    def test_bad_utf_8_is_named(self) -> None:
        message = 'row 3, column "b": the text is not valid UTF-8'
        self.bad_data(b"a,b,y\n1,2,3\n4,\xff\xfe,6\n", 3, "b", message)

    def test_an_unclosed_quote_is_named_by_the_line_where_its_row_starts(self) -> None:
        message = 'row 4, column "b": a quoted field is not closed before the end of the file'
        self.bad_data(b'a,b,y\n1,"two\nlines",3\n4,"5,6\n7,8,9\n', 4, "b", message)

    def test_text_after_a_closing_quote_is_named(self) -> None:
        message = (
            'row 2, column "a": text follows the closing quote; a quote inside a quoted field must be doubled'
        )
        self.bad_data(b'a,b,y\n"1"x,2,3\n', 2, "a", message)

    def test_nan_is_a_fault_and_not_a_text(self) -> None:
        self.bad_data(b"a,b,y\n1,2,3\nnan,5,6\n", 3, "a", 'row 3, column "a": "nan" must be a finite number')

    def test_infinity_is_a_fault_and_not_a_text(self) -> None:
        self.bad_data(b"a,b,y\n1,2,3\n4,-inf,6\n", 3, "b", 'row 3, column "b": "-inf" must be a finite number')

    def test_an_empty_file_lacks_its_header(self) -> None:
        message = "row 1, column 1: the file is empty; its first line must name the columns"
        self.bad_data(b"", 1, "1", message)

    def test_a_header_alone_lacks_rows(self) -> None:
        self.bad_data(b"a,b,y\n", 2, "a", 'row 2, column "a": no row follows the header')

    def test_a_name_that_the_header_repeats_is_named(self) -> None:
        message = 'row 1, column 3: the header repeats the name "a" of column 1'
        self.bad_data(b"a,b,a\n1,2,3\n", 1, "3", message)

    def test_more_columns_than_the_limit_are_refused(self) -> None:
        header = ",".join(f"c{i}" for i in range(100_001)).encode()
        message = "row 1, column 100001: the header has 100001 columns, the limit is 100000"
        self.bad_data(header + b"\n", 1, "100001", message)

    def test_a_negative_weight_is_named(self) -> None:
        message = 'row 3, column "w": the weight -1 must be at least 0'
        self.bad_data(b"a,w,y\n1,2,3\n4,-1,6\n", 3, "w", message, weight="w")

    def test_a_part_of_another_name_is_named(self) -> None:
        message = 'row 3, column "part": "dev" must be train, validation or test'
        self.bad_data(b"a,part,y\n1,train,3\n4,dev,6\n", 3, "part", message, split="part")

    def test_a_target_that_is_not_a_column_is_refused(self) -> None:
        message = "dataset.read_options.target = z, must be the name of a column"
        self.refused_field(message, lambda: self.client.upload(b"a,b\n1,2\n", "bad", target="z"))

    def test_a_constant_column_is_warned_of_and_not_refused(self) -> None:
        dataset = self.client.upload(b"a,b,y\n1,7,3.5\n2,7,4.5\n3,7,6.5\n", "constant")
        self.assertEqual(list(dataset.warnings), ['constant columns: "b"'])
        spec = iris_spec(data=spec_pb2.TrainingData(dataset=dataset.name))
        job = self.client.create_job(spec)
        run = self.client.follow(job.name)
        self.assertEqual(run.terminal.state, event_pb2.STATE_SUCCEEDED)
        warnings = [event.warning for event in run.of_kind("warning")]
        self.assertEqual(len(warnings), 1)
        self.assertIn('"b"', warnings[0].message)
        self.assertEqual(list(self.client.check_job(spec).warnings), warnings)

    def test_the_warning_of_a_constant_column_has_its_stable_reason(self) -> None:
        dataset = self.client.upload(b"a,b,y\n1,7,3.5\n2,7,4.5\n3,7,6.5\n", "constant-reason")
        spec = iris_spec(data=spec_pb2.TrainingData(dataset=dataset.name))
        self.assertEqual([warning.reason for warning in self.client.check_job(spec).warnings], ["CONSTANT_COLUMN"])


class SpecTest(BadInputTest):
    """Of each spec CreateJob and CheckJob say the same."""

    datasets = ("iris", "diabetes")

    def refused_by_both(self, code: grpc.StatusCode, spec: spec_pb2.JobSpec) -> Refusal:
        refusal = self.refused(code, self.client.create_job, spec)
        self.assertEqual(self.refused(code, self.client.check_job, spec), refusal)
        return refusal

    def bad_field(self, message: str, **fields: object) -> None:
        self.bad_spec(message, iris_spec(**fields))

    def bad_spec(self, message: str, spec: spec_pb2.JobSpec) -> None:
        self.refused_field(message, self.client.create_job, spec)
        self.refused_field(message, self.client.check_job, spec)

    # ---- Data

    def test_no_data_set_is_refused(self) -> None:
        message = "data.dataset = empty, must be the name of a data set, as in datasets/iris"
        self.bad_field(message, data=spec_pb2.TrainingData())

    def test_an_unknown_data_set_is_not_found(self) -> None:
        for fields in ({"dataset": "datasets/none"}, {"dataset": "datasets/iris", "test_dataset": "datasets/none"}):
            refusal = self.refused_by_both(
                grpc.StatusCode.NOT_FOUND, iris_spec(data=spec_pb2.TrainingData(**fields))
            )
            self.assertEqual(refusal.reason, "NO_SUCH_DATA_SET")
            self.assertEqual(refusal.message, "there is no data set datasets/none")

    def test_a_target_that_is_not_a_column_is_refused(self) -> None:
        message = "data.target = z, must be a numeric or categorical column of datasets/iris"
        self.bad_field(message, data=spec_pb2.TrainingData(dataset="datasets/iris", target="z"))

    def test_a_target_of_one_class_has_nothing_to_teach(self) -> None:
        self.client.upload(b"a,y\n1,x\n2,x\n3,x\n", "one-class")
        spec = iris_spec(data=spec_pb2.TrainingData(dataset="datasets/one-class"))
        refusal = self.refused_by_both(grpc.StatusCode.INVALID_ARGUMENT, spec)
        self.assertEqual(refusal.reason, "ONE_CLASS")
        self.assertEqual(refusal.message, "the target y has only one class; there is nothing to learn")

    def test_no_feature_beside_the_target_is_refused(self) -> None:
        self.client.upload(b"y\n1.5\n2.5\n", "target-only")
        spec = iris_spec(data=spec_pb2.TrainingData(dataset="datasets/target-only"))
        refusal = self.refused_by_both(grpc.StatusCode.INVALID_ARGUMENT, spec)
        self.assertEqual(refusal.reason, "NO_FEATURES")

    def test_a_split_that_leaves_no_row_to_train_on_fails_the_job(self) -> None:
        self.client.upload(b"a,part,y\n1,test,1.5\n2,validation,2.5\n3,test,3.5\n", "no-training", split="part")
        spec = iris_spec(data=spec_pb2.TrainingData(dataset="datasets/no-training"))
        refusal = self.refused(grpc.StatusCode.INVALID_ARGUMENT, self.client.check_job, spec)
        self.assertEqual((refusal.reason, refusal.message), ("EMPTY_PART", "the training part gets no row"))
        job = self.client.train(spec)
        self.assertEqual(job.state, event_pb2.STATE_FAILED)
        self.assertEqual(job.stop_reason, event_pb2.STOP_REASON_ERROR)
        self.assertEqual(job.parameters_held, event_pb2.PARAMETERS_HELD_NONE)
        self.assertEqual(trainyard_testing.refusal_in(job.error), refusal)

    def test_a_part_without_a_row_is_refused(self) -> None:
        self.client.upload(b"a,y\n1,1.5\n2,2.5\n3,3.5\n", "three-rows")
        data = spec_pb2.TrainingData(dataset="datasets/three-rows", validation_fraction=0.01)
        refusal = self.refused(grpc.StatusCode.INVALID_ARGUMENT, self.client.check_job, iris_spec(data=data))
        self.assertEqual((refusal.reason, refusal.message), ("EMPTY_PART", "the validation part gets no row"))

    def test_fractions_lie_between_0_and_1(self) -> None:
        for value, text in ((0.0, "0"), (1.0, "1"), (-0.5, "-0.5"), (math.nan, "nan")):
            data = spec_pb2.TrainingData(dataset="datasets/iris", validation_fraction=value)
            self.bad_field(f"data.validation_fraction = {text}, must be in (0, 1)", data=data)

    def test_fractions_leave_a_training_part(self) -> None:
        data = spec_pb2.TrainingData(dataset="datasets/iris", validation_fraction=0.5, test_fraction=0.5)
        message = "data.test_fraction = 0.5, must be below 1 together with validation_fraction"
        self.bad_field(message, data=data)

    def test_a_numeric_target_is_not_stratified(self) -> None:
        data = spec_pb2.TrainingData(dataset="datasets/diabetes", validation_fraction=0.5, stratified=True)
        self.bad_field("data.stratified = true, must be false for a numeric target", data=data)

    # ---- Optimisation

    def test_a_learning_rate_is_positive_and_finite(self) -> None:
        for value, text in ((0.0, "0"), (-0.1, "-0.1"), (math.nan, "nan"), (math.inf, "inf")):
            self.bad_field(
                f"optimizer.learning_rate = {text}, must be positive and finite",
                optimizer=spec_pb2.Optimizer(learning_rate=value),
            )

    def test_momentum_lies_in_0_to_below_1(self) -> None:
        for value, text in ((1.0, "1"), (1.2, "1.2"), (-0.1, "-0.1"), (math.nan, "nan")):
            self.bad_field(
                f"optimizer.nesterov.momentum = {text}, must be in [0, 1)",
                optimizer=spec_pb2.Optimizer(nesterov=spec_pb2.Nesterov(momentum=value)),
            )
            self.bad_field(
                f"optimizer.momentum.momentum = {text}, must be in [0, 1)",
                optimizer=spec_pb2.Optimizer(momentum=spec_pb2.Momentum(momentum=value)),
            )

    def test_tau_is_at_least_one_step(self) -> None:
        self.bad_field(
            "optimizer.schedule.linear.tau_steps = 0, must be at least 1",
            optimizer=spec_pb2.Optimizer(schedule=spec_pb2.Schedule(linear=spec_pb2.Linear(tau_steps=0))),
        )

    def test_tau_in_epochs_is_positive(self) -> None:
        self.bad_field(
            "optimizer.schedule.linear.tau_epochs = 0, must be positive and finite",
            optimizer=spec_pb2.Optimizer(schedule=spec_pb2.Schedule(linear=spec_pb2.Linear(tau_epochs=0))),
        )

    def test_tau_is_required_where_the_budget_is_a_time(self) -> None:
        spec = iris_spec(optimizer=spec_pb2.Optimizer(schedule=spec_pb2.Schedule(linear=spec_pb2.Linear())))
        spec.budget.ClearField("steps")
        spec.budget.running_time.seconds = 1
        message = "optimizer.schedule.linear.tau_steps = unset, must be given where the budget is a running time alone"
        self.bad_spec(message, spec)

    def test_a_schedule_without_a_kind_is_refused(self) -> None:
        self.bad_field(
            "optimizer.schedule.kind = unset, must be constant or linear",
            optimizer=spec_pb2.Optimizer(schedule=spec_pb2.Schedule()),
        )

    def test_a_minibatch_has_at_least_one_example(self) -> None:
        self.bad_field(
            "minibatches.size = 0, must be at least 1", minibatches=spec_pb2.Minibatches(size=0)
        )

    def test_a_minibatch_is_no_larger_than_the_training_part(self) -> None:
        message = "minibatches.size = 151, must be at most 150, the size of the training part"
        self.bad_field(message, minibatches=spec_pb2.Minibatches(size=151))

    def test_budgets_are_positive(self) -> None:
        for limit in ("steps", "epochs", "examples"):
            self.bad_field(
                f"budget.{limit} = 0, must be in 1..1000000000000000", budget=spec_pb2.Budget(**{limit: 0})
            )

    # ---- Model and loss

    def test_a_layer_has_at_least_one_unit(self) -> None:
        message = "network.hidden[1].dense.units = 0, must be in 1..1000000000"
        self.bad_spec(message, hidden_spec(3, 0))

    def test_a_layer_without_a_kind_is_refused(self) -> None:
        self.bad_field(
            "network.hidden[0].kind = unset, must be dense", network=spec_pb2.Network(hidden=[spec_pb2.Layer()])
        )

    def test_a_network_too_large_for_the_memory_is_refused_with_the_numbers(self) -> None:
        for widths in ([10**9], [10**9] * 2, [10**9] * 64):
            refusal = self.refused_by_both(grpc.StatusCode.RESOURCE_EXHAUSTED, hidden_spec(*widths))
            self.assertEqual(refusal.reason, "INSUFFICIENT_MEMORY")
            limit = self.client.server_info().limits.job_memory_bytes
            self.assertEqual(int(refusal.metadata["limit_bytes"]), limit)
            self.assertGreater(int(refusal.metadata["needed_bytes"]), 4 * 10**9)
            self.assertRegex(refusal.message, r"^the job needs [\d.]+ GiB of memory, and jobs may use [\d.]+ GiB; ")

    def test_a_loss_without_a_kind_that_is_known_is_refused(self) -> None:
        of_the_future = spec_pb2.Loss.FromString(b"\x9a\x06\x00")
        message = "loss.kind = unset, must be softmax_cross_entropy, logistic or squared"
        for loss in (spec_pb2.Loss(), of_the_future):
            self.bad_field(message, loss=loss)

    def test_a_loss_of_numbers_does_not_fit_classes(self) -> None:
        message = "loss = squared, must be a loss for classes: the target is categorical"
        self.bad_field(message, loss=spec_pb2.Loss(squared=spec_pb2.Squared()))

    def test_a_loss_of_classes_does_not_fit_numbers(self) -> None:
        for name, loss in (
            ("softmax_cross_entropy", spec_pb2.Loss(softmax_cross_entropy=spec_pb2.SoftmaxCrossEntropy())),
            ("logistic", spec_pb2.Loss(logistic=spec_pb2.Logistic())),
        ):
            self.bad_field(
                f"loss = {name}, must be a loss for numbers: the target is numeric",
                data=spec_pb2.TrainingData(dataset="datasets/diabetes"),
                loss=loss,
            )

    def test_the_logistic_loss_wants_two_classes(self) -> None:
        message = "loss = logistic, must be a loss for the target's 3 classes, as softmax_cross_entropy is"
        self.bad_field(message, loss=spec_pb2.Loss(logistic=spec_pb2.Logistic()))

    def test_the_positive_class_is_one_of_the_target(self) -> None:
        self.client.upload(b"a,y\n1,no\n2,yes\n3,no\n", "two-classes")
        self.bad_field(
            "loss.logistic.positive_class = maybe, must be one of no, yes",
            data=spec_pb2.TrainingData(dataset="datasets/two-classes"),
            minibatches=spec_pb2.Minibatches(size=1),
            loss=spec_pb2.Loss(logistic=spec_pb2.Logistic(positive_class="maybe")),
        )

    # ---- Stopping, measuring, saving

    def test_early_stopping_needs_a_validation_part(self) -> None:
        message = (
            "early_stopping = set, must be left out where there is no validation part; give data.validation_fraction "
            "or data.validation_dataset"
        )
        self.bad_field(message, early_stopping=spec_pb2.EarlyStopping())

    def test_patience_is_at_least_1(self) -> None:
        self.bad_field(
            "early_stopping.patience = 0, must be at least 1", early_stopping=spec_pb2.EarlyStopping(patience=0)
        )

    def test_a_metric_fits_the_target(self) -> None:
        plan = spec_pb2.EvaluationPlan(metrics=[metric_pb2.METRIC_ACCURACY, metric_pb2.METRIC_RMSE])
        refusal = self.refused_by_both(grpc.StatusCode.INVALID_ARGUMENT, iris_spec(evaluation=plan))
        self.assertEqual(refusal.fields, ["evaluation.metrics[1]"])

    def test_evaluations_and_checkpoints_are_at_least_a_step_apart(self) -> None:
        message = "evaluation.every_steps = 0, must be at least 1"
        self.bad_field(message, evaluation=spec_pb2.EvaluationPlan(every_steps=0))
        message = "checkpoints.every_steps = 0, must be at least 1"
        self.bad_field(message, checkpoints=spec_pb2.CheckpointPlan(every_steps=0))

    # ---- Initial state

    def test_plain_sgd_has_no_velocity(self) -> None:
        velocity = spec_pb2.Tensor(name="layers.0.bias", shape=[3], values=[0, 0, 0])
        self.bad_field(
            "initial_state.velocity = 1 tensors, must be left out with plain SGD, which has no velocity",
            optimizer=spec_pb2.Optimizer(sgd=spec_pb2.Sgd()),
            initial_state=spec_pb2.InitialState(velocity=[velocity]),
        )

    def test_an_initial_tensor_of_another_shape_is_refused(self) -> None:
        tensor = spec_pb2.Tensor(name="layers.0.weight", shape=[3, 4], values=[0] * 12)
        self.bad_field(
            "initial_state.parameters[0].shape = [3, 4], must be [4, 3]",
            initial_state=spec_pb2.InitialState(parameters=[tensor]),
        )

    def test_an_initial_tensor_with_other_than_its_number_of_values_is_refused(self) -> None:
        tensor = spec_pb2.Tensor(name="layers.0.bias", shape=[3], values=[0])
        self.bad_field(
            "initial_state.parameters[0].values = 1 numbers, must be 3 numbers",
            initial_state=spec_pb2.InitialState(parameters=[tensor]),
        )

    def test_an_initial_tensor_that_the_network_does_not_have_is_refused(self) -> None:
        tensor = spec_pb2.Tensor(name="layers.1.bias", shape=[3], values=[0, 0, 0])
        self.bad_field(
            "initial_state.parameters[0].name = layers.1.bias, must be one of layers.0.weight, layers.0.bias",
            initial_state=spec_pb2.InitialState(parameters=[tensor]),
        )

    def test_initial_values_are_finite(self) -> None:
        tensor = spec_pb2.Tensor(name="layers.0.bias", shape=[3], values=[0, math.nan, 0])
        self.bad_field(
            "initial_state.parameters[0].values = nan, must be finite",
            initial_state=spec_pb2.InitialState(parameters=[tensor]),
        )

    # ---- What stands beside the spec

    def test_display_names_labels_and_priorities_have_bounds(self) -> None:
        create = self.client.create_job
        self.refused_field(
            "job.display_name = " + "x" * 80 + "… (257 bytes), must be at most 256 bytes",
            lambda: create(iris_spec(), display_name="x" * 257),
        )
        self.refused_field(
            "job.priority = 1001, must be in -1000..1000", lambda: create(iris_spec(), priority=1001)
        )
        self.refused_field(
            'job.labels["Team"] = Team, must be a key of [a-z][a-z0-9_-]{0,62}',
            lambda: create(iris_spec(), labels={"Team": "a"}),
        )

    def test_a_request_id_of_another_job_is_not_used_again(self) -> None:
        def create(steps: int) -> job_pb2.Job:
            job = job_pb2.Job(spec=iris_spec(budget=spec_pb2.Budget(steps=steps)))
            return self.client.jobs.CreateJob(job_pb2.CreateJobRequest(job=job, request_id="once"))

        first = create(1)
        self.assertEqual(create(1).name, first.name)
        refusal = self.refused(grpc.StatusCode.ALREADY_EXISTS, create, 2)
        self.assertEqual(refusal.reason, "REQUEST_ID_REUSED")
        self.assertEqual(refusal.metadata, {"job": first.name})
        message = f"request_id was used for {first.name}, which is another job; choose a new id"
        self.assertEqual(refusal.message, message)

    def test_a_message_over_the_limit_exhausts_a_resource(self) -> None:
        display_name = "x" * (self.client.server_info().limits.message_bytes + 1)
        create = lambda: self.client.create_job(iris_spec(), display_name=display_name)
        self.refused(grpc.StatusCode.RESOURCE_EXHAUSTED, create)


class NameTest(BadInputTest):
    BAD_IDS = (
        ("a slash", "a/b", "a/b"),
        ("300 characters", "x" * 300, "x" * 80),
        ("an emoji", "🚂", "🚂"),
        ("an upper-case letter", "Iris", "Iris"),
        ("nothing", "", ""),
        ("a point at the end", "iris.", "iris."),
    )

    def refused_names(self, field: str, collection: str, call: Callable[[str], object]) -> None:
        for what, id, shown in self.BAD_IDS:
            with self.subTest(what):
                name = f"{collection}/{id}"
                shown_name = name if len(name) < 300 else f"{name[:80]}… ({len(name)} bytes)"
                self.refused_field(f"{field} = {shown_name}, {NAME_RULE.format(collection)}", call, name)

    def test_a_data_set_is_not_created_under_a_bad_name(self) -> None:
        self.refused_names(
            "dataset.name", "datasets", lambda name: self.client.open_upload(name.removeprefix("datasets/"))
        )

    def test_a_data_set_is_not_looked_up_under_a_bad_name(self) -> None:
        get = lambda name: self.client.datasets.GetDataset(dataset_pb2.GetDatasetRequest(name=name))
        self.refused_names("name", "datasets", get)

    def test_a_job_is_not_looked_up_under_a_bad_name(self) -> None:
        self.refused_names("name", "jobs", self.client.get_job)

    def test_a_model_is_not_looked_up_under_a_bad_name(self) -> None:
        get = lambda name: self.client.models.GetModel(model_pb2.GetModelRequest(name=name))
        self.refused_names("name", "models", get)

    def test_a_watch_of_a_bad_name_names_its_target(self) -> None:
        def watch(name: str) -> None:
            for _ in self.client.stream(name):
                pass

        self.refused_names("targets[0].job", "jobs", watch)

    def test_an_unknown_data_set_is_not_found(self) -> None:
        request = dataset_pb2.GetDatasetRequest(name="datasets/none")
        refusal = self.refused(grpc.StatusCode.NOT_FOUND, self.client.datasets.GetDataset, request)
        self.assertEqual(refusal.reason, "NO_SUCH_DATA_SET")
        self.assertEqual(refusal.message, "there is no data set datasets/none")

    def test_an_unknown_job_is_not_found(self) -> None:
        name = f"jobs/{NO_ID}"
        jobs = self.client.jobs
        for call in (
            self.client.get_job,
            self.client.cancel_job,
            self.client.pause_job,
            self.client.resume_job,
            self.client.stream,
            lambda name: jobs.DeleteJob(job_pb2.DeleteJobRequest(name=name)),
            lambda name: jobs.ListEvents(job_pb2.ListEventsRequest(job=name)),
            lambda name: jobs.GetMetrics(job_pb2.GetMetricsRequest(job=name)),
        ):
            refusal = self.refused(grpc.StatusCode.NOT_FOUND, call, name)
            self.assertEqual((refusal.reason, refusal.message), ("NO_SUCH_JOB", f"there is no job {name}"))

    def test_an_unknown_model_is_not_found(self) -> None:
        name = f"models/{NO_ID}"
        models = self.client.models
        for call in (
            lambda: models.GetModel(model_pb2.GetModelRequest(name=name)),
            lambda: models.Predict(model_pb2.PredictRequest(model=name, dataset="datasets/iris")),
            lambda: models.Evaluate(model_pb2.EvaluateRequest(model=name, dataset="datasets/iris")),
            lambda: models.ExportModel(
                model_pb2.ExportModelRequest(model=name, format=model_pb2.EXPORT_FORMAT_NPZ)
            ),
            lambda: models.DeleteModel(model_pb2.DeleteModelRequest(name=name)),
        ):
            refusal = self.refused(grpc.StatusCode.NOT_FOUND, call)
            self.assertEqual((refusal.reason, refusal.message), ("NO_SUCH_MODEL", f"there is no model {name}"))


class EndedTest(BadInputTest):
    def ended(self, refusal: Refusal) -> None:
        self.assertEqual(refusal.reason, "JOB_ENDED")

    def test_a_job_is_cancelled_once(self) -> None:
        job = self.client.create_job(endless_spec())
        self.assertEqual(self.client.cancel_job(job.name).state, event_pb2.STATE_CANCELLED)
        self.ended(self.refused(grpc.StatusCode.FAILED_PRECONDITION, self.client.cancel_job, job.name))

    def test_an_ended_job_is_not_cancelled_paused_or_resumed(self) -> None:
        job = self.client.train(iris_spec())
        for call in (self.client.cancel_job, self.client.pause_job, self.client.resume_job):
            self.ended(self.refused(grpc.StatusCode.FAILED_PRECONDITION, call, job.name))
        self.assertEqual(self.client.get_job(job.name), job)

    def test_a_running_job_is_not_deleted_nor_its_model_nor_its_data_set(self) -> None:
        job = self.client.create_job(endless_spec(checkpoints=spec_pb2.CheckpointPlan(every_steps=1000)))
        self.client.follow_until(
            job.name, trainyard_testing.Run(), lambda run: bool(run.of_kind("checkpoint_saved"))
        )
        delete = lambda: self.client.jobs.DeleteJob(job_pb2.DeleteJobRequest(name=job.name))
        self.assertEqual(self.refused(grpc.StatusCode.FAILED_PRECONDITION, delete).reason, "JOB_ACTIVE")
        delete = lambda: self.client.models.DeleteModel(model_pb2.DeleteModelRequest(name=job.model))
        self.assertEqual(self.refused(grpc.StatusCode.FAILED_PRECONDITION, delete).reason, "JOB_ACTIVE")
        delete = lambda: self.client.datasets.DeleteDataset(dataset_pb2.DeleteDatasetRequest(name="datasets/iris"))
        refusal = self.refused(grpc.StatusCode.FAILED_PRECONDITION, delete)
        self.assertEqual((refusal.reason, refusal.metadata), ("DATASET_IN_USE", {"job": job.name}))
        self.client.cancel_job(job.name)

    def test_nothing_is_deleted_under_an_old_etag(self) -> None:
        job = self.client.train(iris_spec())
        self.client.upload(b"a,b\n1,2\n", "etag")
        for call in (
            lambda: self.client.jobs.DeleteJob(job_pb2.DeleteJobRequest(name=job.name, etag="old")),
            lambda: self.client.models.DeleteModel(model_pb2.DeleteModelRequest(name=job.model, etag="old")),
            lambda: self.client.datasets.DeleteDataset(
                dataset_pb2.DeleteDatasetRequest(name="datasets/etag", etag="old")
            ),
        ):
            self.assertEqual(self.refused(grpc.StatusCode.FAILED_PRECONDITION, call).reason, "ETAG_MISMATCH")
        self.assertEqual(self.client.get_job(job.name), job)


class ListTest(BadInputTest):
    def test_a_filter_that_can_not_be_read_is_refused_with_the_place(self) -> None:
        for filter, problem in (
            ("color = red", "one of the fields state, labels.<key>, display_name, dataset, create_time at character 1"),
            ("state < RUNNING", "= or != at character 7"),
            ("state = WALKING", "one of QUEUED, RUNNING, PAUSED, SUCCEEDED, FAILED, CANCELLED at character 9"),
            ('display_name = "x', 'a closing " at character 18'),
            ("state = RUNNING OR state = PAUSED", "AND at character 17"),
            ('create_time >= "yesterday"', 'a time as in "2026-01-31T00:00:00Z" at character 16'),
        ):
            message = f"filter = {filter}, must be comparisons joined by AND, with {problem}"
            self.refused_field(message, self.client.jobs.ListJobs, job_pb2.ListJobsRequest(filter=filter))

    def test_a_filter_of_data_sets_knows_no_state(self) -> None:
        request = dataset_pb2.ListDatasetsRequest(filter="state = RUNNING")
        refusal = self.refused(grpc.StatusCode.INVALID_ARGUMENT, self.client.datasets.ListDatasets, request)
        self.assertEqual(refusal.fields, ["filter"])

    def test_a_page_token_that_can_not_be_read_is_refused(self) -> None:
        for call, request in (
            (self.client.jobs.ListJobs, job_pb2.ListJobsRequest(page_token="🚂")),
            (self.client.models.ListModels, model_pb2.ListModelsRequest(page_token="x")),
            (self.client.datasets.ListDatasets, dataset_pb2.ListDatasetsRequest(page_token="/")),
        ):
            refusal = self.refused(grpc.StatusCode.INVALID_ARGUMENT, call, request)
            self.assertEqual(refusal.fields, ["page_token"])

    def test_a_page_has_at_most_1000_entries(self) -> None:
        for size in (-1, 1001):
            message = f"page_size = {size}, must be in 1..1000, or 0 for the default"
            self.refused_field(message, self.client.jobs.ListJobs, job_pb2.ListJobsRequest(page_size=size))

    def test_metrics_are_thinned_to_4_to_100000_points(self) -> None:
        job = self.client.train(iris_spec())
        for points in (3, 100_001):
            request = job_pb2.GetMetricsRequest(job=job.name, max_points=points)
            message = f"max_points = {points}, must be in 4..100000"
            self.refused_field(message, self.client.jobs.GetMetrics, request)


class WatchTest(BadInputTest):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.job = cls.client.train(iris_spec())

    def refused_watch(self, code: grpc.StatusCode, *targets: watch_pb2.WatchTarget, **options: object) -> Refusal:
        request = watch_pb2.WatchRequest(targets=targets, **options)
        return self.refused(code, self.client.watches.Watch, request)

    def test_a_watch_from_0_is_below_the_oldest_kept(self) -> None:
        target = watch_pb2.WatchTarget(job=self.job.name, from_sequence=0)
        refusal = self.refused_watch(grpc.StatusCode.OUT_OF_RANGE, target)
        self.assertEqual(refusal.metadata["oldest"], "1")

    def test_a_list_of_events_from_0_is_below_the_oldest_kept(self) -> None:
        request = job_pb2.ListEventsRequest(job=self.job.name, from_sequence=0)
        refusal = self.refused(grpc.StatusCode.OUT_OF_RANGE, self.client.jobs.ListEvents, request)
        newest = str(self.job.newest_sequence)
        self.assertEqual(refusal.reason, "SEQUENCE_NOT_KEPT")
        self.assertEqual(refusal.metadata, {"oldest": "1", "newest": newest})
        self.assertEqual(refusal.message, "event 0 is not in the log: the oldest kept is 1")

    def test_nothing_is_beyond_the_newest_plus_1(self) -> None:
        newest = self.job.newest_sequence
        target = watch_pb2.WatchTarget(job=self.job.name, from_sequence=newest + 2)
        request = job_pb2.ListEventsRequest(job=self.job.name, from_sequence=newest + 2)
        for refusal in (
            self.refused_watch(grpc.StatusCode.OUT_OF_RANGE, target),
            self.refused(grpc.StatusCode.OUT_OF_RANGE, self.client.jobs.ListEvents, request),
        ):
            self.assertEqual(refusal.reason, "SEQUENCE_NOT_KEPT")
            self.assertEqual(refusal.metadata, {"oldest": "1", "newest": str(newest)})
            self.assertEqual(refusal.message, f"event {newest + 2} is not in the log: the newest is {newest}")

    def test_a_watch_of_nothing_is_refused(self) -> None:
        self.refused_field(
            "targets = 0 targets, must be 1 to 10000",
            lambda: list(self.client.watches.Watch(watch_pb2.WatchRequest())),
        )

    def test_one_unknown_job_among_the_targets_is_not_found(self) -> None:
        targets = [watch_pb2.WatchTarget(job=self.job.name), watch_pb2.WatchTarget(job=f"jobs/{NO_ID}")]
        self.assertEqual(self.refused_watch(grpc.StatusCode.NOT_FOUND, *targets).reason, "NO_SUCH_JOB")

    def test_a_filter_belongs_to_all_jobs(self) -> None:
        target = watch_pb2.WatchTarget(job=self.job.name, filter='labels.a = "b"')
        refusal = self.refused_watch(grpc.StatusCode.INVALID_ARGUMENT, target)
        self.assertEqual(refusal.fields, ["targets[0].filter"])

    def test_a_filter_of_a_watch_knows_no_state(self) -> None:
        target = watch_pb2.WatchTarget(job="jobs/-", filter="state = RUNNING")
        refusal = self.refused_watch(grpc.StatusCode.INVALID_ARGUMENT, target)
        self.assertEqual(refusal.fields, ["targets[0].filter"])

    def test_rates_are_positive(self) -> None:
        for rate in (0.0, -1.0, math.nan):
            target = watch_pb2.WatchTarget(job=self.job.name)
            refusal = self.refused_watch(grpc.StatusCode.INVALID_ARGUMENT, target, max_steps_per_second=rate)
            self.assertEqual(refusal.fields, ["max_steps_per_second"])

    def test_heartbeats_are_at_least_a_second_apart(self) -> None:
        request = watch_pb2.WatchRequest(targets=[watch_pb2.WatchTarget(job=self.job.name)])
        request.heartbeat_interval.nanos = 999_000_000
        refusal = self.refused(grpc.StatusCode.INVALID_ARGUMENT, self.client.watches.Watch, request)
        self.assertEqual(refusal.fields, ["heartbeat_interval"])

    def test_bytes_that_are_no_request_are_refused(self) -> None:
        watch = self.client.channel.unary_stream("/trainyard.v1.WatchService/Watch")
        self.refused(grpc.StatusCode.INVALID_ARGUMENT, watch, b"\xff\xff")

    def test_a_method_that_is_not_there_is_unimplemented(self) -> None:
        call = self.client.channel.unary_unary("/trainyard.v1.JobService/ForkJob")
        self.refused(grpc.StatusCode.UNIMPLEMENTED, call, b"")


class LimitTest(ServerTest):
    flags = ("--upload-bytes=4KiB", "--job-memory=64MiB", "--queued-jobs=1", "--watchers=1")

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.client.upload(b"a,y\n1,1.5\n2,2.5\n3,4.5\n4,8.5\n", "iris")

    def test_an_upload_declared_over_the_limit_is_too_large(self) -> None:
        refusal = self.refused(grpc.StatusCode.RESOURCE_EXHAUSTED, self.client.open_upload, "large", 4097)
        self.assertEqual((refusal.reason, refusal.metadata), ("UPLOAD_TOO_LARGE", {"limit_bytes": "4096"}))

    def test_an_upload_that_grows_over_the_limit_is_too_large(self) -> None:
        upload = self.client.open_upload("grows")
        sent = iter([chunk(upload.name, 0, b"x" * 4096), chunk(upload.name, 4096, b"x")])
        refusal = self.refused(grpc.StatusCode.RESOURCE_EXHAUSTED, self.client.datasets.UploadData, sent)
        self.assertEqual((refusal.reason, refusal.metadata), ("UPLOAD_TOO_LARGE", {"limit_bytes": "4096"}))

    def test_one_watcher_more_than_the_limit_is_refused_until_another_leaves(self) -> None:
        job = self.client.create_job(endless_spec())
        first = self.client.stream(job.name)
        next(first)
        refusal = self.refused(grpc.StatusCode.RESOURCE_EXHAUSTED, self.client.stream, job.name)
        self.assertEqual(refusal.reason, "TOO_MANY_WATCHERS")
        first.cancel()
        self.client.cancel_job(job.name)
        while self.client.server_info().watchers > 0:
            pass
        self.client.follow(job.name)

    def test_a_job_that_does_not_fit_beside_the_others_waits_in_a_bounded_queue(self) -> None:
        # Two such jobs do not fit together.
        spec = endless_spec()
        spec.network.CopyFrom(hidden_spec(10_000).network)
        need = self.client.check_job(spec).memory_bytes
        self.assertGreater(2 * need, 64 * MEBIBYTE)
        running = self.client.create_job(spec)
        self.client.follow_until(running.name, trainyard_testing.Run(), lambda run: len(run.events) >= 2)
        queued = self.client.create_job(spec)
        self.assertEqual(self.client.get_job(queued.name).state, event_pb2.STATE_QUEUED)
        info = self.client.server_info()
        self.assertEqual((info.active_jobs, info.queued_jobs), (1, 1))

        refusal = self.refused(grpc.StatusCode.RESOURCE_EXHAUSTED, self.client.create_job, spec)
        self.assertEqual(refusal.reason, "QUEUE_FULL")
        for call in (self.client.pause_job, self.client.resume_job):
            refusal = self.refused(grpc.StatusCode.FAILED_PRECONDITION, call, queued.name)
            self.assertEqual(refusal.reason, "JOB_QUEUED")

        ended = self.client.cancel_job(queued.name)
        self.assertEqual(ended.state, event_pb2.STATE_CANCELLED)
        self.assertEqual(ended.parameters_held, event_pb2.PARAMETERS_HELD_NONE)
        run = self.client.follow(queued.name)
        self.assertEqual(run.states(), ["STATE_QUEUED", "STATE_CANCELLED"])
        self.client.cancel_job(running.name)


if __name__ == "__main__":
    unittest.main()
