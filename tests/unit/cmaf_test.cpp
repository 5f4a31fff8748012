// SPDX-License-Identifier: LGPL-2.1-or-later
// Initialisation sections, fragments, and what they say once they are read again.
#include <gtest/gtest.h>

#include <map>

#include "core/model/cmaf_fragment.h"
#include "core/model/cmaf_init.h"
#include "core/model/cmaf_scan.h"
#include "core/model/mp4_boxes.h"
#include "core/model/segment_scan.h"

namespace rec {
namespace {

Bytes bytes_of(const std::string &text) {
  return {reinterpret_cast<const std::uint8_t *>(text.data()), text.size()};
}
ByteSource source_of(const std::string &text) {
  return {text.size(), [&text](std::uint64_t at, std::span<std::uint8_t> out) {
            if (at > text.size() || out.size() > text.size() - at) return false;
            std::copy_n(text.begin() + static_cast<std::ptrdiff_t>(at), out.size(), out.begin());
            return true;
          }};
}

// The payload of the box at a path of types; empty when it is not there.
Bytes find(Bytes in, std::initializer_list<const char *> path) {
  for (const char *type : path) {
    Bytes found;
    each_box(in, [&](std::uint32_t t, Bytes payload) {
      if (t == fourcc(type) && found.empty()) found = payload;
    });
    in = found;
  }
  return in;
}

const CmafTrack kVideo{CmafTrack::Codec::h264, "avcC bytes", 640, 360, 0, 0};
const CmafTrack kAudio{CmafTrack::Codec::aac, "\x12\x10", 0, 0, 44100, 2};

// Two pictures of 4 and 5 bytes, reordered; three audio frames of 2 bytes.
std::vector<CmafRun> runs(std::uint64_t time = 900000) {
  return {{1, time, true, {{4, 3600, 0, true}, {5, 3600, -3600, false}}},
          {2, time + 10, false, {{2, 1920, 0, true}, {2, 1920, 0, true}, {2, 1920, 0, true}}}};
}
std::string fragment(std::uint64_t time = 900000) {
  return write_cmaf_fragment(7, runs(time)) + "KKKKPPPPPaabbcc";
}

TEST(CmafInit, TellsTheTracksInOneTimescale) {
  const std::string init = write_cmaf_init({kVideo, kAudio});
  std::vector<std::pair<std::uint32_t, std::uint32_t>> tracks;  // id, timescale
  each_box(find(bytes_of(init), {"moov"}), [&](std::uint32_t type, Bytes trak) {
    if (type == fourcc("trak"))
      tracks.emplace_back(be32(find(trak, {"tkhd"}).subspan(12)),
                          be32(find(trak, {"mdia", "mdhd"}).subspan(12)));
  });
  using Pair = std::pair<std::uint32_t, std::uint32_t>;
  EXPECT_EQ(tracks, (std::vector<Pair>{{1, kCmafTimescale}, {2, kCmafTimescale}}));
  EXPECT_NE(init.find("avcCavcC bytes"), std::string::npos);
  EXPECT_NE(init.find("trex"), std::string::npos);
  EXPECT_EQ(init.find("edts"), std::string::npos);
  EXPECT_EQ(init, write_cmaf_init({kVideo, kAudio}));
}

TEST(CmafInit, WritesTheAudioConfigurationIntoTheDescriptor) {
  const std::string init = write_cmaf_init({kAudio});
  EXPECT_NE(init.find(std::string("\x05\x80\x80\x80\x02\x12\x10", 7)), std::string::npos);
  EXPECT_NE(init.find(std::string("\x40\x15", 2)), std::string::npos);
  for (const auto &[rate, type] : std::map<std::uint32_t, char>{{44100, '\x6b'}, {24000, '\x69'}}) {
    const std::string mp3 = write_cmaf_init({{CmafTrack::Codec::mp3, "", 0, 0, rate, 2}});
    EXPECT_NE(mp3.find(std::string(1, type) + '\x15'), std::string::npos) << rate;
  }
}

TEST(CmafFragment, PointsFromTheMoofToEachRunsBytes) {
  const std::string text = fragment();
  std::vector<std::string> found;
  each_box(find(bytes_of(text), {"moof"}), [&](std::uint32_t type, Bytes traf) {
    if (type != fourcc("traf")) return;
    EXPECT_EQ(be32(find(traf, {"tfhd"})) & 0x20001, 0x20000U) << "offsets count from the moof";
    const Bytes run = find(traf, {"trun"});
    found.push_back(text.substr(be32(run.subspan(8)), 4));
  });
  EXPECT_EQ(found, (std::vector<std::string>{"KKKK", "aabb"}));
  EXPECT_EQ(find(bytes_of(text), {"mdat"}).size(), 15U);
  EXPECT_EQ(be32(find(bytes_of(text), {"moof", "mfhd"}).subspan(4)), 7U);
}

TEST(CmafFragment, ToleratesTimesBeyond32Bits) {
  const std::uint64_t late = std::uint64_t{5} << 32;
  const std::string text = fragment(late);
  EXPECT_EQ(be64(find(bytes_of(text), {"moof", "traf", "tfdt"}).subspan(4)), late);
}

TEST(CmafFragment, SaysNegativeOffsetsInVersionOneOnly) {
  EXPECT_EQ(find(bytes_of(fragment()), {"moof", "traf", "trun"})[0], 1);
  auto plain = runs();
  plain[0].samples[1].composition_offset = 0;
  const std::string text = write_cmaf_fragment(1, plain);
  EXPECT_EQ(find(bytes_of(text), {"moof", "traf", "trun"})[0], 0);
}

TEST(CmafScan, ReadsASegmentAgain) {
  const std::string text = write_cmaf_segment_type() + fragment() + fragment(900000 + 7200);
  const CmafScan scan = scan_cmaf(source_of(text));
  EXPECT_EQ(scan.complete_bytes, text.size());
  EXPECT_TRUE(scan.is_segment());
  ASSERT_EQ(scan.tracks.size(), 2U);
  EXPECT_TRUE(scan.tracks[0].is_video);
  EXPECT_EQ(scan.tracks[0].frames, 4U);
  EXPECT_EQ(scan.tracks[1].frames, 6U);
  EXPECT_EQ(scan.duration(), std::chrono::milliseconds(160));
}

TEST(CmafScan, CutsATornSegmentToItsLastWholeFragment) {
  const std::string one = write_cmaf_segment_type() + fragment();
  const std::string both = one + fragment(900000 + 7200);
  for (std::size_t size = 0; size <= both.size(); ++size) {
    const std::string torn = both.substr(0, size);
    const CmafScan scan = scan_cmaf(source_of(torn));
    const std::size_t whole = size == both.size() ? size : size >= one.size() ? one.size() : 0;
    EXPECT_EQ(scan.complete_bytes, whole) << size;
    EXPECT_EQ(scan.is_segment(), whole > 0) << size;
  }
}

TEST(CmafScan, IsNoSegmentWithoutAKeyframeFirst) {
  auto delta = runs();
  delta[0].samples[0].is_sync = false;
  const std::string text = write_cmaf_fragment(1, delta) + "KKKKPPPPPaabbcc";
  EXPECT_FALSE(scan_cmaf(source_of(text)).is_segment());
}

TEST(SegmentScan, FindsWhatPlaysInTheFormatThatItIsToldOnly) {
  const std::string text = write_cmaf_segment_type() + fragment();
  const auto found = scan_segment(SegmentFormat::cmaf, source_of(text + "torn"));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->complete_bytes, text.size());
  EXPECT_EQ(found->duration, std::chrono::milliseconds(80));
  EXPECT_FALSE(scan_segment(SegmentFormat::ts, source_of(text)));
  EXPECT_FALSE(scan_segment(SegmentFormat::cmaf, source_of("")));
}

TEST(CmafScan, SurvivesEveryChangedByte) {
  const std::string good = write_cmaf_segment_type() + fragment();
  for (std::size_t at = 0; at < good.size(); ++at)
    for (const char value : {'\0', '\1', '\x7f', '\xff'}) {
      std::string bad = good;
      bad[at] = value;
      const CmafScan scan = scan_cmaf(source_of(bad));
      EXPECT_LE(scan.complete_bytes, bad.size());
      EXPECT_GE(scan.duration().count(), 0);
    }
}

}  // namespace
}  // namespace rec
