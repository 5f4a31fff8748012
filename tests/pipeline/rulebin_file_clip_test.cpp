// SPDX-License-Identifier: LGPL-2.1-or-later
// Files made of ranges of what rulebin recorded, also while it records.
#include <algorithm>
#include <cstdlib>

#include "core/service/recording_jobs.h"
#include "tests/common/victim.h"
#include "tests/pipeline/rulebin_clip_fixture.h"

namespace rec::test {
namespace {

using std::chrono::milliseconds;

class RuleBinFileClip : public RuleBinClip {
 protected:
  // When the first file of that format begins, or the first segment.
  UtcTime begin_of(const Recording &recording) {
    for (const StoredFile &file : files(recording))
      if (file.format != Format::hls) return file.facts.started;
    return first_of(recording);
  }
  ClipRequest cut(const Recording &recording, Format format, int from_ms, int to_ms) {
    ClipRequest request;
    request.recordings = {recording.id};
    request.from = begin_of(recording) + Milliseconds(from_ms);
    request.to = begin_of(recording) + Milliseconds(to_ms);
    request.format = format;
    request.bounds = ClipBounds::keyframe;
    return request;
  }
  // A clip that plays and holds these pictures and sound of about the same length, as far apart as they were.
  void expect_clip(const Result<Recording> &made, const std::vector<std::string> &frames) {
    ASSERT_TRUE(made) << made.error().message;
    const ClosedFile facts = files(*made).at(0).facts;
    EXPECT_EQ(playback_complaints(facts.path), "");
    EXPECT_EQ(hashes(essence_of(facts.path, "video")), frames);
    EXPECT_EQ(facts.video_frames, frames.size());
    EXPECT_EQ(facts.size_bytes, std::filesystem::file_size(facts.path));
    Packets packets = packets_of(facts.path);
    const auto &video = packets["video"], &audio = packets["audio"];
    ASSERT_FALSE(video.empty());
    ASSERT_FALSE(audio.empty());
    EXPECT_TRUE(video.front().keyframe);
    EXPECT_NEAR(seconds(*audio.front().pts - *video.front().pts), 0, 0.05);
    EXPECT_NEAR(seconds(*audio.back().pts - *video.back().pts), 0, 0.05);
    EXPECT_NEAR(seconds(duration_of(facts.path)), seconds(facts.duration), 0.1);
  }
  static double seconds(Nanoseconds time) { return std::chrono::duration<double>(time).count(); }
  static std::vector<std::string> hashes(const std::vector<Essence> &frames) {
    std::vector<std::string> list;
    for (const Essence &frame : frames) list.push_back(frame.hash);
    return list;
  }
  // Frames [from, to), 25 in a second.
  static std::vector<std::string> frames(int from, int to) {
    const auto all = pushed({{0, 6}});
    return {all.begin() + from, all.begin() + to};
  }
  void expect_no_leftovers() const {
    for (const std::string &file : dir_.files()) {
      EXPECT_EQ(file.find(".conversion"), file.npos) << file;
      EXPECT_EQ(file.find(".part"), file.npos) << file;
    }
  }
};

// From the keyframe before the beginning to the last frame before the end, whatever it is cut from.
TEST_F(RuleBinFileClip, BeginsAtAKeyframeAndEndsAtTheFrame) {
  const std::pair<const char *, const char *> sources[] = {
      {"mp4", R"({"mp4": {}})"},
      {"flv", R"({"flv": {}})"},
      {"cmaf", R"({"hls": {"segment": "2s", "segment-format": "cmaf"}})"},
      {"ts", R"({"hls": {"segment": "2s"}})"}};
  for (const auto &[name, formats] : sources)
    for (const Format format : {Format::mp4, Format::flv}) {
      SCOPED_TRACE(std::string(name) + " to " + std::string(name_of(format)));
      configure(formats);
      record(std::string(name) + std::string(name_of(format)));
      expect_clip(clip(cut(recordings().at(0), format, 1500, 3390)), frames(25, 85));
    }
  expect_no_leftovers();
}

TEST_F(RuleBinFileClip, OfFilesThatGrowHasWhatIsThere) {
  for (const Format format : {Format::mp4, Format::flv}) {
    SCOPED_TRACE(name_of(format));
    configure(R"({"mp4": {}, "flv": {}, "hls": {"segment": "1s"}})");
    Publisher publisher(line(std::string(name_of(format))));
    publisher.send({{"video", pictures(0, 6)}, {"audio_0", sounds(0, 6)}});
    for (int i = 0; i < 4; ++i)
      ASSERT_TRUE(wait_for_element_message(publisher.pipeline(), "splicesink-segment-added"));
    Result<Recording> made = Error{Errc::not_found, "not tried"};
    for (int tries = 0; tries < 100 && !made; ++tries) {  // its muxer may be behind the playlist's
      made = clip(cut(recordings().at(0), format, 0, 2000));
      if (made && files(*made).at(0).facts.video_frames < 50) made = Error{Errc::not_found, "less is there"};
      if (!made) wait_for(milliseconds(100));
    }
    expect_clip(made, frames(0, 50));
    publisher.end_all();
    ASSERT_TRUE(wait_for_message(publisher.pipeline(), GST_MESSAGE_EOS));
  }
}

TEST_F(RuleBinFileClip, RunsOverTheFilesOfACycle) {
  for (const Format format : {Format::mp4, Format::flv}) {
    SCOPED_TRACE(name_of(format));
    const std::string name(name_of(format));
    configure(R"({")" + name + R"(": {"cycle": "2s"}})");
    record(name);
    const Recording whole = recordings().at(0);
    ASSERT_EQ(files(whole).size(), 3U);
    ClipRequest request;
    request.recordings = {whole.id};
    request.format = format;
    request.source = RecordingSource::merge;
    expect_clip(clip(request), frames(0, 150));
    request = cut(whole, format, 1000, 1000);
    request.to = files(whole).at(1).facts.started + Seconds(1);
    expect_clip(clip(request), frames(25, 75));
  }
}

// What a template asks for, in the process that delivers.
TEST_F(RuleBinFileClip, TheFilesOfACycleAreMergedWhenTheRecordingHasEnded) {
  configure(R"({"mp4": {"cycle": "2s", "merge": true}, "flv": {"cycle": "2s"}})");
  record();
  const Recording whole = recordings().at(0);
  ASSERT_EQ(files(whole).size(), 6U);
  EXPECT_EQ(*catalogue().unfinished_recordings(whole.owner), 1U) << "it is not done with";
  Catalogue opened = catalogue();
  const auto report = work_jobs(opened, "me", {});
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->made, 1U);
  ASSERT_EQ(recordings().size(), 2U);
  const Recording merged = recordings()[0];
  EXPECT_EQ(merged.source, RecordingSource::merge);
  expect_clip(merged, frames(0, 150));
  EXPECT_EQ(files(whole).size(), 6U) << "the originals are kept";
  EXPECT_EQ(*catalogue().unfinished_recordings(whole.owner), 0U);
  EXPECT_EQ(catalogue().owed_of(merged.id)->size(), 2U) << "it is uploaded and announced";
  EXPECT_EQ(work_jobs(opened, "me", {})->made, 0U) << "once";
}

// Killed when the file had its name and the catalogue did not know it yet.
TEST_F(RuleBinFileClip, AMergeThatWasKilledIsMadeAnewInItsPlace) {
  configure(R"({"mp4": {"cycle": "2s", "merge": true}})");
  record();
  Catalogue opened = catalogue();
  RecordingJobs dead(opened, "dead");
  const auto taken = *dead.take("merge");
  ASSERT_TRUE(taken);
  const auto folder = std::filesystem::path(files(recordings().at(0)).at(0).facts.path).parent_path();
  const std::string left = (folder / ("merge-" + taken->session_id) / "merge.mp4").string();
  write_file(left, "whole, but nobody knows");
  ASSERT_TRUE(dead.release_dead([](const std::string &) { return false; }));
  ASSERT_EQ(work_jobs(opened, "me", {})->made, 1U);
  EXPECT_EQ(files(recordings().at(0)).at(0).facts.path, left);
  expect_clip(recordings().at(0), frames(0, 150));
}

// Runs in the process that is killed, in which a converter never ends.
TEST(RuleBinFileClipProcess, DISABLED_IsMade) {
  const std::string dir = victims_directory();
  ASSERT_TRUE(g_setenv("PATH", (dir + "/programs:" + g_getenv("PATH")).c_str(), TRUE));
  const SystemClock clock;
  Catalogue opened = *Catalogue::open(dir + "/spool/catalogue.db", clock);
  ClipRequest request;
  request.recordings = {1};
  request.format = Format::mp4;
  (void)make_clip(opened, request);
}

TEST_F(RuleBinFileClip, OfOneThatIsKilledNothingIsLeft) {
  configure(R"({"hls": {"segment": "2s"}})");
  record();
  const auto media = [&] {
    auto names = dir_.files();
    std::erase_if(names, [](const std::string &name) { return name.find("catalogue.db") != name.npos; });
    return names;
  };
  const std::string program = dir_ / "programs/gst-launch-1.0", begun = dir_ / "begun";
  write_file(program,
             "#!/bin/sh\ncp /proc/self/fd/3 /proc/self/fd/4 && : > '" + begun + "' && exec sleep 1000\n");
  std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  const auto before = media();
  {
    Victim victim("RuleBinFileClipProcess.DISABLED_IsMade", dir_.path().string());
    for (int i = 0; i < 600 && !std::filesystem::exists(begun); ++i) wait_for(milliseconds(100));
    ASSERT_TRUE(std::filesystem::exists(begun));
    victim.kill_it();
  }
  std::filesystem::remove(begun);
  EXPECT_EQ(media(), before);
}

TEST_F(RuleBinFileClip, AMergeThatCannotBeIsGivenUpAndOneOfOneFileIsNone) {
  configure(R"({"mp4": {"cycle": "2s", "merge": true}, "flv": {"merge": true}})");
  record();
  const Recording whole = recordings().at(0);
  for (const StoredFile &file : files(whole))
    if (file.format == Format::mp4) write_file(file.facts.path, "no MP4");
  Catalogue opened = catalogue();
  const auto report = work_jobs(opened, "me", {});
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->made, 0U);
  ASSERT_EQ(report->errors.size(), 1U);
  EXPECT_NE(report->errors[0].message.find("is given up"), std::string::npos) << report->errors[0].message;
  EXPECT_EQ(recordings().size(), 1U);
  EXPECT_EQ(*catalogue().unfinished_recordings(whole.owner), 0U);
  expect_no_leftovers();
}

