#include "core/train/checkpoint.h"

#include <bit>
#include <cstring>
#include <type_traits>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/base/sha256.h"
#include "core/base/status.h"
#include "core/base/text.h"

namespace trainyard {
namespace {

static_assert(std::endian::native == std::endian::little, "checkpoints are little endian");

constexpr std::string_view kMagic = "TYCKPT\r\n";
constexpr uint32_t kVersion = 3;
constexpr size_t kDigestSize = 64;        // hexadecimal
constexpr size_t kNamesSize = 2048;       // more than all names, numbers and digests together
constexpr std::string_view kEnd = "end";  // the last section
constexpr std::string_view kOptimizerPrefix = "optimizer/";

template <typename T>
void Put(T value, std::string& out) {
  static_assert(std::is_trivially_copyable_v<T>);
  out.append(reinterpret_cast<const char*>(&value), sizeof(T));
}

template <typename T>
std::string BytesOf(T value) {
  std::string bytes;
  Put(value, bytes);
  return bytes;
}

void PutSection(std::string_view name, std::string_view bytes, std::string& out) {
  Put(static_cast<uint32_t>(name.size()), out);
  out.append(name);
  Put(static_cast<uint64_t>(bytes.size()), out);
  out.append(bytes);
}

// At least the bytes of the encoded form, and little more: a string that grows takes up to three times as much.
size_t EncodedSize(const Checkpoint& checkpoint) {
  size_t bytes = static_cast<size_t>(ArrayBytes(checkpoint)) + checkpoint.schedule_state.size();
  if (checkpoint.stopping.has_value()) bytes += sizeof(double) * checkpoint.stopping->recent.size();
  return bytes + kNamesSize;
}

absl::Status Damaged(std::string_view what) {
  return WithReason(absl::DataLossError(absl::StrCat("the checkpoint ", AbslView(what))), "CHECKPOINT_DAMAGED");
}

// Takes values from the front of `bytes`; false where there are too few.
template <typename T>
bool Take(std::string_view& bytes, T& value) {
  if (bytes.size() < sizeof(T)) return false;
  std::memcpy(&value, bytes.data(), sizeof(T));
  bytes.remove_prefix(sizeof(T));
  return true;
}

bool Take(std::string_view& bytes, uint64_t size, std::string_view& piece) {
  if (bytes.size() < size) return false;
  piece = bytes.substr(0, size);
  bytes.remove_prefix(size);
  return true;
}

template <typename T>
absl::Status Read(std::string_view section, T& value) {
  if (section.size() != sizeof(T)) return Damaged("has a section of the wrong size");
  std::memcpy(&value, section.data(), sizeof(T));
  return absl::OkStatus();
}

absl::Status Read(std::string_view section, bool& value) {
  uint8_t byte = 0;
  RETURN_IF_ERROR(Read<uint8_t>(section, byte));
  value = byte != 0;
  return absl::OkStatus();
}

absl::Status Read(std::string_view section, std::vector<double>& values) {
  if (section.size() % sizeof(double) != 0) return Damaged("has a section of the wrong size");
  values.resize(section.size() / sizeof(double));
  if (!section.empty()) std::memcpy(values.data(), section.data(), section.size());
  return absl::OkStatus();
}

absl::Status ReadSection(std::string_view name, std::string_view bytes, Checkpoint& checkpoint) {
  const auto best = [&checkpoint]() -> BestParameters& {
    if (!checkpoint.best.has_value()) checkpoint.best.emplace();
    return *checkpoint.best;
  };
  const auto last_finite = [&checkpoint]() -> LastFiniteParameters& {
    if (!checkpoint.last_finite.has_value()) checkpoint.last_finite.emplace();
    return *checkpoint.last_finite;
  };
  const auto stopping = [&checkpoint]() -> StoppingState& {
    if (!checkpoint.stopping.has_value()) checkpoint.stopping.emplace();
    return *checkpoint.stopping;
  };
  if (name == "fingerprint") {
    checkpoint.fingerprint = bytes;
  } else if (name == "precision") {
    uint8_t precision = 0;
    RETURN_IF_ERROR(Read(bytes, precision));
    if (precision > static_cast<uint8_t>(Precision::kF64)) return Damaged("has an unknown precision");
    checkpoint.precision = static_cast<Precision>(precision);
  } else if (name == "step") {
    return Read(bytes, checkpoint.step);
  } else if (name == "parameters") {
    checkpoint.parameters = bytes;
  } else if (name == "best/step") {
    return Read(bytes, best().step);
  } else if (name == "best/parameters") {
    best().parameters = bytes;
  } else if (name == "last_finite/step") {
    return Read(bytes, last_finite().step);
  } else if (name == "last_finite/clipped_steps") {
    return Read(bytes, last_finite().clipped_steps);
  } else if (name == "last_finite/clipped_step") {
    return Read(bytes, last_finite().clipped_step);
  } else if (name == "last_finite/parameters") {
    last_finite().parameters = bytes;
  } else if (name == "stopping/has_best") {
    return Read(bytes, stopping().has_best);
  } else if (name == "stopping/best_value") {
    return Read(bytes, stopping().best_value);
  } else if (name == "stopping/best_step") {
    return Read(bytes, stopping().best_step);
  } else if (name == "stopping/patience_used") {
    return Read(bytes, stopping().patience_used);
  } else if (name == "stopping/recent") {
    return Read(bytes, stopping().recent);
  } else if (name == "target_reached") {
    return Read(bytes, checkpoint.target_reached);
  } else if (name == "schedule") {
    checkpoint.schedule_state = bytes;
  } else if (name == "clipped_steps") {
    return Read(bytes, checkpoint.clipped_steps);
  } else if (name == "clipped_step") {
    return Read(bytes, checkpoint.clipped_step);
  } else if (name == "learning_rate_factor") {
    return Read(bytes, checkpoint.learning_rate_factor);
  } else if (name == "roll_backs") {
    return Read(bytes, checkpoint.roll_backs);
  } else if (name == "roll_back_to") {
    checkpoint.roll_back_to = bytes;
  } else if (name == "evaluated_step") {
    return Read(bytes, checkpoint.evaluated_step);
  } else if (name == "changes_made") {
    return Read(bytes, checkpoint.changes_made);
  } else if (name == "parameters_digest") {
    checkpoint.parameters_digest = bytes;
  } else if (absl::StartsWith(AbslView(name), AbslView(kOptimizerPrefix))) {
    checkpoint.optimizer_state.push_back(
        {.name = std::string(name.substr(kOptimizerPrefix.size())), .bytes = std::string(bytes)});
  } else {
    return Damaged(absl::StrCat("has an unknown section, ", AbslView(name)));
  }
  return absl::OkStatus();
}

}  // namespace

int64_t ArrayBytes(const Checkpoint& checkpoint) {
  size_t bytes = checkpoint.parameters.size() + checkpoint.roll_back_to.size();
  for (const NamedBytes& state : checkpoint.optimizer_state) bytes += state.bytes.size();
  if (checkpoint.best.has_value()) bytes += checkpoint.best->parameters.size();
  if (checkpoint.last_finite.has_value()) bytes += checkpoint.last_finite->parameters.size();
  return static_cast<int64_t>(bytes);
}

std::string EncodeCheckpoint(const Checkpoint& checkpoint) {
  std::string out;
  out.reserve(EncodedSize(checkpoint));
  out.append(kMagic);
  Put(kVersion, out);
  PutSection("fingerprint", checkpoint.fingerprint, out);
  PutSection("precision", BytesOf(static_cast<uint8_t>(checkpoint.precision)), out);
  PutSection("step", BytesOf(checkpoint.step), out);
  PutSection("parameters", checkpoint.parameters, out);
  PutSection("parameters_digest", checkpoint.parameters_digest, out);
  for (const NamedBytes& state : checkpoint.optimizer_state) {
    PutSection(absl::StrCat(AbslView(kOptimizerPrefix), state.name), state.bytes, out);
  }
  if (checkpoint.best.has_value()) {
    PutSection("best/step", BytesOf(checkpoint.best->step), out);
    PutSection("best/parameters", checkpoint.best->parameters, out);
  }
  if (checkpoint.last_finite.has_value()) {
    PutSection("last_finite/step", BytesOf(checkpoint.last_finite->step), out);
    PutSection("last_finite/clipped_steps", BytesOf(checkpoint.last_finite->clipped_steps), out);
    PutSection("last_finite/clipped_step", BytesOf(checkpoint.last_finite->clipped_step), out);
    PutSection("last_finite/parameters", checkpoint.last_finite->parameters, out);
  }
  if (checkpoint.stopping.has_value()) {
    PutSection("stopping/has_best", BytesOf(uint8_t{checkpoint.stopping->has_best}), out);
    PutSection("stopping/best_value", BytesOf(checkpoint.stopping->best_value), out);
    PutSection("stopping/best_step", BytesOf(checkpoint.stopping->best_step), out);
    PutSection("stopping/patience_used", BytesOf(checkpoint.stopping->patience_used), out);
    std::string recent;
    for (const double value : checkpoint.stopping->recent) Put(value, recent);
    PutSection("stopping/recent", recent, out);
  }
  PutSection("target_reached", BytesOf(uint8_t{checkpoint.target_reached}), out);
  PutSection("schedule", checkpoint.schedule_state, out);
  PutSection("clipped_steps", BytesOf(checkpoint.clipped_steps), out);
  PutSection("clipped_step", BytesOf(checkpoint.clipped_step), out);
  PutSection("learning_rate_factor", BytesOf(checkpoint.learning_rate_factor), out);
  PutSection("roll_backs", BytesOf(checkpoint.roll_backs), out);
  PutSection("roll_back_to", checkpoint.roll_back_to, out);
  PutSection("evaluated_step", BytesOf(checkpoint.evaluated_step), out);
  PutSection("changes_made", BytesOf(checkpoint.changes_made), out);
  PutSection(kEnd, "", out);
  out.append(Sha256Of(out));
  return out;
}

absl::StatusOr<Checkpoint> DecodeCheckpoint(std::string_view bytes) {
  if (bytes.size() < kMagic.size() + sizeof(uint32_t) + kDigestSize || !bytes.starts_with(kMagic)) {
    return Damaged("is not one, or is cut short");
  }
  std::string_view body = bytes.substr(0, bytes.size() - kDigestSize);
  if (Sha256Of(body) != bytes.substr(body.size())) return Damaged("does not match its digest");
  body.remove_prefix(kMagic.size());
  uint32_t version = 0;
  Take(body, version);
  if (version != kVersion) return Damaged(absl::StrCat("has version ", version, ", which this program does not know"));

  Checkpoint checkpoint;
  std::string_view name;
  while (name != kEnd) {
    uint32_t name_size = 0;
    uint64_t size = 0;
    std::string_view section;
    if (!Take(body, name_size) || !Take(body, name_size, name) || !Take(body, size) || !Take(body, size, section)) {
      return Damaged("has a section that is cut short");
    }
    if (name != kEnd) RETURN_IF_ERROR(ReadSection(name, section, checkpoint));
  }
  if (!body.empty()) return Damaged("has bytes after its end");
  if (Sha256Of(checkpoint.parameters) != checkpoint.parameters_digest) {
    return Damaged("has parameters that do not match their digest");
  }
  return checkpoint;
}

std::string NumericFingerprint() { return absl::StrCat("panels-32/x86-64-fma/gcc-", __GNUC__, "/4"); }

}  // namespace trainyard
