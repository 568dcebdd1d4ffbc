// The flags of SecurityOptions.

#ifndef TRAINYARD_SERVER_RPC_SECURITY_FLAGS_H_
#define TRAINYARD_SERVER_RPC_SECURITY_FLAGS_H_

#include "server/rpc/security_options.h"

namespace CLI {
class App;
}

namespace trainyard {

// `options` must outlive `app`'s parsing.
void AddSecurityFlags(CLI::App& app, SecurityOptions& options);

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RPC_SECURITY_FLAGS_H_
