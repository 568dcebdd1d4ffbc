// Messages made of a fuzzer's bytes, by reflection: every input is a message, and nearly every byte of it a field, a value near a limit or a
// name that means something.

#ifndef TRAINYARD_TESTS_FUZZ_MESSAGE_OF_H_
#define TRAINYARD_TESTS_FUZZ_MESSAGE_OF_H_

#include <array>
#include <bit>
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "tests/fuzz/fuzzing.h"

namespace trainyard::fuzz {

inline constexpr int kDeepestMessage = 12;

class MessageFromInput {
 public:
  // `names` is what texts are chosen from, beside those that the input spells out.
  MessageFromInput(Input& input, std::span<const std::string_view> names) : input_(input), names_(names) {}

  // Sets fields until the input says that this is all. A field may come again: it is then changed, or its list grows.
  void Fill(google::protobuf::Message* message, int depth = 0) {
    const google::protobuf::Descriptor& type = *message->GetDescriptor();
    while (!input_.empty()) {
      const int choice = input_.Choice(type.field_count() + 1);
      if (choice == 0) return;
      SetField(message, *type.field(choice - 1), depth);
    }
  }

 private:
  using Field = google::protobuf::FieldDescriptor;

  double Real() {
    static constexpr std::array<double, 20> kReals = {0,
                                                      1,
                                                      0.5,
                                                      -1,
                                                      0.1,
                                                      1e-3,
                                                      2,
                                                      10,
                                                      0.9,
                                                      100,
                                                      1e-300,
                                                      1e300,
                                                      -0.0,
                                                      5e-324,
                                                      1e38,
                                                      0x1p53,
                                                      -1e300,
                                                      std::numeric_limits<double>::infinity(),
                                                      -std::numeric_limits<double>::infinity(),
                                                      std::numeric_limits<double>::quiet_NaN()};
    const size_t choice = input_.Byte();
    return choice < kReals.size() ? kReals[choice] : std::bit_cast<double>(input_.Number());
  }

  int64_t Whole() {
    static constexpr std::array<int64_t, 14> kWholes = {0x7FFFFFFF,
                                                        0x80000000,
                                                        -0x80000000LL,
                                                        0xFFFFFFFF,
                                                        0x100000000,
                                                        std::numeric_limits<int64_t>::max(),
                                                        std::numeric_limits<int64_t>::min(),
                                                        int64_t{1} << 62,
                                                        int64_t{1} << 53,
                                                        -1,
                                                        -2,
                                                        1000,
                                                        65536,
                                                        1'000'000'000};
    const size_t choice = input_.Byte();
    if (choice < 100) return static_cast<int64_t>(choice);
    return choice - 100 < kWholes.size() ? kWholes[choice - 100] : static_cast<int64_t>(input_.Number());
  }

  std::string Text() {
    const size_t choice = input_.Byte();
    if (choice < names_.size()) return std::string(names_[choice]);
    std::string text(input_.Take(choice - names_.size()));
    for (char& c : text) c &= 0x7F;  // texts of messages are UTF-8
    return text;
  }

  // One of those that the contract names, or a number that it does not.
  int EnumNumber(const Field& field) {
    const int choice = input_.Choice(field.enum_type()->value_count() + 1);
    return choice < field.enum_type()->value_count() ? field.enum_type()->value(choice)->number() : 99;
  }

  void SetField(google::protobuf::Message* message, const Field& field, int depth) {
    const google::protobuf::Reflection& reflection = *message->GetReflection();
    const bool list = field.is_repeated();
    switch (field.cpp_type()) {
#define TRAINYARD_FUZZ_SET(Kind, value) \
  return list ? reflection.Add##Kind(message, &field, value) : reflection.Set##Kind(message, &field, value)
      case Field::CPPTYPE_INT32:
        TRAINYARD_FUZZ_SET(Int32, static_cast<int32_t>(Whole()));
      case Field::CPPTYPE_INT64:
        TRAINYARD_FUZZ_SET(Int64, Whole());
      case Field::CPPTYPE_UINT32:
        TRAINYARD_FUZZ_SET(UInt32, static_cast<uint32_t>(Whole()));
      case Field::CPPTYPE_UINT64:
        TRAINYARD_FUZZ_SET(UInt64, static_cast<uint64_t>(Whole()));
      case Field::CPPTYPE_DOUBLE:
        TRAINYARD_FUZZ_SET(Double, Real());
      case Field::CPPTYPE_FLOAT:
        TRAINYARD_FUZZ_SET(Float, static_cast<float>(Real()));
      case Field::CPPTYPE_BOOL:
        TRAINYARD_FUZZ_SET(Bool, input_.Choice(2) == 1);
      case Field::CPPTYPE_ENUM:
        TRAINYARD_FUZZ_SET(EnumValue, EnumNumber(field));
      case Field::CPPTYPE_STRING:
        TRAINYARD_FUZZ_SET(String, Text());
#undef TRAINYARD_FUZZ_SET
      case Field::CPPTYPE_MESSAGE:
        if (depth < kDeepestMessage) {
          Fill(list ? reflection.AddMessage(message, &field) : reflection.MutableMessage(message, &field), depth + 1);
        }
    }
  }

  Input& input_;
  const std::span<const std::string_view> names_;
};

template <typename Message>
Message MessageOf(Input& input, std::span<const std::string_view> names) {
  Message message;
  MessageFromInput(input, names).Fill(&message);
  return message;
}

}  // namespace trainyard::fuzz

#endif  // TRAINYARD_TESTS_FUZZ_MESSAGE_OF_H_
