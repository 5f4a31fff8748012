// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/spool.h"

#include <gtest/gtest.h>

namespace rec {
namespace {

constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;
UtcTime at(int seconds) { return UtcTime(Seconds(1'700'000'000 + seconds)); }

TEST(SpoolForecast, TellsWhenTheLimitIsReachedAtThePresentRate) {
  SpoolForecast forecast;
  forecast.add(at(0), 101 * kGiB);
  forecast.add(at(60), 100 * kGiB);
  EXPECT_EQ(forecast.time_left(10 * kGiB), Seconds(90 * 60));
  EXPECT_EQ(forecast.time_left(0), Seconds(100 * 60));
}

TEST(SpoolForecast, SaysNothingOfAMomentOrOfASpoolThatDoesNotFill) {
  SpoolForecast forecast;
  EXPECT_FALSE(forecast.time_left(0));
  forecast.add(at(0), 100 * kGiB);
  forecast.add(at(29), 99 * kGiB);
  EXPECT_FALSE(forecast.time_left(0)) << "too short a time";
  forecast.add(at(60), 100 * kGiB);
  EXPECT_FALSE(forecast.time_left(0)) << "it does not shrink";
}

TEST(SpoolForecast, TheLimitIsReachedWhateverTheRate) {
  SpoolForecast forecast;
  forecast.add(at(0), 5 * kGiB);
  EXPECT_EQ(forecast.time_left(5 * kGiB), Seconds(0));
}

TEST(SpoolForecast, FollowsTheRateOfTheLastMinutes) {
  SpoolForecast forecast;
  for (int minute = 0; minute <= 20; ++minute) forecast.add(at(60 * minute), (1000 - 10 * minute) * kGiB);
  for (int minute = 21; minute <= 40; ++minute) forecast.add(at(60 * minute), (800 - (minute - 20)) * kGiB);
  EXPECT_EQ(forecast.time_left(0), Seconds(780 * 60));
}

TEST(SpoolForecast, IsToldAgainWhenHalfTheTimeIsLeftAndOnceAnHour) {
  EXPECT_TRUE(is_worth_telling(std::nullopt, at(0), Seconds(7200), at(0)));
  EXPECT_FALSE(is_worth_telling(Seconds(7200), at(0), Seconds(3601), at(60)));
  EXPECT_TRUE(is_worth_telling(Seconds(7200), at(0), Seconds(3600), at(60)));
  EXPECT_TRUE(is_worth_telling(Seconds(7200), at(0), Seconds(7200), at(3600)));
  EXPECT_TRUE(is_worth_telling(Seconds(1), at(0), Seconds(0), at(1)));
  EXPECT_FALSE(is_worth_telling(Seconds(0), at(0), Seconds(0), at(1)));
}

}  // namespace
}  // namespace rec
