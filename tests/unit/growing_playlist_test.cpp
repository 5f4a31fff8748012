// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/growing_playlist.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <ctime>

#include "tests/unit/playlist_generator.h"

namespace rec {
namespace {

using namespace std::chrono_literals;

MediaPlaylist header() {
  MediaPlaylist p;
  p.target_duration = 15s;
  p.type = PlaylistType::event;
  p.independent_segments = true;
  return p;
}

MediaSegment segment(const std::string &uri, PlaylistDuration duration = 10s) {
  MediaSegment s;
  s.uri = uri;
  s.duration = duration;
  return s;
}

OpenSegment opened(const std::string &uri) { return {uri, false, {}, {}}; }

MediaPlaylist parsed(const std::string &text) {
  auto playlist = parse_playlist(text);
  EXPECT_TRUE(playlist) << playlist.error().message << "\n" << text;
  return playlist ? *std::move(playlist) : MediaPlaylist();
}

// A file as its owner would write it.
struct File {
  std::string text;
  unsigned rewritten = 0;

  void publish(GrowingPlaylist &playlist) {
    if (playlist.must_be_rewritten()) {
      text =
          *write_playlist(playlist.whole(text.empty() ? std::vector<MediaSegment>() : parsed(text).segments));
      ++rewritten;
    } else {
      text += *playlist.more();
    }
    playlist.written();
  }
};

TEST(GrowingPlaylist, IsAppendedTo) {
  GrowingPlaylist playlist(header(), false);
  File file;
  ASSERT_TRUE(playlist.open(opened("a.ts")));
  file.publish(playlist);
  const std::string before = file.text;
  ASSERT_TRUE(playlist.list(segment("a.ts")));
  ASSERT_TRUE(playlist.open(opened("b.ts")));
  file.publish(playlist);
  EXPECT_EQ(file.text, before + "#EXTINF:10.000000,\na.ts\n# gst-recording open segment: URI=\"b.ts\"\n");
  EXPECT_EQ(file.rewritten, 1u);
  EXPECT_EQ(*playlist.more(), "");
  EXPECT_EQ(parsed(file.text).open.value().uri, "b.ts");
}

TEST(GrowingPlaylist, SaysWhatTheWholePlaylistWouldSay) {
  PlaylistGenerator generator(4);
  for (int i = 0; i < 300; ++i) {
    MediaPlaylist all = generator.playlist();
    all.end_list = false;
    MediaPlaylist head = all;
    head.segments.clear();
    head.open.reset();
    GrowingPlaylist playlist(head, false);
    File file;
    file.publish(playlist);
    for (const MediaSegment &s : all.segments) {
      const auto raised = playlist.list(s);
      ASSERT_TRUE(raised) << raised.error().message;
      EXPECT_FALSE(*raised);
      file.publish(playlist);
    }
    if (all.open) {
      ASSERT_TRUE(playlist.open(*all.open));
      file.publish(playlist);
    }
    ASSERT_EQ(parsed(file.text), all);
    EXPECT_LE(file.rewritten, 3u);  // once for its begin, and where a later segment needs another version
    EXPECT_EQ(playlist.segments(), all.segments.size());
    EXPECT_EQ(playlist.next_sequence(), all.media_sequence + all.segments.size());
    // Found again, it goes on as if it had never been away.
    GrowingPlaylist found(parsed(file.text), true);
    EXPECT_EQ(found.duration(), playlist.duration());
    EXPECT_EQ(found.start(), playlist.start());
    EXPECT_EQ(found.end(), playlist.end());
    EXPECT_FALSE(found.must_be_rewritten());
    EXPECT_EQ(*found.more(), "");
  }
}

TEST(GrowingPlaylist, KeepsWhatCouldNotBeWritten) {
  GrowingPlaylist playlist(header(), false);
  File file;
  file.publish(playlist);
  ASSERT_TRUE(playlist.list(segment("a.ts")));
  const std::string lost = *playlist.more();  // the disk is full
  ASSERT_TRUE(playlist.list(segment("b.ts")));
  EXPECT_TRUE(playlist.more()->starts_with(lost));
  file.publish(playlist);
  EXPECT_EQ(parsed(file.text).segments.size(), 2u);
}

TEST(GrowingPlaylist, RefusesWhatNoPlaylistMayList) {
  GrowingPlaylist playlist(header(), false);
  EXPECT_FALSE(playlist.open(opened("")));
  EXPECT_FALSE(playlist.list(segment("a\nb")));
  EXPECT_FALSE(playlist.list(segment("a", -1us)));
  EXPECT_EQ(playlist.segments(), 0u);
  MediaSegment mapped = segment("a");
  mapped.map = MediaMap{"i", {}};
  ASSERT_TRUE(playlist.list(mapped));
  playlist.written();
  EXPECT_FALSE(playlist.list(segment("b")));  // the map cannot be revoked
  EXPECT_FALSE(playlist.open(opened("b")));
  EXPECT_EQ(playlist.segments(), 1u);
}

TEST(GrowingPlaylist, IsRewrittenForAVersionThatItDidNotState) {
  GrowingPlaylist playlist(header(), false);
  File file;
  ASSERT_TRUE(playlist.list(segment("a.ts")));
  file.publish(playlist);
  ASSERT_TRUE(playlist.open({"b.m4s", true, {}, MediaMap{"init.mp4", {}}}));
  file.publish(playlist);
  EXPECT_EQ(file.rewritten, 2u);
  EXPECT_NE(file.text.find("#EXT-X-VERSION:6\n"), std::string::npos);
  MediaSegment next = segment("b.m4s");
  next.map = MediaMap{"init.mp4", {}};
  ASSERT_TRUE(playlist.list(next));
  file.publish(playlist);
  EXPECT_EQ(file.rewritten, 2u);
}

TEST(GrowingPlaylist, SeldomRaisesItsTargetDuration) {
  GrowingPlaylist playlist(header(), false);
  File file;
  file.publish(playlist);
  for (int s = 1; s <= 3600; ++s) {
    ASSERT_TRUE(playlist.list(segment("a.ts", Seconds(s))));
    file.publish(playlist);
  }
  EXPECT_LT(file.rewritten, 20u);
  EXPECT_GE(parsed(file.text).target_duration, 3600s);
}

TEST(GrowingPlaylist, KnowsItsWallClock) {
  GrowingPlaylist playlist(header(), false);
  EXPECT_FALSE(playlist.start());
  const PlaylistTime began(1'795'252'854'125ms);
  MediaSegment first = segment("a");
  first.program_date_time = began;
  ASSERT_TRUE(playlist.list(first));
  ASSERT_TRUE(playlist.list(segment("b", 2s)));
  EXPECT_EQ(playlist.start(), began);
  EXPECT_EQ(playlist.end(), began + 12s);
  MediaSegment later = segment("c", 1s);
  later.program_date_time = began + 100s;
  ASSERT_TRUE(playlist.list(later));
  EXPECT_EQ(playlist.end(), began + 101s);
  EXPECT_EQ(playlist.duration(), 13s);
}

TEST(GrowingPlaylist, CostsForTheLastOfManySegmentsWhatItDidForTheFirst) {
  constexpr int kBatches = 40, kBatch = 2500;
  GrowingPlaylist playlist(header(), false);
  playlist.written();
  std::clock_t early = INT32_MAX, late = INT32_MAX;
  std::size_t longest = 0;
  for (int batch = 0; batch < kBatches; ++batch) {
    const std::clock_t from = std::clock();
    for (int i = 0; i < kBatch; ++i) {
      ASSERT_TRUE(playlist.list(segment("segment.ts")));
      ASSERT_TRUE(playlist.open(opened("segment.ts")));
      longest = std::max(longest, playlist.more()->size());
      playlist.written();
    }
    std::clock_t &least = batch < kBatches / 2 ? early : late;
    if (batch < 8 || batch >= kBatches - 8) least = std::min(least, std::clock() - from);
  }
  EXPECT_EQ(playlist.segments(), static_cast<std::uint64_t>(kBatches * kBatch));
  EXPECT_LT(longest, 120u);
  EXPECT_LT(late, 3 * early);
}

// Every prefix of an append, as a power cut or a reader in the middle of a write would see it.
TEST(GrowingPlaylist, IsReadAgainUpToWhereItsTextIsTorn) {
  MediaSegment last = segment("second.m4s");
  last.discontinuity = true;
  last.program_date_time = PlaylistTime(1'795'252'854'125ms);
  MediaPlaylist p = header();
  p.version = 6;
  p.segments = {segment("first.ts")};
  p.open = opened("second.m4s");
  const std::string before = *write_playlist(p);
  MediaPlaylist more = header();
  last.map = MediaMap{"init.mp4", {}};
  more.segments = {last};
  more.open = OpenSegment{"third.m4s", false, {}, last.map};
  const std::string lines = *write_more(&p.segments[0], more);

  for (std::size_t n = 0; n <= lines.size(); ++n) {
    const bool listed = n >= lines.find("second.m4s\n") + 11;
    const bool named = n == lines.size();
    for (const std::string &rest : {std::string(), std::string(lines.size() - n, '\0')}) {
      const std::string text = before + lines.substr(0, n) + rest;
      const auto grown = parse_grown_playlist(text);
      ASSERT_TRUE(grown) << grown.error().message << "\n" << text;
      EXPECT_EQ(grown->playlist.segments.size(), listed ? 2u : 1u) << n;
      EXPECT_EQ(grown->playlist.open ? grown->playlist.open->uri : "",
                named ? "third.m4s" : (listed ? "" : "second.m4s"))
          << n;
      ASSERT_TRUE(parse_playlist(text.substr(0, grown->bytes)));
      EXPECT_EQ(*parse_playlist(text.substr(0, grown->bytes)), grown->playlist);
      EXPECT_EQ(static_cast<bool>(parse_playlist(text)), grown->bytes == text.size()) << n;
    }
  }
}

TEST(GrowingPlaylist, DoesNotTakeOtherFaultsForATornEnd) {
  const std::string text = *write_playlist(header());
  EXPECT_FALSE(parse_grown_playlist(text + "#EXT-X-KEY:METHOD=NONE\n#EXTINF:1,\na\n"));
  EXPECT_FALSE(parse_grown_playlist(text.substr(0, 20)));
  EXPECT_FALSE(parse_grown_playlist(""));
  EXPECT_FALSE(parse_grown_playlist(text + std::string(100'000, '\0')));
  EXPECT_FALSE(parse_grown_playlist(std::string("#EXTM3U\n") + '\0'));
}

}  // namespace
}  // namespace rec
