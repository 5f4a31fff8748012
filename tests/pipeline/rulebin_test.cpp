// SPDX-License-Identifier: LGPL-2.1-or-later
// Pushes through rulebin and its real recorders: files, playlists and rows.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "core/io/json.h"
#include "core/model/media_playlist.h"
#include "core/service/catalogue.h"
#include "core/service/catalogue_progress.h"
#include "tests/common/bus.h"
#include "tests/common/command.h"
#include "tests/common/ffprobe.h"
#include "tests/common/publisher.h"
#include "tests/common/temp_dir.h"

namespace rec::test {
namespace {

using std::chrono::milliseconds;

class RuleBinPipeline : public ::testing::Test {
 protected:
  // A configuration that records everything of domain "d" with these formats.
  void configure(const std::string &formats) {
    write_file(dir_.path() / "recording.json",
               R"({"rules": [{"domain": "d", "template": "t"}], "templates": {"t": {"name":
  "{AppName}/{StreamName}/{EscapedStartTime}-{StartMillisecond}_{EscapedEndTime}", "storage": {"primary": "s"},
  "callbacks": ["ops"], "formats": )" +
                   formats + R"(}},
  "storage": {"s": {"uri": "file:///nowhere"}}, "callbacks": {"ops": {"url": "http://127.0.0.1:1/"}}})");
  }
  std::string line() const {
    return "rulebin directory=" + (dir_ / "spool") + " config=" + (dir_ / "recording.json") +
           " uri=rtmp://d/live/cam1?secret=1";
  }
  Catalogue catalogue() {
    auto opened = Catalogue::open(dir_ / "spool/catalogue.db", clock_);
    EXPECT_TRUE(opened) << opened.error().message;
    return *std::move(opened);
  }
  std::vector<Recording> recordings() {
    auto c = catalogue();
    auto list = c.recordings(10);
    EXPECT_TRUE(list) << list.error().message;
    return list ? *std::move(list) : std::vector<Recording>();
  }
  std::vector<StoredFile> files(std::int64_t recording) {
    auto c = catalogue();
    auto list = c.files(recording);
    EXPECT_TRUE(list) << list.error().message;
    return list ? *std::move(list) : std::vector<StoredFile>();
  }
  RecordingProgress progress(std::int64_t recording) {
    auto c = catalogue();
    auto found = progress_of(c.connection(), recording);
    EXPECT_TRUE(found) << found.error().message;
    return found ? *std::move(found) : RecordingProgress();
  }
  static void send(Publisher &publisher, milliseconds from = milliseconds(0),
                   milliseconds to = milliseconds(6000)) {
    publisher.send({{"video", video().part(from, to, from)}, {"audio_0", audio().part(from, to, from)}});
  }
  static bool wait_for_eos(Publisher &publisher) {
    return static_cast<bool>(wait_for_message(publisher.pipeline(), GST_MESSAGE_EOS));
  }
  static bool wait_for(Publisher &publisher, const char *message) {
    return static_cast<bool>(wait_for_element_message(publisher.pipeline(), message));
  }

  TempDir dir_;
  SystemClock clock_;
};

