// ZIP archives, as far as np.savez and np.savez_compressed write them: members stored or deflated, ZIP64, no encryption.

#ifndef TRAINYARD_CORE_DATA_ZIP_H_
#define TRAINYARD_CORE_DATA_ZIP_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace trainyard {

struct ZipMember {
  std::string_view name;
  bool deflated = false;
  uint32_t crc32 = 0;       // of the unpacked bytes
  uint64_t size = 0;        // unpacked, as the directory says
  std::string_view packed;  // within the archive
};

// The archive's directory, at most 1,000 members. INVALID_ARGUMENT (BAD_DATA): it is no such archive, or not whole.
absl::StatusOr<std::vector<ZipMember>> ReadZipDirectory(std::string_view content);

// The member's bytes: those within the archive where they are stored, else unpacked into `buffer`, which grows to member.size and no
// further. INVALID_ARGUMENT (BAD_DATA): they are damaged, or not as many as the directory says.
absl::StatusOr<std::string_view> Unpack(const ZipMember& member, std::string* buffer);

}  // namespace trainyard

#endif  // TRAINYARD_CORE_DATA_ZIP_H_
