// Every error of a specification names a field that the contract has.

#include "tests/server/wire/field_path.h"

#include <string>

#include "core/base/status.h"
#include "core/train/options.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "server/wire/spec.h"
#include "trainyard/v1/job.pb.h"

namespace trainyard {
namespace {

TEST(FieldPathTest, FieldsElementsKeysAndOneofsResolve) {
  for (const char* path : {"name", "labels[team.a]", "spec.optimizer.nesterov.momentum", "spec.network.hidden[0].kind",
                           "spec.network.hidden[12].dense.units", "spec.network.hidden", "spec.optimizer.rule"}) {
    EXPECT_TRUE(Resolves(v1::Job::descriptor(), path)) << path;
  }
}

TEST(FieldPathTest, WhatTheContractDoesNotHaveDoesNotResolve) {
  for (const char* path :
       {"", "nothing", "name.x", "name[0]", "spec.network.hidden[x].kind", "spec.network.hidden[0]kind", "spec.",
        "spec.optimizer.rule.nesterov", "spec.network.hidden[].kind", "spec.network.hidden[0"}) {
    EXPECT_FALSE(Resolves(v1::Job::descriptor(), path)) << path;
  }
}

struct BadSpec {
  const char* spec;
  const char* field;
  const char* problem;
};

v1::JobSpec Parse(const char* text) {
  v1::JobSpec spec;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &spec)) << text;
  return spec;
}

void ExpectError(const BadSpec& bad, const absl::Status& status) {
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << bad.spec;
  EXPECT_EQ(ErrorField(status), bad.field) << bad.spec;
  EXPECT_EQ(status.message(), std::string(bad.field) + bad.problem) << bad.spec;
  EXPECT_TRUE(Resolves(v1::JobSpec::descriptor(), bad.field)) << bad.field;
}

const BadSpec kBadShape[] = {
    {"data { encoding { scaling: 9 } }", "data.encoding.scaling",
     " = 9, must be SCALING_STANDARDIZE, SCALING_MIN_MAX or SCALING_NONE"},
    {"data { encoding { missing_numeric: 9 } }", "data.encoding.missing_numeric",
     " = 9, must be MISSING_MEAN, MISSING_MOST_FREQUENT, MISSING_OWN_CATEGORY or MISSING_REFUSE"},
    {"data { encoding { missing_categorical: -1 } }", "data.encoding.missing_categorical",
     " = -1, must be MISSING_MEAN, MISSING_MOST_FREQUENT, MISSING_OWN_CATEGORY or MISSING_REFUSE"},
    {"data { encoding { unseen: 9 } }", "data.encoding.unseen", " = 9, must be UNSEEN_ALL_ZERO or UNSEEN_REFUSE"},
    {"network { hidden { } }", "network.hidden[0].kind", " = unset, must be dense"},
    {"network { hidden { dense { } } hidden { dense { activation { } } } }", "network.hidden[1].dense.activation.kind",
     " = unset, must be identity, relu or tanh"},
    {"loss { }", "loss.kind", " = unset, must be softmax_cross_entropy, logistic or squared"},
    {"optimizer { schedule { } }", "optimizer.schedule.kind", " = unset, must be constant or linear"},
    {"budget { running_time { seconds: 1 nanos: -1 } }", "budget.running_time",
     " = 1 s -1 ns, must be at most 315,576,000,000 s, with less than 1,000,000,000 ns of the same sign"},
    {"evaluation { metrics: METRIC_LOSS metrics: METRIC_UNSPECIFIED }", "evaluation.metrics[1]",
     " = METRIC_UNSPECIFIED, must be METRIC_LOSS, METRIC_ACCURACY, METRIC_ZERO_ONE_ERROR, METRIC_LOG_LOSS or "
     "METRIC_RMSE"},
    {"early_stopping { metric: 77 }", "early_stopping.metric",
     " = 77, must be METRIC_LOSS, METRIC_ACCURACY, METRIC_ZERO_ONE_ERROR, METRIC_LOG_LOSS or METRIC_RMSE"},
    {"divergence { }", "divergence.kind", " = unset, must be stop"},
    {"precision: 9", "precision", " = 9, must be PRECISION_F32 or PRECISION_F64"},
};

TEST(FieldPathTest, EveryErrorOfShapeNamesAFieldItsValueAndTheRule) {
  for (const BadSpec& bad : kBadShape) ExpectError(bad, FromProto(Parse(bad.spec)).status());
}

}  // namespace
}  // namespace trainyard
