// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/mp4_edits.h"

#include <gtest/gtest.h>

#include "core/model/mp4_boxes.h"

namespace rec {
namespace {

using std::chrono::milliseconds;

std::string numbers(std::initializer_list<std::uint32_t> values) {
  std::string text;
  for (const std::uint32_t value : values) put32(text, value);
  return text;
}
std::string box(const std::string &type, const std::string &payload) { return box_of(fourcc(type), payload); }

std::string trak(const std::string &handler, std::uint32_t timescale) {
  return box("trak", box("tkhd", "header") +
                         box("mdia", box("mdhd", numbers({0, 0, 0, timescale, 0})) +
                                         box("hdlr", numbers({0, 0}) + handler) + box("minf", "media")));
}
// 1000 ticks per second in the movie.
std::string moov(const std::string &tracks) {
  return box("moov", box("mvhd", numbers({0, 0, 0, 1000, 0})) + tracks + box("mvex", "x"));
}

// The payloads of all elst, one behind the other.
std::string edits_of(const std::string &text) {
  std::string edits;
  for (auto at = text.find("elst"); at != std::string::npos; at = text.find("elst", at + 1)) {
    const auto size = be32({reinterpret_cast<const std::uint8_t *>(text.data()) + at - 4, 4});
    edits += text.substr(at + 4, size - 8);
  }
  return edits;
}
std::string edit(std::uint32_t duration, std::uint32_t media_time) {
  return numbers({duration, media_time, 0x10000});
}

TEST(Mp4Edits, DelayTheTrackThatBeginsLater) {
  const std::string header = moov(trak("vide", 90000) + trak("soun", 48000));
  const std::string text = with_edit_lists(header, {{true, milliseconds(5000), milliseconds(5000)},
                                                    {false, milliseconds(5120), milliseconds(5120)}});
  EXPECT_EQ(edits_of(text), numbers({0, 1}) + edit(0, 0) + numbers({0, 2}) + edit(120, ~0U) + edit(0, 0));
  EXPECT_EQ(be32({reinterpret_cast<const std::uint8_t *>(text.data()), 4}), text.size());
}

TEST(Mp4Edits, BeginWithThePresentationOfTheFirstPicture) {
  const std::string header = moov(trak("soun", 48000) + trak("vide", 90000));
  const std::string text = with_edit_lists(
      header, {{true, milliseconds(80), milliseconds(0)}, {false, milliseconds(30), milliseconds(30)}});
  EXPECT_EQ(edits_of(text), numbers({0, 1}) + edit(0, 0) + numbers({0, 2}) + edit(50, ~0U) + edit(0, 7200))
      << "the boxes' order is the muxer's";
}

TEST(Mp4Edits, KnowTracksOfAKindByTheirOrder) {
  const std::string header = moov(trak("soun", 1000) + trak("soun", 1000) + trak("soun", 1000));
  const std::string text = with_edit_lists(
      header, {{false, milliseconds(40), milliseconds(40)}, {false, milliseconds(10), milliseconds(10)}});
  EXPECT_EQ(edits_of(text), numbers({0, 2}) + edit(30, ~0U) + edit(0, 0) + numbers({0, 1}) + edit(0, 0))
      << "the third has not begun";
}

TEST(Mp4Edits, LeaveOtherBytesAlone) {
  const std::string header = moov(trak("vide", 90000));
  const std::vector<Mp4TrackStart> starts = {{true, milliseconds(80), milliseconds(0)}};
  EXPECT_EQ(with_edit_lists(header, {}), header);
  for (const std::string &other : {std::string(), std::string("moov"), header.substr(0, header.size() - 1),
                                   header + "x", box("moof", "x"), box("moov", numbers({100}) + "trak")})
    EXPECT_EQ(with_edit_lists(other, starts), other);
}

}  // namespace
}  // namespace rec
