// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/ts_scan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

namespace rec {
namespace {

using namespace std::chrono_literals;
using Bytes = std::vector<std::uint8_t>;

constexpr std::uint16_t kVideo = 0x41, kAudio = 0x42;

// One packet; the payload is padded with an adaptation field, as muxers do.
void add_packet(Bytes &out, std::uint16_t pid, bool starts, bool key, const Bytes &payload) {
  out.insert(out.end(), {0x47, static_cast<std::uint8_t>((starts ? 0x40 : 0) | pid >> 8),
                         static_cast<std::uint8_t>(pid), 0x30});
  const auto adaptation = static_cast<std::uint8_t>(kTsPacketSize - 5 - payload.size());
  out.push_back(adaptation);
  if (adaptation > 0) out.push_back(key ? 0x40 : 0);
  out.resize(out.size() + (adaptation > 0 ? adaptation - 1u : 0u), 0xff);
  out.insert(out.end(), payload.begin(), payload.end());
}

Bytes pes(std::uint8_t id, std::uint64_t pts, std::size_t declared, std::size_t size) {
  Bytes b = {0,    0,    1, id, static_cast<std::uint8_t>(declared >> 8), static_cast<std::uint8_t>(declared),
             0x80, 0x80, 5};
  b.push_back(static_cast<std::uint8_t>(0x21 | (pts >> 30 & 7) << 1));
  b.push_back(static_cast<std::uint8_t>(pts >> 22));
  b.push_back(static_cast<std::uint8_t>(pts >> 14 | 1));
  b.push_back(static_cast<std::uint8_t>(pts >> 7));
  b.push_back(static_cast<std::uint8_t>(pts << 1 | 1));
  b.resize(6 + size, 0xaa);
  return b;
}

void add_tables(Bytes &out) {
  add_packet(out, 0, true, false, {0, 0, 0xb0});
  add_packet(out, 0x20, true, false, {0, 2, 0xb0});
}
void add_video(Bytes &out, std::uint64_t pts, bool key) {
  add_packet(out, kVideo, true, key, pes(0xe0, pts, 0, 100));
}
void add_audio(Bytes &out, std::uint64_t pts) {
  add_packet(out, kAudio, true, true, pes(0xc0, pts, 100, 100));
}

Bytes small_segment(std::uint64_t start = 324'000'000) {
  Bytes b;
  add_tables(b);
  for (std::uint64_t i = 0; i < 50; ++i) {
    add_video(b, (start + i * 3600) % (std::uint64_t{1} << 33), i == 0);
    add_audio(b, (start + i * 3600) % (std::uint64_t{1} << 33));
  }
  return b;
}

TEST(TsScan, FindsTracksAndTheirLength) {
  const auto bytes = small_segment();
  const auto scan = scan_ts(bytes);
  EXPECT_TRUE(scan.is_segment());
  EXPECT_EQ(scan.complete_bytes, bytes.size());
  ASSERT_EQ(scan.tracks.size(), 2u);
  EXPECT_EQ(scan.tracks[0].pid, kVideo);
  EXPECT_TRUE(scan.tracks[0].is_video);
  EXPECT_TRUE(scan.tracks[0].starts_with_key);
  EXPECT_EQ(scan.tracks[0].first, 3600s);
  EXPECT_EQ(scan.tracks[0].frame(), 40ms);
  EXPECT_FALSE(scan.tracks[1].is_video);
  EXPECT_EQ(scan.duration(), 2s);
}

TEST(TsScan, UndoesTheWrapOfTheClock) {
  const auto scan = scan_ts(small_segment((std::uint64_t{1} << 33) - 90'000));
  EXPECT_EQ(scan.duration(), 2s);
}

TEST(TsScan, CountsReorderedFramesOnce) {
  Bytes b;
  add_tables(b);
  for (const std::uint64_t frame : {0, 3, 1, 2, 6, 4, 5}) add_video(b, 90'000 + frame * 3600, frame == 0);
  EXPECT_EQ(scan_ts(b).duration(), 280ms);
}

TEST(TsScan, LeavesOutAFrameThatIsNotComplete) {
  auto bytes = small_segment();
  const auto whole = bytes.size();
  add_packet(bytes, kAudio, true, true, pes(0xc0, 0, 500, 150));  // 350 bytes are still to come
  EXPECT_EQ(scan_ts(bytes).complete_bytes, whole);
  add_packet(bytes, kAudio, false, false, Bytes(180, 1));
  EXPECT_EQ(scan_ts(bytes).complete_bytes, whole);
  add_packet(bytes, kAudio, false, false, Bytes(170, 1));
  EXPECT_EQ(scan_ts(bytes).complete_bytes, bytes.size());
  bytes.resize(bytes.size() - 1);  // a torn packet
  EXPECT_EQ(scan_ts(bytes).complete_bytes, whole);
}

TEST(TsScan, LeavesOutALastFrameOfUnknownLength) {
  auto bytes = small_segment();
  const auto whole = bytes.size();
  add_video(bytes, 324'000'000 + 50 * 3600, false);
  EXPECT_EQ(scan_ts(bytes).complete_bytes, whole);
  add_audio(bytes, 324'000'000 + 50 * 3600);
  EXPECT_EQ(scan_ts(bytes).complete_bytes, bytes.size());
}

TEST(TsScan, StopsWhereTheTransportStreamStops) {
  auto bytes = small_segment();
  const auto whole = bytes.size();
  bytes.insert(bytes.end(), 4096, 0);  // what a file system leaves after a power cut
  const auto scan = scan_ts(bytes);
  EXPECT_EQ(scan.complete_bytes, whole);
  EXPECT_EQ(scan.duration(), 2s);
}

TEST(TsScan, RefusesAsASegmentWhatAPlayerCannotStartWith) {
  EXPECT_FALSE(scan_ts({}).is_segment());
  Bytes no_tables;
  add_video(no_tables, 0, true);
  add_audio(no_tables, 0);
  EXPECT_FALSE(scan_ts(no_tables).is_segment());
  Bytes no_key;
  add_tables(no_key);
  add_video(no_key, 0, false);
  add_audio(no_key, 0);
  EXPECT_FALSE(scan_ts(no_key).is_segment());
  Bytes audio_only;
  add_tables(audio_only);
  add_audio(audio_only, 0);
  EXPECT_TRUE(scan_ts(audio_only).is_segment());
}

TEST(TsScan, GivesTheSameForAnyPieces) {
  const auto bytes = small_segment();
  std::mt19937 random(5);
  TsScanner scanner;
  for (std::size_t at = 0; at < bytes.size();) {
    const auto n = std::min<std::size_t>(1 + random() % 700, bytes.size() - at);
    scanner.feed(std::span(bytes).subspan(at, n));
    at += n;
  }
  EXPECT_EQ(scanner.result().complete_bytes, bytes.size());
  EXPECT_EQ(scanner.result().duration(), 2s);
}

TEST(TsScan, SurvivesGarbage) {
  std::mt19937 random(11);
  for (int round = 0; round < 300; ++round) {
    Bytes bytes = round % 2 ? small_segment() : Bytes(188 * 40);
    if (round % 2 == 0) std::generate(bytes.begin(), bytes.end(), random);
    for (std::size_t i = 0; i < bytes.size(); i += kTsPacketSize) bytes[i] = 0x47;
    for (int edits = 0; edits < 30; ++edits)
      bytes[random() % bytes.size()] = static_cast<std::uint8_t>(random());
    const auto scan = scan_ts(bytes);
    ASSERT_LE(scan.complete_bytes, bytes.size());
    ASSERT_EQ(scan.complete_bytes % kTsPacketSize, 0u);
    ASSERT_LE(scan.tracks.size(), 32u);
    ASSERT_GE(scan.duration(), 0ns);
  }
}

}  // namespace
}  // namespace rec
