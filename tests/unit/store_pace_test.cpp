// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/store_pace.h"

#include <gtest/gtest.h>

namespace rec {
namespace {

TEST(StorePace, LeavesAStoreAloneAsLongAsItSays) {
  StorePace pace(4);
  EXPECT_EQ(pace.hold(Seconds(100)), Nanoseconds(0));
  EXPECT_EQ(pace.lanes(), 4U);
  pace.slow_down(Seconds(100), Seconds(60), 0);
  EXPECT_EQ(pace.hold(Seconds(100)), Seconds(60));
  EXPECT_EQ(pace.hold(Seconds(159)), Seconds(1));
  EXPECT_EQ(pace.hold(Seconds(160)), Nanoseconds(0));
}

TEST(StorePace, AsksALotOfPatienceOfNobody) {
  StorePace pace(4);
  pace.slow_down(Seconds(0), Seconds(1'000'000'000), 0);
  EXPECT_EQ(pace.hold(Seconds(0)), StorePace::kLongestHold);
  StorePace other(4);
  other.slow_down(Seconds(0), Seconds(-5), 0);
  EXPECT_EQ(other.hold(Seconds(0)), Seconds(1));
}

TEST(StorePace, WaitsEverLongerForAStoreThatDoesNotSayHowLong) {
  StorePace pace(4);
  Nanoseconds now{0};
  for (const int seconds : {1, 2, 4, 8, 16, 30, 30}) {
    pace.slow_down(now, std::nullopt, 0);
    EXPECT_EQ(pace.hold(now), Seconds(seconds));
    now += Seconds(seconds);
  }
  pace.go_on();
  pace.slow_down(now, std::nullopt, 0.5);
  EXPECT_EQ(pace.hold(now), Milliseconds(750));
}

TEST(StorePace, AnswersToWhatWasAskedTogetherCountOnce) {
  StorePace pace(4);
  for (int lane = 0; lane < 4; ++lane) pace.slow_down(Milliseconds(lane), std::nullopt, 0);
  EXPECT_EQ(pace.hold(Seconds(0)), Seconds(1));
  pace.slow_down(Milliseconds(5), Seconds(20), 0);
  EXPECT_EQ(pace.hold(Milliseconds(5)), Seconds(20)) << "what the store says counts all the same";
}

TEST(StorePace, BeginsAgainWithOneLane) {
  StorePace pace(3);
  pace.slow_down(Seconds(0), std::nullopt, 0);
  EXPECT_EQ(pace.lanes(), 1U);
  pace.go_on();
  EXPECT_EQ(pace.lanes(), 2U);
  pace.go_on();
  pace.go_on();
  EXPECT_EQ(pace.lanes(), 3U);
}

TEST(BandwidthLimit, SpreadsBytesOverTimeWhoeverTakesThem) {
  BandwidthLimit limit(1000);
  EXPECT_EQ(limit.take(250, Seconds(10)), Nanoseconds(0)) << "a quarter of a second at once";
  EXPECT_EQ(limit.take(500, Seconds(10)), Milliseconds(500));
  EXPECT_EQ(limit.take(500, Seconds(10)), Seconds(1)) << "behind the one before";
  EXPECT_EQ(limit.take(500, Seconds(11)), Milliseconds(500));
}

TEST(BandwidthLimit, ForgetsWhatWasNotUsed) {
  BandwidthLimit limit(1000);
  limit.take(1000, Seconds(0));
  EXPECT_EQ(limit.take(1250, Seconds(100)), Seconds(1));
}

TEST(BandwidthLimit, NoneIsNone) {
  BandwidthLimit limit(0);
  EXPECT_EQ(limit.take(1 << 30, Seconds(0)), Nanoseconds(0));
  EXPECT_EQ(limit.take(1 << 30, Seconds(0)), Nanoseconds(0));
}

TEST(BandwidthLimit, CountsLargeAmountsExactly) {
  BandwidthLimit limit(1 << 30);
  limit.take(0, Seconds(5));
  EXPECT_EQ(limit.take(1 << 30, Seconds(5)), Milliseconds(750));
}

TEST(LongestRequest, GrowsWithTheBodyAndWithWhatSlowsItDown) {
  EXPECT_EQ(longest_request(0, 0, 4), Seconds(300));
  EXPECT_EQ(longest_request(4096 * 100, 0, 4), Seconds(400));
  EXPECT_EQ(longest_request(4096 * 100, 1 << 30, 4), Seconds(400));
  EXPECT_EQ(longest_request(8000, 800, 4), Seconds(380)) << "100 B/s";
  EXPECT_EQ(longest_request(8, 1, 64), Seconds(308));
}

}  // namespace
}  // namespace rec
