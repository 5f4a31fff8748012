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

// The counters of a PID's packets, in order.
std::vector<unsigned> counters_of(const Bytes &bytes, std::uint16_t pid) {
  std::vector<unsigned> counters;
  for (std::size_t at = 0; at < bytes.size(); at += kTsPacketSize)
    if ((bytes[at + 1] & 0x1f) << 8 == (pid & 0x1f00) && bytes[at + 2] == (pid & 0xff))
      counters.push_back(bytes[at + 3] & 0x0f);
  return counters;
}

// Like a multiplexer that begins with `first`.
Bytes counted(std::uint16_t pid, unsigned packets, unsigned first) {
  Bytes b;
  for (unsigned i = 0; i < packets; ++i) {
    add_packet(b, pid, false, false, {0xaa});
    b[b.size() - kTsPacketSize + 3] |= static_cast<std::uint8_t>((first + i) & 0x0f);
  }
  return b;
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
  add_audio(b, 90'000);
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

TEST(TsScan, CountsAnAudioTailThatOutlastsTheVideo) {
  auto b = small_segment();
  add_audio(b, 324'000'000 + 50 * 3600);
  EXPECT_EQ(scan_ts(b).duration(), 2040ms);
}

TEST(ShiftTs, MovesEveryTimestampAndNothingElse) {
  const auto before = small_segment();
  auto after = before;
  shift_ts(after, to_ts_ticks(2s));
  EXPECT_NE(after, before);
  const auto scan = scan_ts(after);
  for (const auto &track : scan.tracks) {
    EXPECT_EQ(track.first, 3602s);
    EXPECT_EQ(track.latest, 3603'960ms);
  }
  shift_ts(after, -to_ts_ticks(2s));
  EXPECT_EQ(after, before);
}

TEST(ShiftTs, GoesRoundAtTheEndOfTheClock) {
  auto b = small_segment((std::uint64_t{1} << 33) - 90'000);
  shift_ts(b, 90'000);
  EXPECT_EQ(scan_ts(b).tracks.at(0).first, 0s);
}

TEST(ShiftTs, MovesDtsAndPcr) {
  Bytes b;
  auto frame = pes(0xe0, 90'000, 0, 100);
  frame[7] = 0xc0;  // a DTS follows
  frame[9] |= 0x10;
  const Bytes dts = pes(0xe0, 86'400, 0, 100);
  std::copy_n(dts.begin() + 9, 5, frame.begin() + 14);
  add_packet(b, kVideo, true, true, frame);
  add_audio(b, 90'000);
  b[5] |= 0x10;  // and a PCR of 0 stands in the adaptation field
  std::fill_n(b.begin() + 6, 6, std::uint8_t{0});
  auto moved = b;
  shift_ts(moved, 90'000);
  EXPECT_EQ(moved[6] << 25 | moved[7] << 17 | moved[8] << 9 | moved[9] << 1 | moved[10] >> 7, 90'000);
  const auto expected_dts = pes(0xe0, 176'400, 0, 100);
  const std::size_t at = kTsPacketSize - frame.size();
  EXPECT_TRUE(std::equal(expected_dts.begin() + 9, expected_dts.begin() + 14, moved.begin() + at + 14));
  EXPECT_EQ(scan_ts(moved).tracks.at(0).first, 2s);
}

TEST(ShiftTs, LeavesAloneWhatIsNoPacket) {
  Bytes b(188 * 3 + 7, 0x11);
  const auto before = b;
  shift_ts(b, 12345);
  EXPECT_EQ(b, before);
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
    shift_ts(bytes, static_cast<std::int64_t>(random()) - 1'000'000);
  }
}

TEST(TsCounterLine, ContinuesWhatWasBefore) {
  Bytes before = counted(kVideo, 20, 3), after = counted(kVideo, 20, 0), other = counted(kAudio, 2, 5);
  TsCounterLine line(scan_ts(before).counters);
  line.apply(after);
  line.apply(other);
  EXPECT_EQ(counters_of(after, kVideo), counters_of(counted(kVideo, 20, 7), kVideo));
  EXPECT_EQ(counters_of(other, kAudio), (std::vector<unsigned>{5, 6}));
  EXPECT_EQ(scan_ts(after).counters, (TsCounters{{kVideo, 10}}));
}

TEST(TsCounterLine, DoesNotCountPacketsWithoutPayload) {
  Bytes clock = counted(kVideo, 1, 0);
  clock[3] = 0x20;
  const Bytes media = counted(kVideo, 1, 1);
  clock.insert(clock.end(), media.begin(), media.end());
  TsCounterLine line(TsCounters{{kVideo, 14}});
  line.apply(clock);
  EXPECT_EQ(counters_of(clock, kVideo), (std::vector<unsigned>{14, 15}));
}

TEST(TsCounterLine, LeavesAloneWhatIsNoPacket) {
  Bytes bytes(3 * kTsPacketSize + 5, 0x12);
  const Bytes as_it_was = bytes;
  TsCounterLine(TsCounters{{0x1212, 3}}).apply(bytes);
  EXPECT_EQ(bytes, as_it_was);
}

}  // namespace
}  // namespace rec
