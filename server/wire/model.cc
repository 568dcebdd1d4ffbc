#include "server/wire/model.h"

#include <variant>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "server/wire/dataset.h"
#include "server/wire/shape.h"
#include "server/wire/training_data.h"

namespace trainyard {
namespace {

v1::FeatureEncoding ToProto(const FeatureEncoding& feature) {
  v1::FeatureEncoding message;
  message.set_column(feature.column);
  message.set_type(trainyard::ToProto(feature.type));
  message.set_offset(feature.offset);
  message.set_scale(feature.scale);
  if (feature.missing_value) message.set_missing_value(*feature.missing_value);
  message.mutable_categories()->Assign(feature.categories.begin(), feature.categories.end());
  if (feature.missing_category) message.set_missing_category(*feature.missing_category);
  message.set_unseen(trainyard::ToProto(feature.unseen));
  message.set_width(feature.sparse_width);
  return message;
}

absl::StatusOr<FeatureEncoding> FromProto(const v1::FeatureEncoding& message) {
  FeatureEncoding feature;
  feature.column = message.column();
  ASSIGN_OR_RETURN(feature.type, EnumFromProto<ColumnType>(message.type(), "type"));
  feature.offset = message.offset();
  feature.scale = message.scale();
  if (message.has_missing_value()) feature.missing_value = message.missing_value();
  feature.categories = {message.categories().begin(), message.categories().end()};
  if (message.has_missing_category()) feature.missing_category = message.missing_category();
  ASSIGN_OR_RETURN(feature.unseen, EnumFromProto<Unseen>(message.unseen(), "unseen"));
  feature.sparse_width = message.width();
  return feature;
}

v1::TargetEncoding ToProto(const TargetEncoding& target, const LossOptions& loss) {
  v1::TargetEncoding message;
  message.set_column(target.column);
  message.set_type(trainyard::ToProto(target.type));
  message.mutable_classes()->Assign(target.classes.begin(), target.classes.end());
  message.set_positive_class(PositiveClass(loss, TargetShape{target.classes}).value_or(""));
  message.mutable_class_weights()->Assign(target.class_weights.begin(), target.class_weights.end());
  return message;
}

absl::StatusOr<TargetEncoding> FromProto(const v1::TargetEncoding& message) {
  TargetEncoding target;
  target.column = message.column();
  ASSIGN_OR_RETURN(target.type, EnumFromProto<ColumnType>(message.type(), "type"));
  target.classes = {message.classes().begin(), message.classes().end()};
  target.class_weights = {message.class_weights().begin(), message.class_weights().end()};
  return target;
}

}  // namespace

void ToProto(const Encoding& encoding, const LossOptions& loss, v1::Model* model) {
  model->clear_features();
  for (const FeatureEncoding& feature : encoding.features) *model->add_features() = ToProto(feature);
  *model->mutable_target() = ToProto(encoding.target, loss);
  model->set_weight_column(encoding.weight_column);
  model->set_weight_scale(encoding.weight_scale);
}

absl::StatusOr<Encoding> EncodingFromProto(const v1::Model& model) {
  Encoding encoding;
  for (int i = 0; i < model.features_size(); ++i) {
    ASSIGN_OR_RETURN(FeatureEncoding feature, InField(absl::StrCat("features[", i, "]"), FromProto(model.features(i))));
    encoding.features.push_back(std::move(feature));
  }
  ASSIGN_OR_RETURN(encoding.target, InField("target", FromProto(model.target())));
  encoding.weight_column = model.weight_column();
  encoding.weight_scale = model.weight_scale();
  return encoding;
}

v1::TensorInfo ToProto(const TensorShape& tensor) {
  v1::TensorInfo message;
  message.set_name(tensor.name);
  message.mutable_shape()->Assign(tensor.dimensions.begin(), tensor.dimensions.end());
  return message;
}

}  // namespace trainyard
