// SPDX-License-Identifier: LGPL-2.1-or-later
// vodupload around sinks that are not ours: what they close is uploaded and announced.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <future>
#include <map>
#include <utility>

#include "core/io/files.h"
#include "core/model/media_playlist.h"
#include "core/service/catalogue.h"
#include "core/service/catalogue_events.h"
#include "core/service/owner_lease.h"
#include "core/service/recovery.h"
#include "gst/common/gst_ptr.h"
#include "tests/common/bus.h"
#include "tests/common/catalogue_rows.h"
#include "tests/common/temp_dir.h"
#include "tests/common/victim.h"

namespace rec::test {
namespace {
namespace fs = std::filesystem;

// Six seconds with a keyframe in each.
constexpr const char *kVideo =
    "videotestsrc num-buffers=150 ! video/x-raw,width=64,height=48,framerate=25/1 ! "
    "x264enc key-int-max=25 speed-preset=ultrafast tune=zerolatency ! h264parse ! ";
constexpr const char *kAudio = "audiotestsrc num-buffers=280 ! avenc_aac ! aacparse ! ";

std::string bin_at(const std::string &directory, const std::string &rest) {
  return "vodupload.( name=v catalogue=" + directory + "/catalogue.db config=" + directory +
         "/recording.json directory=" + directory + " template=t app=live stream=cam1 " + rest + " ) ";
}

class VodUploadSinks : public testing::Test {
 protected:
  VodUploadSinks() {
    write_file(dir_ / "recording.json",
               R"({"templates": {"t": {"formats": {}, "storage": {"primary": "archive"}}}, "rules": [],
                   "storage": {"archive": {"uri": "file://)" +
                   (dir_ / "store") + R"("}}})");
  }
  std::string bin(const std::string &rest) const { return bin_at(dir_.path().string(), rest); }
  std::string spool(const std::string &name) const { return dir_ / ("spool/" + name); }
  // Until everything is delivered.
  void run(const std::string &line) {
    const auto pipeline = parse_pipeline("pipeline.( " + line + " )");
    ASSERT_TRUE(pipeline);
    ASSERT_NE(gst_element_set_state(pipeline.get(), GST_STATE_PLAYING), GST_STATE_CHANGE_FAILURE);
    EXPECT_TRUE(wait_for_message(pipeline.get(), GST_MESSAGE_EOS));
    gst_element_set_state(pipeline.get(), GST_STATE_NULL);
  }
  Catalogue catalogue() { return *Catalogue::open(path_, clock_); }
  std::vector<Recording> recordings() { return *catalogue().recordings(10); }
  std::vector<StoredFile> files() { return *catalogue().files(recordings().at(0).id); }
  // Each is in the store as it is here.
  void expect_stored(const std::string &path) {
    const std::string key = fs::relative(path, dir_.path()).string();
    EXPECT_EQ(read_file(dir_ / ("store/" + key)), read_file(path)) << key;
    EXPECT_GT(fs::file_size(path), 0U);
  }

