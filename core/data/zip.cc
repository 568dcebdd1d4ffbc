#include "core/data/zip.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "core/base/text.h"
#include "core/data/bad_data.h"

namespace trainyard {
namespace {

constexpr uint64_t kMaxMembers = 1000;
constexpr size_t kMaxCommentSize = 0xFFFF;

// A number that stands for one in a ZIP64 record.
constexpr uint64_t kElsewhere16 = 0xFFFF;
constexpr uint64_t kElsewhere32 = 0xFFFFFFFF;

// Records: their first four bytes, and their size without what varies.
struct Record {
  uint32_t signature;
  size_t size;
};
constexpr Record kEnd = {0x06054B50, 22};
constexpr Record kEnd64Locator = {0x07064B50, 20};
constexpr Record kEnd64 = {0x06064B50, 56};
constexpr Record kEntry = {0x02014B50, 46};
constexpr Record kLocal = {0x04034B50, 30};
constexpr uint16_t kZip64Extra = 1;

// Little-endian, `size` bytes at `offset`, which are there.
uint64_t Number(std::string_view bytes, size_t offset, size_t size) {
  uint64_t value = 0;
  std::memcpy(&value, bytes.data() + offset, size);
  return value;
}

// `size` bytes at `offset`; nullopt where there are not so many.
std::optional<std::string_view> Part(std::string_view bytes, uint64_t offset, uint64_t size) {
  if (offset > bytes.size() || size > bytes.size() - offset) return std::nullopt;
  return bytes.substr(offset, size);
}

std::optional<std::string_view> Find(std::string_view bytes, uint64_t offset, Record record) {
  const std::optional<std::string_view> part = Part(bytes, offset, record.size);
  if (!part.has_value() || Number(*part, 0, 4) != record.signature) return std::nullopt;
  return part;
}

absl::Status Damaged(std::string_view what) {
  return BadData(absl::StrCat("the archive's ", AbslView(what), " is damaged or breaks off; save it again"));
}

absl::Status BadMember(const ZipMember& member, std::string_view fault) {
  return BadData(absl::StrCat(Quoted(absl::CHexEscape(AbslView(member.name))), " in the archive: ", AbslView(fault)));
}

struct Directory {
  uint64_t count = 0;
  std::string_view entries;
};

// The record at the archive's end, behind which only a comment may come.
std::optional<uint64_t> FindEnd(std::string_view content) {
  if (content.size() < kEnd.size) return std::nullopt;
  const size_t last = content.size() - kEnd.size;
  for (size_t comment = 0; comment <= std::min(last, kMaxCommentSize); ++comment) {
    const auto end = Find(content, last - comment, kEnd);
    if (end.has_value() && Number(*end, 20, 2) == comment) return last - comment;
  }
  return std::nullopt;
}

absl::StatusOr<Directory> FindDirectory(std::string_view content) {
  const std::optional<uint64_t> at = FindEnd(content);
  if (!at.has_value()) return BadData("the file is not an archive of np.savez: it does not end as a ZIP archive does");
  const std::string_view end = content.substr(*at);
  uint64_t count = Number(end, 10, 2);
  uint64_t size = Number(end, 12, 4);
  uint64_t offset = Number(end, 16, 4);
  if (count == kElsewhere16 || size == kElsewhere32 || offset == kElsewhere32) {
    if (*at < kEnd64Locator.size) return Damaged("directory");
    const auto locator = Find(content, *at - kEnd64Locator.size, kEnd64Locator);
    if (!locator.has_value()) return Damaged("directory");
    const auto end64 = Find(content, Number(*locator, 8, 8), kEnd64);
    if (!end64.has_value()) return Damaged("directory");
    count = Number(*end64, 32, 8);
    size = Number(*end64, 40, 8);
    offset = Number(*end64, 48, 8);
  }
  const auto entries = Part(content, offset, size);
  if (!entries.has_value()) return Damaged("directory");
  if (count > kMaxMembers) {
    return BadData(absl::StrCat("the archive has ", count, " members, the limit is ", kMaxMembers));
  }
  return Directory{count, *entries};
}

// Where a member is: as its entry says, and where that has no room for large numbers, the ZIP64 field among its extra fields.
struct Place {
  uint64_t size = 0;
  uint64_t packed_size = 0;
  uint64_t offset = 0;
};

bool ReadZip64Extra(std::string_view extra, Place* place) {
  while (extra.size() >= 4) {
    const auto field = Part(extra, 4, Number(extra, 2, 2));
    if (!field.has_value()) return false;
    if (Number(extra, 0, 2) == kZip64Extra) {
      size_t at = 0;
      for (uint64_t* number : {&place->size, &place->packed_size, &place->offset}) {
        if (*number != kElsewhere32) continue;
        if (field->size() < at + 8) return false;
        *number = Number(*field, at, 8);
        at += 8;
      }
      return true;
    }
    extra.remove_prefix(4 + field->size());
  }
  return true;
}

// The bytes behind the member's own head, which repeats its name.
std::optional<std::string_view> FindPacked(std::string_view content, const Place& place) {
  const auto local = Find(content, place.offset, kLocal);
  if (!local.has_value()) return std::nullopt;
  return Part(content, place.offset + kLocal.size + Number(*local, 26, 2) + Number(*local, 28, 2), place.packed_size);
}

// Reads the entry at the front of `entries` and takes it away.
absl::StatusOr<ZipMember> TakeEntry(std::string_view content, std::string_view* entries) {
  const auto entry = Find(*entries, 0, kEntry);
  if (!entry.has_value()) return Damaged("directory");
  const uint64_t name_size = Number(*entry, 28, 2);
  const uint64_t extra_size = Number(*entry, 30, 2);
  const uint64_t comment_size = Number(*entry, 32, 2);
  const auto name = Part(*entries, kEntry.size, name_size);
  const auto extra = Part(*entries, kEntry.size + name_size, extra_size);
  if (!Part(*entries, kEntry.size, name_size + extra_size + comment_size).has_value()) return Damaged("directory");
  Place place{.size = Number(*entry, 24, 4), .packed_size = Number(*entry, 20, 4), .offset = Number(*entry, 42, 4)};
  if (!ReadZip64Extra(*extra, &place)) return Damaged("directory");
  entries->remove_prefix(kEntry.size + name_size + extra_size + comment_size);

  ZipMember member{.name = *name, .crc32 = static_cast<uint32_t>(Number(*entry, 16, 4)), .size = place.size};
  const uint64_t method = Number(*entry, 10, 2);
  member.deflated = method == Z_DEFLATED;
  if (method != 0 && !member.deflated) return BadMember(member, "it is neither stored nor deflated");
  if ((Number(*entry, 8, 2) & 1) != 0) return BadMember(member, "it is encrypted");
  const auto packed = FindPacked(content, place);
  if (!packed.has_value()) return BadMember(member, "its bytes are not all there");
  if (!member.deflated && packed->size() != member.size) return BadMember(member, "it has two sizes");
  member.packed = *packed;
  return member;
}

uint32_t Crc32(std::string_view bytes) {
  return static_cast<uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

// Inflates into all of `buffer`; false where the bytes are damaged, or of another size.
bool Inflate(std::string_view packed, std::string* buffer) {
  constexpr size_t kStep = size_t{1} << 30;
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return false;
  const auto end = absl::MakeCleanup([&stream] { inflateEnd(&stream); });
  size_t written = 0;
  int result = Z_OK;
  while (result == Z_OK) {
    const size_t in = std::min(packed.size(), kStep);
    const size_t out = std::min(buffer->size() - written, kStep);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream.avail_in = static_cast<uInt>(in);
    stream.next_out = reinterpret_cast<Bytef*>(buffer->data() + written);
    stream.avail_out = static_cast<uInt>(out);
    result = inflate(&stream, Z_NO_FLUSH);
    packed.remove_prefix(in - stream.avail_in);
    written += out - stream.avail_out;
  }
  return result == Z_STREAM_END && packed.empty() && written == buffer->size();
}

}  // namespace

absl::StatusOr<std::vector<ZipMember>> ReadZipDirectory(std::string_view content) {
  ASSIGN_OR_RETURN(Directory directory, FindDirectory(content));
  std::vector<ZipMember> members;
  for (uint64_t i = 0; i < directory.count; ++i) {
    ASSIGN_OR_RETURN(const ZipMember member, TakeEntry(content, &directory.entries));
    members.push_back(member);
  }
  if (!directory.entries.empty()) return Damaged("directory");
  return members;
}

absl::StatusOr<std::string_view> Unpack(const ZipMember& member, std::string* buffer) {
  std::string_view bytes = member.packed;
  if (member.deflated) {
    buffer->resize(member.size);
    if (!Inflate(member.packed, buffer)) {
      return BadMember(member, absl::StrCat("it does not unpack to ", member.size, " bytes, as the directory says"));
    }
    bytes = *buffer;
  }
  if (Crc32(bytes) != member.crc32) return BadMember(member, "its bytes do not match their CRC-32");
  return bytes;
}

}  // namespace trainyard
