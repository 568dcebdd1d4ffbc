#include "server/run/export_model.h"

#include <zlib.h>

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"

namespace trainyard {
namespace {

int64_t ElementSize(const v1::Model& model) { return model.precision() == v1::PRECISION_F64 ? 8 : 4; }

int64_t ElementCount(const v1::TensorInfo& tensor) {
  int64_t count = 1;
  for (const int64_t dimension : tensor.shape()) count *= dimension;
  return count;
}

// Calls visit(tensor, its bytes) in order.
template <typename Visit>
void ForEachTensor(const v1::Model& model, std::string_view parameters, Visit visit) {
  for (const v1::TensorInfo& tensor : model.tensors()) {
    const size_t size = static_cast<size_t>(ElementCount(tensor) * ElementSize(model));
    visit(tensor, parameters.substr(0, size));
    parameters.remove_prefix(size);
  }
}

template <typename Number>
void PutLittle(Number value, std::string& out) {
  for (size_t i = 0; i < sizeof(Number); ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

// The .npy header, padded so that the data is aligned to 64 bytes.
std::string NpyHeader(const v1::TensorInfo& tensor, int64_t element_size) {
  std::string header = absl::StrCat("{'descr': '<f", element_size, "', 'fortran_order': False, 'shape': (",
                                    absl::StrJoin(tensor.shape(), ", "), tensor.shape_size() == 1 ? ",), }" : "), }");
  constexpr size_t kPrefix = 10;
  const size_t padded = (kPrefix + header.size() + 1 + 63) / 64 * 64;
  header.append(padded - kPrefix - header.size() - 1, ' ').push_back('\n');
  std::string out("\x93NUMPY\x01\x00", 8);
  PutLittle(static_cast<uint16_t>(header.size()), out);
  return out + header;
}

// One file of a ZIP archive. Sizes are 32 bits: an archive is below 4 GiB, as a message's job memory allows far less.
struct ZipEntry {
  std::string name;
  uint32_t crc32 = 0;
  uint32_t size = 0;
  uint32_t offset = 0;
};

// What the local header and the directory share.
void PutZipFields(const ZipEntry& entry, std::string& out) {
  PutLittle<uint16_t>(20, out);      // version 2.0
  PutLittle<uint16_t>(0, out);       // flags
  PutLittle<uint16_t>(0, out);       // stored
  PutLittle<uint16_t>(0, out);       // time
  PutLittle<uint16_t>(0x0021, out);  // date: 1 January 1980
  PutLittle<uint32_t>(entry.crc32, out);
  PutLittle<uint32_t>(entry.size, out);
  PutLittle<uint32_t>(entry.size, out);
  PutLittle<uint16_t>(static_cast<uint16_t>(entry.name.size()), out);
  PutLittle<uint16_t>(0, out);  // extra
}

void PutZipFile(ZipEntry& entry, std::string_view content, std::string& out) {
  entry.offset = static_cast<uint32_t>(out.size());
  entry.size = static_cast<uint32_t>(content.size());
  entry.crc32 =
      static_cast<uint32_t>(crc32_z(0, reinterpret_cast<const unsigned char*>(content.data()), content.size()));
  PutLittle<uint32_t>(0x04034b50, out);
  PutZipFields(entry, out);
  absl::StrAppend(&out, entry.name);
  out.append(content);
}

void PutZipDirectory(const std::vector<ZipEntry>& entries, std::string& out) {
  const uint32_t begin = static_cast<uint32_t>(out.size());
  for (const ZipEntry& entry : entries) {
    PutLittle<uint32_t>(0x02014b50, out);
    PutLittle<uint16_t>(20, out);
    PutZipFields(entry, out);
    PutLittle<uint16_t>(0, out);  // comment
    PutLittle<uint16_t>(0, out);  // disk
    PutLittle<uint16_t>(0, out);  // attributes
    PutLittle<uint32_t>(0, out);
    PutLittle<uint32_t>(entry.offset, out);
    absl::StrAppend(&out, entry.name);
  }
  const uint32_t size = static_cast<uint32_t>(out.size()) - begin;
  PutLittle<uint32_t>(0x06054b50, out);
  PutLittle<uint32_t>(0, out);  // disks
  PutLittle<uint16_t>(static_cast<uint16_t>(entries.size()), out);
  PutLittle<uint16_t>(static_cast<uint16_t>(entries.size()), out);
  PutLittle<uint32_t>(size, out);
  PutLittle<uint32_t>(begin, out);
  PutLittle<uint16_t>(0, out);  // comment
}

}  // namespace

std::string ToNpz(const v1::Model& model, std::string_view parameters) {
  std::string out;
  std::vector<ZipEntry> entries;
  ForEachTensor(model, parameters, [&](const v1::TensorInfo& tensor, std::string_view bytes) {
    ZipEntry entry{.name = absl::StrCat(tensor.name(), ".npy")};
    std::string content = NpyHeader(tensor, ElementSize(model));
    content.append(bytes);
    PutZipFile(entry, content, out);
    entries.push_back(std::move(entry));
  });
  PutZipDirectory(entries, out);
  return out;
}

std::string ToSafetensors(const v1::Model& model, std::string_view parameters) {
  std::string description;
  google::protobuf::util::MessageToJsonString(model, &description);
  google::protobuf::Struct header;
  auto& fields = *header.mutable_fields();
  (*fields["__metadata__"].mutable_struct_value()->mutable_fields())["model"].set_string_value(description);
  int64_t offset = 0;
  ForEachTensor(model, parameters, [&](const v1::TensorInfo& tensor, std::string_view bytes) {
    auto& entry = *fields[tensor.name()].mutable_struct_value()->mutable_fields();
    entry["dtype"].set_string_value(model.precision() == v1::PRECISION_F64 ? "F64" : "F32");
    auto& shape = *entry["shape"].mutable_list_value();
    for (const int64_t dimension : tensor.shape()) shape.add_values()->set_number_value(static_cast<double>(dimension));
    auto& offsets = *entry["data_offsets"].mutable_list_value();
    offsets.add_values()->set_number_value(static_cast<double>(offset));
    offset += static_cast<int64_t>(bytes.size());
    offsets.add_values()->set_number_value(static_cast<double>(offset));
  });
  std::string json;
  google::protobuf::util::MessageToJsonString(header, &json);
  json.append((8 - json.size() % 8) % 8, ' ');
  std::string out;
  PutLittle<uint64_t>(json.size(), out);
  return absl::StrCat(out, json, absl::string_view(parameters.data(), parameters.size()));
}

}  // namespace trainyard