  TempDir dir_;
  const SystemClock clock_;
  std::string path_ = dir_ / "catalogue.db";
};

TEST_F(VodUploadSinks, AnHlsRecordingOfHlssink2IsUploadedWithItsPlaylist) {
  fs::create_directories(spool(""));
  run(std::string(kVideo) +
      bin("hlssink2 name=h target-duration=2 playlist-length=0 max-files=0 location=" +
          spool("cam1/s%05d.ts") + " playlist-location=" + spool("cam1/index.m3u8")) +
      kAudio + "h.audio");
  ASSERT_EQ(recordings().size(), 1U);
  const Recording recording = recordings()[0];
  EXPECT_EQ(recording.state, RecordingState::finished);
  EXPECT_EQ(recording.push.stream, "cam1");
  EXPECT_EQ(recording.playlist_path, spool("cam1/index.m3u8"));
  // hlssink2 leaves out the end of the last line.
  const auto playlist = parse_playlist(read_file(spool("cam1/index.m3u8")) + "\n");
  ASSERT_TRUE(playlist) << playlist.error().message;
  EXPECT_TRUE(playlist->end_list);
  const auto segments = *catalogue().segments(recording.id);
  ASSERT_EQ(segments.size(), playlist->segments.size());
  for (std::size_t i = 0; i < segments.size(); ++i) {
    EXPECT_EQ(segments[i].uri, playlist->segments[i].uri);
    EXPECT_EQ(segments[i].sequence, i);
    EXPECT_NEAR(static_cast<double>(segments[i].duration.count()),
                static_cast<double>(Nanoseconds(playlist->segments[i].duration).count()), 1e6);
    expect_stored(segments[i].path);
  }
  ASSERT_EQ(files().size(), 1U);
  EXPECT_EQ(files()[0].format, Format::hls);
  EXPECT_NE(files()[0].url, "");
  expect_stored(spool("cam1/index.m3u8"));
  expect_stored(spool("cam1/manifest.json"));
}

TEST_F(VodUploadSinks, NothingIsLostWhereHlssink2WouldDeleteIt) {
  fs::create_directories(spool("cam1"));
  run(std::string(kVideo) + bin("hlssink2 target-duration=1 playlist-length=2 max-files=2 location=" +
                                spool("cam1/s%05d.ts") + " playlist-location=" + spool("cam1/index.m3u8")));
  const auto segments = *catalogue().segments(recordings().at(0).id);
  ASSERT_GE(segments.size(), 5U);
  for (const NewSegment &s : segments) expect_stored(s.path);
}

TEST_F(VodUploadSinks, ASecondRunUnderTheSameNamesReplacesNothingInTheStore) {
  std::map<std::string, std::string> first;
  for (const int run_number : {1, 2}) {
    fs::create_directories(spool("cam1"));
    run(std::string(kVideo) + bin("hlssink2 target-duration=2 playlist-length=0 location=" +
                                  spool("cam1/s%05d.ts") + " playlist-location=" + spool("cam1/index.m3u8")));
    if (run_number == 1)
      for (const auto &entry : fs::directory_iterator(dir_ / "store/spool/cam1"))
        first[entry.path().string()] = read_file(entry.path());
    fs::remove_all(spool(""));  // as keep-local does
  }
  ASSERT_GE(first.size(), 3U);
  for (const auto &[path, bytes] : first) EXPECT_EQ(read_file(path), bytes) << path;
  ASSERT_EQ(recordings().size(), 2U);
  const std::string apart = dir_ / ("store/spool/cam1/" + recordings()[0].session_id + "/");
  EXPECT_EQ(files().at(0).url, "file://" + apart + "index.m3u8");
  const auto playlist = parse_playlist(read_file(apart + "index.m3u8") + "\n");
  ASSERT_TRUE(playlist) << playlist.error().message;
  ASSERT_GE(playlist->segments.size(), 2U);
  for (const MediaSegment &s : playlist->segments) EXPECT_GT(fs::file_size(apart + s.uri), 188U);
}

TEST_F(VodUploadSinks, WhatSplitmuxsinkClosesIsAFileEach) {
  fs::create_directories(spool(""));
  run(std::string(kVideo) + bin("splitmuxsink max-size-time=2000000000 location=" + spool("v%02d.mp4")));
  ASSERT_GE(files().size(), 3U);
  std::uint64_t frames = 0;
  for (const StoredFile &f : files()) {
    EXPECT_EQ(f.state, FileState::closed) << f.error;
    EXPECT_EQ(f.format, Format::mp4);
    EXPECT_EQ(f.facts.video_codec, "h264");
    EXPECT_EQ(f.facts.width, 64U);
    frames += f.facts.video_frames;
    expect_stored(f.facts.path);
  }
  EXPECT_EQ(frames, 150U);
}

TEST_F(VodUploadSinks, JobsMergesAndTheBackupStoreAreThoseOfTheTemplate) {
  write_file(
      dir_ / "recording.json",
      R"({"templates": {"t": {"formats": {"mp4": {"process": ["copy"], "merge": true}, "flv": {"cycle": "1s"}},
                 "storage": {"primary": "archive", "backup": "second"}}}, "rules": [],
                 "jobs": {"copy": {"command": ["cp", "{input}", "copy.bin"], "output": "copy.bin"}},
                 "storage": {"second": {"uri": "file:///nowhere"}, "archive": {"uri": "file://)" +
          (dir_ / "store") + R"("}}})");
  fs::create_directories(spool(""));
  run(std::string(kVideo) + bin("splitmuxsink max-size-time=2000000000 location=" + spool("v%02d.mp4")));
  std::map<RecordingSource, std::vector<Recording>> made;
  for (const Recording &recording : recordings()) made[recording.source].push_back(recording);
  ASSERT_EQ(made[RecordingSource::push].size(), 1U);
  EXPECT_EQ(made[RecordingSource::push][0].backup_store, "second");
  const auto parts = *catalogue().files(made[RecordingSource::push][0].id);
  ASSERT_GE(parts.size(), 3U);
  ASSERT_EQ(made[RecordingSource::job].size(), parts.size());
  for (const Recording &recording : made[RecordingSource::job])
    expect_stored(catalogue().files(recording.id)->at(0).facts.path);
  ASSERT_EQ(made[RecordingSource::merge].size(), 1U);
  const StoredFile whole = catalogue().files(made[RecordingSource::merge][0].id)->at(0);
  EXPECT_EQ(whole.facts.video_frames, 150U);
  expect_stored(whole.facts.path);
}

