#include "server/base/settings.h"

#include <algorithm>
#include <cstdlib>
#include <istream>
#include <memory>

namespace trainyard {
namespace {

// A file's settings without values, as in `listen = []`, which CLI11 does not expect of its own reader.
class FileReader final : public CLI::ConfigTOML {
 public:
  std::vector<CLI::ConfigItem> from_config(std::istream& file) const override {
    std::vector<CLI::ConfigItem> read = CLI::ConfigTOML::from_config(file);
    for (const CLI::ConfigItem& item : read) {
      const bool section = item.name == "++" || item.name == "--";
      if (!section && item.inputs.empty()) {
        throw CLI::ConfigError(item.fullname() + " = [], must be a value", CLI::ExitCodes::ConfigError);
      }
    }
    return read;
  }
};

std::string FlagOf(const CLI::Option& option) { return "--" + option.get_lnames().front(); }

bool IsSetting(const CLI::Option& option) { return option.get_configurable() && !option.get_lnames().empty(); }

// Empty: not set.
std::string EnvironmentOf(const CLI::Option& option) {
  const char* const value = option.get_envname().empty() ? nullptr : std::getenv(option.get_envname().c_str());
  return value == nullptr ? "" : value;
}

bool IsAmong(const std::vector<std::string>& arguments, const CLI::Option& option) {
  const std::string flag = FlagOf(option);
  return std::any_of(arguments.begin(), arguments.end(),
                     [&](const std::string& argument) { return argument == flag || argument.starts_with(flag + "="); });
}

std::string ValueOf(const CLI::Option& option) {
  if (!option.empty()) return option.results().back();
  return option.get_expected_min() == 0 ? "false" : option.get_default_str();
}

std::string OriginOf(const CLI::App& app, const CLI::Option& option, const std::vector<std::string>& arguments) {
  if (IsAmong(arguments, option)) return "flag";
  if (!EnvironmentOf(option).empty()) return "environment " + option.get_envname();
  if (!option.empty()) return "file " + app.get_config_ptr()->results().back();
  return "default";
}

}  // namespace

void ParseSettings(CLI::App& app, const std::vector<std::string>& arguments) {
  app.allow_config_extras(CLI::config_extras_mode::error);
  app.config_formatter(std::make_shared<FileReader>());
  // CLI11 asks the environment after the file. As flags before all others its values come first, and give way to flags alone.
  std::vector<std::string> all;
  for (CLI::Option* option : app.get_options()) {
    if (option->get_lnames().empty()) continue;
    if (option->get_items_expected_max() <= 1) option->take_last();
    if (const std::string value = EnvironmentOf(*option); !value.empty()) all.push_back(FlagOf(*option) + "=" + value);
  }
  all.insert(all.end(), arguments.begin(), arguments.end());
  std::reverse(all.begin(), all.end());  // CLI11 takes the arguments from the back
  app.parse(all);
}

std::vector<Setting> ResolvedSettings(const CLI::App& app, const std::vector<std::string>& arguments) {
  std::vector<Setting> settings;
  for (const CLI::Option* option : app.get_options()) {
    if (!IsSetting(*option)) continue;
    settings.push_back(
        {.name = option->get_lnames().front(), .value = ValueOf(*option), .origin = OriginOf(app, *option, arguments)});
  }
  return settings;
}

}  // namespace trainyard
