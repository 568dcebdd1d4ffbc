// A view of a row-major matrix that somebody else owns, and what a minibatch is made of.

#ifndef TRAINYARD_CORE_BASE_MATRIX_H_
#define TRAINYARD_CORE_BASE_MATRIX_H_

#include <cstdint>
#include <span>

namespace trainyard {

// rows x columns; element (i, j) is data[i * stride + j], stride >= columns.
template <typename T>
struct MatrixView {
  T* data = nullptr;
  int64_t rows = 0;
  int64_t columns = 0;
  int64_t stride = 0;

  T& operator()(int64_t row, int64_t column) const { return data[row * stride + column]; }
  std::span<T> row(int64_t i) const { return {data + i * stride, static_cast<size_t>(columns)}; }

  // The first `count` rows.
  MatrixView First(int64_t count) const { return {data, count, columns, stride}; }

  operator MatrixView<const T>() const { return {data, rows, columns, stride}; }
};

// What m examples should give. Classes or numbers are filled, as the target is; weights always.
struct TargetBuffer {
  std::span<int32_t> classes;  // [m], index of the class
  std::span<double> numbers;   // [m]
  std::span<double> weights;   // [m], of mean 1 over the training part
};

struct Targets {
  Targets() = default;
  Targets(const TargetBuffer& buffer)  // NOLINT: a read-only view of the same arrays
      : classes(buffer.classes), numbers(buffer.numbers), weights(buffer.weights) {}

  std::span<const int32_t> classes;
  std::span<const double> numbers;
  std::span<const double> weights;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_BASE_MATRIX_H_
