// Events of the log, as they are read again: into what a run told and what a watcher sees.

#include "server/rpc/watch_view.h"
#include "server/wire/run_events.h"
#include "tests/fuzz/message_of.h"
#include "tests/fuzz/names.h"

namespace trainyard::fuzz {
namespace {

void ReadChunk(const v1::MetricChunk& chunk) {
  const absl::StatusOr<std::vector<StepMetrics>> steps = FromProto(chunk);
  if (!steps.ok()) return ExpectCode(steps.status(), absl::StatusCode::kDataLoss);
  const v1::MetricChunk written = ToProto(*steps);
  if (chunk.steps().empty())
    Expect(ToProto(*FromProto(written)).DebugString() == written.DebugString(), "chunks read back");
}

void ReadEvent(const v1::Event& event) {
  if (event.has_metrics()) return ReadChunk(event.metrics());
  const absl::StatusOr<RunEvent> told = FromProto(event);
  if (!told.ok()) return ExpectCode(told.status(), absl::StatusCode::kInvalidArgument);
  Expect(ToProto(*FromProto(ToProto(*told))).DebugString() == ToProto(*told).DebugString(), "events read back");
}

}  // namespace
}  // namespace trainyard::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace trainyard;
  fuzz::Input input(data, size);
  const auto request = fuzz::MessageOf<v1::WatchRequest>(input, fuzz::kNames);
  const absl::StatusOr<WatchChoice> choice = ReadChoice(request);
  if (!choice.ok()) return fuzz::ExpectCode(choice.status(), absl::StatusCode::kInvalidArgument), 0;
  WatchView view(*choice);
  while (!input.empty()) {
    const auto event = fuzz::MessageOf<v1::Event>(input, fuzz::kNames);
    fuzz::ReadEvent(event);
    const auto seen = view.See(std::make_shared<const std::string>(event.SerializeAsString()));
    v1::Event parsed;
    fuzz::Expect(seen != nullptr && parsed.ParseFromString(*seen), "a watcher sees an event");
    fuzz::Expect(parsed.sequence() == event.sequence(), "of the same number");
  }
  return 0;
}
