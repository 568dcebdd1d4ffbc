#include "server/store/filter.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/status.h"
#include "core/base/text.h"
#include "server/store/columns.h"

namespace trainyard {
namespace {

using Operator = Comparison::Operator;

constexpr size_t kMostComparisons = 16;
constexpr std::string_view kLabelPrefix = "labels.";
constexpr std::string_view kStatePrefix = "STATE_";

// Longer ones first: `<=` is not `<`.
constexpr std::array<std::pair<std::string_view, Operator>, 6> kOperators = {{{"!=", Operator::kNotEqual},
                                                                              {"<=", Operator::kLessOrEqual},
                                                                              {">=", Operator::kGreaterOrEqual},
                                                                              {"=", Operator::kEqual},
                                                                              {"<", Operator::kLess},
                                                                              {">", Operator::kGreater}}};

bool IsOrder(Operator op) { return op != Operator::kEqual && op != Operator::kNotEqual; }

bool IsWordCharacter(char c) {
  return absl::ascii_isalnum(c) || std::string_view("_-./:+").find(c) != std::string_view::npos;
}

std::optional<v1::State> FindState(std::string_view name) {
  v1::State state;
  const std::string full = std::string(name.starts_with(kStatePrefix) ? "" : kStatePrefix).append(name);
  if (!v1::State_Parse(full, &state) || state == v1::STATE_UNSPECIFIED) return std::nullopt;
  return state;
}

class Parser {
 public:
  Parser(std::string_view text, std::span<const std::string_view> fields) : text_(text), fields_(fields) {}

  absl::StatusOr<Filter> Parse() {
    Filter filter;
    SkipSpace();
    while (!AtEnd()) {
      if (filter.comparisons.size() == kMostComparisons)
        return Expected(absl::StrCat("the end, after ", kMostComparisons));
      ASSIGN_OR_RETURN(Comparison comparison, ParseComparison());
      filter.comparisons.push_back(std::move(comparison));
      if (AtEnd()) break;
      RETURN_IF_ERROR(ParseAnd());
    }
    return filter;
  }

 private:
  absl::StatusOr<Comparison> ParseComparison() {
    Comparison comparison;
    ASSIGN_OR_RETURN(comparison.field, ParseField());
    ASSIGN_OR_RETURN(comparison.op, ParseOperator(comparison.field));
    ASSIGN_OR_RETURN(comparison.value, ParseValue(comparison.field));
    return comparison;
  }

  absl::StatusOr<std::string> ParseField() {
    const size_t begin = at_;
    while (!AtEnd() &&
           (absl::ascii_isalnum(text_[at_]) || std::string_view("_-.").find(text_[at_]) != std::string_view::npos))
      ++at_;
    const std::string_view field = text_.substr(begin, at_ - begin);
    const bool is_label = field.starts_with(kLabelPrefix) && field.size() > kLabelPrefix.size();
    if (std::find(fields_.begin(), fields_.end(), is_label ? "labels" : field) == fields_.end() || field == "labels") {
      at_ = begin;
      return Expected("one of the fields " + FieldNames());
    }
    SkipSpace();
    return std::string(field);
  }

  absl::StatusOr<Operator> ParseOperator(std::string_view field) {
    const bool may_order = field == "create_time";
    for (const auto& [sign, op] : kOperators) {
      if (!text_.substr(at_).starts_with(sign)) continue;
      if (IsOrder(op) && !may_order) break;
      at_ += sign.size();
      SkipSpace();
      return op;
    }
    return Expected(may_order ? "one of =, !=, <, <=, >, >=" : "= or !=");
  }

