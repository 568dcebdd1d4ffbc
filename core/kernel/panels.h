// How the weights of a dense layer lie in memory: the order in which the kernels stream through them.
//
//   y = act(x W + b)     W: [inputs, outputs], b below it as row `inputs`, so that a constant 1 beside x makes it part of the product
//
// Wide layers lie in panels of 32 columns (the last of 16 where that is enough); within a panel the columns of a row lie together, row
// after row, then comes the next panel. Layers of at most 4 outputs lie by output instead: all weights of an output together, its bias
// last. Both are filled up with zeros to whole vectors; those stay zero, since their gradient is zero.

#ifndef TRAINYARD_CORE_KERNEL_PANELS_H_
#define TRAINYARD_CORE_KERNEL_PANELS_H_

#include <algorithm>
#include <cstdint>

namespace trainyard {

// Elements that a kernel treats alike, on every processor: sums that run over lanes have this many chains.
inline constexpr int64_t kLanes = 16;

inline constexpr int64_t kPanelWidth = 2 * kLanes;
inline constexpr int64_t kNarrowOutputs = 4;

// To a multiple of kLanes.
constexpr int64_t PaddedToLanes(int64_t count) { return (count + kLanes - 1) / kLanes * kLanes; }

struct PanelShape {
  int64_t inputs = 0;
  int64_t outputs = 0;

  // Whether the weights lie by output.
  constexpr bool narrow() const { return outputs <= kNarrowOutputs; }

  // Weights and bias.
  constexpr int64_t rows() const { return inputs + 1; }

  // Columns of panels, with padding.
  constexpr int64_t padded_outputs() const { return PaddedToLanes(outputs); }

  // Elements between two outputs, where the weights lie by output.
  constexpr int64_t narrow_stride() const { return PaddedToLanes(rows()); }

  // Elements in memory, padding among them; a multiple of kLanes.
  constexpr int64_t size() const { return narrow() ? outputs * narrow_stride() : padded_outputs() * rows(); }

  constexpr int64_t panels() const { return (padded_outputs() + kPanelWidth - 1) / kPanelWidth; }
  constexpr int64_t panel_begin(int64_t panel) const { return panel * kPanelWidth * rows(); }
  constexpr int64_t panel_width(int64_t panel) const {
    return std::min(kPanelWidth, padded_outputs() - panel * kPanelWidth);
  }

  // The place of weight (input, output); input == inputs is the bias.
  constexpr int64_t Index(int64_t input, int64_t output) const {
    if (narrow()) return output * narrow_stride() + input;
    const int64_t panel = output / kPanelWidth;
    return panel_begin(panel) + input * panel_width(panel) + output % kPanelWidth;
  }
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_KERNEL_PANELS_H_
