// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/hls_resume.h"

#include <gtest/gtest.h>

namespace rec {
namespace {

using namespace std::chrono_literals;

MediaPlaylist recording(std::optional<OpenSegment> open) {
  MediaPlaylist p;
  p.target_duration = 10s;
  p.type = PlaylistType::event;
  p.media_sequence = 5;
  p.segments.resize(2);
  p.segments[0].uri = "segment00005.ts";
  p.segments[0].duration = 10s;
  p.segments[1].uri = "segment00006.ts";
  p.segments[1].duration = 9'500ms;
  p.open = std::move(open);
  return p;
}

FoundSegment partial(Nanoseconds length) { return {188, length, 2, 0}; }

TEST(HlsResume, ListsThePartialSegmentAsItWasOpened) {
  const PlaylistTime began(1'795'252'854'125ms);
  const auto p = settle_open_segment(
      recording(OpenSegment{"segment00007.ts", true, began, MediaMap{"i", {}}}), partial(3s));
  ASSERT_EQ(p.segments.size(), 3u);
  EXPECT_FALSE(p.open);
  EXPECT_EQ(p.segments[2].uri, "segment00007.ts");
  EXPECT_EQ(p.segments[2].duration, 3s);
  EXPECT_TRUE(p.segments[2].discontinuity);
  EXPECT_EQ(p.segments[2].program_date_time, began);
  EXPECT_EQ(p.segments[2].map, (MediaMap{"i", {}}));
  EXPECT_EQ(next_sequence(p), 8u);
  EXPECT_EQ(media_duration(p), 22'500ms);
}

TEST(HlsResume, ForgetsAPartialSegmentThatDoesNotPlay) {
  const OpenSegment open{"segment00007.ts", false, std::nullopt, std::nullopt};
  EXPECT_EQ(settle_open_segment(recording(open), std::nullopt), recording(std::nullopt));
  EXPECT_EQ(settle_open_segment(recording(std::nullopt), partial(3s)), recording(std::nullopt));
}

TEST(HlsResume, RaisesTheTargetDurationForALongPartialSegment) {
  const auto p = settle_open_segment(recording(OpenSegment{"a.ts", false, {}, {}}), partial(12'600ms));
  EXPECT_EQ(p.target_duration, 13s);
  EXPECT_TRUE(write_playlist(p));
  EXPECT_EQ(target_duration_for(10'499'999us, 10s), 10s);
  EXPECT_EQ(target_duration_for(10'500'000us, 10s), 11s);
}

TEST(HlsResume, KnowsWhenASegmentWasRecorded) {
  auto p = recording(std::nullopt);
  EXPECT_FALSE(segment_time(p, 1));
  const PlaylistTime began(1'795'252'854'125ms);
  p.segments[0].program_date_time = began;
  EXPECT_EQ(segment_time(p, 0), began);
  EXPECT_EQ(segment_time(p, 1), began + 10s);
}

TEST(HlsResume, FinishesAsVod) {
  const auto p = finished(recording(OpenSegment{"a.ts", false, {}, {}}));
  EXPECT_TRUE(p.end_list);
  EXPECT_FALSE(p.open);
  EXPECT_EQ(p.type, PlaylistType::vod);
  EXPECT_TRUE(write_playlist(p));
}

TEST(HlsResume, NamesFilesThatCouldBeMistakenForSomethingElse) {
  EXPECT_EQ(uri_of_file("segment00000.ts"), "segment00000.ts");
  EXPECT_EQ(uri_of_file("2026-11-21-09:30:00 #1?.ts"), "2026-11-21-09%3A30%3A00%20%231%3F.ts");
  EXPECT_EQ(uri_of_file("a.ts", "https://cdn.example.org/x"), "https://cdn.example.org/x/a.ts");
  for (const std::string file : {"a.ts", "/var/a b/%41.ts", "\u00e9/\"\n.ts", "~2f.ts"})
    for (const std::string root : {"", "https://cdn.example.org/x", "/"})
      EXPECT_EQ(file_of_uri(uri_of_file(file, root), root), file);
}

TEST(HlsResume, RefusesUrisThatAreNotFilesOfTheRecording) {
  for (const char *uri :
       {"", "https://other.example.org/a.ts", "../a.ts", "x/%2e%2e/a.ts", "a%00.ts", "a%4", "a%zz", "a?b"})
    EXPECT_FALSE(file_of_uri(uri)) << uri;
  EXPECT_FALSE(file_of_uri("a.ts", "https://cdn.example.org"));
}

TEST(HlsResume, CountsTheNumberInTheNameOfASegmentOn) {
  EXPECT_EQ(uri_after("s00000.ts"), "s00001.ts");
  EXPECT_EQ(uri_after("1/s009.ts"), "1/s010.ts");
  EXPECT_EQ(uri_after("s99.ts"), "s100.ts");
  EXPECT_EQ(uri_after("9"), "10");
  EXPECT_EQ(uri_after("s3.mp4"), "s4.mp4") << "not the number in the extension";
  EXPECT_EQ(uri_after("s3.m4s"), "s4.m4s");
  EXPECT_EQ(uri_after("12/last.ts"), std::nullopt) << "nor one of a folder";
  EXPECT_EQ(uri_after(""), std::nullopt);
}

}  // namespace
}  // namespace rec