TEST_F(RuleBinPipeline, RecordsEveryFormatOfTheTemplate) {
  configure(R"({"flv": {}, "mp4": {}, "aac": {"cycle": "1h"}, "hls": {"segment": "2s"}})");
  Publisher publisher(line());
  send(publisher);
  publisher.end_all();
  ASSERT_TRUE(wait_for_eos(publisher));

  const auto list = recordings();  // EOS comes after the rows
  ASSERT_EQ(list.size(), 1U);
  const Recording &recording = list[0];
  EXPECT_EQ(recording.state, RecordingState::finished);
  EXPECT_EQ(recording.push.stream, "cam1");
  EXPECT_EQ(recording.push.stream_param, "secret=1");
  EXPECT_EQ(recording.directory, dir_ / "spool");
  EXPECT_EQ(recording.store, "s");
  std::vector<Format> formats;
  for (const StoredFile &file : files(recording.id)) {
    formats.push_back(file.format);
    EXPECT_EQ(file.state, FileState::closed) << file.error;
    EXPECT_TRUE(file.facts.path.starts_with(dir_ / "spool/live/cam1/")) << file.facts.path;
    EXPECT_EQ(std::filesystem::exists(file.facts.path), true);
    if (file.format != Format::aac) {  // of which ffmpeg always says that it estimates the duration
      EXPECT_EQ(playback_complaints(file.facts.path), "") << file.facts.path;
    }
    EXPECT_NEAR(std::chrono::duration<double>(file.facts.duration).count(), 6.0, 0.2) << file.facts.path;
    if (file.format == Format::flv || file.format == Format::mp4) {
      EXPECT_EQ(packets_of(file.facts.path)["video"].size(), video().units.size());
      EXPECT_EQ(file.facts.video_frames, video().units.size());
    }
  }
  std::sort(formats.begin(), formats.end());
  EXPECT_EQ(formats, (std::vector{Format::flv, Format::mp4, Format::aac, Format::hls}));
  auto c = catalogue();
  EXPECT_EQ(c.segments(recording.id)->size(), 3U);
  EXPECT_EQ(c.owed()->uploads, 7U) << "four files and three segments";
  EXPECT_EQ(c.owed()->callbacks, 4U);
}

