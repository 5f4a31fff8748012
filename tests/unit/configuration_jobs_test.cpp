// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>

#include "core/service/configuration.h"

namespace rec {
namespace {

std::string problems_of(const std::string &text) {
  const auto loaded = parse_configuration(text, "f");
  return loaded.problems.empty() ? "" : loaded.problems.front();
}

TEST(ConfigurationJobs, ReadsJobsAndWhatTheyAreRunOn) {
  const auto loaded = parse_configuration(R"({"rules": [], "templates": {"t": {"formats": {"mp4": {
    "process": ["poster"], "merge": true, "process-merged": ["ladder", "poster"]}}}}, "jobs": {
    "poster": {"launch": "filesrc location={input} ! 'decodebin' ! pngenc ! filesink location=p.png", "output": "p.png"},
    "ladder": {"command": ["ladder.sh", "{input}", ""], "output": ["720.mp4", "360.mp4"], "timeout": "2h",
      "attempts": 2, "at-once": 3, "nice": 19, "max-file": 5000, "environment": ["LICENCE"]}}})",
                                          "f.json");
  ASSERT_TRUE(loaded.configuration) << configuration_error(loaded).message;
  EXPECT_TRUE(loaded.notices.empty());
  const FormatOptions &mp4 = loaded.configuration->templates.at("t").files.at(0).options;
  EXPECT_EQ(mp4.process, std::vector<std::string>{"poster"});
  EXPECT_EQ(mp4.process_merged, (std::vector<std::string>{"ladder", "poster"}));
  const JobSettings &poster = loaded.configuration->jobs.at("poster");
  EXPECT_EQ(poster.command,
            (std::vector<std::string>{"gst-launch-1.0", "-q", "filesrc", "location={input}", "!", "decodebin",
                                      "!", "pngenc", "!", "filesink", "location=p.png"}));
  EXPECT_EQ(poster.outputs, std::vector<std::string>{"p.png"});
  const JobSettings ladder{.name = "ladder",
                           .command = {"ladder.sh", "{input}", ""},
                           .launch = "",
                           .outputs = {"720.mp4", "360.mp4"},
                           .environment = {"LICENCE"},
                           .timeout = Seconds(7200),
                           .attempts = 2,
                           .at_once = 3,
                           .nice = 19,
                           .most_bytes = 5000};
  EXPECT_EQ(loaded.configuration->jobs.at("ladder"), ladder);
}

TEST(ConfigurationJobs, ChecksJobs) {
  const auto problems = [](const std::string &jobs, const std::string &format = "{}") {
    return problems_of(R"({"rules": [], "templates": {"t": {"formats": {"mp4": )" + format +
                       R"(}}}, "jobs": )" + jobs + "}");
  };
  EXPECT_EQ(problems(R"({"a": {"command": ["true"]}})", R"({"process": ["a"]})"), "");
  for (const char *bad : {R"({"a": {}})",
                          R"({"a": 5})",
                          R"({"a": {"command": "true"}})",
                          R"({"a": {"command": []}})",
                          R"({"a": {"command": [""]}})",
                          R"({"a": {"command": ["x", 5]}})",
                          R"({"a": {"command": ["x\u0000"]}})",
                          R"({"a": {"command": ["x"], "launch": "y"}})",
                          R"({"a": {"launch": "x 'y"}})",
                          R"({"a": {"launch": ""}})",
                          R"({"../a": {"command": ["x"]}})",
                          R"({"-a": {"command": ["x"]}})",
                          R"({"a": {"command": ["x"], "output": "../x.png"}})",
                          R"({"a": {"command": ["x"], "output": "png"}})",
                          R"({"a": {"command": ["x"], "output": ".x.png"}})",
                          R"({"a": {"command": ["x"], "output": "input.mp4"}})",
                          R"({"a": {"command": ["x"], "output": ["x.png", "x.png"]}})",
                          R"({"a": {"command": ["x"], "environment": ["A=B"]}})",
                          R"({"a": {"command": ["x"], "timeout": "0s"}})",
                          R"({"a": {"command": ["x"], "timeout": "25h"}})",
                          R"({"a": {"command": ["x"], "attempts": 0}})",
                          R"({"a": {"command": ["x"], "at-once": 17}})",
                          R"({"a": {"command": ["x"], "nice": -1}})",
                          R"({"a": {"command": ["x"], "max-file": 0}})",
                          R"({"a": {"command": ["x"], "shell": true}})"})
    EXPECT_NE(problems(bad), "") << bad;
  EXPECT_NE(problems(R"({"a": {"command": ["true"]}})", R"({"process": ["b"]})"), "");
  EXPECT_NE(problems(R"({"a": {"command": ["true"]}})", R"({"process-merged": ["a"]})"), "");
}

}  // namespace
}  // namespace rec
