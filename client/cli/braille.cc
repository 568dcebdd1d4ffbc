#include "client/cli/braille.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace trainyard::cli {
namespace {

// The bit of each dot in U+2800 + bits, by row and column.
constexpr uint8_t kBits[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};

std::string Glyph(uint8_t dots) {
  return {static_cast<char>(0xE2), static_cast<char>(0xA0 | (dots >> 6)), static_cast<char>(0x80 | (dots & 0x3F))};
}

}  // namespace

BrailleCanvas::BrailleCanvas(int width, int height)
    : width_(width), height_(height), cells_(static_cast<size_t>(width) * static_cast<size_t>(height)) {}

BrailleCanvas::Cell* BrailleCanvas::At(int x, int y) {
  if (x < 0 || y < 0 || x >= dots_wide() || y >= dots_high()) return nullptr;
  return &cells_[static_cast<size_t>(y / 4) * static_cast<size_t>(width_) + static_cast<size_t>(x / 2)];
}

void BrailleCanvas::Dot(int x, int y, Ink ink) {
  if (Cell* cell = At(x, y); cell != nullptr) {
    cell->dots |= kBits[y % 4][x % 2];
    cell->ink = ink;
  }
}

void BrailleCanvas::BackgroundDot(int x, int y) {
  if (Cell* cell = At(x, y); cell != nullptr) cell->background |= kBits[y % 4][x % 2];
}

void BrailleCanvas::Line(int x0, int y0, int x1, int y1, Ink ink) {
  const int length = std::max({std::abs(x1 - x0), std::abs(y1 - y0), 1});
  for (int i = 0; i <= length; ++i) {
    const double part = static_cast<double>(i) / length;
    Dot(static_cast<int>(std::lround(x0 + part * (x1 - x0))), static_cast<int>(std::lround(y0 + part * (y1 - y0))),
        ink);
  }
}

void BrailleCanvas::Mark(int x, int y, const std::string& glyph, Ink ink) {
  if (Cell* cell = At(x, y); cell != nullptr) {
    cell->glyph = glyph;
    cell->ink = ink;
  }
}

StyledLine BrailleCanvas::Row(int row) const {
  StyledLine line;
  for (int i = 0; i < width_; ++i) {
    const Cell& cell = cells_[static_cast<size_t>(row) * static_cast<size_t>(width_) + static_cast<size_t>(i)];
    if (!cell.glyph.empty()) {
      line.Add(cell.glyph, cell.ink);
    } else if (cell.dots != 0) {
      line.Add(Glyph(cell.dots), cell.ink);
    } else if (cell.background != 0) {
      line.Add(Glyph(cell.background), Ink::kShadow);
    } else {
      line.Add(" ");
    }
  }
  return line;
}

}  // namespace trainyard::cli