TEST_F(RuleBinPipeline, ChecksWhatWasRecordedToTheFrame) {
  for (const std::string format : {R"({"flv": {"cycle": "3s"}})", R"({"hls": {"segment": "2s"}})"}) {
    for (const milliseconds late : {milliseconds(0), milliseconds(1500)}) {
      configure(format);
      Publisher publisher(line());
      publisher.send({{"video", video()}, {"audio_0", audio().moved(late)}});
      publisher.end_all();
      ASSERT_TRUE(wait_for_eos(publisher));
      const auto quality = parse_json(recordings().at(0).quality);
      ASSERT_TRUE(quality) << recordings().at(0).quality;
      std::vector<std::string> problems;
      for (const JsonValue &problem : quality->member("problems")->value.elements)
        if (problem.string != "media-missing") problems.push_back(problem.string);  // the machine may be slow
      EXPECT_EQ(problems, late > milliseconds(0) ? std::vector<std::string>{"audio-offset"}
                                                 : std::vector<std::string>{})
          << format;
      EXPECT_EQ(quality->member("audio_start_ns")->value.integer, Nanoseconds(late).count()) << format;
      EXPECT_EQ(quality->member("keyframes")->value.integer, 6) << format;
      EXPECT_EQ(quality->member("longest_gop_ns")->value.integer, 1'000'000'000) << format;
      EXPECT_TRUE(quality->member("gaps")->value.elements.empty()) << format;
    }
  }
}

TEST_F(RuleBinPipeline, TheCatalogueKnowsWhatCameAndWhatWasDropped) {
  configure(R"({"flv": {}, "hls": {"segment": "2s"}})");
  const auto pictures = video().part(milliseconds(1400), milliseconds(6000), milliseconds(1400));
  const auto sound = audio().part(milliseconds(1400), milliseconds(6000), milliseconds(1400));
  ASSERT_FALSE(pictures.units.front().keyframe);
  std::size_t bytes = 0;
  for (const auto &unit : pictures.units) bytes += gst_buffer_get_size(unit.buffer.get());
  const UtcTime begin = clock_.now_utc();
  Publisher publisher(line());
  publisher.send({{"video", pictures}, {"audio_0", sound}});
  publisher.end_all();
  ASSERT_TRUE(wait_for_eos(publisher));

  const std::int64_t id = recordings().at(0).id;
  const RecordingProgress found = progress(id);
  EXPECT_EQ(found.counted.video_frames, pictures.units.size());
  EXPECT_EQ(found.counted.audio_frames, sound.units.size());
  EXPECT_GE(found.counted.bytes, bytes / 2);
  ASSERT_TRUE(found.last_media);
  EXPECT_GE(*found.last_media, begin);
  std::uint64_t flv = 0;
  for (const auto &[drop, frames] : found.counted.drops) {
    EXPECT_EQ(drop.second, "before-keyframe") << drop.first;
    if (drop.first == "flv") flv += frames;
  }
  EXPECT_GE(flv, 15U);
  const std::pair<std::string, std::string> hls("hls", "before-keyframe");
  EXPECT_GE(found.counted.drops.count(hls), 1U);
  for (const StoredFile &file : files(id)) {
    if (file.format != Format::flv) continue;
    EXPECT_EQ(file.facts.video_frames + file.facts.audio_frames + flv,
              pictures.units.size() + sound.units.size());
  }
  EXPECT_EQ(found.segments, catalogue().segments(id)->size());
}

TEST_F(RuleBinPipeline, CountsAreWrittenWhileItRecords) {
  configure(R"({"mp4": {}})");
  Publisher publisher(line());
  send(publisher);
  const auto deadline = clock_.monotonic() + Seconds(60);
  while (progress(recordings().empty() ? 0 : recordings()[0].id).counted.video_frames == 0 &&
         clock_.monotonic() < deadline)
    g_poll(nullptr, 0, 200);
  ASSERT_EQ(recordings().size(), 1U);
  EXPECT_EQ(recordings()[0].state, RecordingState::recording);
  const RecordingProgress found = progress(recordings()[0].id);
  EXPECT_GT(found.counted.video_frames, 0U);
  EXPECT_GT(found.counted.bytes, 0U);
  EXPECT_TRUE(found.last_media);
}

TEST_F(RuleBinPipeline, CutsByTheCycleOfTheTemplate) {
  configure(R"({"flv": {"cycle": "2s"}})");
  Publisher publisher(line());
  send(publisher);
  publisher.end_all();
  ASSERT_TRUE(wait_for_eos(publisher));
  const auto list = recordings();
  ASSERT_EQ(list.size(), 1U);
  std::size_t frames = 0;
  for (const StoredFile &file : files(list[0].id)) frames += file.facts.video_frames;
  EXPECT_EQ(files(list[0].id).size(), 3U);
  EXPECT_EQ(frames, video().units.size());
}

TEST_F(RuleBinPipeline, EveryFormatHasItsNamesAndHlsItsCycle) {
  configure(R"({"flv": {}, "mp4": {"name": "mp4/{StreamName}%%"},
    "hls": {"segment": "2s", "cycle": "2s", "name": "hls/{StreamName}-{Sequence}",
            "segment-name": "ts/{StreamName}_{Sequence}"}})");
  Publisher publisher(line());
  send(publisher);
  publisher.end_all();
  ASSERT_TRUE(wait_for_eos(publisher));

  const auto list = recordings();
  ASSERT_EQ(list.size(), 1U) << "a playlist that is full ends no recording";
  std::vector<std::string> paths;
  std::size_t segments = 0;
  for (const StoredFile &file : files(list[0].id)) {
    EXPECT_EQ(file.state, FileState::closed) << file.error;
    paths.push_back(std::filesystem::relative(file.facts.path, dir_ / "spool"));
    if (file.format != Format::hls) continue;
    const auto playlist = parse_playlist(read_file(file.facts.path));
    ASSERT_TRUE(playlist) << playlist.error().message;
    EXPECT_TRUE(playlist->end_list);
    for (const MediaSegment &segment : playlist->segments) {
      EXPECT_TRUE(segment.uri.starts_with("ts/cam1_")) << segment.uri;
      ++segments;
    }
  }
  std::sort(paths.begin(), paths.end());
  ASSERT_EQ(paths.size(), 5U);
  EXPECT_TRUE(paths[0].starts_with("hls/cam1-0/") && paths[1].starts_with("hls/cam1-")) << paths[1];
  EXPECT_TRUE(paths[3].starts_with("live/cam1/") && paths[3].ends_with(".flv")) << paths[3];
  EXPECT_EQ(paths[4], "mp4/cam1%.mp4");
  EXPECT_EQ(segments, 3U);
  auto c = catalogue();
  EXPECT_EQ(c.segments(list[0].id)->size(), 3U);
  EXPECT_EQ(c.owed()->callbacks, 5U);
}

