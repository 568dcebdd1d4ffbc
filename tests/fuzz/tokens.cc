// The file of tokens.

#include "server/rpc/token.h"
#include "tests/fuzz/fuzzing.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace trainyard;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<std::vector<Token>> tokens = ParseTokens(text);
  if (!tokens.ok()) {
    fuzz::ExpectCode(tokens.status(), absl::StatusCode::kInvalidArgument);
    return 0;
  }
  std::string file;
  for (const Token& token : *tokens) {
    const absl::StatusOr<std::string> line = LineOf(token);
    fuzz::Expect(line.ok(), "a token that was read can be written", std::string(line.status().ToString()));
    file += *line + "\n";
  }
  const absl::StatusOr<std::vector<Token>> again = ParseTokens(file);
  fuzz::Expect(again.ok() && again->size() == tokens->size(), "tokens read back", file);
  for (size_t i = 0; i < tokens->size(); ++i) {
    fuzz::Expect(*LineOf((*again)[i]) == *LineOf((*tokens)[i]), "a token reads back as it was", file);
  }
  FindToken(*tokens, text.substr(0, 100));
  return 0;
}
