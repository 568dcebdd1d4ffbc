#include "client/cli/train_flags.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <cmath>

#include "client/cli/csv_table.h"
#include "client/cli/json.h"
#include "client/cli/reflect.h"
#include "trainyard/v1/model.pb.h"

namespace trainyard::cli {
namespace {

using ::testing::HasSubstr;

template <typename Message>
Message Parse(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

// Compares as text, so that a difference reads well.
void ExpectSpec(const TrainFlags& flags, const std::string& expected) {
  v1::Job job;
  const absl::Status status = ApplyFlags(flags, job);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(job.spec().DebugString(),
            Parse<v1::JobSpec>(expected.starts_with("data") ? expected : "data {} " + expected).DebugString());
}

TEST(TrainFlagsTest, DataSetAndParts) {
  ExpectSpec({.dataset = "digits", .validation = "0.2", .test = "holdout", .stratified = false, .scaling = "min-max"},
             "data { dataset: 'datasets/digits' validation_fraction: 0.2 test_dataset: 'datasets/holdout' "
             "stratified: false encoding { scaling: SCALING_MIN_MAX } }");
}

TEST(TrainFlagsTest, ClassWeightsAreBalancedOrGiven) {
  ExpectSpec({.class_weights = "balanced"}, "data { class_weights { balanced {} } }");
  ExpectSpec({.class_weights = "A=2,B=B=0.5"},
             "data { class_weights { given { weights { key: 'A' value: 2 } weights { key: 'B=B' value: 0.5 } } } }");
}

TEST(TrainFlagsTest, ClassWeightsThatAreNeitherAreRefused) {
  for (const char* text : {"equal", "A=", "A=2,", "A=2,B", "A=two"}) {
    v1::Job job;
    const absl::Status status = ApplyFlags({.class_weights = text}, job);
    EXPECT_THAT(std::string(status.message()), HasSubstr("is neither `balanced` nor CLASS=NUMBER")) << text;
  }
}

TEST(TrainFlagsTest, MetricsReplaceThoseOfTheFile) {
  v1::Job job = Parse<v1::Job>("spec { evaluation { metrics: METRIC_ACCURACY top_k: 2 every_steps: 7 } }");
  ASSERT_TRUE(ApplyFlags({.metrics = {"auc", "macro-f1"}, .top_k = 3, .confusion_matrix = true}, job).ok());
  EXPECT_EQ(job.spec().evaluation().DebugString(),
            Parse<v1::EvaluationPlan>(
                "metrics: METRIC_AUC metrics: METRIC_MACRO_F1 top_k: 3 confusion_matrix: true every_steps: 7")
                .DebugString());
}

TEST(TrainFlagsTest, AnUnknownMetricIsNamedWithItsFlag) {
  v1::Job job;
  const absl::Status status = ApplyFlags({.metrics = {"recall"}}, job);
  EXPECT_THAT(std::string(status.message()), HasSubstr("--metrics"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("macro_f1"));
}

TEST(TrainFlagsTest, HiddenLayersTakeTheActivation) {
  ExpectSpec({.hidden = {64, 32}, .activation = "tanh"},
             "network { hidden { dense { units: 64 activation { tanh {} } } } "
             "hidden { dense { units: 32 activation { tanh {} } } } }");
}

TEST(TrainFlagsTest, MaxoutLayersOfAFileDoNotTakeTheActivation) {
  v1::Job job;
  job.mutable_spec()->mutable_network()->add_hidden()->mutable_maxout()->set_units(3);
  job.mutable_spec()->mutable_network()->add_hidden()->mutable_dense()->set_units(4);
  ASSERT_TRUE(ApplyFlags({.activation = "softplus"}, job).ok());
  EXPECT_EQ(job.spec().network().hidden(0).ShortDebugString(), "maxout { units: 3 }");
  EXPECT_EQ(job.spec().network().hidden(1).ShortDebugString(), "dense { units: 4 activation { softplus { } } }");
}

TEST(TrainFlagsTest, EveryLossByItsName) {
  ExpectSpec({.loss = "hinge"}, "loss { hinge {} }");
  ExpectSpec({.loss = "multiclass-hinge"}, "loss { multiclass_hinge {} }");
  ExpectSpec({.loss = "poisson"}, "loss { poisson {} }");
}

TEST(TrainFlagsTest, OptimizerByNameWithItsMomentum) {
  ExpectSpec({.optimizer = "momentum", .learning_rate = 0.1, .momentum = "0.5"},
             "optimizer { learning_rate: 0.1 momentum { momentum: 0.5 } }");
}

TEST(TrainFlagsTest, MomentumAloneIsTheDefaultRules) {
  ExpectSpec({.momentum = "0.5"}, "optimizer { nesterov { momentum: 0.5 } }");
}

TEST(TrainFlagsTest, EveryInitializerByName) {
  for (const std::string& name : VariantNames(v1::Initialization::descriptor()->FindOneofByName("weights"))) {
    v1::Job job;
    ASSERT_TRUE(ApplyFlags({.init = name}, job).ok()) << name;
    EXPECT_NE(job.spec().initialization().weights_case(), v1::Initialization::WEIGHTS_NOT_SET) << name;
  }
}

TEST(TrainFlagsTest, WeightsAndBiasesOfHiddenAndOfOutputUnits) {
  ExpectSpec({.init = "orthogonal", .biases = "constant", .output_biases = "marginal", .output_weights = "zero"},
             "initialization { orthogonal {} constant_biases {} marginal_output_biases {} zero_output_weights {} }");
  ExpectSpec({.output_biases = "marginal-output-biases", .output_weights = "zero_output_weights"},
             "initialization { marginal_output_biases {} zero_output_weights {} }");
}

TEST(TrainFlagsTest, AWarmStartIsAModelOrACheckpoint) {
  ExpectSpec({.warm_start = "models/a"}, "warm_start { model: 'models/a' }");
  ExpectSpec({.warm_start = "jobs/a"}, "warm_start { checkpoint { job: 'jobs/a' } }");
  ExpectSpec({.warm_start = "jobs/a@200"}, "warm_start { checkpoint { job: 'jobs/a' step: 200 } }");
}

TEST(TrainFlagsTest, AWarmStartFromSomethingElseIsAnError) {
  for (const char* source : {"a", "datasets/a", "jobs/a@", "jobs/a@x", "models"}) {
    v1::Job job;
    const absl::Status status = ApplyFlags({.warm_start = source}, job);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << source;
    EXPECT_THAT(std::string(status.message()), HasSubstr("--warm-start")) << source;
  }
}

TEST(TrainFlagsTest, AWarmStartTakesThePlaceOfTheFiles) {
  v1::Job job;
  job.mutable_spec()->mutable_warm_start()->set_model("models/a");
  job.mutable_spec()->mutable_warm_start()->set_parameters_digest("d");
  ASSERT_TRUE(ApplyFlags({.warm_start = "jobs/b"}, job).ok());
  EXPECT_EQ(job.spec().warm_start().checkpoint().job(), "jobs/b");
  EXPECT_EQ(job.spec().warm_start().parameters_digest(), "");
}

TEST(TrainFlagsTest, ScheduleWithTau) {
  ExpectSpec({.final_learning_rate = "0.001", .tau_epochs = "2.5"},
             "optimizer { schedule { linear { final_learning_rate: 0.001 tau_epochs: 2.5 } } }");
}

TEST(TrainFlagsTest, ShortNames) {
  ExpectSpec({.loss = "softmax", .init = "glorot"},
             "loss { softmax_cross_entropy {} } initialization { glorot_uniform {} }");
}

TEST(TrainFlagsTest, OrderOfMinibatches) {
  ExpectSpec({.order = "with-replacement", .drop_last = true}, "minibatches { with_replacement {} drop_last: true }");
  ExpectSpec({.order = "windowed"}, "minibatches { windowed {} }");
  ExpectSpec({.in_order = true}, "minibatches { in_order {} }");
}

TEST(TrainFlagsTest, BudgetAndStopping) {
  ExpectSpec({.precision = "f64", .seed = 7, .batch_size = "all", .epochs = 3, .time = "1m0.5s", .patience = 4},
             "minibatches { full_batch {} } budget { epochs: 3 running_time { seconds: 60 nanos: 500000000 } } "
             "early_stopping { patience: 4 } precision: PRECISION_F64 seed: 7");
}

TEST(TrainFlagsTest, ValuesOutOfRangeAreTheServersToRefuse) {
  ExpectSpec({.momentum = "1.5", .batch_size = "-3"},
             "optimizer { nesterov { momentum: 1.5 } } minibatches { size: -3 }");
}

TEST(TrainFlagsTest, AnUnknownNameListsThoseThatExist) {
  v1::Job job;
  EXPECT_EQ(ApplyFlags({.optimizer = "adamant"}, job).message(),
            "--optimizer: \"adamant\" is not one of sgd, momentum, nesterov");
  EXPECT_EQ(ApplyFlags({.precision = "f16"}, job).message(), "--precision: \"f16\" is not one of f32, f64");
}

TEST(TrainFlagsTest, AFieldOfAnotherVariantNamesItsOwners) {
  v1::Job job;
  EXPECT_EQ(ApplyFlags({.optimizer = "sgd", .momentum = "0.9"}, job).message(),
            "--momentum: sgd has no momentum; it belongs to momentum, nesterov");
}

TEST(TrainFlagsTest, ActivationNeedsALayer) {
  v1::Job job;
  EXPECT_THAT(std::string(ApplyFlags({.activation = "relu"}, job).message()), HasSubstr("--hidden"));
}

TEST(TrainFlagsTest, FlagsOverrideTheFile) {
  absl::StatusOr<v1::Job> job = ParseJobFile("{optimizer: {learningRate: 0.5, nesterov: {momentum: 0.8}}}");
  ASSERT_TRUE(job.ok()) << job.status();
  ASSERT_TRUE(ApplyFlags({.learning_rate = 0.1}, *job).ok());
  EXPECT_EQ(job->spec().optimizer().learning_rate(), 0.1);
  EXPECT_EQ(job->spec().optimizer().nesterov().momentum(), 0.8);
}

TEST(ReflectTest, EveryVariantOfTheContractIsFoundByItsName) {
  const std::vector<std::pair<const google::protobuf::Message*, std::string>> families = {
      {&v1::Optimizer::default_instance(), "rule"},
      {&v1::Schedule::default_instance(), "kind"},
      {&v1::Loss::default_instance(), "kind"},
      {&v1::Activation::default_instance(), "kind"},
      {&v1::Initialization::default_instance(), "weights"}};
  for (const auto& [prototype, oneof] : families) {
    const std::unique_ptr<google::protobuf::Message> message(prototype->New());
    const auto* descriptor = message->GetDescriptor()->FindOneofByName(oneof);
    for (const std::string& name : VariantNames(descriptor)) {
      ASSERT_TRUE(SetVariant(*message, oneof, name).ok());
      EXPECT_EQ(message->GetReflection()->GetOneofFieldDescriptor(*message, descriptor)->name(), name);
    }
  }
}

TEST(ReflectTest, DashesAndCapitalsAreUnderstood) {
  v1::Loss loss;
  EXPECT_TRUE(SetVariant(loss, "kind", "Softmax-Cross-Entropy").ok());
  EXPECT_TRUE(loss.has_softmax_cross_entropy());
}

TEST(ReflectTest, AVariantThatIsHeldKeepsItsFields) {
  v1::Optimizer optimizer;
  optimizer.mutable_nesterov()->set_momentum(0.5);
  ASSERT_TRUE(SetVariant(optimizer, "rule", "nesterov").ok());
  EXPECT_EQ(optimizer.nesterov().momentum(), 0.5);
}

TEST(ReflectTest, EnumsLoseTheirPrefix) {
  EXPECT_EQ(EnumName(v1::STATE_QUEUED), "queued");
  EXPECT_EQ(EnumName(v1::COLUMN_TYPE_NUMERIC), "numeric");
  EXPECT_EQ(EnumValue<v1::ExportFormat>("npz").value(), v1::EXPORT_FORMAT_NPZ);
  EXPECT_FALSE(EnumValue<v1::State>("unspecified").ok());
}

TEST(JobFileTest, ReadsASpecAndAJob) {
  EXPECT_EQ(ParseJobFile("data:\n  dataset: datasets/d\n")->spec().data().dataset(), "datasets/d");
  const absl::StatusOr<v1::Job> job = ParseJobFile("displayName: x\nspec:\n  seed: 3\n");
  ASSERT_TRUE(job.ok()) << job.status();
  EXPECT_EQ(job->display_name(), "x");
  EXPECT_EQ(job->spec().seed(), 3u);
}

TEST(JobFileTest, ScalarsTakeTheTypeOfTheirField) {
  const absl::StatusOr<v1::Job> job = ParseJobFile(
      "displayName: '007'\n"
      "labels: {version: 1, flag: true, no: \"null\"}\n"
      "spec:\n"
      "  data: {validationFraction: 2e-1, stratified: true}\n"
      "  optimizer: {learningRate: .inf}\n"
      "  budget: {runningTime: 1.5s, epochs: 10}\n"
      "  precision: PRECISION_F64\n");
  ASSERT_TRUE(job.ok()) << job.status();
  EXPECT_EQ(job->display_name(), "007");
  EXPECT_EQ(job->labels().at("version"), "1");
  EXPECT_EQ(job->labels().at("flag"), "true");
  EXPECT_EQ(job->labels().at("no"), "null");
  EXPECT_EQ(job->spec().data().validation_fraction(), 0.2);
  EXPECT_TRUE(job->spec().data().stratified());
  EXPECT_TRUE(std::isinf(job->spec().optimizer().learning_rate()));
  EXPECT_EQ(job->spec().budget().running_time().nanos(), 500'000'000);
  EXPECT_EQ(job->spec().precision(), v1::PRECISION_F64);
}

TEST(JobFileTest, AnUnknownFieldIsNamed) {
  const absl::Status status = ParseJobFile("optimiser: {}\n").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("optimiser"));
}

TEST(TrainFlagsTest, ClippingAndPenaltiesHaveFlags) {
  TrainFlags flags;
  flags.clip_norm = 2;
  flags.l2 = 0.1;
  flags.l1 = 0.01;
  flags.weight_decay = 0.001;
  v1::Job job;
  ASSERT_TRUE(ApplyFlags(flags, job).ok());
  EXPECT_EQ(job.spec().optimizer().clipping().global_norm().max_norm(), 2);
  EXPECT_EQ(job.spec().regularization().l2(), 0.1);
  EXPECT_EQ(job.spec().regularization().l1(), 0.01);
  EXPECT_EQ(job.spec().regularization().weight_decay(), 0.001);
}

TEST(JobFileTest, BrokenYamlSaysWhere) {
  EXPECT_THAT(std::string(ParseJobFile("a: [1\nb: 2\n").status().message()), HasSubstr("line 2"));
}

TEST(JsonTest, NanAndInfinitySurvive) {
  v1::MetricColumn column;
  column.add_values(std::nan(""));
  column.add_values(-INFINITY);
  const absl::StatusOr<std::string> json = ToJson(column);
  ASSERT_TRUE(json.ok()) << json.status();
  EXPECT_EQ(*json, R"({"values":["NaN","-Infinity"]})");
  v1::MetricColumn read;
  ASSERT_TRUE(FromYaml(*json, read).ok());
  EXPECT_TRUE(std::isnan(read.values(0)));
  EXPECT_EQ(read.values(1), -INFINITY);
}

TEST(JsonTest, YamlReadsBackAsItself) {
  const auto job = Parse<v1::Job>(
      "display_name: 'a: \"b\"' labels { key: 'x' value: '1' } "
      "spec { network { hidden { dense { units: 4 activation { relu {} } } } } seed: 18446744073709551615 }");
  const absl::StatusOr<std::string> yaml = ToYaml(job);
  ASSERT_TRUE(yaml.ok()) << yaml.status();
  v1::Job read;
  ASSERT_TRUE(FromYaml(*yaml, read).ok()) << *yaml;
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(job, read)) << *yaml;
}

TEST(CsvTest, CellsAreNumbersTextsOrNull) {
  const absl::StatusOr<v1::Table> table = ParseCsv("a,\"b,c\",d\r\n1.5,\"say \"\"hi\"\"\",\r\n-2e3,5x,+7\n");
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ(table->columns(1), "b,c");
  EXPECT_EQ(table->rows(0).values(0).number_value(), 1.5);
  EXPECT_EQ(table->rows(0).values(1).string_value(), "say \"hi\"");
  EXPECT_TRUE(table->rows(0).values(2).has_null_value());
  EXPECT_EQ(table->rows(1).values(0).number_value(), -2000);
  EXPECT_EQ(table->rows(1).values(1).string_value(), "5x");
  EXPECT_EQ(table->rows(1).values(2).number_value(), 7);
}

TEST(CsvTest, FaultsNameTheirLine) {
  EXPECT_EQ(ParseCsv("a,b\n1,2\n3\n").status().message(), "line 3 has 1 cells, the header has 2");
  EXPECT_EQ(ParseCsv("a\n\"x\n").status().message(), "line 2: a quote is not closed");
  EXPECT_EQ(ParseCsv("a\n\"x\"y\n").status().message(), "line 2: text after a closing quote");
}

}  // namespace
}  // namespace trainyard::cli