TEST_F(RuleBinPipeline, APushThatComesBackInTheSamePipelineContinuesTheRecording) {
  configure(R"({"flv": {}, "hls": {"segment": "2s", "splice-timeout": "1min"}})");
  Publisher publisher(line());
  send(publisher, milliseconds(0), milliseconds(3000));
  publisher.end_all();
  ASSERT_TRUE(wait_for(publisher, "splicesink-recording-paused"));
  EXPECT_EQ(recordings().at(0).state, RecordingState::paused);
  EXPECT_EQ(progress(recordings().at(0).id).counted.video_frames, 75U);

  send(publisher, milliseconds(3000), milliseconds(6000));
  publisher.end_all();
  ASSERT_TRUE(wait_for(publisher, "splicesink-recording-paused"));
  g_signal_emit_by_name(publisher.element(), "cancel-delay");
  ASSERT_TRUE(wait_for_eos(publisher));

  const auto list = recordings();
  ASSERT_EQ(list.size(), 1U);
  EXPECT_EQ(list[0].state, RecordingState::finished);
  EXPECT_EQ(progress(list[0].id).counted.video_frames, 150U);
  const auto stored = files(list[0].id);
  ASSERT_EQ(stored.size(), 3U) << "an FLV file per push and the playlist";
  EXPECT_EQ(read_file(list[0].playlist_path).find("#EXT-X-DISCONTINUITY\n"), std::string::npos)
      << "its timestamps go on";
  EXPECT_NE(read_file(list[0].playlist_path).find("#EXT-X-ENDLIST"), std::string::npos);
  EXPECT_EQ(catalogue().push_counts(list[0].owner)->seen, 2U);
  EXPECT_EQ(catalogue().push_counts(list[0].owner)->open, 0U);
}

TEST_F(RuleBinPipeline, AnotherPipelineContinuesWhatOneHolds) {
  configure(R"({"hls": {"segment": "2s", "splice-timeout": "1min"}})");
  Publisher first(line());
  send(first, milliseconds(0), milliseconds(3000));
  first.end_all();
  ASSERT_TRUE(wait_for(first, "splicesink-recording-paused"));
  {
    Publisher second(line());
    send(second, milliseconds(3000), milliseconds(6000));
    ASSERT_TRUE(wait_for(second, "splicesink-segment-added"));
    EXPECT_TRUE(wait_for_eos(first)) << "it gave the recording up and waits no longer";
    EXPECT_EQ(recordings().at(0).state, RecordingState::recording);
  }  // stopped without EOS: the recording may be resumed
  EXPECT_EQ(recordings().at(0).state, RecordingState::paused);
  Publisher third(line());
  send(third, milliseconds(0), milliseconds(2000));
  third.end_all();
  ASSERT_TRUE(wait_for(third, "splicesink-recording-paused"));
  g_signal_emit_by_name(third.element(), "cancel-delay");
  ASSERT_TRUE(wait_for_eos(third));
  const auto list = recordings();
  ASSERT_EQ(list.size(), 1U);
  EXPECT_EQ(list[0].state, RecordingState::finished);
  const auto playlist = parse_playlist(read_file(list[0].playlist_path));
  ASSERT_TRUE(playlist) << playlist.error().message;
  EXPECT_EQ(std::count_if(playlist->segments.begin(), playlist->segments.end(),
                          [](const MediaSegment &s) { return s.discontinuity; }),
            1)
      << "the second push goes on where the first ended, the third begins anew";
}

// Initialisation sections and segments in the order in which a player needs them.
std::vector<std::string> uris_in(const MediaPlaylist &playlist) {
  std::vector<std::string> uris;
  for (const MediaSegment &segment : playlist.segments) {
    if (segment.map && std::find(uris.begin(), uris.end(), segment.map->uri) == uris.end())
      uris.push_back(segment.map->uri);
    uris.push_back(segment.uri);
  }
  return uris;
}

