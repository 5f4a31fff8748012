// SPDX-License-Identifier: LGPL-2.1-or-later
// Clips of what rulebin recorded, also while it records.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "core/io/iso_time.h"
#include "tests/common/command.h"
#include "tests/common/hls_lint.h"
#include "tests/pipeline/rulebin_clip_fixture.h"

namespace rec::test {
namespace {

LintedPlaylist linted(const std::string &path) {
  auto found = lint_playlist(read_file(path), [&](const std::string &uri) { return uri_exists(path, uri); });
  EXPECT_EQ(found.complaints, std::vector<std::string>()) << read_file(path);
  return found;
}
// Segment by segment: at a discontinuity ffmpeg lets the times go back, and complains of that.
std::vector<std::string> played(const std::string &path, const std::string &kind) {
  const TempDir copies;
  const auto bytes_of = [folder = std::filesystem::path(path).parent_path()](const std::string &uri) {
    return read_file(folder / uri);
  };
  std::vector<std::string> hashes;
  for (const MediaSegment &segment : playlist_at(path).segments) {
    const std::string copy = copies / "segment" + (segment.map ? ".mp4" : ".ts");
    write_file(copy, (segment.map ? bytes_of(segment.map->uri) : "") + bytes_of(segment.uri));
    for (const Essence &frame : essence_of(copy, kind)) hashes.push_back(frame.hash);
  }
  return hashes;
}

TEST_F(RuleBinClip, HasTheSegmentsOfItsRangeAndCopiesNone) {
  for (const std::string segments : {"ts", "cmaf"}) {
    SCOPED_TRACE(segments);
    configure(R"({"hls": {"segment": "1s", "segment-format": ")" + segments + R"("}})");
    record(segments);
    const Recording whole = recordings().at(0);
    const std::size_t before = dir_.files().size();
    const auto made = clip(range(whole, 2500, 3500));
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(dir_.files().size(), before + 1) << "the playlist";
    const auto playlist = linted(made->playlist_path);
    EXPECT_EQ(playlist.segments.size(), 2U);
    EXPECT_EQ(playlist.segments.at(0).uri.substr(0, 3), "../");
    EXPECT_FALSE(playlist.segments.at(0).date.empty());
    EXPECT_EQ(playlist.segments.at(0).map.empty(), segments == "ts");
    EXPECT_EQ(playback_complaints(made->playlist_path), "");
    EXPECT_EQ(played(made->playlist_path, "video"), pushed({{2, 4}}));
  }
}

TEST_F(RuleBinClip, IsARecordingOfItsOwnThatIsUploadedAndAnnounced) {
  configure(R"({"hls": {"segment": "1s"}})");
  record();
  const Recording whole = recordings().at(0);
  const auto made = clip(range(whole, 0, 3000));
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->source, RecordingSource::clip);
  EXPECT_EQ(made->state, RecordingState::finished);
  EXPECT_EQ(made->push, whole.push);
  EXPECT_EQ(made->store, "s");
  EXPECT_EQ(made->callbacks, whole.callbacks);
  EXPECT_NE(made->session_id, whole.session_id);
  EXPECT_EQ(made->started, first_of(whole));
  const auto file = files(*made).at(0).facts;
  EXPECT_EQ(file.duration, Seconds(3));
  EXPECT_EQ(file.video_codec, "h264");
  EXPECT_EQ(file.audio_codec, "aac");
  const auto owed = *catalogue().owed_of(made->id);
  ASSERT_EQ(owed.size(), 2U);
  EXPECT_EQ(owed[0].target, (OwedTarget{OwedKind::upload, "s"}));
  EXPECT_EQ(owed[1].target, (OwedTarget{OwedKind::callback, "ops"}));
}

TEST_F(RuleBinClip, GoesUpBehindTheSegmentsThatItNames) {
  configure(R"({"hls": {"segment": "1s"}})");
  record();
  const auto made = clip(range(recordings().at(0), 0, 3000));
  ASSERT_TRUE(made) << made.error().message;
  Catalogue opened = catalogue();
  const OwedTarget store{OwedKind::upload, "s"};
  const auto due = *opened.take_due("me", store, 100);
  EXPECT_TRUE(
      std::none_of(due.begin(), due.end(), [&](const Owed &o) { return o.recording.id == made->id; }));
  ASSERT_GE(due.size(), 6U);
  for (const Owed &owed : due) ASSERT_TRUE(opened.done(owed.id, "me", "file:///nowhere" + owed.path));
  const auto later = *opened.take_due("me", store, 100);
  EXPECT_TRUE(
      std::any_of(later.begin(), later.end(), [&](const Owed &o) { return o.recording.id == made->id; }));
}

TEST_F(RuleBinClip, OfARecordingThatGoesOnHasWhatIsThere) {
  configure(R"({"hls": {"segment": "1s"}})");
  Publisher publisher(line());
  publisher.send({{"video", pictures(0, 5)}, {"audio_0", sounds(0, 5)}});
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(wait_for_element_message(publisher.pipeline(), "splicesink-segment-added"));
  ClipRequest request;
  request.recordings = {recordings().at(0).id};
  const auto made = clip(request);
  ASSERT_TRUE(made) << made.error().message;
  const std::size_t segments = linted(made->playlist_path).segments.size();
  EXPECT_GE(segments, 3U);
  EXPECT_EQ(played(made->playlist_path, "video"), pushed({{0, static_cast<int>(segments)}}));
  publisher.end_all();
  ASSERT_TRUE(wait_for_message(publisher.pipeline(), GST_MESSAGE_EOS));
}

TEST_F(RuleBinClip, OfSpliceOverAnInterruptionTellsWhereItWas) {
  ASSERT_NO_FATAL_FAILURE(record_spliced());
  ClipRequest request;
  request.recordings = {recordings().at(0).id};
  const auto made = clip(request);
  ASSERT_TRUE(made) << made.error().message;
  const auto playlist = linted(made->playlist_path);
  ASSERT_EQ(playlist.segments.size(), 4U);
  EXPECT_TRUE(playlist.segments[2].discontinuity);
  EXPECT_FALSE(playlist.segments[2].date.empty());
  EXPECT_EQ(played(made->playlist_path, "video"), pushed({{0, 2}, {3, 5}}));
}

TEST_F(RuleBinClip, MergesSeveralRecordingsAndClipsOfThem) {
  configure(R"({"hls": {"segment": "1s", "segment-format": "cmaf"}})");
  record("cam1");
  record("cam2");
  const Recording first = recordings().at(1), second = recordings().at(0);
  const auto part = clip(range(second, 1000, 3000));
  ASSERT_TRUE(part) << part.error().message;
  ClipRequest request;
  request.recordings = {first.id, part->id};
  request.source = RecordingSource::merge;
  const auto merged = clip(request);
  ASSERT_TRUE(merged) << merged.error().message;
  EXPECT_EQ(merged->source, RecordingSource::merge);
  const auto playlist = linted(merged->playlist_path);
  ASSERT_EQ(playlist.segments.size(), 8U);
  EXPECT_TRUE(playlist.segments[6].discontinuity);
  EXPECT_NE(playlist.segments[6].map, playlist.segments[5].map);
  EXPECT_EQ(played(merged->playlist_path, "video"), pushed({{0, 6}, {1, 3}}));
}

TEST_F(RuleBinClip, SaysWhyThereIsNone) {
  configure(R"({"hls": {"segment": "1s"}, "flv": {}})");
  record();
  const Recording whole = recordings().at(0);
  const auto error = [&](const ClipRequest &request) {
    const auto made = clip(request);
    EXPECT_FALSE(made);
    return made ? Error{Errc::cancelled, ""} : made.error();
  };
  EXPECT_EQ(error(range(whole, 20'000, 30'000)).code, Errc::not_found);
  EXPECT_EQ(error(range(whole, 3000, 3000)).code, Errc::invalid_argument);
  ClipRequest request = range(whole, 0, 1000);
  request.path = files(whole).at(0).facts.path;
  EXPECT_EQ(error(request).code, Errc::invalid_argument) << "an FLV's name";
  request.path = whole.playlist_path;
  EXPECT_EQ(error(request).code, Errc::exists);
  EXPECT_TRUE(linted(whole.playlist_path).end_list) << "it was left alone";
  request = range(whole, 0, 1000);
  request.recordings = {4711};
  EXPECT_EQ(error(request).code, Errc::not_found);
  request.recordings = {};
  EXPECT_EQ(error(request).code, Errc::invalid_argument);
  EXPECT_EQ(recordings().size(), 1U);
}

TEST_F(RuleBinClip, TheToolMakesClipsAndMerges) {
  configure(R"({"hls": {"segment": "1s"}})");
  record();
  const Recording whole = recordings().at(0);
  const std::string tool = std::getenv("REC_TEST_TOOL"), db = dir_ / "spool/catalogue.db";
  const std::string begins = time_text(first_of(whole) + Seconds(1));
  const auto cut = run_command(
      {tool, "clip", whole.session_id, "--start", begins, "--end", "+5s", "--catalogue", db, "--json"});
  ASSERT_EQ(cut.exit_code, 0) << cut.err;
  ASSERT_EQ(recordings().size(), 2U);
  const Recording made = recordings()[0];
  EXPECT_NE(cut.out.find(made.session_id), std::string::npos) << cut.out;
  EXPECT_GE(linted(made.playlist_path).segments.size(), 4U);
  const auto merged = run_command({tool, "merge", whole.session_id, made.session_id, "--catalogue", db,
                                   "--output", dir_ / "spool/all.m3u8"});
  ASSERT_EQ(merged.exit_code, 0) << merged.err;
  EXPECT_GE(linted(dir_ / "spool/all.m3u8").segments.size(), 10U);
  EXPECT_EQ(recordings().at(0).source, RecordingSource::merge);
  const auto none = run_command({tool, "clip", whole.session_id, "--start", "+1h", "--catalogue", db});
  EXPECT_EQ(none.exit_code, 1);
  EXPECT_NE(none.err.find("nothing was recorded"), std::string::npos) << none.err;
  const auto wrong = run_command({tool, "clip", whole.session_id, "--start", "soon", "--catalogue", db});
  EXPECT_EQ(wrong.exit_code, 1);
}

TEST_F(RuleBinClip, ElsewhereItStaysWhereItIs) {
  configure(R"({"hls": {"segment": "1s"}})");
  record();
  ClipRequest request = range(recordings().at(0), 1000, 2000);
  request.path = dir_ / "desk/my clip.m3u8";
  const auto made = clip(request);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->playlist_path, request.path);
  EXPECT_EQ(made->store, "") << "no key leads there";
  EXPECT_EQ(linted(request.path).segments.size(), 1U);
  EXPECT_EQ(played(request.path, "video"), pushed({{1, 2}}));
}

// Another recording has their names in the store (object_names.h): a relative URI would lead to that one's.
TEST_F(RuleBinClip, NamesSegmentsByTheirUrlWhereTheStoreHasThemApart) {
  configure(R"({"hls": {"segment": "1s"}})");
  record();
  const Recording recording = recordings().front();
  ASSERT_TRUE(catalogue().connection().run("UPDATE recording SET playlist_apart = 1"));
  EXPECT_EQ(clip(range(recording, 1000, 3000)).error().code, Errc::unavailable) << "it has no URL yet";
  ASSERT_TRUE(
      catalogue().connection().run("UPDATE outbox SET done_us = 1, url = 'https://h/b/apart/' || segment_id "
                                   "WHERE segment_id IS NOT NULL"));
  const auto made = clip(range(recording, 1000, 3000));
  ASSERT_TRUE(made) << made.error().message;
  const std::string playlist = read_file(made->playlist_path);
  EXPECT_NE(playlist.find("\nhttps://h/b/apart/"), std::string::npos) << playlist;
  EXPECT_EQ(playlist.find(".."), std::string::npos) << playlist;
}

}  // namespace
}  // namespace rec::test
