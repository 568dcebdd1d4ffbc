// Weights to weights transposed, panels to panels.

#ifndef TRAINYARD_CORE_KERNEL_TRANSPOSES_H_
#define TRAINYARD_CORE_KERNEL_TRANSPOSES_H_

#include <algorithm>
#include <cstdint>

#include "core/kernel/panels.h"
#include "core/kernel/rows.h"

namespace trainyard::kernel {

// A square of kCount inputs and outputs. The padding beside the transposed weights becomes 0.
template <typename Lanes>
inline void TransposeSquare(const PanelShape& from, const typename Lanes::Real* weights, const PanelShape& to,
                            typename Lanes::Real* transposed, int64_t input, int64_t output) {
  typename Lanes::Vector square[Lanes::kCount];
  const auto* source = weights + from.Index(input, output);
  const int64_t source_step = from.panel_width(output / kPanelWidth);
  const int64_t inputs = from.inputs - input;
#pragma GCC unroll 16
  for (int i = 0; i < Lanes::kCount; ++i) {
    square[i] = i < inputs ? Lanes::Load(source + i * source_step) : Lanes::Zero();
  }
  Lanes::Transpose(square);
  auto* target = transposed + to.Index(output, input);
  const int64_t target_step = to.panel_width(input / kPanelWidth);
  const int64_t outputs = from.outputs - output;
#pragma GCC unroll 16
  for (int o = 0; o < Lanes::kCount; ++o) {
    if (o < outputs) Lanes::Store(target + o * target_step, square[o]);
  }
}

struct Interval {
  int64_t begin;
  int64_t end;
};

// A block that is one run of memory in both.
template <typename Lanes>
inline void TransposeBlock(const PanelShape& from, const typename Lanes::Real* weights, const PanelShape& to,
                           typename Lanes::Real* transposed, Interval inputs, Interval outputs) {
  for (int64_t input = inputs.begin; input < inputs.end; input += Lanes::kCount) {
    for (int64_t output = outputs.begin; output < outputs.end; output += Lanes::kCount) {
      TransposeSquare<Lanes>(from, weights, to, transposed, input, output);
    }
  }
}

// The weights of an output of `narrow`, which lies by output, are rows of the panels of `wide`: visit(in narrow, in wide, length) of each run.
template <typename Visit>
inline void ForEachRun(const PanelShape& narrow, const PanelShape& wide, Visit visit) {
  for (int64_t output = 0; output < narrow.outputs; ++output) {
    for (int64_t input = 0; input < narrow.inputs; input += kPanelWidth) {
      visit(narrow.Index(input, output), wide.Index(output, input), std::min(kPanelWidth, narrow.inputs - input));
    }
  }
}

template <typename Lanes>
inline void Copy(const typename Lanes::Real* from, typename Lanes::Real* to, int64_t count) {
  ForEachVector<Lanes>(count,
                       [&](int64_t i, auto lanes) { Lanes::Store(lanes, to + i, Lanes::Load(lanes, from + i)); });
}

// Where one of the two, or both, lie by output.
template <typename Lanes>
inline void TransposeNarrow(const PanelShape& from, const typename Lanes::Real* weights, const PanelShape& to,
                            typename Lanes::Real* transposed) {
  if (from.narrow() && to.narrow()) {
    for (int64_t input = 0; input < from.inputs; ++input) {
      for (int64_t output = 0; output < from.outputs; ++output) {
        transposed[to.Index(output, input)] = weights[from.Index(input, output)];
      }
    }
  } else if (from.narrow()) {
    ForEachRun(from, to, [&](int64_t source, int64_t target, int64_t length) {
      Copy<Lanes>(weights + source, transposed + target, length);
    });
  } else {
    ForEachRun(to, from, [&](int64_t target, int64_t source, int64_t length) {
      Copy<Lanes>(weights + source, transposed + target, length);
    });
  }
}

template <typename Lanes>
void Transpose(const PanelShape& shape, const typename Lanes::Real* weights, int64_t begin, int64_t end,
               typename Lanes::Real* transposed) {
  const PanelShape to = {shape.outputs, shape.inputs};
  const int64_t last = end < shape.inputs ? end : to.padded_outputs();
  if (shape.narrow() || to.narrow()) return TransposeNarrow<Lanes>(shape, weights, to, transposed);
  for (int64_t output = 0; output < shape.outputs; output += kPanelWidth) {
    const int64_t output_end = std::min(output + kPanelWidth, shape.outputs);
    for (int64_t input = begin; input < last; input += kPanelWidth) {
      const int64_t input_end = std::min(input + kPanelWidth, last);
      TransposeBlock<Lanes>(shape, weights, to, transposed, {input, input_end}, {output, output_end});
    }
  }
}

}  // namespace trainyard::kernel

#endif  // TRAINYARD_CORE_KERNEL_TRANSPOSES_H_
