// Uploads: from the request for one to its last byte.

#include <algorithm>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/base/crc32c.h"
#include "core/base/status.h"
#include "core/base/text.h"
#include "google/protobuf/util/message_differencer.h"
#include "server/run/dataset_table.h"
#include "server/run/names.h"
#include "server/wire/dataset.h"
#include "server/wire/time.h"

namespace trainyard {
namespace {

constexpr size_t kHashedAtOnce = size_t{8} << 20;

absl::Status TooLarge(int64_t bytes, int64_t limit) {
  return WithReason(absl::ResourceExhaustedError(absl::StrCat("the upload has ", bytes, " bytes, more than the ", limit,
                                                              " that were declared or are allowed")),
                    "UPLOAD_TOO_LARGE", {{"limit_bytes", absl::StrCat(limit)}});
}

// Of how a file is to be read: an open upload keeps it, and a server that starts reads that of all.
constexpr size_t kMostOptionBytes = size_t{256} << 10;

absl::Status CheckReadOptions(const v1::ReadOptions& options) {
  if (options.ByteSizeLong() > kMostOptionBytes) {
    return FieldError("read_options", absl::StrCat(options.ByteSizeLong(), " bytes"),
                      absl::StrCat("at most ", kMostOptionBytes, " bytes"));
  }
  return InField("read_options", FromProto(options).status());
}

}  // namespace

absl::Status DatasetTable::CheckNew(const v1::Dataset& dataset) const {
  RETURN_IF_ERROR(CheckName("dataset.name", dataset.name(), "datasets"));
  RETURN_IF_ERROR(InField("dataset", CheckDisplayName(dataset.display_name())));
  RETURN_IF_ERROR(InField("dataset", CheckLabels(dataset.labels())));
  return InField("dataset", CheckReadOptions(dataset.read_options()));
}

absl::StatusOr<v1::Upload> DatasetTable::CreateUpload(const v1::CreateUploadRequest& request, const Caller& caller) {
  RETURN_IF_ERROR(CheckRequestId(request.request_id()));
  RETURN_IF_ERROR(CheckNew(request.dataset()));
  if (request.has_size_bytes() && request.size_bytes() < 0) {
    return FieldError("size_bytes", request.size_bytes(), "at least 0");
  }
  if (caller.quotas.upload_bytes.has_value() && !request.has_size_bytes()) {
    return FieldError("size_bytes", "unset", absl::StrCat("given: ", caller.name, " has a quota for uploads"));
  }
  if (request.size_bytes() > limits_.upload_bytes) return TooLarge(request.size_bytes(), limits_.upload_bytes);
  if (!request.request_id().empty()) {
    ASSIGN_OR_RETURN(const std::optional<StoredUpload> former, catalogue_.FindUploadByRequest(request.request_id()));
    if (former.has_value()) return Describe(*former);
  }
  RETURN_IF_ERROR(DropStaleUploads());
  if (blobs_.ShortOfRoom() || queue_.short_of_room()) return StorageFull(blobs_.FreeBytes());

  StoredUpload stored;
  stored.request_id = request.request_id();
  stored.last_write_time = absl::Now();
  stored.owner = caller.name;
  stored.upload.set_name(absl::StrCat("uploads/", NewId()));
  *stored.upload.mutable_dataset() = request.dataset();
  if (request.has_size_bytes()) stored.upload.set_size_bytes(request.size_bytes());
  *stored.upload.mutable_create_time() = ToProto(absl::Now());
  RETURN_IF_ERROR(AddUpload(stored.upload, caller));
  const absl::Status opened = OpenNew(stored);
  if (opened.ok()) return stored.upload;
  if (IsCommitted(opened)) return opened;
  {
    absl::MutexLock lock(&mutex_);
    uploads_.erase(stored.upload.name());
  }
  blobs_.RemoveUpload(UploadFileOf(stored.upload.name())).IgnoreError();
  // Another call with the same id may have come between.
  ASSIGN_OR_RETURN(const std::optional<StoredUpload> first, catalogue_.FindUploadByRequest(request.request_id()));
  if (first.has_value()) return Describe(*first);
  return opened;
}

absl::Status DatasetTable::OpenNew(const StoredUpload& stored) {
  RETURN_IF_ERROR(blobs_.OpenUpload(UploadFileOf(stored.upload.name())).status());
  return queue_.CommitDurablyAndWait(catalogue_.Put(stored));
}

bool DatasetTable::IsStale(const std::string& upload_name) const {
  const absl::StatusOr<absl::Time> written = blobs_.UploadTime(UploadFileOf(upload_name));
  return absl::Now() - written.value_or(absl::InfinitePast()) >= limits_.upload_lifetime;
}

// One that a stream or a commit has stays.
absl::Status DatasetTable::DropStaleUploads() {
  ASSIGN_OR_RETURN(const std::vector<std::string> opened_long_ago,
                   catalogue_.UploadsUntil(absl::Now() - limits_.upload_lifetime));
  for (const std::string& name : opened_long_ago) {
    if (!IsStale(name)) continue;
    const absl::StatusOr<std::unique_ptr<Writer>> hold = Write(name);
    if (!hold.ok() || !IsStale(name)) continue;
    RETURN_IF_ERROR(RemoveUpload(name));
  }
  return absl::OkStatus();
}

absl::Status DatasetTable::RemoveUpload(const std::string& name) {
  const absl::Status removed = queue_.CommitDurablyAndWait(catalogue_.RemoveUpload(name));
  NoteRemoval(name, removed);
  return removed;
}

void DatasetTable::NoteRemoval(const std::string& name, const absl::Status& told) {
  if (!IsCommitted(told)) return;
  {
    absl::MutexLock lock(&mutex_);
    uploads_.erase(name);
  }
  // A file that stays is removed by the next start.
  if (told.ok()) blobs_.RemoveUpload(UploadFileOf(name)).IgnoreError();
}

absl::Status DatasetTable::AddUpload(const v1::Upload& upload, const Caller& caller) {
  constexpr std::string_view kAdvice = "commit or delete some, or wait until they expire";
  absl::MutexLock lock(&mutex_);
  if (static_cast<int>(uploads_.size()) >= limits_.open_uploads) {
    return WithReason(absl::ResourceExhaustedError(
                          absl::StrCat("there are ", uploads_.size(), " open uploads already; ", AbslView(kAdvice))),
                      "TOO_MANY_UPLOADS");
  }
  int64_t used = 0;
  for (const auto& [name, open] : uploads_) {
    if (open.owner == caller.name) used += open.size_bytes;
  }
  RETURN_IF_ERROR(CheckQuota(caller, "upload-bytes", caller.quotas.upload_bytes, used, upload.size_bytes(),
                             "bytes of open uploads", kAdvice));
  uploads_[upload.name()] = {.owner = caller.name, .size_bytes = upload.size_bytes()};
  return absl::OkStatus();
}

absl::StatusOr<v1::Upload> DatasetTable::Describe(StoredUpload stored) const {
  ASSIGN_OR_RETURN(const auto file, blobs_.OpenUpload(UploadFileOf(stored.upload.name())));
  stored.upload.set_received_bytes(file->size());
  return stored.upload;
}

absl::StatusOr<v1::Upload> DatasetTable::GetUpload(const std::string& name) {
  RETURN_IF_ERROR(CheckName("name", name, "uploads"));
  absl::StatusOr<StoredUpload> stored = catalogue_.GetUpload(name);
  if (absl::IsNotFound(stored.status())) return NoSuch("upload", name);
  RETURN_IF_ERROR(stored.status());
  return Describe(*std::move(stored));
}

absl::Status DatasetTable::DeleteUpload(const std::string& name) {
  RETURN_IF_ERROR(CheckName("name", name, "uploads"));
  // As a commit does: neither a stream nor a commit has it meanwhile.
  ASSIGN_OR_RETURN(const std::unique_ptr<Writer> hold, Write(name));
  return RemoveUpload(name);
}

absl::StatusOr<std::unique_ptr<DatasetTable::Writer>> DatasetTable::Write(const std::string& upload_name) {
  RETURN_IF_ERROR(CheckName("upload", upload_name, "uploads"));
  std::shared_ptr<UploadDigest> digest;
  {
    absl::MutexLock lock(&mutex_);
    if (!busy_.emplace(upload_name, true).second) {
      return WithReason(
          absl::AbortedError(absl::StrCat(
              upload_name, " is being written or committed by another call; try again when that has ended")),
          "UPLOAD_BUSY");
    }
    const auto known = uploads_.find(upload_name);
    digest = known != uploads_.end() ? known->second.digest : std::make_shared<UploadDigest>();
  }
  absl::Cleanup release = [this, &upload_name] {
    absl::MutexLock lock(&mutex_);
    busy_.erase(upload_name);
  };
  // Whoever had it before may have removed it.
  absl::StatusOr<StoredUpload> stored = catalogue_.GetUpload(upload_name);
  if (absl::IsNotFound(stored.status())) return NoSuch("upload", upload_name);
  RETURN_IF_ERROR(stored.status());
  ASSIGN_OR_RETURN(std::unique_ptr<UploadFile> file, blobs_.OpenUpload(UploadFileOf(upload_name)));
  std::move(release).Cancel();
  return std::unique_ptr<Writer>(new Writer(*this, std::move(stored->upload), std::move(file), std::move(digest)));
}

DatasetTable::Writer::Writer(DatasetTable& table, v1::Upload upload, std::unique_ptr<UploadFile> file,
                             std::shared_ptr<UploadDigest> digest)
    : table_(table), upload_(std::move(upload)), file_(std::move(file)), digest_(std::move(digest)) {}

DatasetTable::Writer::~Writer() {
  absl::MutexLock lock(&table_.mutex_);
  table_.busy_.erase(upload_.name());
}

absl::Status DatasetTable::Writer::Write(int64_t offset, uint32_t crc32c, std::string_view data) {
  const int64_t expected = file_->size();
  if (offset != expected) {
    return WithReason(
        absl::OutOfRangeError(absl::StrCat("the chunk begins at offset ", offset, ", but ", upload_.name(), " has ",
                                           expected, " bytes; go on from there")),
        "OFFSET_MISMATCH", {{"expected_offset", absl::StrCat(expected)}});
  }
  if (Crc32c(data) != crc32c) {
    return WithReason(
        absl::DataLossError(absl::StrCat("the chunk at offset ", offset, " does not match its CRC-32C; send it again")),
        "CHECKSUM_MISMATCH", {{"expected_offset", absl::StrCat(expected)}});
  }
  const int64_t limit = upload_.has_size_bytes() ? upload_.size_bytes() : table_.limits_.upload_bytes;
  const int64_t size = expected + static_cast<int64_t>(data.size());
  if (size > limit) return TooLarge(size, limit);
  if (table_.queue_.short_of_room()) return StorageFull(table_.blobs_.FreeBytes());
  RETURN_IF_ERROR(file_->Append(data));
  digest_->Add(offset, data);
  table_.received_bytes_.Add(static_cast<int64_t>(data.size()));
  return absl::OkStatus();
}

absl::StatusOr<std::string> DatasetTable::Writer::Digest(const MappedFile& content) {
  const std::string_view bytes = content.bytes();
  while (static_cast<size_t>(digest_->size()) < bytes.size()) {
    RETURN_IF_ERROR(table_.CheckNotDraining());
    digest_->Add(digest_->size(), bytes.substr(static_cast<size_t>(digest_->size()), kHashedAtOnce));
  }
  RETURN_IF_ERROR(table_.CheckNotDraining());
  return digest_->Of(bytes);
}

absl::StatusOr<v1::Upload> DatasetTable::Writer::Finish() {
  if (absl::Status status = file_->Sync(); !status.ok()) {
    digest_->BeginAnew();  // the file may have become shorter
    return status;
  }
  upload_.set_received_bytes(file_->size());
  return upload_;
}

}  // namespace trainyard
