// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/mp4_index.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/model/mp4_front.h"

namespace rec {
namespace {

using Sample = Mp4SampleTable::Sample;

Bytes bytes_of(const std::string &text) {
  return {reinterpret_cast<const std::uint8_t *>(text.data()), text.size()};
}
std::string be(std::uint64_t v, int bytes) {
  std::string s;
  for (int at = bytes - 1; at >= 0; --at) s += at < 8 ? static_cast<char>(v >> (8 * at)) : '\0';
  return s;
}
std::string box(const std::string &type, const std::string &payload) { return box_of(fourcc(type), payload); }

// One track of two chunks, 1000 per second in the media, 500 in the movie.
Mp4SampleTable table(std::uint64_t at = 100) {
  Mp4SampleTable table;
  table.add_chunk(at, {{10, 40, 80, true}, {20, 40, 0, false}});
  table.add_chunk(at + 500, {{30, 40, 40, false}});
  return table;
}
std::string moov_of(const Mp4SampleTable &samples) {
  const std::string stbl = box("stbl", box("stsd", "entry") + samples.write());
  const std::string mdhd = box("mdhd", be(0, 12) + be(1000, 4) + be(0, 8));
  const std::string elst =
      box("elst", be(0, 4) + be(2, 4) + be(25, 4) + be(~0U, 8) + be(0, 4) + be(0, 4) + be(1, 4));
  const std::string trak = box("trak", box("tkhd", be(0, 12) + be(7, 4) + be(0, 8) + std::string(60, '\0')) +
                                           box("edts", elst) + box("mdia", mdhd + box("minf", stbl)));
  return box("moov", box("mvhd", be(0, 12) + be(500, 4) + be(0, 84)) + trak + box("mvex", "x"));
}

TEST(Mp4Index, ReadsWhatItWrites) {
  const Mp4SampleTable written = table();
  Mp4SampleTable read;
  read.read(bytes_of(written.write()));
  EXPECT_TRUE(read.is_whole());
  EXPECT_EQ(read.samples(), 3U);
  EXPECT_EQ(read.duration(), 120U);
  EXPECT_EQ(read.write(), written.write());
  read.move(std::uint64_t{5} << 32);
  EXPECT_NE(read.write().find("co64"), std::string::npos) << "beyond 4 GiB";
}

TEST(Mp4Index, LeavesOutWhatIsAllAlike) {
  Mp4SampleTable audio;
  audio.add_chunk(0, std::vector<Sample>(100, Sample{9, 1024, 0, true}));
  EXPECT_EQ(audio.write().find("ctts"), std::string::npos);
  EXPECT_EQ(audio.write().find("stss"), std::string::npos);
}

TEST(Mp4Index, LetsASampleLastUntilTheNext) {
  Mp4SampleTable samples = table();
  samples.continue_at(1000);
  EXPECT_EQ(samples.duration(), 1000U);
  samples.continue_at(100);  // also where it was too long
  EXPECT_EQ(samples.duration(), 100U);
  samples.continue_at(50);  // before its begin: it stays
  EXPECT_EQ(samples.duration(), 100U);
  EXPECT_EQ(samples.samples(), 3U);
}

TEST(Mp4Index, TellsTheDurationsOfItsTables) {
  const std::string moov = moov_of(Mp4SampleTable());
  const std::string whole = mp4_moov_with(bytes_of(moov).subspan(8), {{7, table()}});
  EXPECT_EQ(whole.find("mvex"), std::string::npos);
  const auto number_in = [&](const std::string &type, std::size_t at) {
    return be32(bytes_of(whole).subspan(whole.find(type) + 4 + at));
  };
  EXPECT_EQ(number_in("mdhd", 16), 120U);
  EXPECT_EQ(number_in("elst", 20), 60U);
  EXPECT_EQ(number_in("tkhd", 20), 85U) << "with the empty edit before it";
  EXPECT_EQ(number_in("mvhd", 16), 85U);
  const auto tables = mp4_sample_tables(bytes_of(whole).subspan(8));
  ASSERT_TRUE(tables.contains(7));
  EXPECT_EQ(tables.at(7).write(), table().write());
}

ByteSource source_of(const std::string &bytes) {
  return {.size = bytes.size(), .read = [&bytes](std::uint64_t offset, std::span<std::uint8_t> out) {
            if (offset > bytes.size() || out.size() > bytes.size() - offset) return false;
            std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
            return true;
          }};
}

TEST(Mp4Front, PutsTheIndexBeforeTheMedia) {
  const std::string head = box("ftyp", "mp42");
  const std::string media = box("mdat", std::string(700, 'x'));
  const std::string plain =
      head + media + mp4_moov_with(bytes_of(moov_of(table())).subspan(8), {{7, table()}});
  const auto plan = plan_mp4_front(source_of(plain));
  ASSERT_TRUE(plan) << plan.error().message;
  ASSERT_TRUE(*plan);
  const Mp4Front &front = **plan;
  EXPECT_EQ(front.head_bytes, head.size());
  EXPECT_EQ(front.media_bytes, media.size());
  EXPECT_EQ(mp4_sample_tables(bytes_of(front.moov).subspan(8)).at(7).write(),
            table(100 + front.moov.size()).write());
  const std::string done = head + front.moov + media;
  const auto again = plan_mp4_front(source_of(done));
  ASSERT_TRUE(again);
  EXPECT_FALSE(*again) << "it is there already";
}

TEST(Mp4Front, MakesRoomForLongOffsets) {
  const std::uint64_t far = UINT32_MAX - 100;
  const std::string plain = box("ftyp", "mp42") + box("mdat", "x") + moov_of(table(far));
  const auto plan = plan_mp4_front(source_of(plain));
  ASSERT_TRUE(plan && *plan);
  EXPECT_EQ(mp4_sample_tables(bytes_of((*plan)->moov).subspan(8)).at(7).write(),
            table(far + (*plan)->moov.size()).write());
}

TEST(Mp4Front, RefusesWhatIsNoPlainFile) {
  const std::string head = box("ftyp", "mp42");
  const std::string media = box("mdat", "x");
  const std::string moov = moov_of(table());
  for (const std::string &file : {std::string(), media, head, head + media,
                                  head + media + moov + box("moof", ""), head + media + box("moov", "")})
    EXPECT_EQ(plan_mp4_front(source_of(file)).error().code, Errc::corrupt);
}

TEST(Mp4Front, SurvivesEveryByteChangedInTurn) {
  const std::string good = box("ftyp", "mp42") + box("mdat", "x") + moov_of(table());
  for (std::size_t i = 0; i < good.size(); ++i)
    for (const char c : {'\0', '\x01', '\x7f', '\xff'}) {
      std::string bad = good;
      bad[i] = c;
      const auto plan = plan_mp4_front(source_of(bad));
      if (plan && *plan) {
        EXPECT_LE((*plan)->head_bytes + (*plan)->media_bytes, bad.size());
      }
    }
}

}  // namespace
}  // namespace rec