TEST_F(VodUploadSinks, AFlvThatFilesinkWritesIsAFile) {
  fs::create_directories(spool(""));
  run(std::string(kVideo) + bin("flvmux name=m ! filesink location=" + spool("a.flv")) + kAudio + "m.audio");
  ASSERT_EQ(files().size(), 1U);
  const StoredFile file = files()[0];
  EXPECT_EQ(file.format, Format::flv);
  EXPECT_EQ(file.facts.video_frames, 150U);
  EXPECT_EQ(file.facts.audio_codec, "aac");
  EXPECT_EQ(file.facts.size_bytes, fs::file_size(file.facts.path));
  expect_stored(file.facts.path);
}

TEST_F(VodUploadSinks, SaysWhatGoesUpAndWhatIsOwed) {
  fs::create_directories(spool(""));
  const auto pipeline =
      parse_pipeline("pipeline.( " + std::string(kVideo) +
                     bin("manifests=false flvmux ! filesink location=" + spool("a.flv")) + " )");
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  const auto begun = wait_for_element_message(pipeline.get(), "vodupload-upload-begun");
  ASSERT_TRUE(begun);
  const GstStructure *s = gst_message_get_structure(begun.get());
  EXPECT_EQ(string_field(s, "store"), "archive");
  EXPECT_EQ(string_field(s, "location"), spool("a.flv"));
  EXPECT_EQ(uint64_field(s, "bytes"), fs::file_size(spool("a.flv")));
  EXPECT_EQ(uint_field(s, "attempt"), 1U);
  EXPECT_TRUE(wait_for_message(pipeline.get(), GST_MESSAGE_EOS));
  const auto v = Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(pipeline.get()), "v"));
  GstStructure *stats = nullptr;
  g_object_get(v.get(), "stats", &stats, nullptr);
  ASSERT_TRUE(stats);
  EXPECT_TRUE(gst_structure_has_field_typed(stats, "owed-bytes", G_TYPE_UINT64));
  EXPECT_TRUE(gst_structure_has_field_typed(stats, "oldest-owed", G_TYPE_UINT64));
  gst_structure_free(stats);
  gst_element_set_state(pipeline.get(), GST_STATE_NULL);
}

TEST_F(VodUploadSinks, ReceiversAreToldTheEventsThatTheyAskFor) {
  fs::create_directories(spool(""));
  write_file(dir_ / "recording.json",
             R"({"templates": {"t": {"formats": {}, "storage": {"primary": "archive"}, "callbacks": ["ops"]}},
                 "callbacks": {"ops": {"url": "http://127.0.0.1:1/", "schema": "recording",
                               "events": ["recording-started", "file-finished", "recording-finished"]}},
                 "rules": [], "storage": {"archive": {"uri": "file://)" +
                 (dir_ / "store") + R"("}}})");
  run(std::string(kVideo) + bin("drain-timeout=0 flvmux ! filesink location=" + spool("a.flv")));
  auto rows = catalogue();
  std::uint64_t callbacks = 0;
  const auto all = *rows.owed_of(recordings().at(0).id);
  for (const OwedSummary &owed : all)
    if (owed.target == ops()) callbacks = owed.count;
  EXPECT_EQ(callbacks, 3U) << "nobody is there to take them";
}

