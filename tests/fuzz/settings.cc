// The file of settings.

#include "server/base/settings.h"

#include <sys/mman.h>
#include <unistd.h>

#include "tests/fuzz/fuzzing.h"

namespace trainyard::fuzz {
namespace {

struct Flags {
  explicit Flags(CLI::App& app) {
    app.set_config("--config");
    app.add_option("--listen", listen)->capture_default_str();
    app.add_option("--bytes", bytes)->transform(CLI::AsSizeValue(false))->check(CLI::PositiveNumber);
    app.add_option("--jobs", jobs)->check(CLI::Range(1, 1000))->capture_default_str();
    app.add_flag("--insecure", insecure);
  }
  std::string listen = "here";
  int64_t bytes = 7;
  int jobs = 1;
  bool insecure = false;
};

}  // namespace
}  // namespace trainyard::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace trainyard;
  static const int file = memfd_create("settings", 0);
  static const std::string path = "/proc/self/fd/" + std::to_string(file);
  fuzz::Expect(ftruncate(file, 0) == 0 && pwrite(file, data, size, 0) == static_cast<ssize_t>(size),
               "a file is written");
  CLI::App app;
  const fuzz::Flags flags(app);
  const std::vector<std::string> arguments = {"--config", path};
  try {
    ParseSettings(app, arguments);
    fuzz::Expect(flags.bytes > 0 && flags.jobs >= 1 && flags.jobs <= 1000, "a value that is taken is in its range");
    ResolvedSettings(app, arguments);
  } catch (const CLI::ParseError&) {
  }
  return 0;
}
