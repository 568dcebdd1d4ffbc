// Room kept for the hour when the disk is full: removing this file lets the store write what it has, delete, and start.

#ifndef TRAINYARD_SERVER_STORE_RESERVE_FILE_H_
#define TRAINYARD_SERVER_STORE_RESERVE_FILE_H_

#include <cstdint>
#include <string>
#include <utility>

namespace trainyard {

// 64 MiB; a sixteenth of a disk that is smaller than 1 GiB.
int64_t ReserveBytesFor(const std::string& folder);

// Thread-safe: its state is the file.
class ReserveFile {
 public:
  // An empty path: there is no reserve, and nothing is ever done.
  ReserveFile(std::string path, int64_t bytes) : path_(std::move(path)), bytes_(bytes) {}

  // Makes the file, its blocks taken from the disk, where it is missing and the disk has four times its room. Whether it is there now, or
  // there is no reserve at all.
  bool MakeIfThereIsRoom() const;

  // Whether there was a file to remove.
  bool Remove() const;

 private:
  const std::string path_;
  const int64_t bytes_;
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_STORE_RESERVE_FILE_H_
