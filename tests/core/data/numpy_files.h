// NumPy files written by hand, so that they can be wrong.

#ifndef TRAINYARD_TESTS_CORE_DATA_NUMPY_FILES_H_
#define TRAINYARD_TESTS_CORE_DATA_NUMPY_FILES_H_

#include <zlib.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace trainyard {

inline std::string Little(uint64_t value, int size) {
  std::string bytes;
  for (int i = 0; i < size; ++i) bytes += static_cast<char>(value >> (8 * i));
  return bytes;
}

// Elements one after the other, as they lie in memory.
template <typename T>
std::string Elements(const std::vector<T>& values) {
  return std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
}

inline std::string NpyWithHeader(const std::string& header, const std::string& elements, int version = 1) {
  const std::string size = Little(header.size(), version == 1 ? 2 : 4);
  return std::string("\x93NUMPY") + static_cast<char>(version) + '\0' + size + header + elements;
}

inline std::string Npy(const std::string& descr, const std::string& shape, const std::string& elements,
                       const std::string& fortran_order = "False", int version = 1) {
  return NpyWithHeader(
      "{'descr': '" + descr + "', 'fortran_order': " + fortran_order + ", 'shape': " + shape + ", }   \n", elements,
      version);
}

// A member as the archive's directory tells of it; `packed` is what the archive holds.
struct Member {
  std::string name;
  std::string packed;
  uint64_t size = 0;
  uint32_t crc32 = 0;
  int method = 0;
  int flags = 0;
  bool zip64 = false;
};

inline Member Stored(std::string name, std::string content) {
  const uint32_t crc = static_cast<uint32_t>(
      ::crc32(0, reinterpret_cast<const Bytef*>(content.data()), static_cast<uInt>(content.size())));
  const uint64_t size = content.size();
  return {.name = std::move(name), .packed = std::move(content), .size = size, .crc32 = crc};
}

inline Member Deflated(std::string name, const std::string& content) {
  Member member = Stored(std::move(name), content);
  member.method = 8;
  z_stream stream{};
  deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  member.packed.resize(deflateBound(&stream, static_cast<uLong>(content.size())));
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(member.packed.data());
  stream.avail_out = static_cast<uInt>(member.packed.size());
  deflate(&stream, Z_FINISH);
  member.packed.resize(stream.total_out);
  deflateEnd(&stream);
  return member;
}

inline std::string Archive(const std::vector<Member>& members) {
  std::string content;
  std::string directory;
  bool zip64 = false;
  for (const Member& member : members) {
    const std::string offset = Little(member.zip64 ? 0xFFFFFFFF : content.size(), 4);
    const std::string sizes =
        member.zip64 ? std::string(8, '\xFF') : Little(member.packed.size(), 4) + Little(member.size, 4);
    const std::string extra = member.zip64 ? Little(0x7777, 2) + Little(2, 2) + "ab" + Little(1, 2) + Little(24, 2) +
                                                 Little(member.size, 8) + Little(member.packed.size(), 8) +
                                                 Little(content.size(), 8)
                                           : "";
    const std::string common = Little(20, 2) + Little(static_cast<uint64_t>(member.flags), 2) +
                               Little(static_cast<uint64_t>(member.method), 2) + Little(0, 4) +
                               Little(member.crc32, 4) + sizes + Little(member.name.size(), 2);
    directory += Little(0x02014B50, 4) + Little(20, 2) + common + Little(extra.size(), 2) + Little(0, 2) +
                 Little(0, 2) + Little(0, 2) + Little(0, 4) + offset + member.name + extra;
    content += Little(0x04034B50, 4) + common + Little(3, 2) + member.name + "abc" + member.packed;
    zip64 = zip64 || member.zip64;
  }
  const uint64_t at = content.size();
  content += directory;
  if (zip64) {
    const uint64_t end64 = content.size();
    content += Little(0x06064B50, 4) + Little(44, 8) + Little(45, 2) + Little(45, 2) + Little(0, 4) + Little(0, 4) +
               Little(members.size(), 8) + Little(members.size(), 8) + Little(directory.size(), 8) + Little(at, 8);
    content += Little(0x07064B50, 4) + Little(0, 4) + Little(end64, 8) + Little(1, 4);
  }
  const uint64_t count = zip64 ? 0xFFFF : members.size();
  content += Little(0x06054B50, 4) + Little(0, 4) + Little(count, 2) + Little(count, 2) + Little(directory.size(), 4) +
             Little(zip64 ? 0xFFFFFFFF : at, 4) + Little(0, 2);
  return content;
}

}  // namespace trainyard

#endif  // TRAINYARD_TESTS_CORE_DATA_NUMPY_FILES_H_
