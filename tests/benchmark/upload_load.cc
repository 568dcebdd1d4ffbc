// An upload alone: the time from opening it until the server has acknowledged all bytes. Nothing is committed, so
// nothing is parsed.
//
//   upload_load ADDRESS FILE        prints megabytes (10^6) a second

#include "client/cpp/crc32c.h"
#include "tests/benchmark/load.h"
#include "trainyard/v1/dataset.grpc.pb.h"

namespace trainyard {
namespace {

constexpr size_t kChunkBytes = 512 << 10;

std::string Open(v1::DatasetService::Stub& datasets, int64_t size) {
  v1::CreateUploadRequest request;
  request.mutable_dataset()->set_name("datasets/upload");
  request.mutable_dataset()->mutable_read_options()->set_format(v1::FORMAT_CSV);
  request.set_size_bytes(size);
  grpc::ClientContext context;
  v1::Upload upload;
  FailUnlessOk(datasets.CreateUpload(&context, request, &upload));
  return upload.name();
}

// Bytes acknowledged.
int64_t Send(v1::DatasetService::Stub& datasets, const std::string& upload, std::ifstream& file) {
  grpc::ClientContext context;
  v1::Upload acknowledged;
  const auto writer = datasets.UploadData(&context, &acknowledged);
  v1::UploadDataRequest request;
  request.set_upload(upload);
  std::string& data = *request.mutable_data();
  while (data.resize(kChunkBytes), file.read(data.data(), kChunkBytes), file.gcount() > 0) {
    data.resize(file.gcount());
    request.set_crc32c(client::Crc32c(data));
    if (!writer->Write(request)) break;
    request.set_offset(request.offset() + file.gcount());
  }
  writer->WritesDone();
  FailUnlessOk(writer->Finish());
  return acknowledged.received_bytes();
}

int Main(int argc, char** argv) {
  if (argc < 3) Fail("usage: upload_load ADDRESS FILE");
  std::ifstream file(argv[2], std::ios::binary | std::ios::ate);
  if (!file) Fail(std::string(argv[2]) + ": can't be read");
  const int64_t size = file.tellg();
  file.seekg(0);
  const auto datasets = v1::DatasetService::NewStub(Connect(argv[1]));
  const auto begin = Clock::now();
  if (Send(*datasets, Open(*datasets, size), file) != size) Fail("not all bytes were acknowledged");
  std::printf("%.3f\n", static_cast<double>(size) / 1000 / MillisecondsSince(begin));
  return 0;
}

}  // namespace
}  // namespace trainyard

int main(int argc, char** argv) { return trainyard::Main(argc, argv); }
