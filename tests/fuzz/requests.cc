// Bytes that are taken for messages, as they come from the network, and what services read of them.

#include "core/base/status.h"
#include "server/rpc/watch_view.h"
#include "server/wire/dataset.h"
#include "server/wire/model.h"
#include "server/wire/spec.h"
#include "server/wire/status.h"
#include "tests/fuzz/fuzzing.h"

namespace trainyard::fuzz {
namespace {

template <typename T>
void ExpectValueOrFault(const absl::StatusOr<T>& value) {
  if (value.ok()) return;
  ExpectCode(value.status(), absl::StatusCode::kInvalidArgument);
  Expect(ErrorField(FromProto(ToProto(value.status()))) == ErrorField(value.status()),
         "an error travels with its field");
}

template <typename Message, typename Read>
void Parse(std::string_view bytes, Read read) {
  Message message;
  if (message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) read(message);
}

}  // namespace
}  // namespace trainyard::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace trainyard;
  fuzz::Input input(data, size);
  switch (input.Choice(5)) {
    case 0:
      fuzz::Parse<v1::JobSpec>(input.rest(), [](const v1::JobSpec& spec) {
        const absl::StatusOr<TrainingOptions> options = FromProto(spec);
        fuzz::ExpectValueOrFault(options);
        if (!options.ok()) return;
        if (const absl::Status valid = Validate(*options); !valid.ok())
          fuzz::ExpectCode(valid, absl::StatusCode::kInvalidArgument);
      });
      break;
    case 1:
      fuzz::Parse<v1::ReadOptions>(input.rest(),
                                   [](const auto& options) { fuzz::ExpectValueOrFault(FromProto(options)); });
      break;
    case 2:
      fuzz::Parse<v1::WatchRequest>(input.rest(),
                                    [](const auto& request) { fuzz::ExpectValueOrFault(ReadChoice(request)); });
      break;
    case 3:
      fuzz::Parse<v1::Model>(input.rest(),
                             [](const auto& model) { fuzz::ExpectValueOrFault(EncodingFromProto(model)); });
      break;
    case 4:
      fuzz::Parse<google::rpc::Status>(input.rest(), [](const auto& status) { FromProto(status).IgnoreError(); });
      break;
  }
  return 0;
}
