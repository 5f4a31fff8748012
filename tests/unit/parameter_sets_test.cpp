// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/parameter_sets.h"

#include <gtest/gtest.h>

namespace rec {
namespace {

using namespace std::string_literals;

std::span<const std::uint8_t> bytes(const std::string &text) {
  return {reinterpret_cast<const std::uint8_t *>(text.data()), text.size()};
}
std::string nal(const std::string &payload) {
  return "\0\0\0"s + static_cast<char>(payload.size()) + payload;
}

// Lengths of 4 bytes, one SPS "\x67sps", one PPS "\x68pps".
const std::string kAvc = "\x01\x64\0\x0a\xff\xe1\0\x04\x67sps\x01\0\x04\x68pps"s;
// Lengths of 4 bytes, arrays of VPS, SPS and PPS of one each.
const std::string kHevc =
    "\x01"s + std::string(20, '\0') +
    "\x03\x03\x20\0\x01\0\x03\x40\x01v\x21\0\x01\0\x03\x42\x01s\x22\0\x01\0\x03\x44\x01p"s;

TEST(ParameterSets, ThatTheConfigurationHasAreNotForeign) {
  EXPECT_FALSE(brings_foreign_sets(NalCodec::h264, bytes(nal("\x67sps") + nal("\x68pps") + nal("\x65i")),
                                   bytes(kAvc)));
  EXPECT_FALSE(brings_foreign_sets(
      NalCodec::h265, bytes(nal("\x40\x01v") + nal("\x42\x01s") + nal("\x44\x01p") + nal("\x26\x01i")),
      bytes(kHevc)));
  EXPECT_FALSE(brings_foreign_sets(NalCodec::h264, bytes(nal("\x65i")), bytes(kAvc)));
}

TEST(ParameterSets, ThatDifferAreForeign) {
  EXPECT_TRUE(brings_foreign_sets(NalCodec::h264, bytes(nal("\x67SPS") + nal("\x65i")), bytes(kAvc)));
  EXPECT_TRUE(brings_foreign_sets(NalCodec::h264, bytes(nal("\x68pp") + nal("\x65i")), bytes(kAvc)));
  EXPECT_TRUE(brings_foreign_sets(NalCodec::h265, bytes(nal("\x42\x01t") + nal("\x26\x01i")), bytes(kHevc)));
}

TEST(ParameterSets, ComeBeforeTheFrameWithStartCodes) {
  EXPECT_EQ(with_start_codes(NalCodec::h264, bytes(nal("\x68new") + nal("\x65i")), bytes(kAvc)),
            "\0\0\0\1\x67sps\0\0\0\1\x68pps\0\0\0\1\x68new\0\0\0\1\x65i"s);
}

TEST(ParameterSets, SurviveEveryTruncation) {
  const std::string frame = nal("\x67SPS") + nal("\x65i");
  for (std::size_t config = 0; config <= kHevc.size(); ++config)
    for (std::size_t size = 0; size <= frame.size(); ++size)
      for (const NalCodec codec : {NalCodec::h264, NalCodec::h265}) {
        const std::string record = (codec == NalCodec::h264 ? kAvc : kHevc).substr(0, config);
        const std::string part = frame.substr(0, size);
        EXPECT_LE(with_start_codes(codec, bytes(part), bytes(record)).size(), 4 * (record.size() + size) + 4);
        EXPECT_FALSE(brings_foreign_sets(codec, bytes(part.substr(0, 4)), bytes(record)));
      }
}

}  // namespace
}  // namespace rec
