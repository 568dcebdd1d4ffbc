// One unary call after the other, from request to answer.
//
//   call_load ADDRESS METHOD COUNT REQUEST_FILE...        each a serialised request, taken in turn
//
// Prints a line of milliseconds a call. Answers stay bytes.

#include <vector>

#include "absl/synchronization/notification.h"
#include "grpcpp/generic/generic_stub.h"
#include "tests/benchmark/load.h"

namespace trainyard {
namespace {

double Call(grpc::GenericStub& stub, const std::string& method, const grpc::ByteBuffer& request) {
  grpc::ClientContext context;
  grpc::ByteBuffer response;
  grpc::Status answer;
  absl::Notification done;
  const auto begin = Clock::now();
  stub.UnaryCall(&context, method, grpc::StubOptions(), &request, &response, [&](grpc::Status status) {
    answer = std::move(status);
    done.Notify();
  });
  done.WaitForNotification();
  const double milliseconds = MillisecondsSince(begin);
  FailUnlessOk(answer);
  return milliseconds;
}

int Main(int argc, char** argv) {
  if (argc < 5) Fail("usage: call_load ADDRESS METHOD COUNT REQUEST_FILE...");
  grpc::GenericStub stub(Connect(argv[1]));
  std::vector<grpc::ByteBuffer> requests;
  for (int i = 4; i < argc; ++i) requests.push_back(Buffer(ReadFile(argv[i])));
  for (int i = 0; i < std::atoi(argv[3]); ++i) {
    std::printf("%.4f\n", Call(stub, argv[2], requests[i % requests.size()]));
  }
  return 0;
}

}  // namespace
}  // namespace trainyard

int main(int argc, char** argv) { return trainyard::Main(argc, argv); }
