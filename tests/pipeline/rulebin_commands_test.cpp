// SPDX-License-Identifier: LGPL-2.1-or-later
// Commands that another process gives through the catalogue.
#include <gtest/gtest.h>

#include <cstdlib>

#include "core/io/json.h"
#include "core/service/catalogue.h"
#include "tests/common/bus.h"
#include "tests/common/command.h"
#include "tests/common/publisher.h"
#include "tests/common/temp_dir.h"

namespace rec::test {
namespace {

class RuleBinCommands : public ::testing::Test {
 protected:
  RuleBinCommands() {
    write_file(dir_.path() / "recording.json", R"({"rules": [{"domain": "d", "template": "t"}], "templates": {
  "t": {"name": "{StreamName}-{StartTime}", "formats": {"flv": {"splice-timeout": "1h"}}}}})");
  }
  std::string line() const {
    return "rulebin directory=" + (dir_ / "spool") + " config=" + (dir_ / "recording.json") +
           " uri=rtmp://d/live/cam1";
  }
  // What gst-recording-1.0 says about a command to that stream.
  CommandResult tool(const std::string &command, const std::string &stream = "cam1") const {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody sets it
    return run_command({std::getenv("REC_TEST_TOOL"), command, "--domain", "d", "--app", "live", "--stream",
                        stream, "--catalogue", dir_ / "spool/catalogue.db", "--timeout", "30s"});
  }
  std::vector<Recording> recordings() {
    auto catalogue = Catalogue::open(dir_ / "spool/catalogue.db", clock_);
    EXPECT_TRUE(catalogue) << catalogue.error().message;
    return *catalogue->recordings(10);
  }
  static void send(Publisher &publisher, int from, int to) {
    publisher.send({{"video", video().part(Seconds(from), Seconds(to), Seconds(from))}});
  }

  TempDir dir_;
  SystemClock clock_;
};

TEST_F(RuleBinCommands, CancelDelayFinishesWhatIsHeld) {
  Publisher publisher(line());
  send(publisher, 0, 2);
  publisher.end_all();
  ASSERT_TRUE(wait_for_element_message(publisher.pipeline(), "rulebin-recording-paused"));
  EXPECT_EQ(recordings().at(0).state, RecordingState::paused);
  const CommandResult done = tool("cancel-delay");
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_EQ(done.out, "done\n");
  ASSERT_TRUE(wait_for_message(publisher.pipeline(), GST_MESSAGE_EOS));
  EXPECT_EQ(recordings().at(0).state, RecordingState::finished);
}

TEST_F(RuleBinCommands, StopStartAndRestartReachTheStream) {
  Publisher publisher(line());
  send(publisher, 0, 1);
  ASSERT_TRUE(wait_for_element_message(publisher.pipeline(), "rulebin-recording-started"));
  EXPECT_EQ(tool("stop").err, "");
  ASSERT_TRUE(wait_for_element_message(publisher.pipeline(), "rulebin-recording-paused"));
  EXPECT_NE(tool("stop").err.find("not being recorded"), std::string::npos);
  EXPECT_EQ(tool("start").err, "");
  EXPECT_NE(tool("start").err.find("TaskAlreadyStarted"), std::string::npos);
  send(publisher, 1, 2);
  EXPECT_EQ(tool("restart").err, "");
  send(publisher, 2, 3);
  publisher.end_all();
  ASSERT_TRUE(wait_for_element_message(publisher.pipeline(), "rulebin-recording-paused"));
  g_signal_emit_by_name(publisher.element(), "cancel-delay");
  ASSERT_TRUE(wait_for_message(publisher.pipeline(), GST_MESSAGE_EOS));
  EXPECT_EQ(recordings().size(), 2U) << "what was stopped went on, until the restart";
}

TEST_F(RuleBinCommands, AStreamThatNobodyReceivesIsAnErrorAtOnce) {
  Publisher publisher(line());
  send(publisher, 0, 1);
  const CommandResult other = tool("restart", "cam2");
  EXPECT_EQ(other.exit_code, 1);
  EXPECT_NE(other.err.find("no such stream"), std::string::npos) << other.err;
}

}  // namespace
}  // namespace rec::test
