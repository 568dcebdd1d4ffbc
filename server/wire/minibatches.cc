#include "server/wire/minibatches.h"

#include <variant>

namespace trainyard {
namespace {

void Write(const DefaultSize&, v1::Minibatches*) {}
void Write(int64_t size, v1::Minibatches* message) { message->set_size(size); }
void Write(const FullBatch&, v1::Minibatches* message) { message->mutable_full_batch(); }
void Write(const Permutation&, v1::Minibatches* message) { message->mutable_permutation(); }
void Write(const InOrder&, v1::Minibatches* message) { message->mutable_in_order(); }
void Write(const ShuffledOnce&, v1::Minibatches* message) { message->mutable_shuffled_once(); }
void Write(const Windowed& order, v1::Minibatches* message) { message->mutable_windowed()->set_rows(order.rows); }
void Write(const WithReplacement&, v1::Minibatches* message) { message->mutable_with_replacement(); }

}  // namespace

v1::Minibatches ToProto(const MinibatchOptions& options) {
  v1::Minibatches message;
  std::visit([&](const auto& batch) { Write(batch, &message); }, options.batch);
  std::visit([&](const auto& order) { Write(order, &message); }, options.order);
  message.set_drop_last(options.drop_last);
  if (options.seed.has_value()) message.set_seed(*options.seed);
  return message;
}

MinibatchOptions FromProto(const v1::Minibatches& message) {
  MinibatchOptions options{.drop_last = message.drop_last()};
  if (message.has_seed()) options.seed = message.seed();
  switch (message.batch_case()) {
    case v1::Minibatches::kSize:
      options.batch = message.size();
      break;
    case v1::Minibatches::kFullBatch:
      options.batch = FullBatch();
      break;
    case v1::Minibatches::BATCH_NOT_SET:
      break;
  }
  switch (message.order_case()) {
    case v1::Minibatches::kPermutation:
      options.order = Permutation();
      break;
    case v1::Minibatches::kInOrder:
      options.order = InOrder();
      break;
    case v1::Minibatches::kShuffledOnce:
      options.order = ShuffledOnce();
      break;
    case v1::Minibatches::kWindowed:
      options.order = Windowed{message.windowed().rows()};
      break;
    case v1::Minibatches::kWithReplacement:
      options.order = WithReplacement();
      break;
    case v1::Minibatches::ORDER_NOT_SET:
      break;
  }
  return options;
}

}  // namespace trainyard
