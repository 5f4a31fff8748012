// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/opus_box.h"

#include <gtest/gtest.h>

namespace rec {
namespace {

using namespace std::string_literals;

// Pre-skip 312, 48 kHz, gain -256.
const std::string kSwapped =
    "\0\0\0\x13"
    "dOps\0\x02\x38\x01\x80\xbb\0\0\0\xff\0"s;
const std::string kRight =
    "\0\0\0\x13"
    "dOps\0\x02\x01\x38\0\0\xbb\x80\xff\0\0"s;

TEST(OpusBox, IsPutInNetworkOrder) {
  EXPECT_EQ(with_opus_in_network_order("before" + kSwapped + "after"), "before" + kRight + "after");
}

TEST(OpusBox, IsLeftAsItIsWhereItIsRight) {
  EXPECT_EQ(with_opus_in_network_order("before" + kRight + "after"), "before" + kRight + "after");
}

TEST(OpusBox, IsFoundInEveryTrack) {
  EXPECT_EQ(with_opus_in_network_order(kSwapped + kRight + kSwapped), kRight + kRight + kRight);
}

TEST(OpusBox, WithoutARateIsKnownByItsPreSkip) {
  const std::string swapped =
      "\0\0\0\x13"
      "dOps\0\x02\x38\x01\0\0\0\0\0\0\0"s;
  const std::string right =
      "\0\0\0\x13"
      "dOps\0\x02\x01\x38\0\0\0\0\0\0\0"s;
  EXPECT_EQ(with_opus_in_network_order(swapped), right);
  EXPECT_EQ(with_opus_in_network_order(right), right);
}

TEST(OpusBox, IsNothingThatOnlyLooksLikeIt) {
  for (const std::string &text :
       {""s, "dOps"s, "x dOps \x38\x01\x80\xbb written in a title"s, kSwapped.substr(0, kSwapped.size() - 1),
        "\x7f\xff\xff\xff"s + kSwapped.substr(4)})
    EXPECT_EQ(with_opus_in_network_order(text), text);
}

}  // namespace
}  // namespace rec