TEST_F(RuleBinFileClip, MergesRecordingsOneBehindTheOther) {
  configure(R"({"mp4": {}})");
  record("cam1");
  record("cam2");
  ClipRequest request;
  request.recordings = {recordings().at(1).id, recordings().at(0).id};
  request.format = Format::mp4;
  request.path = dir_ / "both.mp4";
  request.source = RecordingSource::merge;
  expect_clip(clip(request), pushed({{0, 6}, {0, 6}}));
}

TEST_F(RuleBinFileClip, OfASplicedRecordingLeavesTheInterruptionOut) {
  ASSERT_NO_FATAL_FAILURE(record_spliced());
  ClipRequest request;
  request.recordings = {recordings().at(0).id};
  request.format = Format::mp4;
  expect_clip(clip(request), pushed({{0, 2}, {3, 5}}));
}

TEST_F(RuleBinFileClip, SaysWhyThereIsNone) {
  configure(R"({"mp4": {}})");
  record();
  const Recording whole = recordings().at(0);
  const auto late = clip(cut(whole, Format::mp4, 60'000, 70'000));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Errc::not_found);
  std::filesystem::remove(files(whole).at(0).facts.path);
  const auto gone = clip(cut(whole, Format::mp4, 0, 1000));
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, Errc::not_found);
  EXPECT_NE(gone.error().message.find("local copy"), std::string::npos) << gone.error().message;
  ClipRequest request = cut(whole, Format::hls, 0, 1000);
  request.bounds = ClipBounds::covering;
  EXPECT_EQ(clip(request).error().code, Errc::invalid_argument);
  EXPECT_EQ(recordings().size(), 1U);
  expect_no_leftovers();
}

}  // namespace
}  // namespace rec::test
