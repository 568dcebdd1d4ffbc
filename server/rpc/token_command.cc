#include "server/rpc/token_command.h"

#include <CLI/CLI.hpp>
#include <iostream>

#include "core/base/sha256.h"
#include "server/rpc/token_file.h"

namespace trainyard {

TokenCommand::TokenCommand(CLI::App& app) {
  CLI::App* const token = app.add_subcommand("token", "Tokens of callers")->require_subcommand(1);
  new_ = token->add_subcommand("new", "Make a token, print it once, and add its hash to the file of tokens");
  new_->add_option("--name", token_.caller.name, "Who it is for: letters, digits and . _ - @")->required();
  new_->add_option("--role", role_, "read: look at everything; train: upload and train as well; admin: delete as well")
      ->required();
  new_->add_option("--tokens", path_, "The file that the server is given with --tokens; made if it is not there")
      ->envname("TRAINYARD_TOKENS")
      ->required();
  new_->add_option("--jobs", token_.caller.quotas.jobs, "Most jobs of it that have not ended")
      ->check(CLI::NonNegativeNumber);
  new_->add_option("--upload-bytes", token_.caller.quotas.upload_bytes, "Most bytes of its open uploads, as in 4GiB")
      ->transform(CLI::AsSizeValue(false));
  new_->add_option("--watchers", token_.caller.quotas.watchers, "Most watches of it at a time")
      ->check(CLI::NonNegativeNumber);
}

bool TokenCommand::given() const { return new_->parsed(); }

int TokenCommand::Run() const {
  Token token = token_;
  const absl::StatusOr<Role> role = ParseRole(role_);
  const std::string secret = NewSecret();
  absl::Status status = role.status();
  if (role.ok()) {
    token.role = *role;
    token.hash = Sha256Of(secret);
    status = AppendToken(path_, token);
  }
  if (!status.ok()) {
    std::cerr << "trainyard-server: " << status.message() << "\n";
    return 2;
  }
  std::cout << secret << std::endl;
  return 0;
}

}  // namespace trainyard
