// Specifications of jobs: what passes every check can be run, stopped anywhere and gone on with.

#include "server/wire/spec.h"

#include "core/base/status.h"
#include "core/train/trainer.h"
#include "tests/fuzz/message_of.h"
#include "tests/fuzz/names.h"
#include "tests/testing/small_data.h"

namespace trainyard::fuzz {
namespace {

constexpr int64_t kMemory = 1 << 20;
constexpr int kUnits = 12;

void ExpectFault(const absl::Status& status) {
  if (status.code() == absl::StatusCode::kResourceExhausted) return;
  ExpectCode(status, absl::StatusCode::kInvalidArgument);
  Expect(ErrorField(status).has_value() || !ErrorReason(status).empty(), "an error has a field or a reason",
         std::string(status.ToString()));
}

class SilentSink final : public RunSink {
 public:
  void Step(const StepMetrics&) override {}
  void Tell(const RunEvent&) override {}
  void Save(Checkpoint) override {}
  void BeginAttempt(Checkpoint) override {}
};

// Roll-backs and steps: a run that goes back comes to a step again.
using Place = std::pair<int, int64_t>;

Place PlaceOf(const Trainer& trainer) { return {trainer.roll_backs(), trainer.step()}; }

// A run that is stopped where `stop` says, and taken up again, comes to the bits of one that was not.
void ExpectTheSameBits(const RunPlan& plan, const TrainingData& data, int stop) {
  const std::string spec = ToProto(plan.options).DebugString();
  auto whole = MakeTrainer(plan, data, nullptr);
  if (!whole.ok()) return ExpectFault(whole.status());
  SilentSink sink;
  for (int i = 0; i < stop; ++i) {
    if ((*whole)->Advance(sink) == Trainer::Next::kEnded) return;
  }
  const absl::StatusOr<Checkpoint> checkpoint = DecodeCheckpoint(EncodeCheckpoint((*whole)->Snapshot()));
  Expect(checkpoint.ok(), "a snapshot reads back", std::string(checkpoint.status().ToString()));
  auto resumed = MakeTrainer(plan, data, &*checkpoint);
  Expect(resumed.ok(), "a run goes on from its own snapshot", std::string(resumed.status().ToString()));
  Expect(EncodeCheckpoint((*resumed)->Snapshot()) == EncodeCheckpoint(*checkpoint), "what goes on is what was stopped",
         spec);
  for (int i = 0; i < kUnits; ++i) {
    if ((*resumed)->Advance(sink) == Trainer::Next::kEnded) break;
  }
  const Place place = PlaceOf(**resumed);
  for (int i = 0; i < 8 * kUnits && PlaceOf(**whole) < place; ++i) {
    if ((*whole)->Advance(sink) == Trainer::Next::kEnded) break;
  }
  if (PlaceOf(**whole) != place) return;  // it takes more units, or an end holds other parameters
  Expect((*whole)->Snapshot().parameters == (*resumed)->Snapshot().parameters, "the same bits after a stop", spec);
}

}  // namespace
}  // namespace trainyard::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace trainyard;
  static const auto classes = MakeSmallDataset(12, 2, 3);
  static const auto numbers = MakeSmallDataset(12, 2, 0);
  fuzz::Input input(data, size);
  const int stop = input.Choice(fuzz::kUnits);
  const bool has_classes = input.Choice(2) == 0;
  const auto spec = fuzz::MessageOf<v1::JobSpec>(input, fuzz::kNames);
  const absl::StatusOr<TrainingOptions> options = FromProto(spec);
  if (!options.ok()) return fuzz::ExpectFault(options.status()), 0;
  const v1::JobSpec written = ToProto(*options);
  const absl::StatusOr<TrainingOptions> again = FromProto(written);
  fuzz::Expect(again.ok() && ToProto(*again).DebugString() == written.DebugString(), "options read back",
               written.DebugString());
  if (const absl::Status valid = Validate(*options); !valid.ok()) return fuzz::ExpectFault(valid), 0;

  TrainingData tables{.training = has_classes ? classes : numbers, .validation = nullptr, .test = nullptr};
  if (std::holds_alternative<std::string>(options->data.validation)) tables.validation = tables.training;
  if (std::holds_alternative<std::string>(options->data.test)) tables.test = tables.training;
  const absl::StatusOr<RunPlan> plan = PlanRun(*options, tables, fuzz::kMemory);
  if (!plan.ok()) return fuzz::ExpectFault(plan.status()), 0;
  fuzz::ExpectTheSameBits(*plan, tables, stop);
  return 0;
}
