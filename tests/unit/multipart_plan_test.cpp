// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/multipart_plan.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace rec {
namespace {

constexpr std::uint64_t kMiB = 1 << 20;
constexpr std::uint64_t kGiB = 1 << 30;

TEST(MultipartPlan, CoversTheFileWithoutAHole) {
  for (const std::uint64_t size : {std::uint64_t{1}, 5 * kMiB, 5 * kMiB + 1, 33 * kMiB, 200 * kGiB + 7}) {
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
  const auto parts = parts_of(11 * kMiB);
  ASSERT_EQ(parts.size(), 3U);
  EXPECT_EQ(parts[0].bytes, 5 * kMiB);
  EXPECT_EQ(parts[2], (PartRange{3, 10 * kMiB, kMiB}));
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
  for (const std::uint64_t size : {50 * kMiB, 9 * kGiB, 11 * kGiB, 79 * kGiB, 81 * kGiB, 393 * kGiB}) {
    auto shorter = parts_of(size);
    shorter.pop_back();
    ASSERT_LT(shorter.size(), longer.size());
    EXPECT_TRUE(std::equal(shorter.begin(), shorter.end(), longer.begin())) << size;
  }
}

TEST(MultipartPlan, TwelveHoursOfALargePictureStayInSmallParts) {
  constexpr std::uint64_t kBytes = std::uint64_t{15'000'000} / 8 * 12 * 3600;
  for (const PartRange &part : parts_of(kBytes)) ASSERT_LE(part.bytes, 16 * kMiB);
}

TEST(MultipartPlan, NoMoreIsOnItsWayThanAKillMayCost) {
  EXPECT_TRUE(fits_in_flight(0, kLargestPart)) << "one part always";
  EXPECT_TRUE(fits_in_flight(2 * kSmallestPart, kSmallestPart));
  EXPECT_FALSE(fits_in_flight(3 * kSmallestPart, kSmallestPart));
  EXPECT_FALSE(fits_in_flight(kSmallestPart, kMostInFlight));
}

TEST(MultipartPlan, AnEmptyFileHasNoParts) { EXPECT_TRUE(parts_of(0).empty()); }

TEST(MultipartPlan, OfAGrowingFileTheFirstPartAndTheLastAreHeldBack) {
  EXPECT_TRUE(settled_parts_of(0).empty());
  EXPECT_TRUE(settled_parts_of(24 * kMiB - 1).empty()) << "it may be a short file";
  const auto settled = settled_parts_of(53 * kMiB);
  ASSERT_EQ(settled.size(), 9U);
  EXPECT_EQ(settled.front(), (PartRange{2, 5 * kMiB, 5 * kMiB}));
  EXPECT_EQ(settled.back(), (PartRange{10, 45 * kMiB, 5 * kMiB}));
  EXPECT_EQ(settled, settled_parts_of(50 * kMiB)) << "a whole part is a whole part";
}

}  // namespace
}  // namespace rec
