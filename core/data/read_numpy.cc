// FORMAT_NPY and FORMAT_NPZ.

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "core/base/text.h"
#include "core/data/bad_data.h"
#include "core/data/npy.h"
#include "core/data/number_table.h"
#include "core/data/plan_columns.h"
#include "core/data/read_table.h"
#include "core/data/zip.h"

namespace trainyard {
namespace {

constexpr std::string_view kLabel = "label";
constexpr std::string_view kWeight = "weight";

// The arrays of an archive, whose elements are in the archive or in `unpacked`.
struct NpzTable {
  NpyArray x;
  std::optional<NpyArray> y;
  std::optional<NpyArray> weight;
  std::string unpacked[3];
};

absl::Status CheckExamples(std::string_view name, const NpyArray& array, const ReadLimits& limits) {
  if (array.dimensions.size() < 2) {
    return BadData(absl::StrCat(AbslView(name),
                                ": its rank is 1; an array of examples has rank 2 or more, as "
                                "array.reshape(-1, 1) has"));
  }
  return CheckTableSize(array.item_size(), array.item_count(), limits);
}

// Refuses a small archive that would fill the memory.
absl::Status CheckUnpackedSize(std::string_view content, const std::vector<ZipMember>& members,
                               const ReadLimits& limits) {
  const uint64_t allowed = static_cast<uint64_t>(limits.max_unpacked_bytes);
  const uint64_t expanded =
      std::max(static_cast<uint64_t>(limits.free_unpacked_bytes), content.size() * uint64_t{limits.max_expansion});
  const uint64_t limit = std::min(allowed, expanded);
  uint64_t size = 0;
  for (const ZipMember& member : members) {
    if (!member.deflated) continue;
    if (member.size > limit - size) {
      return BadData(absl::StrCat("the archive's compressed members unpack to more than the ", limit,
                                  " bytes allowed; save them with np.savez, which does not compress"));
    }
    size += member.size;
  }
  return absl::OkStatus();
}

const ZipMember* FindMember(const std::vector<ZipMember>& members, std::string_view name) {
  const auto found = std::find_if(members.begin(), members.end(), [name](const auto& m) { return m.name == name; });
  return found == members.end() ? nullptr : &*found;
}

absl::StatusOr<NpyArray> ReadMember(const ZipMember& member, std::string* buffer) {
  ASSIGN_OR_RETURN(const std::string_view content, Unpack(member, buffer));
  return ReadNpyArray(member.name, content);
}

// Reads an array of one number an example into `array`, where the archive has it.
absl::Status ReadBeside(const NpyArray& x, const ZipMember* member, std::string* buffer,
                        std::optional<NpyArray>* array) {
  if (member == nullptr) return absl::OkStatus();
  ASSIGN_OR_RETURN(*array, ReadMember(*member, buffer));
  const NpyArray& read = **array;
  if (read.dimensions.size() == 1 && read.item_count() == x.item_count()) return absl::OkStatus();
  return BadData(absl::StrCat(AbslView(member->name), ": it must have rank 1 and ", x.item_count(),
                              " items as x has, it has rank ", read.dimensions.size(), " and ", read.item_count()));
}

// Each member is one of the three, and comes once.
absl::Status CheckNames(const std::vector<ZipMember>& members) {
  std::vector<std::string> names;
  for (const ZipMember& member : members) names.push_back(absl::CHexEscape(AbslView(member.name)));
  std::sort(names.begin(), names.end());
  const bool known = std::all_of(names.begin(), names.end(), [](const std::string& name) {
    return name == "x.npy" || name == "y.npy" || name == "weight.npy";
  });
  const bool repeated = std::adjacent_find(names.begin(), names.end()) != names.end();
  const bool has_x = std::find(names.begin(), names.end(), "x.npy") != names.end();
  if (known && !repeated && has_x) return absl::OkStatus();
  return BadData(absl::StrCat("the archive must hold x.npy and may hold y.npy and weight.npy, it holds ",
                              names.empty() ? "nothing" : SomeOf(names),
                              "; save it as np.savez(file, x=..., y=..., weight=...)"));
}

absl::Status ReadArrays(std::string_view content, const ReadLimits& limits, NpzTable* table) {
  ASSIGN_OR_RETURN(const std::vector<ZipMember> members, ReadZipDirectory(content));
  RETURN_IF_ERROR(CheckNames(members));
  RETURN_IF_ERROR(CheckUnpackedSize(content, members, limits));
  ASSIGN_OR_RETURN(table->x, ReadMember(*FindMember(members, "x.npy"), &table->unpacked[0]));
  RETURN_IF_ERROR(CheckExamples("x.npy", table->x, limits));
  RETURN_IF_ERROR(ReadBeside(table->x, FindMember(members, "y.npy"), &table->unpacked[1], &table->y));
  return ReadBeside(table->x, FindMember(members, "weight.npy"), &table->unpacked[2], &table->weight);
}

// `y` is the target and `weight` the weights, where there are such and the options do not say otherwise. Numbers with a fraction are no
// classes, even where all are whole.
ReadOptions WithRoles(ReadOptions options, const NpzTable& table) {
  const std::string label(kLabel);
  const std::string weight(kWeight);
  if (!options.target.has_value() && table.y.has_value() && options.weight != label &&
      !DeclaredIgnored(options, label)) {
    options.target = label;
  }
  if (!options.weight.has_value() && table.weight.has_value() && options.target != weight &&
      !DeclaredIgnored(options, weight)) {
    options.weight = weight;
  }
  if (table.y.has_value() && table.y->floating()) options.types.try_emplace(label, ColumnType::kNumeric);
  return options;
}

}  // namespace

absl::StatusOr<ReadResult> ReadNpy(std::string_view content, const ReadOptions& given, const ReadLimits& limits,
                                   ByteSink& sink) {
  ASSIGN_OR_RETURN(const NpyArray array, ReadNpyArray("the array", content));
  RETURN_IF_ERROR(CheckExamples("the array", array, limits));
  const NpyDecoder decoder(array);
  NumberTable numbers{.names = ElementNames(array.dimensions), .row_count = array.item_count()};
  numbers.read = [&decoder](int64_t row, std::span<double> cells) { decoder.Decode(row, cells); };
  ReadOptions options = given;
  if (!options.target.has_value()) options.target = LastFeature(numbers.names, options);
  return ReadNumbers(numbers, options, limits, sink);
}

absl::StatusOr<ReadResult> ReadNpz(std::string_view content, const ReadOptions& options, const ReadLimits& limits,
                                   ByteSink& sink) {
  NpzTable table;
  RETURN_IF_ERROR(ReadArrays(content, limits, &table));
  NumberTable numbers{.names = ElementNames(table.x.dimensions), .row_count = table.x.item_count()};
  std::vector<NpyDecoder> decoders = {NpyDecoder(table.x)};
  for (const auto& [array, name] : {std::pair(&table.y, kLabel), std::pair(&table.weight, kWeight)}) {
    if (!array->has_value()) continue;
    numbers.names.emplace_back(name);
    decoders.emplace_back(**array);
  }
  const size_t elements = static_cast<size_t>(table.x.item_size());
  numbers.read = [&decoders, elements](int64_t row, std::span<double> cells) {
    decoders[0].Decode(row, cells.first(elements));
    for (size_t i = 1; i < decoders.size(); ++i) decoders[i].Decode(row, cells.subspan(elements + i - 1, 1));
  };
  return ReadNumbers(numbers, WithRoles(options, table), limits, sink);
}

}  // namespace trainyard
