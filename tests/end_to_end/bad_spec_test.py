#!/usr/bin/python3
"""A bad job is refused by field, value and rule, and the server serves on."""

import math
import unittest

import grpc

import trainyard_testing
from bad_input import BadInputTest, hidden_spec, iris_spec
from trainyard.v1 import event_pb2, initialization_pb2, job_pb2, loss_pb2, metric_pb2, optimizer_pb2, spec_pb2
from trainyard_testing import Refusal


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
                optimizer=optimizer_pb2.Optimizer(learning_rate=value),
            )

    def test_momentum_lies_in_0_to_below_1(self) -> None:
        for value, text in ((1.0, "1"), (1.2, "1.2"), (-0.1, "-0.1"), (math.nan, "nan")):
            self.bad_field(
                f"optimizer.nesterov.momentum = {text}, must be in [0, 1)",
                optimizer=optimizer_pb2.Optimizer(nesterov=optimizer_pb2.Nesterov(momentum=value)),
            )
            self.bad_field(
                f"optimizer.momentum.momentum = {text}, must be in [0, 1)",
                optimizer=optimizer_pb2.Optimizer(momentum=optimizer_pb2.Momentum(momentum=value)),
            )

    def test_tau_is_at_least_one_step(self) -> None:
        self.bad_field(
            "optimizer.schedule.linear.tau_steps = 0, must be at least 1",
            optimizer=optimizer_pb2.Optimizer(schedule=optimizer_pb2.Schedule(linear=optimizer_pb2.Linear(tau_steps=0))),
        )

    def test_tau_in_epochs_is_positive(self) -> None:
        self.bad_field(
            "optimizer.schedule.linear.tau_epochs = 0, must be positive and finite",
            optimizer=optimizer_pb2.Optimizer(schedule=optimizer_pb2.Schedule(linear=optimizer_pb2.Linear(tau_epochs=0))),
        )

    def test_tau_is_required_where_the_budget_is_a_time(self) -> None:
        spec = iris_spec(optimizer=optimizer_pb2.Optimizer(schedule=optimizer_pb2.Schedule(linear=optimizer_pb2.Linear())))
        spec.budget.ClearField("steps")
        spec.budget.running_time.seconds = 1
        message = "optimizer.schedule.linear.tau_steps = unset, must be given where the budget is a running time alone"
        self.bad_spec(message, spec)

    def test_a_schedule_without_a_kind_is_refused(self) -> None:
        self.bad_field(
            "optimizer.schedule.kind = unset, must be constant, linear, step, exponential, inverse, cosine or "
            "reduce_on_plateau",
            optimizer=optimizer_pb2.Optimizer(schedule=optimizer_pb2.Schedule()),
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
            "network.hidden[0].kind = unset, must be dense or maxout", network=spec_pb2.Network(hidden=[spec_pb2.Layer()])
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
        of_the_future = loss_pb2.Loss.FromString(b"\x9a\x06\x00")
        *names, last = (field.name for field in loss_pb2.Loss.DESCRIPTOR.oneofs_by_name["kind"].fields)
        message = f"loss.kind = unset, must be {', '.join(names)} or {last}"
        for loss in (loss_pb2.Loss(), of_the_future):
            self.bad_field(message, loss=loss)

    def test_a_loss_of_numbers_does_not_fit_classes(self) -> None:
        message = "loss = squared, must be a loss for classes: the target is categorical"
        self.bad_field(message, loss=loss_pb2.Loss(squared=loss_pb2.Squared()))

    def test_a_loss_of_classes_does_not_fit_numbers(self) -> None:
        for name, loss in (
            ("softmax_cross_entropy", loss_pb2.Loss(softmax_cross_entropy=loss_pb2.SoftmaxCrossEntropy())),
            ("logistic", loss_pb2.Loss(logistic=loss_pb2.Logistic())),
        ):
            self.bad_field(
                f"loss = {name}, must be a loss for numbers: the target is numeric",
                data=spec_pb2.TrainingData(dataset="datasets/diabetes"),
                loss=loss,
            )

    def test_the_logistic_loss_wants_two_classes(self) -> None:
        message = "loss = logistic, must be a loss for the target's 3 classes, as softmax_cross_entropy is"
        self.bad_field(message, loss=loss_pb2.Loss(logistic=loss_pb2.Logistic()))

    def test_the_positive_class_is_one_of_the_target(self) -> None:
        self.client.upload(b"a,y\n1,no\n2,yes\n3,no\n", "two-classes")
        self.bad_field(
            "loss.logistic.positive_class = maybe, must be one of no, yes",
            data=spec_pb2.TrainingData(dataset="datasets/two-classes"),
            minibatches=spec_pb2.Minibatches(size=1),
            loss=loss_pb2.Loss(logistic=loss_pb2.Logistic(positive_class="maybe")),
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
        velocity = initialization_pb2.Tensor(name="layers.0.bias", shape=[3], values=[0, 0, 0])
        self.bad_field(
            "initial_state.velocity = 1 tensors, must be left out with plain SGD, which has no velocity",
            optimizer=optimizer_pb2.Optimizer(sgd=optimizer_pb2.Sgd()),
            initial_state=initialization_pb2.InitialState(velocity=[velocity]),
        )

    def test_an_initial_tensor_of_another_shape_is_refused(self) -> None:
        tensor = initialization_pb2.Tensor(name="layers.0.weight", shape=[3, 4], values=[0] * 12)
        self.bad_field(
            "initial_state.parameters[0].shape = [3, 4], must be [4, 3]",
            initial_state=initialization_pb2.InitialState(parameters=[tensor]),
        )

    def test_an_initial_tensor_with_other_than_its_number_of_values_is_refused(self) -> None:
        tensor = initialization_pb2.Tensor(name="layers.0.bias", shape=[3], values=[0])
        self.bad_field(
            "initial_state.parameters[0].values = 1 numbers, must be 3 numbers",
            initial_state=initialization_pb2.InitialState(parameters=[tensor]),
        )

    def test_an_initial_tensor_that_the_network_does_not_have_is_refused(self) -> None:
        tensor = initialization_pb2.Tensor(name="layers.1.bias", shape=[3], values=[0, 0, 0])
        self.bad_field(
            "initial_state.parameters[0].name = layers.1.bias, must be one of layers.0.weight, layers.0.bias",
            initial_state=initialization_pb2.InitialState(parameters=[tensor]),
        )

    def test_initial_values_are_finite(self) -> None:
        tensor = initialization_pb2.Tensor(name="layers.0.bias", shape=[3], values=[0, math.nan, 0])
        self.bad_field(
            "initial_state.parameters[0].values = nan, must be finite",
            initial_state=initialization_pb2.InitialState(parameters=[tensor]),
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

    def test_a_request_id_sent_again_is_the_same_job_however_its_labels_are_ordered(self) -> None:
        job = job_pb2.Job(spec=iris_spec(), labels={f"label-{i}": "x" for i in range(20)})
        request = job_pb2.CreateJobRequest(job=job, request_id="many labels")
        self.assertEqual(len({self.client.jobs.CreateJob(request).name for _ in range(10)}), 1)

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


if __name__ == "__main__":
    unittest.main()