  absl::StatusOr<std::string> ParseValue(std::string_view field) {
    const size_t begin = at_;
    ASSIGN_OR_RETURN(std::string value, !AtEnd() && text_[at_] == '"' ? ParseQuoted() : ParseWord());
    if (field == "state") {
      const std::optional<v1::State> state = FindState(value);
      if (!state.has_value()) {
        at_ = begin;
        return Expected("one of QUEUED, RUNNING, PAUSED, SUCCEEDED, FAILED, CANCELLED");
      }
      value = v1::State_Name(*state);
    }
    if (field == "create_time" && !ParseTime(value).has_value()) {
      at_ = begin;
      return Expected("a time as in \"2026-01-31T00:00:00Z\"");
    }
    SkipSpace();
    return value;
  }

  absl::StatusOr<std::string> ParseWord() {
    const size_t begin = at_;
    while (!AtEnd() && IsWordCharacter(text_[at_])) ++at_;
    if (at_ == begin) return Expected("a value");
    return std::string(text_.substr(begin, at_ - begin));
  }

  absl::StatusOr<std::string> ParseQuoted() {
    std::string value;
    for (++at_; !AtEnd(); ++at_) {
      if (text_[at_] == '"') {
        ++at_;
        return value;
      }
      if (text_[at_] == '\\') {
        ++at_;
        if (AtEnd() || (text_[at_] != '"' && text_[at_] != '\\')) return Expected("\" or \\");
      }
      value += text_[at_];
    }
    return Expected("a closing \"");
  }

  absl::Status ParseAnd() {
    const bool stands_apart = absl::ascii_isspace(text_[at_ - 1]);
    const size_t begin = at_;
    if (!stands_apart || !text_.substr(at_).starts_with("AND")) return Expected("AND");
    at_ += 3;
    SkipSpace();
    if (at_ == begin + 3) return Expected("a space");
    if (AtEnd()) return Expected("a comparison");
    return absl::OkStatus();
  }

  std::string FieldNames() const {
    return absl::StrJoin(fields_, ", ", [](std::string* out, std::string_view name) {
      out->append(name).append(name == "labels" ? ".<key>" : "");
    });
  }

  bool AtEnd() const { return at_ == text_.size(); }

  void SkipSpace() {
    while (!AtEnd() && absl::ascii_isspace(text_[at_])) ++at_;
  }

  absl::Status Expected(std::string_view what) const {
    const std::string_view before = text_.substr(0, at_);
    const auto place = std::count_if(before.begin(), before.end(), [](char c) { return (c & 0xc0) != 0x80; }) + 1;
    return FieldError("filter", text_,
                      absl::StrCat("comparisons joined by AND, with ", AbslView(what), " at character ", place));
  }

  const std::string_view text_;
  const std::span<const std::string_view> fields_;
  size_t at_ = 0;
};

template <typename T>
bool Holds(const T& left, Operator op, const T& right) {
  switch (op) {
    case Operator::kEqual:
      return left == right;
    case Operator::kNotEqual:
      return left != right;
    case Operator::kLess:
      return left < right;
    case Operator::kLessOrEqual:
      return left <= right;
    case Operator::kGreater:
      return left > right;
    case Operator::kGreaterOrEqual:
      return left >= right;
  }
  return false;
}

bool Holds(const Comparison& comparison, const v1::Job& job) {
  const auto& [field, op, value] = comparison;
  if (field == "state") return Holds(v1::State_Name(job.state()), op, value);
  if (field == "display_name") return Holds(job.display_name(), op, value);
  if (field == "dataset") return Holds(job.spec().data().dataset(), op, value);
  if (field == "create_time") return Holds(ToNanoseconds(job.create_time()), op, *ParseTime(value));
  const auto label = job.labels().find(field.substr(kLabelPrefix.size()));
  if (label == job.labels().end()) return op == Operator::kNotEqual;
  return Holds(label->second, op, value);
}

}  // namespace

absl::StatusOr<Filter> ParseFilter(std::string_view text, std::span<const std::string_view> fields) {
  return Parser(text, fields).Parse();
}

bool Matches(const Filter& filter, const v1::Job& job) {
  return std::all_of(filter.comparisons.begin(), filter.comparisons.end(),
                     [&](const Comparison& comparison) { return Holds(comparison, job); });
}

}  // namespace trainyard