TEST_F(RuleBinPipeline, UploadsInitialisationSectionsBeforeThePlaylistThatNamesThem) {
  configure(R"({"hls": {"segment": "2s", "segment-format": "cmaf", "splice-timeout": "1min"}})");
  VideoSpec larger;
  larger.width = 320;
  larger.height = 240;
  Publisher publisher(line());
  send(publisher, milliseconds(0), milliseconds(4000));
  publisher.end_all();
  ASSERT_TRUE(wait_for(publisher, "splicesink-recording-paused"));
  publisher.send({{"video", video(larger)}, {"audio_0", audio()}});
  publisher.end_all();
  ASSERT_TRUE(wait_for(publisher, "splicesink-recording-paused"));
  g_signal_emit_by_name(publisher.element(), "cancel-delay");
  ASSERT_TRUE(wait_for_eos(publisher));

  const auto list = recordings();
  ASSERT_EQ(list.size(), 1U);
  const auto playlist = parse_playlist(read_file(list[0].playlist_path));
  ASSERT_TRUE(playlist) << playlist.error().message;
  ASSERT_EQ(playlist->segments.size(), 5U);
  const auto named = uris_in(*playlist);
  EXPECT_EQ(named.size(), 7U) << "one for each encoding";
  auto c = catalogue();
  const auto rows = c.segments(list[0].id);
  ASSERT_TRUE(rows) << rows.error().message;
  std::vector<std::string> stored;
  for (const NewSegment &row : *rows) {
    stored.push_back(row.uri);
    EXPECT_EQ(row.size_bytes, std::filesystem::file_size(row.path)) << row.path;
  }
  EXPECT_EQ(stored, named);

  const OwedTarget store{OwedKind::upload, "s"};
  const auto media = c.take_due("test", store, 100);
  ASSERT_TRUE(media) << media.error().message;
  std::vector<std::string> sent;
  for (const Owed &owed : *media) {
    EXPECT_FALSE(owed.file) << "the playlist waits: " << owed.path;
    sent.push_back(owed.path);
    EXPECT_TRUE(c.done(owed.id, "test", "s3://b/" + std::to_string(owed.id)));
  }
  std::vector<std::string> paths;
  for (const NewSegment &row : *rows) paths.push_back(row.path);
  EXPECT_EQ(sent, paths);
  const auto last = c.take_due("test", store, 100);
  ASSERT_TRUE(last) << last.error().message;
  ASSERT_EQ(last->size(), 1U);
  EXPECT_EQ(last->at(0).path, list[0].playlist_path);
}

TEST_F(RuleBinPipeline, WithoutSpliceTimeoutEveryPushIsARecordingOfItsOwn) {
  configure(R"({"flv": {}, "hls": {"segment": "2s"}})");
  Publisher publisher(line());
  for (int push = 0; push < 2; ++push) {
    send(publisher, milliseconds(0), milliseconds(2000));
    publisher.end_all();
    ASSERT_TRUE(wait_for_eos(publisher));
  }
  const auto list = recordings();
  ASSERT_EQ(list.size(), 2U);
  for (const Recording &recording : list) {
    EXPECT_EQ(recording.state, RecordingState::finished);
    EXPECT_EQ(files(recording.id).size(), 2U);
  }
}

TEST_F(RuleBinPipeline, StoppingWithoutEosFinishesTheFiles) {
  configure(R"({"mp4": {}})");
  {
    Publisher publisher(line());
    send(publisher);
  }
  const auto list = recordings();
  ASSERT_EQ(list.size(), 1U);
  EXPECT_EQ(list[0].state, RecordingState::finished);
  const auto stored = files(list[0].id);
  ASSERT_EQ(stored.size(), 1U);
  EXPECT_EQ(stored[0].state, FileState::closed);
  EXPECT_EQ(packets_of(stored[0].facts.path)["video"].size(), video().units.size());
}

