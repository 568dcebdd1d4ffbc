// Lines of text with colours that a terminal may or may not show.

#ifndef TRAINYARD_CLIENT_CLI_STYLED_TEXT_H_
#define TRAINYARD_CLIENT_CLI_STYLED_TEXT_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace trainyard::cli {

enum class Ink { kPlain, kFaint, kStrong, kTraining, kValidation, kShadow, kGood, kBad };

class StyledLine {
 public:
  StyledLine() = default;
  explicit StyledLine(absl::string_view text, Ink ink = Ink::kPlain) { Add(text, ink); }

  StyledLine& Add(absl::string_view text, Ink ink = Ink::kPlain);
  StyledLine& Add(const StyledLine& other);

  // In columns.
  int width() const;

  // Cut to `width` columns, the last of them `…` where something was lost.
  StyledLine Shortened(int width) const;

  // Without escape sequences.
  std::string Text() const;

  // With the sequences that select colours.
  std::string Coloured() const;

 private:
  struct Span {
    std::string text;
    Ink ink;
  };

  std::vector<Span> spans_;
};

}  // namespace trainyard::cli

#endif  // TRAINYARD_CLIENT_CLI_STYLED_TEXT_H_
