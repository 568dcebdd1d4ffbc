// The program beside a server that answers as a test says.

#ifndef TRAINYARD_TESTS_CLIENT_CLI_PROGRAM_FIXTURE_H_
#define TRAINYARD_TESTS_CLIENT_CLI_PROGRAM_FIXTURE_H_

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "client/cli/program.h"
#include "tests/client/fake_server.h"

namespace trainyard::cli {

class ProgramTest : public ::testing::Test {
 protected:
  ProgramTest() {
    server_.jobs.job.set_name("jobs/1");
    server_.jobs.job.set_state(v1::STATE_SUCCEEDED);
    v1::Evaluation& evaluation = *server_.jobs.job.add_latest_evaluations();
    evaluation.set_part(v1::PART_TEST);
    v1::MetricValue& value = *evaluation.add_values();
    value.set_metric(v1::METRIC_ACCURACY);
    value.set_value(0.97222);
    server_.watch.log = client::MakeLog(3);
  }

  int Run(std::vector<std::string> arguments) {
    out_.str("");
    err_.str("");
    arguments.insert(arguments.begin(), {"--server", server_.address()});
    Console console{.out = out_, .err = err_};
    return RunProgram(arguments, console);
  }

  std::vector<std::string> OutLines() const {
    std::vector<std::string> lines;
    std::istringstream in(out_.str());
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
  }

  client::FakeServer server_;
  std::ostringstream out_;
  std::ostringstream err_;
};

}  // namespace trainyard::cli

#endif  // TRAINYARD_TESTS_CLIENT_CLI_PROGRAM_FIXTURE_H_
