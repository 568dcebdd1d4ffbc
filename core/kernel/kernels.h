// The inner loops of a training step, once for each instruction set, with the same bits from all of them.
//
// The rule behind the bits: every element of a product is one serial chain of fused multiply-adds, from 0, in the order of the summed index;
// two chains, of even and of odd index, added at the end, where the product has at most 16 columns; 16 chains, by index mod 16, added in a
// fixed tree (i and i + 8, then i and i + 4, ...), where it has at most 4. A sum over examples is one chain always. Every longer sum has a
// fixed grid. So a result depends neither on the number of rows, nor on tiles, threads, alignment or vector width. No library function is
// called; divisions are IEEE's; what is not a number stays so.
//
// Activations x: [rows, inputs + 1], element (i, inputs) being 1; rows lie `stride` apart. Memory should begin at cache lines, and rows an odd
// number of cache lines apart: that is faster, and needed for nothing else. Padding of rows is neither read nor written, but by gather_rows.

#ifndef TRAINYARD_CORE_KERNEL_KERNELS_H_
#define TRAINYARD_CORE_KERNEL_KERNELS_H_

#include <cstdint>
#include <span>

#include "core/base/instruction_set.h"
#include "core/base/matrix.h"
#include "core/base/objective.h"
#include "core/kernel/panels.h"

namespace trainyard {

// What becomes of a sum before it is stored: z, or max(0, z), or z < 0 ? slope z : z.
enum class Epilogue { kNone, kRelu, kLeakyRelu };

// The elementwise functions of hidden units and their derivatives, taken from the stored activation a: 1 - a^2, a (1 - a), 1 - e^-a.
enum class Nonlinearity { kTanh, kSigmoid, kSoftplus };

// A range of a layer's weights that is one run of memory: rows [row_begin, row_end) of a panel; where the weights lie by output, inputs
// [row_begin, row_end) of output `panel`. Or several panels or outputs from `panel` on, all of whose rows are meant.
struct PanelRange {
  int64_t panel = 0;
  int64_t row_begin = 0;
  int64_t row_end = 0;
  int64_t panels = 1;  // where it is not 1, row_begin is 0 and row_end is all rows
};

// What an update needs beside its arrays.
template <typename Real>
struct UpdateRates {
  Real learning_rate = 0;
  Real momentum = 0;
  Pending pending;
  bool fetched = false;  // else what follows in all arrays but g, which is block after block, is fetched meanwhile
};

// Functions of their arguments alone, so any number of threads may call them.
template <typename Real>
struct Kernels {
  // y: [rows, outputs] = epilogue(x W + b).
  void (*forward)(const PanelShape& shape, const Real* weights, MatrixView<const Real> x, Epilogue epilogue, Real slope,
                  MatrixView<Real> y);

  // The weights without bias, transposed: weights of shape {shape.outputs, shape.inputs}, whose biases are left alone. Where neither lies by
  // output, only those of inputs [begin, end), whole panels of the transposed weights.
  void (*transpose)(const PanelShape& shape, const Real* weights, int64_t begin, int64_t end, Real* transposed);

  // dx: [rows, inputs] = (dy W^T) * epilogue'(x), with the derivative from the stored x: the sum where x > 0, elsewhere 0 or slope times the
  // sum. `transposed`: as transpose leaves it. dy: [rows, outputs]. Without an epilogue x is not read.
  void (*input_gradient)(const PanelShape& shape, const Real* transposed, MatrixView<const Real> dy, Epilogue epilogue,
                         Real slope, MatrixView<const Real> x, MatrixView<Real> dx);

  // out = x^T dy, or out + x^T dy where `add`, of the weights (and biases) in `range`; `out` begins at the range's first element. The padding of
  // panels, and that behind the bias of an output, becomes 0. `touched`, likewise beginning there, is fetched meanwhile.
  void (*weight_gradient)(const PanelShape& shape, PanelRange range, MatrixView<const Real> x,
                          MatrixView<const Real> dy, bool add, Real* out, const Touched<Real>& touched);

  // g completed as objective.h says, at the point theta, or `ahead`; then, in one pass, with a fused multiply-add for each term,
  //   sgd:       theta -= eps g
  //   momentum:  v = alpha v - eps g; theta += v
  //   nesterov:  the same, g taken at `ahead`, which becomes theta + alpha v
  // All arrays have the length of g and do not overlap.
  void (*sgd)(const UpdateRates<Real>& rates, std::span<const Real> g, Real* theta);
  void (*momentum)(const UpdateRates<Real>& rates, std::span<const Real> g, Real* v, Real* theta);
  void (*nesterov)(const UpdateRates<Real>& rates, std::span<const Real> g, Real* v, Real* theta, Real* ahead);

  // sum x_i^2: 64 chains of Real, element i in chain i mod 64, for each 4,096 elements, whose sum, in a fixed tree (c and c + 32, then c and
  // c + 16, ...), is added in double. Where that sum of floats is below 2^-86 or not finite, its elements are squared in double: 16 chains,
  // element i in chain i mod 16, added in order.
  double (*squared_norm)(std::span<const Real> x);

  // Row i of `to` = row rows[i] of `from`, in whole cache lines: padding of both is read and written up to the end of the line.
  void (*gather_rows)(const Real* from, int64_t stride, std::span<const uint32_t> rows, MatrixView<Real> to);

  // The largest |x_i|; infinity where one is not finite.
  Real (*largest_magnitude)(MatrixView<const Real> x);

  void (*activate)(Nonlinearity function, MatrixView<Real> z);
  void (*multiply_derivative)(Nonlinearity function, MatrixView<const Real> a, MatrixView<Real> gradient);

  // Softmax cross-entropy. Returns sum_i w_i (log sum_j e^f_ij - f_i,class_i), a partial sum for each 16 examples, in the fixed tree, added in order; not finite
  // where an f is not a number or +infinity. f becomes factor w_i (softmax(f_i)_j - [j = class_i]).
  double (*softmax_cross_entropy)(Real factor, MatrixView<Real> f, std::span<const int32_t> classes,
                                  std::span<const double> weights);
};

// `set` must be one that this processor has.
template <typename Real>
const Kernels<Real>& KernelsFor(InstructionSet set);

// Those of the chosen instruction set.
template <typename Real>
const Kernels<Real>& BestKernels();

}  // namespace trainyard

#endif  // TRAINYARD_CORE_KERNEL_KERNELS_H_
