#include "server/rpc/token.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/base/sha256.h"
#include "core/base/status.h"
#include "core/base/text.h"

namespace trainyard {
namespace {

constexpr std::array<std::pair<std::string_view, Role>, 3> kRoles = {
    {{"read", Role::kRead}, {"train", Role::kTrain}, {"admin", Role::kAdmin}}};
constexpr size_t kHashDigits = 64;
constexpr size_t kMostNameLetters = 64;

bool IsName(std::string_view name) {
  const auto is_letter = [](char c) { return absl::ascii_isalnum(c) || c == '.' || c == '_' || c == '-' || c == '@'; };
  return !name.empty() && name.size() <= kMostNameLetters && std::all_of(name.begin(), name.end(), is_letter);
}

absl::Status CheckTokenName(std::string_view name) {
  if (IsName(name)) return absl::OkStatus();
  return FieldError("name", name, "1 to 64 letters, digits or any of . _ - @");
}

// A whole number, perhaps with KiB, MiB, GiB or TiB behind it.
std::optional<int64_t> ParseSize(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, int>, 5> kUnits = {
      {{"", 0}, {"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"TiB", 40}}};
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number < 0) return std::nullopt;
  const std::string_view unit = text.substr(static_cast<size_t>(end - text.data()));
  for (const auto& [name, shift] : kUnits) {
    if (unit == name && number <= std::numeric_limits<int64_t>::max() >> shift) return number << shift;
  }
  return std::nullopt;
}

absl::Status AddQuota(std::string_view text, Quotas& quotas) {
  const size_t equals = text.find('=');
  const std::string_view name = text.substr(0, equals);
  std::optional<int64_t>* const quota = name == "jobs"           ? &quotas.jobs
                                        : name == "upload-bytes" ? &quotas.upload_bytes
                                        : name == "watchers"     ? &quotas.watchers
                                                                 : nullptr;
  if (quota == nullptr || equals == std::string_view::npos) {
    return FieldError("quota", text, "jobs=N, upload-bytes=SIZE or watchers=N");
  }
  *quota = ParseSize(text.substr(equals + 1));
  return quota->has_value()
             ? absl::OkStatus()
             : FieldError(name, text.substr(equals + 1), "a whole number of at least 0, as in 10 or 4GiB");
}

absl::StatusOr<Token> ParseLine(const std::vector<std::string>& words) {
  if (words.size() < 3) return absl::InvalidArgumentError("a line is a name, a role and a hash, then quotas");
  Token token;
  token.caller.name = words[0];
  RETURN_IF_ERROR(CheckTokenName(words[0]));
  ASSIGN_OR_RETURN(token.role, ParseRole(words[1]));
  token.hash = absl::AsciiStrToLower(words[2]);
  const bool is_hash = token.hash.size() == kHashDigits &&
                       std::all_of(token.hash.begin(), token.hash.end(),
                                   [](char c) { return absl::ascii_isxdigit(static_cast<unsigned char>(c)); });
  // What stands there may be the token itself.
  if (!is_hash) return FieldError("hash", "…", "the 64 hexadecimal digits of a SHA-256");
  for (size_t i = 3; i < words.size(); ++i) RETURN_IF_ERROR(AddQuota(words[i], token.caller.quotas));
  return token;
}

}  // namespace

std::string_view NameOf(Role role) { return kRoles[static_cast<size_t>(role)].first; }

absl::StatusOr<Role> ParseRole(std::string_view name) {
  for (const auto& [known, role] : kRoles) {
    if (name == known) return role;
  }
  return FieldError("role", name, "read, train or admin");
}

absl::StatusOr<std::vector<Token>> ParseTokens(std::string_view text) {
  std::vector<Token> tokens;
  int line_number = 0;
  for (const absl::string_view line : absl::StrSplit(AbslView(text), '\n')) {
    ++line_number;
    const absl::string_view content = line.substr(0, line.find('#'));
    const std::vector<std::string> words = absl::StrSplit(content, absl::ByAnyChar(" \t\r"), absl::SkipEmpty());
    if (words.empty()) continue;
    absl::StatusOr<Token> token = ParseLine(words);
    if (token.ok()) {
      const auto is_same = [&token](const Token& other) {
        return other.caller.name == token->caller.name || other.hash == token->hash;
      };
      if (std::any_of(tokens.begin(), tokens.end(), is_same)) {
        token = absl::InvalidArgumentError(absl::StrCat(token->caller.name, " or its hash stands on a former line"));
      }
    }
    if (!token.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("line ", line_number, ": ", token.status().message()));
    }
    tokens.push_back(*std::move(token));
  }
  return tokens;
}

absl::StatusOr<std::string> LineOf(const Token& token) {
  RETURN_IF_ERROR(CheckTokenName(token.caller.name));
  std::string line = absl::StrCat(token.caller.name, " ", AbslView(NameOf(token.role)), " ", token.hash);
  const Quotas& quotas = token.caller.quotas;
  if (quotas.jobs.has_value()) absl::StrAppend(&line, " jobs=", *quotas.jobs);
  if (quotas.upload_bytes.has_value()) absl::StrAppend(&line, " upload-bytes=", *quotas.upload_bytes);
  if (quotas.watchers.has_value()) absl::StrAppend(&line, " watchers=", *quotas.watchers);
  return line;
}

std::string NewSecret() {
  std::array<unsigned char, 32> bits;
  // Without random numbers nothing may go on.
  if (RAND_bytes(bits.data(), static_cast<int>(bits.size())) != 1) std::abort();
  return absl::StrCat("ty_",
                      absl::BytesToHexString(absl::string_view(reinterpret_cast<char*>(bits.data()), bits.size())));
}

const Token* FindToken(const std::vector<Token>& tokens, std::string_view secret) {
  const std::string hash = Sha256Of(secret);
  const Token* found = nullptr;
  for (const Token& token : tokens) {
    if (CRYPTO_memcmp(token.hash.data(), hash.data(), kHashDigits) == 0) found = &token;
  }
  return found;
}

}  // namespace trainyard
