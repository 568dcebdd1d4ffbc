// Texts that mean something in a specification of a job over small data.

#ifndef TRAINYARD_TESTS_FUZZ_NAMES_H_
#define TRAINYARD_TESTS_FUZZ_NAMES_H_

#include <array>
#include <string_view>

namespace trainyard::fuzz {

inline constexpr std::array<std::string_view, 14> kNames = {"",
                                                            "datasets/a",
                                                            "datasets/b",
                                                            "x0",
                                                            "x1",
                                                            "y",
                                                            "c0",
                                                            "c1",
                                                            "jobs/a",
                                                            "layers.0.weight",
                                                            "layers.0.bias",
                                                            "layers.1.weight",
                                                            "layers.1.bias",
                                                            "models/a"};

}  // namespace trainyard::fuzz

#endif  // TRAINYARD_TESTS_FUZZ_NAMES_H_
