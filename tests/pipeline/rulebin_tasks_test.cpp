// SPDX-License-Identifier: LGPL-2.1-or-later
// Tasks of the catalogue beside, and without, the template of a push.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <set>

#include "core/service/catalogue.h"
#include "core/service/push_session.h"
#include "tests/common/bus.h"
#include "tests/common/command.h"
#include "tests/common/victim.h"
#include "tests/pipeline/recsink_fixture.h"

namespace rec::test {
namespace {

using std::chrono::hours;

class RuleBinTasks : public ::testing::Test {
 protected:
  // Of domain "d" everything is recorded by "t"; "other" is bound to nothing.
  RuleBinTasks() {
    write_file(dir_.path() / "recording.json", R"({"rules": [{"domain": "d", "template": "t"}], "templates": {
  "t": {"name": "rule/{StreamName}-{StartTime}", "formats": {"flv": {}}},
  "other": {"name": "task/{StreamName}-{StartTime}", "callbacks": ["ops"],
            "formats": {"flv": {"splice-timeout": "1h"}}},
  "lists": {"name": "lists/{StreamName}-{StartTime}", "formats": {"hls": {"segment": "2s", "splice-timeout": "1h"}}}},
  "callbacks": {"ops": {"url": "http://127.0.0.1:1/"}}})");
  }
  std::string line(const std::string &domain = "d") const { return line_in(dir_.path(), domain); }
  static std::string line_in(const std::filesystem::path &directory, const std::string &domain) {
    return "rulebin directory=" + (directory / "spool").string() +
           " config=" + (directory / "recording.json").string() + " uri=rtmp://" + domain +
           "/live/cam1?secret=1";
  }
  Catalogue catalogue() {
    auto opened = Catalogue::open(dir_ / "spool/catalogue.db", clock_);
    if (!opened) throw std::runtime_error(opened.error().message);
    return *std::move(opened);
  }
  // From `start` after now on, for `length`; "" = the domain's stream without a template.
  RecordingTask make_task(const std::string &template_name, Nanoseconds length = hours(1),
                          Nanoseconds start = Nanoseconds(0), const std::string &domain = "d") {
    const UtcTime begin = clock_.now_utc() + std::chrono::duration_cast<std::chrono::microseconds>(start);
    const auto made = catalogue().create_task(
        {.stream = {.domain = domain, .app = "live", .stream = "cam1", .stream_param = ""},
         .template_name = template_name,
         .start = begin,
         .end = begin + std::chrono::duration_cast<std::chrono::microseconds>(length)});
    if (!made) throw std::runtime_error(made.error().message);
    return *made;
  }
  // Of that task, or by rule; the oldest first.
  std::vector<Recording> recordings(const std::string &task) {
    auto all = catalogue().recordings(100);
    EXPECT_TRUE(all);
    std::erase_if(*all, [&](const Recording &r) { return r.task != task; });
    std::reverse(all->begin(), all->end());
    return *all;
  }
  std::vector<StoredFile> files(const Recording &recording) {
    auto c = catalogue();
    return *c.files(recording.id);
  }
  static Media pictures(int from, int to) { return video().part(Seconds(from), Seconds(to), Seconds(from)); }
  static void send(Publisher &publisher, int from, int to) {
    publisher.send({{"video", pictures(from, to)},
                    {"audio_0", audio().part(Seconds(from), Seconds(to), Seconds(from))}});
  }
  static bool wait_for(Publisher &publisher, const char *message) {
    return static_cast<bool>(wait_for_element_message(publisher.pipeline(), message));
  }
  static bool end(Publisher &publisher) {
    publisher.end_all();
    return static_cast<bool>(wait_for_message(publisher.pipeline(), GST_MESSAGE_EOS));
  }
  // That hold some media.
  std::size_t growing_files() const {
    std::size_t count = 0;
    for (const std::string &name : dir_.files())
      if (name.ends_with(".part") && std::filesystem::file_size(dir_.path() / name) > 1000) ++count;
    return count;
  }
  // One recording, finished, of one file that holds exactly this video.
  void expect_one_file(const std::string &task, const std::vector<Media> &sent) {
    const auto list = recordings(task);
    ASSERT_EQ(list.size(), 1U) << task;
    EXPECT_EQ(list[0].state, RecordingState::finished);
    expect_file(list[0], sent);
  }
  void expect_file(const Recording &recording, const std::vector<Media> &sent) {
    const auto stored = files(recording);
    ASSERT_EQ(stored.size(), 1U);
    EXPECT_EQ(stored[0].state, FileState::closed) << stored[0].error;
    EXPECT_EQ(playback_complaints(stored[0].facts.path), "");
    EXPECT_EQ(hashes_stored({stored[0].facts.path}, "video"), hashes_sent(sent));
    EXPECT_GT(stored[0].facts.audio_frames, 0U);
  }

