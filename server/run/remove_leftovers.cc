#include "server/run/remove_leftovers.h"

#include <set>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "server/run/names.h"

namespace trainyard {

absl::Status RemoveLeftovers(const Catalogue& catalogue, const Blobs& blobs) {
  ASSIGN_OR_RETURN(const std::set<std::string> named, catalogue.NamedFiles());
  ASSIGN_OR_RETURN(const std::vector<std::string> files, blobs.List());
  for (const std::string& file : files) {
    if (!named.contains(file)) RETURN_IF_ERROR(blobs.Remove(file));
  }
  ASSIGN_OR_RETURN(const std::vector<StoredUpload> uploads, catalogue.AllUploads());
  std::set<std::string> open;
  for (const StoredUpload& stored : uploads) open.insert(UploadFileOf(stored.upload.name()));
  ASSIGN_OR_RETURN(const std::vector<std::string> upload_files, blobs.ListUploads());
  for (const std::string& file : upload_files) {
    if (!open.contains(file)) RETURN_IF_ERROR(blobs.RemoveUpload(file));
  }
  return absl::OkStatus();
}

}  // namespace trainyard
