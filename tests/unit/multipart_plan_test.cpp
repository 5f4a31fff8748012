// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/multipart_plan.h"

#include <gtest/gtest.h>

namespace rec {
namespace {

constexpr std::uint64_t kMiB = 1 << 20;
constexpr std::uint64_t kGiB = 1 << 30;

TEST(MultipartPlan, CoversTheFileWithoutAHole) {
  for (const std::uint64_t size : {std::uint64_t{1}, 16 * kMiB, 16 * kMiB + 1, 33 * kMiB, 200 * kGiB + 7}) {
    std::uint64_t end = 0;
    unsigned number = 0;
    for (const PartRange &part : parts_of(size)) {
      EXPECT_EQ(part.number, ++number);
      EXPECT_EQ(part.offset, end);
      EXPECT_GT(part.bytes, 0U);
      end += part.bytes;
    }
    EXPECT_EQ(end, size);
    EXPECT_LE(number, kMaxParts);
  }
}

TEST(MultipartPlan, AllPartsButTheLastAreLongEnoughForEveryStore) {
  const auto parts = parts_of(33 * kMiB);
  ASSERT_EQ(parts.size(), 3U);
  EXPECT_EQ(parts[0].bytes, 16 * kMiB);
  EXPECT_EQ(parts[2], (PartRange{3, 32 * kMiB, kMiB}));
}

TEST(MultipartPlan, ReachesTheLongestObjectOfAllStoresWithinTenThousandParts) {
  const std::uint64_t longest = kMaxParts * kLargestPart;
  EXPECT_EQ(parts_of(longest).size(), kMaxParts);
  EXPECT_EQ(part_bytes_of(longest), kLargestPart);
  EXPECT_EQ(part_bytes_of(longest + 1), 0U);
  EXPECT_TRUE(parts_of(longest + 1).empty());
  EXPECT_EQ(part_bytes_of(160'001 * kMiB) % kMiB, 0U);
}

TEST(MultipartPlan, AnEmptyFileHasNoParts) { EXPECT_TRUE(parts_of(0).empty()); }

}  // namespace
}  // namespace rec