  TempDir dir_;
  SystemClock clock_;
};

TEST_F(RuleBinTasks, RecordsTheWholePushBesideTheTemplate) {
  const RecordingTask task = make_task("other");
  Publisher publisher(line());
  send(publisher, 0, 6);
  publisher.end_all();
  ASSERT_TRUE(wait_for(publisher, "rulebin-recording-paused"));
  g_signal_emit_by_name(publisher.element(), "cancel-delay");
  ASSERT_TRUE(wait_for_message(publisher.pipeline(), GST_MESSAGE_EOS));
  expect_one_file(task.id, {pictures(0, 6)});
  expect_one_file("", {pictures(0, 6)});

  const Recording recording = recordings(task.id).at(0);
  EXPECT_EQ(recording.template_name, "other");
  EXPECT_EQ(recording.push.stream_param, "") << "what callbacks of tasks tell";
  EXPECT_EQ(recording.callbacks, (std::vector<std::string>{"ops"}));
  EXPECT_EQ(recordings("").at(0).push.stream_param, "secret=1");
}

TEST_F(RuleBinTasks, RecordsHlsOfAStreamThatNothingElseRecords) {
  const RecordingTask task = make_task("nonsense", hours(1), Nanoseconds(0), "elsewhere");
  Publisher publisher(line("elsewhere"));
  send(publisher, 0, 6);
  ASSERT_TRUE(end(publisher));
  const auto list = recordings(task.id);
  ASSERT_EQ(list.size(), 1U);
  EXPECT_EQ(list[0].template_name, "");
  EXPECT_EQ(files(list[0]).at(0).format, Format::hls);
  EXPECT_EQ(essence_of(files(list[0]).at(0).facts.path, "video").size(), pictures(0, 6).units.size());
  EXPECT_TRUE(recordings("").empty());
}

TEST_F(RuleBinTasks, ThreeOfOneStreamKeepOutOfEachOthersWay) {
  const RecordingTask file = make_task("t"), list = make_task(""), other_list = make_task("");
  Publisher publisher(line());
  send(publisher, 0, 4);
  ASSERT_TRUE(end(publisher));
  expect_one_file("", {pictures(0, 4)});
  expect_one_file(file.id, {pictures(0, 4)});
  std::set<std::string> playlists;
  for (const RecordingTask &task : {list, other_list}) {
    ASSERT_EQ(recordings(task.id).size(), 1U);
    const std::string path = files(recordings(task.id)[0]).at(0).facts.path;
    playlists.insert(path);
    EXPECT_EQ(playback_complaints(path), "");
    EXPECT_EQ(essence_of(path, "video").size(), pictures(0, 4).units.size());
  }
  EXPECT_EQ(playlists.size(), 2U);
}

