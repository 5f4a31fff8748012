// SPDX-License-Identifier: LGPL-2.1-or-later
// The files of a recording, without media.
#include "gst/splicesink/hls_recording.h"

#include <gst/gst.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <ctime>
#include <filesystem>

#include "tests/common/disk_faults.h"
#include "tests/common/temp_dir.h"

namespace rec::test {
namespace {

using std::chrono::seconds;

HlsSettings settings(const std::string &location = "segment%05d.ts") {
  HlsSettings settings;
  settings.location = location;
  return settings;
}

Ref<GstBuffer> bytes() { return Ref<GstBuffer>::adopt(gst_buffer_new_memdup("media", 5)); }

void record(HlsRecording &recording) {
  ASSERT_TRUE(recording.open_segment(UtcTime{}));
  ASSERT_TRUE(recording.append(bytes()));
  ASSERT_TRUE(recording.close_segment(seconds(10)));
}

MediaPlaylist playlist_at(const std::string &path) {
  auto playlist = parse_playlist(read_file(path));
  EXPECT_TRUE(playlist) << playlist.error().message;
  return playlist ? *std::move(playlist) : MediaPlaylist();
}

// What one segment takes from the machine, at its best of many.
struct Cost {
  std::uint64_t bytes = UINT64_MAX;
  std::clock_t cpu = INT32_MAX;
};

TEST(HlsRecording, TakesForTheLastOfFiveThousandSegmentsWhatItTookForTheFirst) {
  const TempDir dir;
  HlsRecording recording(settings(), dir / "live.m3u8");
  DiskFaults disk("rec-test-");
  disk.only_count();
  Cost first, last;
  std::uint64_t most = 0;
  struct mallinfo2 memory {};
  for (int i = 0; i < 5000; ++i) {
    const std::uint64_t written = disk.bytes_written();
    const std::clock_t began = std::clock();
    record(recording);
    recording.take_listed();
    const std::clock_t cpu = std::clock() - began;
    const std::uint64_t now = disk.bytes_written() - written;
    most = std::max(most, i == 0 ? 0 : now);
    std::filesystem::remove(dir / ("segment" + std::to_string(100000 + i).substr(1) + ".ts"));
    if (i == 1000) memory = mallinfo2();
    Cost &cost = i < 1000 ? first : last;
    if (i > 0 && (i < 1000 || i >= 4000)) cost = {std::min(cost.bytes, now), std::min(cost.cpu, cpu)};
  }
  EXPECT_EQ(last.bytes, first.bytes);
  EXPECT_LT(most, 2 * first.bytes + 5) << "with what fills a page";
  EXPECT_LT(last.cpu, 2 * first.cpu + 50);
  EXPECT_LT(mallinfo2().uordblks, memory.uordblks + 64'000) << "16 bytes for each of 4,000 segments";
  ASSERT_TRUE(recording.finish());
  EXPECT_EQ(playlist_at(dir / "live.m3u8").segments.size(), 5000u);
}

TEST(HlsRecording, NumbersNamesThatDoNotVaryWithoutLookingAtAllOfThem) {
  const TempDir dir;
  HlsRecording recording(settings("a.ts"), dir / "live.m3u8");
  for (int i = 0; i < 4; ++i) record(recording);
  std::filesystem::remove(dir / "a-1.ts");  // its number is not taken again
  record(recording);
  ASSERT_TRUE(recording.finish());
  std::vector<std::string> uris;
  for (const auto &segment : playlist_at(dir / "live.m3u8").segments) uris.push_back(segment.uri);
  EXPECT_EQ(uris, (std::vector<std::string>{"a.ts", "a-1.ts", "a-2.ts", "a-3.ts", "a-4.ts"}));
}

TEST(HlsRecording, NamesAbsolutelyOnlyWhatLiesElsewhere) {
  const TempDir dir, elsewhere;
  const auto uri_of = [&](HlsSettings s) {
    HlsRecording recording(std::move(s), dir / "live.m3u8");
    record(recording);
    EXPECT_TRUE(recording.finish());
    return playlist_at(recording.path()).segments.at(0).uri;
  };
  EXPECT_EQ(uri_of(settings(dir / "a.ts")), "a.ts");
  EXPECT_EQ(uri_of(settings(dir / "ts/a.ts")), "ts/a.ts");
  EXPECT_EQ(uri_of(settings(elsewhere / "a.ts")), elsewhere / "a.ts");
  HlsSettings rooted = settings(dir / "b.ts");
  rooted.playlist_root = "http://h/r";
  EXPECT_EQ(uri_of(rooted), "http://h/r/b.ts");
}

TEST(HlsRecording, ListsWhatAFullDiskKeptFromTheList) {
  const TempDir dir;
  HlsRecording recording(settings(), dir / "live.m3u8");
  record(recording);
  ASSERT_TRUE(recording.publish());
  {
    DiskFaults disk("live.m3u8");
    disk.room(0);
    ASSERT_FALSE(recording.open_segment(UtcTime{}));
    EXPECT_EQ(playlist_at(dir / "live.m3u8").segments.size(), 1u);
  }
  record(recording);
  ASSERT_TRUE(recording.publish());
  EXPECT_EQ(playlist_at(dir / "live.m3u8").segments.size(), 2u);
  EXPECT_EQ(recording.take_listed().size(), 2u);
}

TEST(HlsRecording, GoesOnBehindATornEnd) {
  const TempDir dir;
  {
    HlsRecording recording(settings(), dir / "live.m3u8");
    record(recording);
    ASSERT_TRUE(recording.publish());
  }
  const std::string before = read_file(dir / "live.m3u8");
  write_file(dir / "live.m3u8", before + "#EXTINF:10.00" + std::string(30, '\0'));
  auto recording = HlsRecording::resume(settings(), dir / "live.m3u8");
  ASSERT_TRUE(recording) << recording.error().message;
  EXPECT_EQ(recording->segments(), 1u);
  record(*recording);
  ASSERT_TRUE(recording->publish());
  EXPECT_TRUE(read_file(dir / "live.m3u8").starts_with(before));
  EXPECT_EQ(playlist_at(dir / "live.m3u8").segments.size(), 2u);
}

// A recording whose writer died with the first segment open.
void leave_open(const TempDir &dir) {
  HlsRecording recording(settings(), dir / "live.m3u8");
  ASSERT_TRUE(recording.open_segment(UtcTime{}));
  ASSERT_TRUE(recording.append(bytes()));
}

TEST(HlsRecording, KeepsASegmentThatCannotBeReadForTheNextLook) {
  const TempDir dir;
  leave_open(dir);
  const std::string part = dir / ".segment00000.ts.part", hidden = dir / "hidden";
  std::filesystem::rename(part, hidden);
  std::filesystem::create_directory(part);  // is there, and nobody can read it
  const auto refused = HlsRecording::resume(settings(), dir / "live.m3u8");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::unavailable);
  EXPECT_NE(refused.error().message.find(part), std::string::npos) << refused.error().message;
  std::filesystem::remove(part);
  std::filesystem::rename(hidden, part);
  EXPECT_TRUE(HlsRecording::resume(settings(), dir / "live.m3u8"));
}

TEST(HlsRecording, SaysWhatItRemovesBecauseNothingPlaysInIt) {
  const TempDir dir;
  leave_open(dir);
  const std::string part = dir / ".segment00000.ts.part";
  write_file(part, std::string(1000, 'x'));
  auto recording = HlsRecording::resume(settings(), dir / "live.m3u8");
  ASSERT_TRUE(recording);
  const auto trouble = recording->take_trouble();
  ASSERT_TRUE(trouble);
  EXPECT_NE(trouble->message.find("'" + part + "', 1000 bytes"), std::string::npos) << trouble->message;
  EXPECT_FALSE(std::filesystem::exists(part));
}

TEST(HlsRecording, IsNotContinuedWhileItIsWritten) {
  const TempDir dir;
  HlsRecording recording(settings(), dir / "live.m3u8");
  record(recording);
  ASSERT_TRUE(recording.publish());
  EXPECT_EQ(HlsRecording::resume(settings(), dir / "live.m3u8").error().code, Errc::unavailable);
  recording.let_go();
  {
    auto other = HlsRecording::resume(settings(), dir / "live.m3u8");
    ASSERT_TRUE(other);
    record(*other);
    ASSERT_TRUE(other->publish());
  }
  EXPECT_EQ(recording.finish().error().code, Errc::exists);
  EXPECT_FALSE(playlist_at(dir / "live.m3u8").end_list);
}

TEST(HlsRecording, RepeatsTheMapOfAPeriodInEverySegment) {
  const TempDir dir;
  HlsRecording recording(settings("s%d.m4s"), dir / "live.m3u8");
  const MediaMap first{"init-0.mp4", {}}, second{"init-1.mp4", {}};
  recording.begin_period({UtcTime{}, false, first});
  record(recording);
  record(recording);
  recording.begin_period({UtcTime{}, true, second});
  record(recording);
  recording.begin_period({UtcTime{}, false, second});
  record(recording);
  ASSERT_TRUE(recording.publish());
  const auto playlist = playlist_at(dir / "live.m3u8");
  ASSERT_EQ(playlist.segments.size(), 4u);
  EXPECT_EQ(playlist.version, 6u);
  EXPECT_EQ(playlist.segments[0].map, first);
  EXPECT_EQ(playlist.segments[1].map, first);
  EXPECT_EQ(playlist.segments[2].map, second);
  EXPECT_TRUE(playlist.segments[2].discontinuity) << "players set up their decoders anew";
  EXPECT_TRUE(playlist.segments[3].discontinuity);
  EXPECT_EQ(playlist.segments[3].map, second);
}

}  // namespace
}  // namespace rec::test
