// The kernels beside the processor's limit, one thread. Counters: GFLOP/s of useful work, and its share of the rate of fused
// multiply-adds that this program measures first. The machine's other work only slows things: read the best of many repetitions.
//
//   kernel_benchmark [--benchmark_filter=forward]      TRAINYARD_INSTRUCTION_SET=avx2 for another instruction set

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "core/base/aligned_vector.h"
#include "core/base/flush_denormals.h"
#include "core/kernel/kernels.h"
#include "tests/benchmark/fma_limit.h"

namespace trainyard {
namespace {

template <typename Real>
void CountFlops(benchmark::State& state, double flops) {
  const double work = flops * static_cast<double>(state.iterations());
  state.counters["GFLOP/s"] = benchmark::Counter(work / 1e9, benchmark::Counter::kIsRate);
  const double peak = FmaLimit() * 1e9 * sizeof(float) / sizeof(Real);
  state.counters["of_limit"] = benchmark::Counter(work / peak, benchmark::Counter::kIsRate);
}

// An odd number of cache lines and an element for the constant 1.
template <typename Real>
struct Rows {
  Rows(int64_t row_count, int64_t columns)
      : count(row_count), width(columns), stride(Stride(columns)), data(row_count * stride, Real(0.5)) {}

  static int64_t Stride(int64_t columns) {
    const int64_t per_line = 64 / sizeof(Real);
    const int64_t lines = (columns + per_line) / per_line;
    return (lines | 1) * per_line;
  }

  MatrixView<Real> view() { return {data.data(), count, width, stride}; }