TEST_F(RuleBinTasks, BeginsWithinOneGroupOfPicturesWhileThePushGoesOn) {
  Publisher publisher(line());
  send(publisher, 0, 2);
  const RecordingTask task = make_task("t");
  ASSERT_TRUE(wait_for(publisher, "rulebin-task-began"));
  publisher.send({{"video", video().part(Milliseconds(2000), Milliseconds(2520), Milliseconds(2000))}});
  publisher.send({{"video", video().part(Milliseconds(2520), Seconds(6), Milliseconds(2520))}});
  ASSERT_TRUE(end(publisher));
  const auto list = recordings(task.id);
  ASSERT_EQ(list.size(), 1U);
  EXPECT_EQ(hashes_stored({files(list[0]).at(0).facts.path}, "video"), hashes_sent({pictures(2, 6)}));
  EXPECT_EQ(hashes_stored({files(recordings("").at(0)).at(0).facts.path}, "video"),
            hashes_sent({pictures(0, 6)}));
}

TEST_F(RuleBinTasks, BeginsAtTheNextKeyframe) {
  Publisher publisher(line());
  publisher.send({{"video", video().part(Seconds(0), Milliseconds(1520), Seconds(0))}});  // in mid-group
  const RecordingTask task = make_task("t");
  ASSERT_TRUE(wait_for(publisher, "rulebin-task-began"));
  publisher.send({{"video", video().part(Milliseconds(1520), Seconds(6), Milliseconds(1520))}});
  ASSERT_TRUE(end(publisher));
  EXPECT_EQ(hashes_stored({files(recordings(task.id).at(0)).at(0).facts.path}, "video"),
            hashes_sent({pictures(2, 6)}));
}

TEST_F(RuleBinTasks, StoppingEndsItsFileAtOnceAndItDoesNotComeBack) {
  for (const char *template_name : {"other", "lists"}) {
    SCOPED_TRACE(template_name);
    const RecordingTask task = make_task(template_name);
    Publisher publisher(line());
    send(publisher, 0, 2);
    ASSERT_TRUE(catalogue().stop_task(task.id));
    ASSERT_TRUE(wait_for(publisher, "rulebin-task-ended"));
    send(publisher, 2, 4);
    ASSERT_TRUE(end(publisher)) << "nothing is held";
    const auto list = recordings(task.id);
    ASSERT_EQ(list.size(), 1U);
    EXPECT_EQ(list[0].state, RecordingState::finished) << "whatever its splice-timeout says";
    EXPECT_EQ(essence_of(files(list[0]).at(0).facts.path, "video").size(), pictures(0, 2).units.size());
    Publisher again(line());
    send(again, 0, 1);
    ASSERT_TRUE(end(again));
    EXPECT_EQ(recordings(task.id).size(), 1U);
  }
  EXPECT_EQ(recordings("").size(), 4U);
}

TEST_F(RuleBinTasks, DeletingLeavesWhatRunsAndOnlyThat) {
  const RecordingTask task = make_task("t");
  Publisher publisher(line());
  ASSERT_TRUE(wait_for(publisher, "rulebin-task-began"));
  send(publisher, 0, 2);
  ASSERT_TRUE(catalogue().delete_task(task.id));
  const RecordingTask later = make_task("t");  // who has seen this one has seen that
  ASSERT_TRUE(wait_for(publisher, "rulebin-task-began"));
  send(publisher, 2, 4);
  ASSERT_TRUE(end(publisher));
  expect_one_file(task.id, {pictures(0, 4)});
  Publisher again(line());
  send(again, 0, 2);
  ASSERT_TRUE(end(again));
  EXPECT_EQ(recordings(task.id).size(), 1U);
  EXPECT_EQ(recordings(later.id).size(), 2U);
}

TEST_F(RuleBinTasks, CancelDelayLeavesWhatRunsToItsWindow) {
  const RecordingTask task = make_task("other");
  Publisher publisher(line());
  ASSERT_TRUE(wait_for(publisher, "rulebin-task-began"));
  send(publisher, 0, 3);
  g_signal_emit_by_name(publisher.element(), "cancel-delay");
  send(publisher, 3, 6);
  publisher.end_all();
  ASSERT_TRUE(wait_for(publisher, "rulebin-recording-paused"));
  g_signal_emit_by_name(publisher.element(), "cancel-delay");
  ASSERT_TRUE(wait_for_message(publisher.pipeline(), GST_MESSAGE_EOS));
  expect_one_file(task.id, {pictures(0, 6)});
}

