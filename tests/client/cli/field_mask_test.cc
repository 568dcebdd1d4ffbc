#include "client/cli/field_mask.h"

#include "client/cli/json.h"
#include "gmock/gmock.h"
#include "trainyard/v1/job.pb.h"

namespace trainyard::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

google::protobuf::FieldMask Differing(const v1::JobSpec& a, const v1::JobSpec& b) {
  google::protobuf::FieldMask mask;
  AddDifferingFields(a, b, "spec.", mask);
  return mask;
}

v1::JobSpec Spec() {
  v1::JobSpec spec;
  spec.mutable_optimizer()->set_learning_rate(0.1);
  spec.mutable_optimizer()->mutable_nesterov()->set_momentum(0.9);
  spec.mutable_evaluation()->add_metrics(v1::METRIC_LOSS);
  return spec;
}

TEST(FieldMaskTest, EqualMessagesDifferInNothing) { EXPECT_THAT(Differing(Spec(), Spec()).paths(), IsEmpty()); }

TEST(FieldMaskTest, APathLeadsAsFarInAsBothHaveAMessage) {
  v1::JobSpec other = Spec();
  other.mutable_optimizer()->mutable_nesterov()->set_momentum(0.5);
  other.mutable_budget()->set_steps(3);
  EXPECT_THAT(Differing(Spec(), other).paths(), ElementsAre("spec.optimizer.nesterov.momentum", "spec.budget"));
}

TEST(FieldMaskTest, AnotherArmOfAOneofNamesBoth) {
  v1::JobSpec other = Spec();
  other.mutable_optimizer()->mutable_sgd();
  EXPECT_THAT(Differing(Spec(), other).paths(), ElementsAre("spec.optimizer.sgd", "spec.optimizer.nesterov"));
}

TEST(FieldMaskTest, AListIsWhole) {
  v1::JobSpec other = Spec();
  other.mutable_evaluation()->add_metrics(v1::METRIC_AUC);
  EXPECT_THAT(Differing(Spec(), other).paths(), ElementsAre("spec.evaluation.metrics"));
}

TEST(FieldTextTest, ValuesAreReadableAndWhatIsMissingIsUnset) {
  EXPECT_EQ(FieldText(Spec(), "optimizer.learning_rate"), "0.1");
  EXPECT_EQ(FieldText(Spec(), "optimizer.nesterov"), "{\"momentum\":0.9}");
  EXPECT_EQ(FieldText(Spec(), "budget.steps"), "unset");
  EXPECT_EQ(FieldText(Spec(), "optimizer.clipping"), "unset");
}

}  // namespace
}  // namespace trainyard::cli
