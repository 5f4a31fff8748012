// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/multipart_plan.h"

#include <gtest/gtest.h>

#include <algorithm>

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
  constexpr std::uint64_t kLongest = std::uint64_t{5} << 40;  // S3's; the others take longer ones
  const auto parts = parts_of(kLongest);
  ASSERT_FALSE(parts.empty());
  EXPECT_LE(parts.size(), kMaxParts);
  EXPECT_EQ(parts.back().offset + parts.back().bytes, kLongest);
  for (const PartRange &part : parts) ASSERT_LE(part.bytes, kLargestPart);
  EXPECT_TRUE(parts_of(kMaxParts * kLargestPart).empty());
}

TEST(MultipartPlan, CutsALongerFileWhereItCutAShorterOne) {
  const auto longer = parts_of(500 * kGiB);
  for (const std::uint64_t size : {50 * kMiB, 93 * kGiB, 94 * kGiB, 470 * kGiB}) {
    auto shorter = parts_of(size);
    shorter.pop_back();
    ASSERT_LT(shorter.size(), longer.size());
    EXPECT_TRUE(std::equal(shorter.begin(), shorter.end(), longer.begin())) << size;
  }
}

TEST(MultipartPlan, TwelveHoursOfALargePictureStayInSmallParts) {
  constexpr std::uint64_t kBytes = std::uint64_t{18'000'000} / 8 * 12 * 3600;
  for (const PartRange &part : parts_of(kBytes)) ASSERT_LE(part.bytes, 16 * kMiB);
}

TEST(MultipartPlan, AnEmptyFileHasNoParts) { EXPECT_TRUE(parts_of(0).empty()); }

TEST(MultipartPlan, OfAGrowingFileTheFirstPartAndTheLastAreHeldBack) {
  EXPECT_TRUE(settled_parts_of(0).empty());
  EXPECT_TRUE(settled_parts_of(48 * kMiB - 1).empty()) << "it may be a short file";
  EXPECT_EQ(settled_parts_of(50 * kMiB),
            (std::vector<PartRange>{{2, 16 * kMiB, 16 * kMiB}, {3, 32 * kMiB, 16 * kMiB}}));
  EXPECT_EQ(settled_parts_of(48 * kMiB), settled_parts_of(50 * kMiB)) << "a whole part is a whole part";
}

}  // namespace
}  // namespace rec
