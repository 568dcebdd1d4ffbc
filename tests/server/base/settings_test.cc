#include "server/base/settings.h"

#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <optional>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trainyard {
namespace {

using ::testing::HasSubstr;

// One text, one number, one flag.
class SettingsTest : public testing::Test {
 protected:
  SettingsTest() {
    app_.set_config("--config")->envname("SETTINGS_TEST_CONFIG");
    app_.add_option("--listen", listen_)->envname("SETTINGS_TEST_LISTEN")->capture_default_str();
    app_.add_option("--bytes", bytes_)->transform(CLI::AsSizeValue(false))->capture_default_str();
    app_.add_flag("--insecure", insecure_)->envname("SETTINGS_TEST_INSECURE");
  }
  ~SettingsTest() override {
    for (const char* name : {"SETTINGS_TEST_CONFIG", "SETTINGS_TEST_LISTEN", "SETTINGS_TEST_INSECURE"}) unsetenv(name);
  }

  std::string File(const std::string& content) {
    std::string path = absl::StrCat(testing::TempDir(), "settings_test-", getpid(), ".conf");
    std::ofstream(path) << content;
    return path;
  }
  std::string Parse(std::vector<std::string> arguments) {
    try {
      ParseSettings(app_, arguments);
    } catch (const CLI::ParseError& error) {
      return error.what();
    }
    std::string text;
    for (const Setting& setting : ResolvedSettings(app_, arguments)) {
      text += setting.name + "=" + setting.value + " (" + setting.origin + ")\n";
    }
    return text;
  }

  CLI::App app_;
  std::string listen_ = "here";
  int64_t bytes_ = 7;
  bool insecure_ = false;
};

TEST_F(SettingsTest, WithoutAnythingTheDefaultsHold) {
  EXPECT_EQ(Parse({}), "listen=here (default)\nbytes=7 (default)\ninsecure=false (default)\n");
}

TEST_F(SettingsTest, AFileSetsWhatItNames) {
  const std::string path = File("listen=\"there\"\nbytes=4KiB\ninsecure=true\n");
  EXPECT_EQ(Parse({"--config", path}),
            "listen=there (file " + path + ")\nbytes=4096 (file " + path + ")\ninsecure=true (file " + path + ")\n");
  EXPECT_EQ(listen_, "there");
  EXPECT_EQ(bytes_, 4096);
  EXPECT_TRUE(insecure_);
}

TEST_F(SettingsTest, TheEnvironmentMayNameTheFile) {
  setenv("SETTINGS_TEST_CONFIG", File("bytes=9").c_str(), 1);
  EXPECT_THAT(Parse({}), HasSubstr("bytes=9 (file "));
}

TEST_F(SettingsTest, TheEnvironmentBeatsTheFile) {
  setenv("SETTINGS_TEST_LISTEN", "everywhere", 1);
  setenv("SETTINGS_TEST_INSECURE", "true", 1);
  const std::string text = Parse({"--config", File("listen=\"there\"")});
  EXPECT_THAT(text, HasSubstr("listen=everywhere (environment SETTINGS_TEST_LISTEN)"));
  EXPECT_THAT(text, HasSubstr("insecure=true (environment SETTINGS_TEST_INSECURE)"));
  EXPECT_EQ(listen_, "everywhere");
}

TEST_F(SettingsTest, AFlagBeatsAllOthers) {
  setenv("SETTINGS_TEST_LISTEN", "everywhere", 1);
  EXPECT_THAT(Parse({"--config", File("listen=\"there\""), "--listen=nowhere"}), HasSubstr("listen=nowhere (flag)"));
  EXPECT_EQ(listen_, "nowhere");
}

TEST_F(SettingsTest, OfAFlagGivenTwiceTheLastCounts) {
  Parse({"--listen", "a", "--listen", "b"});
  EXPECT_EQ(listen_, "b");
}

TEST_F(SettingsTest, AnUnknownNameInTheFileIsAnErrorThatNamesIt) {
  EXPECT_THAT(Parse({"--config", File("lissten=\"there\"")}), HasSubstr("lissten"));
}

TEST_F(SettingsTest, AValueThatIsNoNumberIsAnErrorThatNamesIt) {
  EXPECT_THAT(Parse({"--config", File("bytes=many")}), HasSubstr("many"));
}

TEST_F(SettingsTest, ASettingWithoutAValueInTheFileIsAnErrorThatNamesIt) {
  EXPECT_THAT(Parse({"--config", File("listen=[]")}), HasSubstr("listen = [], must be a value"));
}

TEST_F(SettingsTest, AFileThatIsNotThereIsAnErrorThatNamesIt) {
  EXPECT_THAT(Parse({"--config", "/no/such/file"}), HasSubstr("/no/such/file"));
}

}  // namespace
}  // namespace trainyard