TEST_F(VodUploadSinks, ASinkThatTellsNothingIsKnownByWhereItWrites) {
  fs::create_directories(spool(""));
  run(std::string(kVideo) + bin("flvmux ! giosink location=file://" + spool("a.flv")));
  ASSERT_EQ(files().size(), 1U);
  EXPECT_EQ(files()[0].state, FileState::closed) << files()[0].error;
  EXPECT_EQ(files()[0].facts.video_frames, 150U);
  EXPECT_NE(files()[0].url, "");
  expect_stored(spool("a.flv"));
}

class VodUploadSinksFail : public VodUploadSinks {
 protected:
  // What receivers are told when a sink "f" says this.
  std::string told_of(const std::string &words) {
    fs::create_directories(spool(""));
    write_file(dir_ / "recording.json",
               R"({"templates": {"t": {"formats": {}, "callbacks": ["ops"]}}, "rules": [],
                 "callbacks": {"ops": {"url": "http://127.0.0.1:1/", "schema": "recording", "events": ["exception"]}}})");
    const auto pipeline = parse_pipeline("pipeline.( " + std::string(kVideo) +
                                         bin("flvmux ! filesink name=f location=" + spool("a.flv")) + " )");
    EXPECT_NE(gst_element_set_state(pipeline.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
    EXPECT_EQ(gst_element_get_state(pipeline.get(), nullptr, nullptr, 60 * GST_SECOND),
              GST_STATE_CHANGE_SUCCESS);
    const auto sink = Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(pipeline.get()), "f"));
    GST_ELEMENT_ERROR(sink.get(), RESOURCE, WRITE, ("%s", words.c_str()), (nullptr));
    gst_element_set_state(pipeline.get(), GST_STATE_NULL);
    auto rows = catalogue();
    auto query = *rows.connection().prepare("SELECT detail FROM outbox WHERE event = 'exception'");
    const auto details = *query.rows(text_in_row);
    EXPECT_EQ(details.size(), 1U);
    const auto exception = details.empty() ? std::nullopt : exception_in(details[0]);
    if (!exception) return "";
    EXPECT_EQ(exception->report.type, ExceptionType::write_failed);
    return exception->report.description;
  }
};

TEST_F(VodUploadSinksFail, ReceiversAreToldWhatItSays) {
  EXPECT_EQ(told_of("no space\nleft"), "f: no space left");
}

// Sinks that upload name the address.
TEST_F(VodUploadSinksFail, ReceiversAreToldNoSecretOfAnAddress) {
  EXPECT_EQ(told_of("cannot PUT 'https://u:TOPSECRET@h/a?sig=TOPSECRET' now"),
            "f: cannot PUT 'https://...@h/a?... now");
}

TEST_F(VodUploadSinks, WhatMultifilesinkClosesIsAFileEach) {
  fs::create_directories(spool(""));
  run(std::string(kVideo) +
      bin("mpegtsmux ! multifilesink next-file=max-size max-file-size=20000 location=" + spool("m%02d.ts")));
  ASSERT_GE(files().size(), 1U);
  for (const StoredFile &f : files()) {
    EXPECT_EQ(f.format, Format::other);
    expect_stored(f.facts.path);
  }
}

