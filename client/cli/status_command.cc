#include "absl/strings/str_cat.h"
#include "client/cli/commands.h"
#include "client/cli/json.h"
#include "client/cli/table.h"
#include "client/cli/text.h"
#include "client/cpp/status_macros.h"

namespace trainyard::cli {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(3);

struct NoOptions {};

void AddNothing(CLI::App&, NoOptions&) {}

void PrintServerInfo(const v1::ServerInfo& info, Session& session) {
  PropertyList list;
  list.Add("server", session.connection.server);
  list.Add("version", info.version());
  list.Add("started", TimeText(info.start_time()));
  list.Add("workers", CountText(info.worker_count()));
  list.Add("instructions", info.cpu_dispatch());
  list.Add("fingerprint", info.numeric_fingerprint());
  list.Add("active jobs", CountText(info.active_jobs()));
  list.Add("queued jobs", absl::StrCat(CountText(info.queued_jobs()), " of ", CountText(info.limits().queued_jobs())));
  list.Add("watchers", absl::StrCat(CountText(info.watchers()), " of ", CountText(info.limits().watchers())));
  list.Add("memory for jobs", BytesText(info.limits().job_memory_bytes()));
  list.Add("largest upload", BytesText(info.limits().upload_bytes()));
  list.Print(session.out());
}

absl::Status Status(Session& session, const NoOptions&) {
  ASSIGN_OR_RETURN(const auto client, session.Connect());
  ASSIGN_OR_RETURN(const v1::ServerInfo info,
                   client::Call(client->server(), &v1::ServerService::Stub::GetServerInfo, v1::GetServerInfoRequest()));
  if (session.json()) return PrintJson(info, session.out());
  PrintServerInfo(info, session);
  return absl::OkStatus();
}

struct HealthOptions {
  bool live = false;
};

void AddHealthOptions(CLI::App& command, HealthOptions& options) {
  command.add_flag("--live", options.live, "ask only whether it runs");
}

absl::Status Health(Session& session, const HealthOptions& options) {
  ASSIGN_OR_RETURN(const auto client, session.Connect());
  const std::string service = options.live ? "live" : "ready";
  ASSIGN_OR_RETURN(const bool is_serving, client->IsServing(service, kPatience));
  if (!is_serving) session.exit_code = kRefused;
  if (session.json()) {
    session.out() << (is_serving ? R"({"status": "SERVING"})" : R"({"status": "NOT_SERVING"})") << "\n";
  } else {
    session.out() << (is_serving ? "" : "not ") << service << "\n";
  }
  return absl::OkStatus();
}

}  // namespace

void AddStatusCommands(CLI::App& program, Session& session) {
  AddCommand<NoOptions>(program, session, "status", "Show the server, its load and its limits", &AddNothing, &Status);
  AddCommand<HealthOptions>(program, session, "health", "Ask whether the server takes new work; needs no token",
                            &AddHealthOptions, &Health);
}

}  // namespace trainyard::cli
