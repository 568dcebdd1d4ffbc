#include "client/cli/styled_text.h"

#include "absl/strings/str_cat.h"
#include "client/cli/text.h"

namespace trainyard::cli {
namespace {

// Of the 256 colours, those that are legible on dark and on light.
const char* Sequence(Ink ink) {
  switch (ink) {
    case Ink::kPlain:
      return "";
    case Ink::kFaint:
      return "\x1b[38;5;245m";
    case Ink::kStrong:
      return "\x1b[1m";
    case Ink::kTraining:
      return "\x1b[38;5;39m";
    case Ink::kValidation:
      return "\x1b[38;5;208m";
    case Ink::kShadow:
      return "\x1b[38;5;240m";
    case Ink::kGood:
      return "\x1b[38;5;35m";
    case Ink::kBad:
      return "\x1b[38;5;167m";
  }
  return "";
}

}  // namespace

StyledLine& StyledLine::Add(absl::string_view text, Ink ink) {
  if (text.empty()) return *this;
  if (!spans_.empty() && spans_.back().ink == ink) {
    absl::StrAppend(&spans_.back().text, text);
  } else {
    spans_.push_back({std::string(text), ink});
  }
  return *this;
}

StyledLine& StyledLine::Add(const StyledLine& other) {
  for (const Span& span : other.spans_) Add(span.text, span.ink);
  return *this;
}

int StyledLine::width() const {
  int columns = 0;
  for (const Span& span : spans_) columns += DisplayWidth(span.text);
  return columns;
}

StyledLine StyledLine::Shortened(int width) const {
  if (this->width() <= width) return *this;
  StyledLine result;
  int left = width;
  for (const Span& span : spans_) {
    const int columns = DisplayWidth(span.text);
    if (columns >= left) return result.Add(cli::Shortened(absl::StrCat(span.text, " "), left), span.ink);
    result.Add(span.text, span.ink);
    left -= columns;
  }
  return result;
}

std::string StyledLine::Text() const {
  std::string text;
  for (const Span& span : spans_) text += span.text;
  return text;
}

std::string StyledLine::Coloured() const {
  std::string text;
  for (const Span& span : spans_) {
    const absl::string_view sequence = Sequence(span.ink);
    absl::StrAppend(&text, sequence, span.text, sequence.empty() ? "" : "\x1b[0m");
  }
  return text;
}

}  // namespace trainyard::cli
