// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/aac_config.h"

#include <gtest/gtest.h>

#include <vector>

namespace rec {
namespace {

using Bytes = std::vector<std::uint8_t>;
using Core = std::array<std::uint8_t, 2>;

TEST(AacConfig, OfExplicitHeAacHasItsCore) {
  EXPECT_EQ(aac_core_config(Bytes{0x2b, 0x8a, 0x08, 0x00}), (Core{0x13, 0x88}));  // SBR, 22.05 kHz, mono
  EXPECT_EQ(aac_core_config(Bytes{0xeb, 0x8a, 0x08, 0x00}), (Core{0x13, 0x88}));  // PS
  EXPECT_EQ(aac_core_config(Bytes{0x2b, 0x12, 0x08, 0x00, 0xff}), (Core{0x13, 0x10}));  // 24 kHz, stereo
}

TEST(AacConfig, OfOtherStreamsStays) {
  EXPECT_EQ(aac_core_config(Bytes{0x13, 0x88}), std::nullopt);
  EXPECT_EQ(aac_core_config(Bytes{0x13, 0x88, 0x56, 0xe5, 0xa0}), std::nullopt);
  EXPECT_EQ(aac_core_config(Bytes{}), std::nullopt);
  EXPECT_EQ(aac_core_config(Bytes{0x2b, 0x8a}), std::nullopt);
  EXPECT_EQ(aac_core_config(Bytes{0x2f, 0x8a, 0x08, 0x00}), std::nullopt);  // a rate that is written out
}

}  // namespace
}  // namespace rec
