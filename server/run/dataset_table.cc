#include "server/run/dataset_table.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/base/crc32c.h"
#include "core/base/sha256.h"
#include "core/base/status.h"
#include "core/base/text.h"
#include "core/data/conditioning.h"
#include "google/protobuf/util/message_differencer.h"
#include "server/run/names.h"
#include "server/wire/dataset.h"
#include "server/wire/time.h"

namespace trainyard {
namespace {

constexpr std::string_view kFilterFields[] = {"labels", "display_name", "create_time"};

// The bytes of a data set as a blob, which takes none any more once `draining`.
class BlobSink final : public ByteSink {
 public:
  BlobSink(BlobWriter& writer, const std::atomic<bool>& draining) : writer_(writer), draining_(draining) {}
  absl::Status Append(std::string_view bytes) override { return draining_ ? Draining() : writer_.Append(bytes); }
  absl::Status Overwrite(std::string_view bytes) override { return writer_.Overwrite(bytes); }
  absl::Status Restart() override { return writer_.Clear(); }

 private:
  BlobWriter& writer_;
  const std::atomic<bool>& draining_;
};

// What has become of the file of a data set that is in the catalogue.
absl::Status Damaged(const StoredDataset& stored, const absl::Status& found) {
  if (!absl::IsDataLoss(found) && !absl::IsNotFound(found)) return found;
  const v1::Dataset& dataset = stored.dataset;
  return WithReason(
      absl::DataLossError(absl::StrCat(dataset.name(), " is damaged on the server's disk: ", found.message(),
                                       "; delete it and upload again the content with the SHA-256 ", dataset.digest())),
      "DATASET_DAMAGED", {{"dataset", dataset.name()}, {"digest", dataset.digest()}});
}

// Of the data set that is made of an upload.
std::string DatasetFileOf(const std::string& upload_name) {
  return absl::StrCat("dataset-", UploadFileOf(upload_name));
}

absl::Status DigestMismatch(const std::string& digest, const std::string& given) {
  return WithReason(absl::DataLossError(absl::StrCat("the content's SHA-256 is ", digest, ", not ", given.substr(0, 64),
                                                     "; upload it again")),
                    "DIGEST_MISMATCH", {{"digest", digest}});
}

// What has been read of an upload leaves memory in such pieces.
constexpr size_t kForgottenBytes = size_t{8} << 20;

// Whether both are the same content, read the same way.
bool SameContent(const v1::Dataset& a, const v1::Dataset& b) {
  return a.digest() == b.digest() &&
         google::protobuf::util::MessageDifferencer::Equals(a.read_options(), b.read_options());
}

}  // namespace

DatasetTable::DatasetTable(DatasetLimits limits, CommitQueue& queue, Catalogue& catalogue, Blobs& blobs)
    : limits_(limits), queue_(queue), catalogue_(catalogue), blobs_(blobs) {}

absl::Status DatasetTable::Recover() {
  ASSIGN_OR_RETURN(const std::vector<StoredUpload> uploads, catalogue_.AllUploads());
  {
    absl::MutexLock lock(&mutex_);
    for (const StoredUpload& stored : uploads) {
      uploads_[stored.upload.name()] = {.owner = stored.owner, .size_bytes = stored.upload.size_bytes()};
    }
  }
  return DropStaleUploads();
}

absl::Status DatasetTable::CheckNotDraining() const { return draining_ ? Draining() : absl::OkStatus(); }

absl::StatusOr<StoredDataset> DatasetTable::Read(const v1::Upload& upload, const MappedFile& content,
                                                 const std::string& digest) {
  ASSIGN_OR_RETURN(const ReadOptions options, FromProto(upload.dataset().read_options()));
  const std::string file = DatasetFileOf(upload.name());
  ASSIGN_OR_RETURN(const std::unique_ptr<BlobWriter> writer, blobs_.Create(file));
  BlobSink sink(*writer, draining_);
  size_t forgotten = 0;
  const auto forget = [&](size_t passed) -> absl::Status {
    const size_t end = passed / kForgottenBytes * kForgottenBytes;
    if (end < forgotten) forgotten = 0;  // read again from the start
    if (end > forgotten) content.Forget(forgotten, end);
    forgotten = end;
    return CheckNotDraining();
  };
  const absl::StatusOr<ReadResult> result = ReadDataset(content.bytes(), options, limits_.read, sink, forget);
  if (!result.ok()) return InField("dataset.read_options", result.status());
  RETURN_IF_ERROR(writer->Publish());

  StoredDataset stored{.dataset = upload.dataset(), .file = file};
  v1::Dataset& dataset = stored.dataset;
  dataset.set_digest(digest);
  dataset.set_row_count(result->row_count);
  dataset.set_uploaded_bytes(static_cast<int64_t>(content.bytes().size()));
  dataset.set_stored_bytes(writer->size());
  *dataset.mutable_read_options() = ToProto(options);
  AddColumns(result->schema.columns, dataset);
  for (const std::string& warning : result->warnings) dataset.add_warnings(warning);
  ASSIGN_OR_RETURN(const auto mapped, blobs_.Map(file));
  ASSIGN_OR_RETURN(const auto rows, Dataset::OpenWritten(mapped));
  if (const auto conditioning = MeasureConditioning(*rows)) *dataset.mutable_conditioning() = ToProto(*conditioning);
  *dataset.mutable_create_time() = ToProto(absl::Now());
  dataset.set_etag(digest.substr(0, 16));
  return stored;
}

absl::StatusOr<v1::Dataset> DatasetTable::Commit(const v1::CommitUploadRequest& request) {
  // A commit needs the upload for itself, as a stream does.
  const absl::StatusOr<std::unique_ptr<Writer>> hold = Write(request.name());
  if (absl::IsNotFound(hold.status())) return Committed(request, hold.status());
  RETURN_IF_ERROR(hold.status());
  return CommitHeld(request, **hold);
}

absl::StatusOr<v1::Dataset> DatasetTable::Committed(const v1::CommitUploadRequest& request, const absl::Status& gone) {
  const absl::StatusOr<StoredDataset> made = catalogue_.GetDatasetOfFile(DatasetFileOf(request.name()));
  if (absl::IsNotFound(made.status())) return gone;
  RETURN_IF_ERROR(made.status());
  const v1::Dataset& dataset = made->dataset;
  if (!request.digest().empty() && request.digest() != dataset.digest()) {
    return DigestMismatch(dataset.digest(), request.digest());
  }
  // The call that made it may not have seen it durable.
  RETURN_IF_ERROR(queue_.CommitDurablyAndWait([](Connection&) { return absl::OkStatus(); }));
  return dataset;
}

absl::StatusOr<v1::Dataset> DatasetTable::CommitHeld(const v1::CommitUploadRequest& request, Writer& hold) {
  ASSIGN_OR_RETURN(const v1::Upload upload, hold.Finish());
  if (upload.has_size_bytes() && upload.received_bytes() < upload.size_bytes()) {
    return WithReason(
        absl::FailedPreconditionError(absl::StrCat(upload.name(), " has ", upload.received_bytes(), " of the ",
                                                   upload.size_bytes(), " bytes declared; send the rest first")),
        "UPLOAD_INCOMPLETE", {{"expected_offset", absl::StrCat(upload.received_bytes())}});
  }
  ASSIGN_OR_RETURN(const auto content, blobs_.MapUpload(UploadFileOf(upload.name())));
  ASSIGN_OR_RETURN(const std::string digest, hold.Digest(*content));
  if (!request.digest().empty() && request.digest() != digest) {
    return DigestMismatch(digest, request.digest());
  }

  v1::Dataset wanted = upload.dataset();
  wanted.set_digest(digest);
  ASSIGN_OR_RETURN(const ReadOptions options, FromProto(wanted.read_options()));
  *wanted.mutable_read_options() = ToProto(options);
  absl::StatusOr<StoredDataset> existing = catalogue_.GetDataset(wanted.name());
  if (!existing.ok() && !absl::IsNotFound(existing.status())) return existing.status();
  if (!existing.ok()) {
    ASSIGN_OR_RETURN(const StoredDataset stored, Read(upload, *content, digest));
    CommitQueue::Change insert = catalogue_.Insert(stored);
    CommitQueue::Change remove = catalogue_.RemoveUpload(upload.name());
    const absl::Status status = queue_.CommitDurablyAndWait(
        [insert = std::move(insert), remove = std::move(remove)](Connection& connection) mutable {
          RETURN_IF_ERROR(insert(connection));
          return remove(connection);
        });
    NoteRemoval(upload.name(), status);
    if (status.ok()) return stored.dataset;
    if (IsCommitted(status)) return status;
    blobs_.Remove(stored.file).IgnoreError();
    if (!absl::IsAlreadyExists(status)) return status;
    existing = catalogue_.GetDataset(wanted.name());
    RETURN_IF_ERROR(existing.status());
  }
  if (!SameContent(existing->dataset, wanted)) {
    return WithReason(
        absl::AlreadyExistsError(absl::StrCat(
            wanted.name(), " exists with other content or settings; delete it first, or ", "choose another name")),
        "DATASET_EXISTS", {{"digest", existing->dataset.digest()}});
  }
  RETURN_IF_ERROR(RemoveUpload(upload.name()));
  return existing->dataset;
}

absl::StatusOr<v1::Dataset> DatasetTable::Get(const std::string& name) {
  RETURN_IF_ERROR(CheckName("name", name, "datasets"));
  absl::StatusOr<StoredDataset> stored = catalogue_.GetDataset(name);
  if (absl::IsNotFound(stored.status())) return NoSuch("data set", name);
  RETURN_IF_ERROR(stored.status());
  return stored->dataset;
}

absl::StatusOr<v1::ListDatasetsResponse> DatasetTable::List(const v1::ListDatasetsRequest& request) {
  RETURN_IF_ERROR(CheckPageSize(request.page_size()));
  ASSIGN_OR_RETURN(const Filter filter, ParseFilter(request.filter(), kFilterFields));
  ASSIGN_OR_RETURN(auto page, catalogue_.ListDatasets(filter, PageSize(request.page_size()), request.page_token()));
  v1::ListDatasetsResponse response;
  for (StoredDataset& row : page.rows) *response.add_datasets() = std::move(row.dataset);
  response.set_next_page_token(page.next_page_token);
  return response;
}

absl::StatusOr<v1::Table> DatasetTable::ReadExamples(const v1::ReadExamplesRequest& request) {
  RETURN_IF_ERROR(CheckName("dataset", request.dataset(), "datasets"));
  if (request.first_row() < 0) return FieldError("first_row", request.first_row(), "at least 0");
  if (request.row_count() < 0 || request.row_count() > 1000) {
    return FieldError("row_count", int64_t{request.row_count()}, "in 1..1000, or 0 for the default");
  }
  ASSIGN_OR_RETURN(const auto dataset, Open(request.dataset()));
  const int64_t first = std::min<int64_t>(request.first_row(), dataset->row_count());
  const int64_t wanted = request.row_count() == 0 ? 10 : request.row_count();
  return ToTable(*dataset, first, std::min(wanted, dataset->row_count() - first));
}

absl::Status DatasetTable::Delete(const v1::DeleteDatasetRequest& request) {
  RETURN_IF_ERROR(CheckName("name", request.name(), "datasets"));
  ASSIGN_OR_RETURN(const StoredDataset removed, Remove(request));
  // A file that stays is removed by the next start.
  blobs_.Remove(removed.file).IgnoreError();
  return absl::OkStatus();
}

// From the catalogue. Under the lock from the first look on: what is removed is what was looked at.
absl::StatusOr<StoredDataset> DatasetTable::Remove(const v1::DeleteDatasetRequest& request) {
  absl::MutexLock no_pin_comes(&pinning_);
  absl::StatusOr<StoredDataset> stored = catalogue_.GetDataset(request.name());
  if (absl::IsNotFound(stored.status())) return NoSuch("data set", request.name());
  RETURN_IF_ERROR(stored.status());
  RETURN_IF_ERROR(CheckEtag(request.etag(), stored->dataset.etag()));
  ASSIGN_OR_RETURN(std::string job, catalogue_.JobThatNeeds(request.name()));
  if (job.empty() && pins_.contains(request.name())) job = "a job that is being created";
  if (!job.empty()) {
    return WithReason(absl::FailedPreconditionError(
                          absl::StrCat(request.name(), " is needed by ", job, "; cancel it or wait until it ends")),
                      "DATASET_IN_USE", {{"job", job}});
  }
  RETURN_IF_ERROR(queue_.CommitDurablyAndWait(catalogue_.RemoveDataset(request.name())));
  absl::MutexLock lock(&mutex_);
  open_.erase(request.name());
  return stored;
}

absl::StatusOr<std::shared_ptr<const Dataset>> DatasetTable::OpenFile(const std::string& file) {
  ASSIGN_OR_RETURN(const auto mapped, blobs_.Map(file));
  return Dataset::Open(mapped);
}

absl::StatusOr<std::shared_ptr<const Dataset>> DatasetTable::Open(const std::string& name) {
  absl::StatusOr<StoredDataset> stored = catalogue_.GetDataset(name);
  if (absl::IsNotFound(stored.status())) return NoSuch("data set", name);
  RETURN_IF_ERROR(stored.status());
  {
    absl::MutexLock lock(&mutex_);
    const auto found = open_.find(name);
    if (found != open_.end() && found->second.file == stored->file) {
      if (std::shared_ptr<const Dataset> dataset = found->second.dataset.lock()) return dataset;
    }
  }
  absl::StatusOr<std::shared_ptr<const Dataset>> opened = OpenFile(stored->file);
  if (!opened.ok()) return Damaged(*stored, opened.status());
  std::shared_ptr<const Dataset> dataset = *std::move(opened);
  absl::MutexLock lock(&mutex_);
  open_[name] = {.file = stored->file, .dataset = dataset};
  return dataset;
}

DatasetTable::Pin::Pin(DatasetTable& table, std::vector<std::string> names) : table_(table), names_(std::move(names)) {
  absl::MutexLock lock(&table_.pinning_);
  for (const std::string& name : names_) ++table_.pins_[name];
}

DatasetTable::Pin::~Pin() {
  absl::MutexLock lock(&table_.pinning_);
  for (const std::string& name : names_) {
    if (--table_.pins_[name] == 0) table_.pins_.erase(name);
  }
}

}  // namespace trainyard
