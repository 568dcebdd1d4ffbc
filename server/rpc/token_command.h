// `trainyard-server token new`: makes a token, prints it once, and adds its hash to the file of tokens.

#ifndef TRAINYARD_SERVER_RPC_TOKEN_COMMAND_H_
#define TRAINYARD_SERVER_RPC_TOKEN_COMMAND_H_

#include <string>

#include "server/rpc/token.h"

namespace CLI {
class App;
}

namespace trainyard {

class TokenCommand {
 public:
  // Adds the command to `app`. Both live until the arguments are parsed.
  explicit TokenCommand(CLI::App& app);

  // Whether the arguments ask for it.
  bool given() const;

  // The exit code: 0, or 2 where the token can't be added, and stderr says why.
  int Run() const;

 private:
  CLI::App* new_ = nullptr;
  std::string role_;
  std::string path_;
  Token token_;
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RPC_TOKEN_COMMAND_H_
