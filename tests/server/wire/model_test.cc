#include "server/wire/model.h"

#include "core/base/status.h"
#include "gmock/gmock.h"

namespace trainyard {
namespace {

using ::testing::ElementsAre;

Encoding TwoClasses() {
  Encoding encoding;
  encoding.target = {.column = "y", .type = ColumnType::kCategorical, .classes = {"no", "yes"}};
  return encoding;
}

std::string PositiveClassWith(const LossOptions& loss) {
  v1::Model model;
  ToProto(TwoClasses(), loss, &model);
  return model.target().positive_class();
}

TEST(ModelTest, ABinaryLossHasAPositiveClassTheSecondUnlessNamed) {
  EXPECT_EQ(PositiveClassWith(HingeOptions()), "yes");
  EXPECT_EQ(PositiveClassWith(PerceptronOptions{.positive_class = "no"}), "no");
  EXPECT_EQ(PositiveClassWith(LogisticOptions()), "yes");
  EXPECT_EQ(PositiveClassWith(LogisticOptions{.positive_class = "no"}), "no");
  EXPECT_EQ(PositiveClassWith(SoftmaxCrossEntropyOptions()), "");
  EXPECT_EQ(PositiveClassWith(MulticlassHingeOptions()), "");
}

TEST(ModelTest, AnEncodingReplacesTheOneThatTheModelHad) {
  v1::Model model;
  model.set_name("models/a");
  model.add_features()->set_column("old");
  ToProto(TwoClasses(), LogisticOptions(), &model);
  EXPECT_EQ(model.name(), "models/a");
  EXPECT_EQ(model.features_size(), 0);
}

TEST(ModelTest, AFeatureWithoutATypeIsNamedByItsPath) {
  v1::Model model;
  ToProto(TwoClasses(), LogisticOptions(), &model);
  model.add_features();
  EXPECT_EQ(ErrorField(EncodingFromProto(model).status()), "features[0].type");
}

TEST(ModelTest, ATensorHasNameAndShape) {
  const v1::TensorInfo message = ToProto(TensorShape{.name = "layers.0.weight", .dimensions = {4, 3}});
  EXPECT_EQ(message.name(), "layers.0.weight");
  EXPECT_THAT(message.shape(), ElementsAre(4, 3));
}

}  // namespace
}  // namespace trainyard