  int64_t count;
  int64_t width;
  int64_t stride;
  AlignedVector<Real> data;
};

struct Shape {
  int64_t rows;
  int64_t outputs;
  int64_t inputs;
};

constexpr Shape kShapes[] = {{128, 512, 784}, {128, 512, 512}, {64, 512, 784}, {32, 512, 784}, {128, 512, 10},
                             {32, 64, 64},    {32, 16, 30},    {128, 10, 784}, {128, 10, 512}, {32, 10, 64},
                             {32, 2, 16},     {128, 2, 512},   {128, 1, 512},  {1, 512, 784},  {1, 10, 784},
                             {2, 512, 784},   {3, 512, 784}};

double Flops(const Shape& s) { return 2.0 * s.rows * s.outputs * s.inputs; }

template <typename Real>
void BM_Forward(benchmark::State& state, Shape s) {
  const FlushDenormals flush;
  const PanelShape shape = {s.inputs, s.outputs};
  AlignedVector<Real> weights(shape.size(), Real(0.01));
  Rows<Real> x(s.rows, s.inputs + 1);
  Rows<Real> y(s.rows, s.outputs);
  for (auto _ : state) {
    BestKernels<Real>().forward(shape, weights.data(), x.view(), Epilogue::kRelu, 0, y.view());
    benchmark::ClobberMemory();
  }
  CountFlops<Real>(state, Flops(s));
}

template <typename Real>
void BM_InputGradient(benchmark::State& state, Shape s) {
  const FlushDenormals flush;
  const PanelShape shape = {s.inputs, s.outputs};
  AlignedVector<Real> transposed(PanelShape{s.outputs, s.inputs}.size(), Real(0.01));
  Rows<Real> x(s.rows, s.inputs + 1);
  Rows<Real> dx(s.rows, s.inputs);
  Rows<Real> dy(s.rows, s.outputs);
  for (auto _ : state) {
    BestKernels<Real>().input_gradient(shape, transposed.data(), dy.view(), Epilogue::kRelu, 0, x.view(), dx.view());
    benchmark::ClobberMemory();
  }
  CountFlops<Real>(state, Flops(s));
}

// In blocks of at most 4,096 elements, or the whole layer where that is one, all to the same place: as a step that updates at once asks for
// it.
template <typename Real>
void BM_WeightGradient(benchmark::State& state, Shape s) {
  const FlushDenormals flush;
  constexpr int64_t kBlock = 4096;
  const PanelShape shape = {s.inputs, s.outputs};
  AlignedVector<Real> out(2 * kBlock);
  Rows<Real> x(s.rows, s.inputs + 1);
  Rows<Real> dy(s.rows, s.outputs);
  const int64_t panels = shape.narrow() ? shape.outputs : shape.panels();
  const int64_t rows = shape.narrow() ? kBlock : kBlock / kPanelWidth;
  const auto weight_gradient = BestKernels<Real>().weight_gradient;
  for (auto _ : state) {
    if (shape.size() <= 2 * kBlock) {
      weight_gradient(shape, {0, 0, shape.rows(), panels}, x.view(), dy.view(), false, out.data(), {});
    } else {
      for (int64_t panel = 0; panel < panels; ++panel) {
        for (int64_t row = 0; row < shape.rows(); row += rows) {
          const PanelRange range = {panel, row, std::min(row + rows, shape.rows())};
          weight_gradient(shape, range, x.view(), dy.view(), false, out.data(), {});
        }
      }
    }
    benchmark::ClobberMemory();
  }
  CountFlops<Real>(state, Flops(s));
}

template <typename Real>
void BM_Transpose(benchmark::State& state, Shape s) {
  const PanelShape shape = {s.inputs, s.outputs};
  AlignedVector<Real> weights(shape.size(), Real(0.01));
  AlignedVector<Real> transposed(PanelShape{s.outputs, s.inputs}.size());
  for (auto _ : state) {
    BestKernels<Real>().transpose(shape, weights.data(), 0, shape.inputs, transposed.data());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * 2 * s.inputs * s.outputs * static_cast<int64_t>(sizeof(Real)));
}

// `elements` in blocks of 4,096 with the gradient in the first-level cache.
template <typename Real>
void BM_Nesterov(benchmark::State& state, int64_t elements, Pending pending) {
  const FlushDenormals flush;
  constexpr int64_t kBlock = 4096;
  const AlignedVector<Real> g(kBlock, Real(0.001));
  AlignedVector<Real> v(elements), theta(elements), ahead(elements);
  const UpdateRates<Real> rates = {Real(0.01), Real(0.9), pending};
  for (auto _ : state) {
    for (int64_t begin = 0; begin < elements; begin += kBlock) {
      const std::span<const Real> block(g.data(), std::min(kBlock, elements - begin));
      BestKernels<Real>().nesterov(rates, block, &v[begin], &theta[begin], &ahead[begin]);
    }
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * 6 * elements * static_cast<int64_t>(sizeof(Real)));
}

template <typename Real>
void BM_SquaredNorm(benchmark::State& state) {
  const AlignedVector<Real> g(4096, Real(0.001));
  for (auto _ : state) benchmark::DoNotOptimize(BestKernels<Real>().squared_norm(g));
  state.SetBytesProcessed(state.iterations() * 4096 * static_cast<int64_t>(sizeof(Real)));
}

template <typename Real>
void BM_Softmax(benchmark::State& state, int64_t rows, int64_t columns) {
  Rows<Real> f(rows, columns);
  const std::vector<int32_t> classes(rows, 1);
  const std::vector<double> weights(rows, 1.0);
  for (auto _ : state) {
    benchmark::DoNotOptimize(BestKernels<Real>().softmax_cross_entropy(Real(0.03), f.view(), classes, weights));
  }
}

template <typename Real>
void BM_Activate(benchmark::State& state, Nonlinearity function) {
  Rows<Real> z(32, 64);
  for (auto _ : state) {
    BestKernels<Real>().activate(function, z.view());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * 32 * 64);
}

// Many short repetitions, of which the best counts.
template <typename... Arguments>
void Register(const std::string& name, Arguments... arguments) {
  benchmark::RegisterBenchmark(name.c_str(), arguments...)
      ->MinTime(0.003)
      ->Repetitions(40)
      ->ReportAggregatesOnly()
      ->ComputeStatistics("best", [](const std::vector<double>& v) { return *std::max_element(v.begin(), v.end()); })
      ->ComputeStatistics("least", [](const std::vector<double>& v) { return *std::min_element(v.begin(), v.end()); });
}

std::string NameOf(const Shape& s) {
  return std::to_string(s.rows) + "x" + std::to_string(s.outputs) + "x" + std::to_string(s.inputs);
}

template <typename Real>
void RegisterFor(const std::string& real) {
  for (const Shape& s : kShapes) {
    Register("forward/" + real + "/" + NameOf(s), BM_Forward<Real>, s);
    Register("input_gradient/" + real + "/" + NameOf(s), BM_InputGradient<Real>, s);
    Register("weight_gradient/" + real + "/" + NameOf(s), BM_WeightGradient<Real>, s);
  }
  for (const Shape& s : {Shape{1, 512, 512}, Shape{1, 64, 64}, Shape{1, 10, 512}, Shape{1, 2, 512}}) {
    Register("transpose/" + real + "/" + NameOf(s), BM_Transpose<Real>, s);
  }
  for (const int64_t elements : {int64_t{8192}, int64_t{784 * 512}}) {
    const std::string size = "/" + real + "/" + std::to_string(elements);
    Register("nesterov" + size, BM_Nesterov<Real>, elements, Pending{});
    Register("nesterov_pending" + size, BM_Nesterov<Real>, elements, Pending{.scale = 0.5, .l2 = 1e-4});
  }
  Register("squared_norm/" + real, BM_SquaredNorm<Real>);
  Register("softmax/" + real + "/32x10", BM_Softmax<Real>, int64_t{32}, int64_t{10});
  Register("softmax/" + real + "/32x2", BM_Softmax<Real>, int64_t{32}, int64_t{2});
  Register("softmax/" + real + "/128x10", BM_Softmax<Real>, int64_t{128}, int64_t{10});
  Register("tanh/" + real, BM_Activate<Real>, Nonlinearity::kTanh);
  Register("sigmoid/" + real, BM_Activate<Real>, Nonlinearity::kSigmoid);
  Register("softplus/" + real, BM_Activate<Real>, Nonlinearity::kSoftplus);
}

}  // namespace
}  // namespace trainyard

int main(int argc, char** argv) {
  trainyard::RegisterFor<float>("f32");
  trainyard::RegisterFor<double>("f64");
  benchmark::Initialize(&argc, argv);
  benchmark::AddCustomContext("float FMA limit, GFLOP/s", std::to_string(trainyard::FmaLimit()));
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