TEST_F(RuleBinPipeline, APadThatNothingIsLinkedToIsNotWaitedFor) {
  configure(R"({"flv": {}, "hls": {"segment": "2s"}})");
  Publisher publisher(line());
  const auto pad = Ref<GstPad>::adopt(gst_element_request_pad_simple(publisher.element(), "audio_0"));
  publisher.send({{"video", video()}});
  publisher.end("video");
  ASSERT_TRUE(wait_for_eos(publisher));
  EXPECT_EQ(recordings().at(0).state, RecordingState::finished);
}

TEST_F(RuleBinPipeline, APadThatWasUnlinkedWithoutEosIsNotWaitedFor) {
  configure(R"({"flv": {}})");
  Publisher publisher(line());
  send(publisher, milliseconds(0), milliseconds(3000));
  const auto audio_pad = Ref<GstPad>::adopt(gst_element_get_static_pad(publisher.element(), "audio_0"));
  const auto source = Ref<GstPad>::adopt(gst_pad_get_peer(audio_pad.get()));
  gst_pad_unlink(source.get(), audio_pad.get());
  publisher.end("video");
  ASSERT_TRUE(wait_for_eos(publisher));
  EXPECT_EQ(files(recordings().at(0).id).at(0).facts.video_frames, 75U);
}

TEST_F(RuleBinPipeline, ARecorderThatCannotWriteStopsNeitherThePipelineNorTheOthers) {
  configure(R"({"flv": {}, "aac": {"cycle": "1h"}})");
  std::filesystem::create_directories(dir_ / "spool");
  write_file(dir_.path() / "spool/live", "a file where the directory should be");
  Publisher publisher(line());
  send(publisher);
  publisher.end_all();
  const auto bus = Ref<GstBus>::adopt(gst_element_get_bus(publisher.pipeline()));
  unsigned warnings = 0;
  for (;;) {
    const auto message = Ref<GstMessage>::adopt(gst_bus_timed_pop(bus.get(), 20 * GST_SECOND));
    ASSERT_TRUE(message) << "no EOS";
    ASSERT_NE(GST_MESSAGE_TYPE(message.get()), GST_MESSAGE_ERROR);
    if (GST_MESSAGE_TYPE(message.get()) == GST_MESSAGE_WARNING) ++warnings;
    if (GST_MESSAGE_TYPE(message.get()) == GST_MESSAGE_EOS) break;
  }
  EXPECT_GT(warnings, 0U);
}

TEST_F(RuleBinPipeline, TheToolListsWhatWasRecorded) {
  configure(R"({"flv": {}})");
  {
    Publisher publisher(line());
    send(publisher);
    publisher.end_all();
    ASSERT_TRUE(wait_for_eos(publisher));
  }
  const std::vector<std::string> list = {std::getenv("REC_TEST_TOOL"), "list", "--catalogue",
                                         dir_ / "spool/catalogue.db"};
  const CommandResult text = run_command(list);
  EXPECT_EQ(text.exit_code, 0) << text.err;
  EXPECT_EQ(text.out.find("secret"), std::string::npos);
  const StoredFile file = files(recordings().at(0).id).at(0);
  for (const std::string &part :
       {std::string("d/live/cam1 by template \"t\""), std::string("state     finished"),
        std::string("flv closed 6."), file.facts.path, std::string("1 upload to s"),
        std::string("1 callback to ops")})
    EXPECT_NE(text.out.find(part), std::string::npos) << part << " in:\n" << text.out;

  auto as_json = list;
  as_json.push_back("--json");
  const auto json = parse_json(run_command(as_json).out);
  ASSERT_TRUE(json) << json.error().message;
  const JsonValue &recording = json->member("recordings")->value.elements.at(0);
  EXPECT_EQ(recording.member("stream")->value.string, "cam1");
  EXPECT_EQ(recording.member("files")->value.elements.at(0).member("size")->value.integer,
            static_cast<std::int64_t>(file.facts.size_bytes));
}

}  // namespace
}  // namespace rec::test
