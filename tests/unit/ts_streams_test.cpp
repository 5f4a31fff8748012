// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/ts_streams.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <vector>

namespace rec {
namespace {

using Packets = std::vector<std::uint8_t>;

// A packet of that PID in which a section begins, filled up.
void add_packet(Packets &to, unsigned pid, std::initializer_list<unsigned> section) {
  const std::size_t begin = to.size();
  for (const unsigned byte : {0x47U, 0x40U | (pid >> 8), pid & 0xffU, 0x10U, 0U})
    to.push_back(static_cast<std::uint8_t>(byte));
  for (const unsigned byte : section) to.push_back(static_cast<std::uint8_t>(byte));
  to.resize(begin + 188, 0xff);
}

// PMT on PID 0x20 with two streams.
Packets stream_of(unsigned first_type, unsigned second_type) {
  Packets packets;
  add_packet(packets, 0, {0x00, 0xb0, 13, 0, 1, 0xc1, 0, 0, 0, 1, 0xe0, 0x20, 1, 2, 3, 4});
  add_packet(packets, 0x20,
             {0x02, 0xb0, 23,   0, 1,           0xc1, 0,    0,    0xe0, 0x41, 0xf0, 0, first_type,
              0xe0, 0x41, 0xf0, 0, second_type, 0xe0, 0x42, 0xf0, 0,    1,    2,    3, 4});
  return packets;
}

TEST(TsStreams, AreThoseOfTheProgramMap) {
  TsStreams found = ts_streams(stream_of(0x1b, 0x0f));
  EXPECT_EQ(found.video_codec, "h264");
  EXPECT_EQ(found.audio_codec, "aac");
  found = ts_streams(stream_of(0x03, 0x24));
  EXPECT_EQ(found.video_codec, "h265");
  EXPECT_EQ(found.audio_codec, "mp3");
}

TEST(TsStreams, OthersAreNone) {
  const TsStreams found = ts_streams(stream_of(0x06, 0x1b));
  EXPECT_EQ(found.video_codec, "h264");
  EXPECT_EQ(found.audio_codec, "");
}

TEST(TsStreams, AreNoneInWhatIsNoTransportStreamOrIsCut) {
  const Packets whole = stream_of(0x1b, 0x0f);
  EXPECT_EQ(ts_streams({}).video_codec, "");
  EXPECT_EQ(ts_streams(std::span(whole).first(188)).video_codec, "");
  EXPECT_EQ(ts_streams(Packets(188 * 4, 0x47)).video_codec, "");
  EXPECT_EQ(ts_streams(Packets(188 * 4, 0xff)).video_codec, "");
}

}  // namespace
}  // namespace rec