TEST_F(VodUploadSinks, AStopWithoutEosLeavesFilesThatPlay) {
  fs::create_directories(spool(""));
  const auto pipeline = parse_pipeline(
      "pipeline.( videotestsrc is-live=true ! "
      "video/x-raw,width=64,height=48,framerate=25/1 ! "
      "x264enc key-int-max=25 speed-preset=ultrafast tune=zerolatency ! "
      "h264parse ! " +
      bin("flvmux ! filesink name=f location=" + spool("a.flv")) + " )");
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  std::error_code e;
  const auto size = [&] { return fs::exists(spool("a.flv"), e) ? fs::file_size(spool("a.flv"), e) : 0; };
  const auto bus = Ref<GstBus>::adopt(gst_element_get_bus(pipeline.get()));
  for (int i = 0; i < 600 && size() < 20000; ++i)
    ASSERT_FALSE(gst_bus_timed_pop_filtered(bus.get(), 100 * GST_MSECOND, GST_MESSAGE_ERROR));
  gst_element_set_state(pipeline.get(), GST_STATE_NULL);
  ASSERT_EQ(files().size(), 1U);
  EXPECT_EQ(files()[0].state, FileState::closed) << files()[0].error;
  EXPECT_GT(files()[0].facts.video_frames, 0U);
  EXPECT_EQ(recordings()[0].state, RecordingState::finished);
  EXPECT_EQ(catalogue().owed()->uploads, 1U) << "whoever comes next delivers it";
}

// Runs in the process that is killed.
TEST(VodUploadSinksProcess, DISABLED_Records) {
  const std::string directory = victims_directory();
  const auto pipeline = parse_pipeline(
      "pipeline.( videotestsrc is-live=true ! video/x-raw,width=64,height=48,framerate=25/1 ! "
      "x264enc key-int-max=25 speed-preset=ultrafast tune=zerolatency ! tee name=t ! queue ! h264parse ! " +
      bin_at(directory, "hlssink2 target-duration=1 playlist-length=0 max-files=0 location=" + directory +
                            "/spool/s%05d.ts playlist-location=" + directory +
                            "/spool/index.m3u8 flvmux name=m ! filesink buffer-mode=unbuffered location=" +
                            directory + "/spool/a.flv") +
      " t. ! queue ! h264parse ! m.video )");
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  (void)wait_for_message(pipeline.get(), GST_MESSAGE_EOS, std::chrono::minutes(5));
}

TEST_F(VodUploadSinks, WhatAKilledProcessLeftIsFinishedByTheNext) {
  fs::create_directories(spool(""));
  const auto has_begun = [&] {
    return fs::exists(spool("s00002.ts")) && fs::file_size(spool("s00002.ts")) > 0;
  };
  {
    Victim victim("VodUploadSinksProcess.DISABLED_Records", dir_.path().string());
    for (int i = 0; i < 600 && !has_begun(); ++i) wait_for(std::chrono::milliseconds(100));
    ASSERT_TRUE(has_begun());
    victim.kill_it();
  }
  auto rows = catalogue();
  const auto lease = OwnerLease::create(path_);
  const auto report = recover(rows, path_, lease->id(), clock_);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_TRUE(report->errors.empty());
  ASSERT_EQ(recordings().size(), 1U);
  EXPECT_EQ(recordings()[0].state, RecordingState::finished);
  const auto playlist = parse_playlist(read_file(spool("index.m3u8")));
  ASSERT_TRUE(playlist) << playlist.error().message;
  EXPECT_TRUE(playlist->end_list);
  std::vector<std::string> listed;
  for (const MediaSegment &s : playlist->segments) listed.push_back(s.uri);
  std::vector<std::string> there;
  for (const auto &entry : fs::directory_iterator(spool("")))
    if (entry.path().extension() == ".ts" && entry.file_size() > 1880)
      there.push_back(entry.path().filename().string());
  std::sort(there.begin(), there.end());
  EXPECT_GE(listed.size(), there.size()) << "also the one that was being written";
  EXPECT_EQ(rows.segments(recordings()[0].id)->size(), listed.size());
  const auto all = files();
  ASSERT_EQ(all.size(), 2U);
  for (const StoredFile &f : all) EXPECT_EQ(f.state, FileState::closed) << f.error;
  EXPECT_GT(all[0].facts.video_frames, 25U);
  EXPECT_EQ(all[0].facts.size_bytes, fs::file_size(spool("a.flv")));
  const auto next = parse_pipeline("pipeline.( vodupload catalogue=" + path_ +
                                   " config=" + (dir_ / "recording.json") + " )");
  gst_element_set_state(next.get(), GST_STATE_PLAYING);
  ASSERT_TRUE(gst_element_send_event(next.get(), gst_event_new_eos()));
  EXPECT_TRUE(wait_for_message(next.get(), GST_MESSAGE_EOS));
  gst_element_set_state(next.get(), GST_STATE_NULL);
  for (const std::string &name : listed) expect_stored(spool(name));
  for (const StoredFile &f : all) expect_stored(f.facts.path);
}