TEST_F(RuleBinTasks, BeginsAndEndsWhenItsTimeComes) {
  Publisher publisher(line());
  send(publisher, 0, 2);
  const RecordingTask task = make_task("t", Seconds(4), Seconds(1));
  ASSERT_TRUE(wait_for(publisher, "rulebin-task-began"));
  EXPECT_GE(clock_.now_utc(), task.start);
  send(publisher, 2, 4);  // on a machine that is slow enough the end comes meanwhile
  ASSERT_TRUE(wait_for(publisher, "rulebin-task-ended"));
  EXPECT_GE(clock_.now_utc(), task.end);
  send(publisher, 4, 6);
  ASSERT_TRUE(end(publisher));
  const auto list = recordings(task.id);
  ASSERT_EQ(list.size(), 1U);
  EXPECT_EQ(list[0].state, RecordingState::finished);
  const Hashes stored = hashes_stored({files(list[0]).at(0).facts.path}, "video");
  Hashes sent = hashes_sent({pictures(2, 4)});
  ASSERT_FALSE(stored.empty());
  ASSERT_LE(stored.size(), sent.size());
  sent.resize(stored.size());
  EXPECT_EQ(stored, sent);
  expect_one_file("", {pictures(0, 6)});
}

TEST_F(RuleBinTasks, EveryPushInTheWindowIsRecorded) {
  const RecordingTask task = make_task("t");
  {
    Publisher publisher(line());
    for (int push = 0; push < 2; ++push) {  // through one element, and then through another one
      send(publisher, 0, 2);
      ASSERT_TRUE(end(publisher));
    }
  }
  Publisher publisher(line());
  send(publisher, 0, 2);
  ASSERT_TRUE(end(publisher));
  const auto list = recordings(task.id);
  ASSERT_EQ(list.size(), 3U);
  for (const Recording &recording : list) expect_file(recording, {pictures(0, 2)});
}

// In a process of its own, which is killed in the middle of the push.
TEST_F(RuleBinTasks, DISABLED_PushesUntilItIsKilled) {
  const std::filesystem::path directory = victims_directory();
  const std::string sent = read_file(directory / "media");
  std::string_view rest = sent;
  const Media v = take_media(rest);
  Publisher publisher(line_in(directory, "d"));
  publisher.send({{"video", v}});
  wait_for_element_message(publisher.pipeline(), "never", std::chrono::minutes(5));
}

TEST_F(RuleBinTasks, OutlivesTheProcessThatRecordedForIt) {
  const RecordingTask task = make_task("t");
  const Media before = pictures(0, 4);
  write_file(dir_.path() / "media", text_of(before));
  {
    Victim victim("RuleBinTasks.DISABLED_PushesUntilItIsKilled", dir_.path());
    const auto deadline = std::chrono::steady_clock::now() + kDeadline;
    while (growing_files() < 2 && std::chrono::steady_clock::now() < deadline)
      rec::test::wait_for(Milliseconds(20));
    ASSERT_EQ(growing_files(), 2U);
  }
  Publisher publisher(line());
  send(publisher, 0, 2);
  ASSERT_TRUE(end(publisher));
  const auto list = recordings(task.id);
  ASSERT_EQ(list.size(), 2U) << "of the dead one, and the new one";
  EXPECT_EQ(list[0].state, RecordingState::finished);
  const auto rescued = files(list[0]);
  ASSERT_EQ(rescued.size(), 1U);
  EXPECT_EQ(rescued[0].state, FileState::closed) << rescued[0].error;
  expect_file(list[1], {pictures(0, 2)});
}

}  // namespace
}  // namespace rec::test
