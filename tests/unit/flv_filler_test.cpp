// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/flv_filler.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace rec {
namespace {

const std::string kKey("\x00\x09gstfiller\x02", 12);

std::string filler(std::size_t length) {
  return kKey + static_cast<char>(length >> 8) + static_cast<char>(length & 0xff) + std::string(length, ' ');
}

// Reads the fillers that follow each other from `bytes`; their string lengths. Empty when something else is
// there.
std::vector<std::size_t> lengths_in(std::string_view bytes) {
  std::vector<std::size_t> lengths;
  while (!bytes.empty()) {
    if (bytes.substr(0, kKey.size()) != kKey || bytes.size() < kKey.size() + 2) return {};
    const std::size_t length =
        static_cast<unsigned char>(bytes[12]) * 256u + static_cast<unsigned char>(bytes[13]);
    if (bytes.size() < 14 + length) return {};
    lengths.push_back(length);
    bytes.remove_prefix(14 + length);
  }
  return lengths;
}

TEST(FlvFiller, OfEveryLengthIsSplitIntoStringsThatDemuxersRead) {
  for (std::size_t length = 1001; length < 3000; ++length) {
    const std::string before = filler(length);
    const std::string after = with_short_flv_filler(before);
    ASSERT_EQ(after.size(), before.size());
    const auto lengths = lengths_in(after);
    ASSERT_GE(lengths.size(), 2u) << length;
    for (const std::size_t part : lengths) ASSERT_LE(part, 1000u) << length;
  }
}

TEST(FlvFiller, ThatIsShortStaysAsItIs) {
  EXPECT_EQ(with_short_flv_filler("x" + filler(1000) + "y"), "x" + filler(1000) + "y");
}

TEST(FlvFiller, KeepsWhatIsAroundIt) {
  const std::string after = with_short_flv_filler("before" + filler(2254) + "after");
  EXPECT_EQ(after.substr(0, 6), "before");
  EXPECT_EQ(after.substr(after.size() - 5), "after");
  EXPECT_FALSE(lengths_in(std::string_view(after).substr(6, after.size() - 11)).empty());
}

TEST(FlvFiller, OfWhichOnlyTheHeadIsWrittenIsCompleted) {
  const std::string after = with_short_flv_filler("index" + filler(2254).substr(0, 14));
  EXPECT_EQ(after.size(), 5 + 14 + 2254u);
  EXPECT_GE(lengths_in(std::string_view(after).substr(5)).size(), 2u);
}

TEST(FlvFiller, WhoseHeadIsTornIsLeftAlone) {
  const std::string whole = filler(2254);
  for (const std::size_t size : {0u, 1u, 12u, 13u})
    EXPECT_EQ(with_short_flv_filler(whole.substr(0, size)), whole.substr(0, size));
}

}  // namespace
}  // namespace rec