// Holds up the thread that says that a pipeline has prerolled, until the pipeline has said that it plays.
class Overtaken {
 public:
  explicit Overtaken(GstElement *pipeline)
      : pipeline_(pipeline), bus_(Ref<GstBus>::adopt(gst_element_get_bus(pipeline))) {
    gst_bus_set_sync_handler(bus_.get(), &Overtaken::see, this, nullptr);
  }
  ~Overtaken() { gst_bus_set_sync_handler(bus_.get(), nullptr, nullptr, nullptr); }
  Overtaken(const Overtaken &) = delete;
  Overtaken &operator=(const Overtaken &) = delete;
  void wait_until_prerolled() { prerolled_.get_future().wait(); }
  void let_go() { go_.set_value(); }

 private:
  static GstBusSyncReply see(GstBus *, GstMessage *message, gpointer self) {
    auto *overtaken = static_cast<Overtaken *>(self);
    GstState now = GST_STATE_NULL;
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_STATE_CHANGED &&
        GST_MESSAGE_SRC(message) == GST_OBJECT(overtaken->pipeline_))
      gst_message_parse_state_changed(message, nullptr, &now, nullptr);
    if (now == GST_STATE_PAUSED && !std::exchange(overtaken->was_held_, true)) {
      overtaken->prerolled_.set_value();
      overtaken->go_.get_future().wait();
    }
    return GST_BUS_PASS;
  }

  GstElement *const pipeline_;
  const Ref<GstBus> bus_;
  bool was_held_ = false;  // the one thread that says so
  std::promise<void> prerolled_, go_;
};

TEST_F(VodUploadSinks, TheEndIsToldWhereThePipelineForgotThatItPlays) {
  fs::create_directories(spool(""));
  const auto pipeline = parse_pipeline("pipeline.( " + std::string(kVideo) +
                                       bin("hlssink2 playlist-length=0 location=" + spool("s%05d.ts") +
                                           " playlist-location=" + spool("index.m3u8")) +
                                       " )");
  Overtaken overtaken(pipeline.get());
  gst_element_set_state(pipeline.get(), GST_STATE_PAUSED);
  overtaken.wait_until_prerolled();
  ASSERT_NE(gst_element_set_state(pipeline.get(), GST_STATE_PLAYING), GST_STATE_CHANGE_FAILURE);
  overtaken.let_go();
  EXPECT_TRUE(wait_for_message(pipeline.get(), GST_MESSAGE_EOS));
  gst_element_set_state(pipeline.get(), GST_STATE_NULL);
  ASSERT_EQ(recordings().size(), 1U);
  EXPECT_EQ(recordings()[0].state, RecordingState::finished);
}

TEST_F(VodUploadSinks, AStoreThatNobodyKnowsIsRefusedAtTheStart) {
  fs::create_directories(spool(""));
  const auto pipeline =
      parse_pipeline("pipeline.( " + std::string(kVideo) +
                     bin("storage=nowhere flvmux ! filesink location=" + spool("a.flv")) + " )");
  EXPECT_EQ(gst_element_set_state(pipeline.get(), GST_STATE_PLAYING), GST_STATE_CHANGE_FAILURE);
  const auto message = wait_for_message(pipeline.get(), GST_MESSAGE_ERROR);
  ASSERT_TRUE(message);
  ErrorOut error;
  gst_message_parse_error(message.get(), error.out(), nullptr);
  EXPECT_NE(std::string(error->message).find("'nowhere'"), std::string::npos) << error->message;
  gst_element_set_state(pipeline.get(), GST_STATE_NULL);
}

}  // namespace
}  // namespace rec::test
