// Elementary functions of doubles by sums, products and quotients alone: the same bits with every C library and on every processor, also
// where denormal numbers are flushed to 0. Off by less than one unit in the last place; of what is no number, none.

#ifndef TRAINYARD_CORE_BASE_ELEMENTARY_H_
#define TRAINYARD_CORE_BASE_ELEMENTARY_H_

namespace trainyard {

// The natural logarithm of x >= 0; -infinity for 0, as which denormal numbers count.
double Log(double x);

// high + low, not rounded: some 105 bits (Dekker, "A floating-point technique for extending the available precision", 1971).
struct DoubleDouble {
  double high;
  double low;  // at most half a unit in the last place of `high`
};

// x^y of one x >= 0 and many finite y: 0 where it were a denormal number, infinite beyond the largest double. Powers that are doubles are
// exact.
class PowersOf {
 public:
  explicit PowersOf(double x);
  double operator()(double y) const;

 private:
  DoubleDouble log_;
};

// cos(pi a), |a| < 2^51.
double CosOfPi(double a);

}  // namespace trainyard

#endif  // TRAINYARD_CORE_BASE_ELEMENTARY_H_
