// A grid of dots, shown as braille characters.

#ifndef TRAINYARD_CLIENT_CLI_BRAILLE_H_
#define TRAINYARD_CLIENT_CLI_BRAILLE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "client/cli/styled_text.h"

namespace trainyard::cli {

class BrailleCanvas {
 public:
  // In characters.
  BrailleCanvas(int width, int height);

  int dots_wide() const { return 2 * width_; }
  int dots_high() const { return 4 * height_; }

  // (0, 0) is the top left; dots outside are dropped. The background shows only in characters without other dots.
  void Dot(int x, int y, Ink ink);
  void BackgroundDot(int x, int y);

  // Dots from one point to the other, both included.
  void Line(int x0, int y0, int x1, int y1, Ink ink);

  // A character in place of dots, at the dot's place.
  void Mark(int x, int y, const std::string& glyph, Ink ink);

  StyledLine Row(int row) const;

 private:
  struct Cell {
    uint8_t dots = 0;
    uint8_t background = 0;
    std::string glyph;
    Ink ink = Ink::kPlain;
  };

  // nullptr outside.
  Cell* At(int x, int y);

  const int width_;
  const int height_;
  std::vector<Cell> cells_;
};

}  // namespace trainyard::cli

#endif  // TRAINYARD_CLIENT_CLI_BRAILLE_H_
