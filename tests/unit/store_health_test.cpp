// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/store_health.h"

#include <gtest/gtest.h>

namespace rec {
namespace {

UtcTime at(int seconds) { return UtcTime(Seconds(1'700'000'000 + seconds)); }

TEST(StoreHealth, StatesAnOutageAfterTenSecondsWithoutASuccess) {
  StoreHealth health = after_success(at(0));
  EXPECT_FALSE(is_outage_due(health, at(1000))) << "nothing was tried";
  health = after_failure(health, at(100), at(101), 0);
  EXPECT_FALSE(is_outage_due(health, at(109)));
  EXPECT_TRUE(is_outage_due(health, at(110)));
  health.down = at(110);
  EXPECT_FALSE(is_outage_due(health, at(111))) << "once";
}

TEST(StoreHealth, ASilentStoreFailsFromTheBeginOfTheAttemptOn) {
  const StoreHealth health = after_failure({}, at(0), at(20), 0);
  EXPECT_TRUE(is_outage_due(health, at(20)));
}

TEST(StoreHealth, OneSlowLoserDoesNotMakeAnOutage) {
  const StoreHealth health = after_failure(after_success(at(59)), at(0), at(60), 0);
  EXPECT_FALSE(is_outage_due(health, at(60))) << "others were uploaded meanwhile";
  EXPECT_TRUE(is_outage_due(health, at(69)));
}

TEST(StoreHealth, ASuccessEndsItAll) {
  StoreHealth health = after_failure({}, at(0), at(1), 0);
  health.down = at(10);
  EXPECT_EQ(licence_of(health, at(1)), StoreLicence::none);
  health = after_success(at(20));
  EXPECT_EQ(licence_of(health, at(20)), StoreLicence::all);
  EXPECT_FALSE(is_outage_due(health, at(2000)));
  EXPECT_EQ(health.failed, 0);
}

TEST(StoreHealth, ProbesOneByOneEverMoreRarelyUpToAMinuteApart) {
  StoreHealth health;
  int now = 0;
  std::vector<int> pauses;
  for (int i = 0; i < 10; ++i) {
    health = after_failure(health, at(now), at(now), 0);
    if (is_outage_due(health, at(now))) health.down = at(now);
    const int pause =
        static_cast<int>(std::chrono::duration_cast<Seconds>(health.next_probe - at(now)).count());
    pauses.push_back(pause);
    now += pause;
  }
  EXPECT_EQ(pauses, (std::vector<int>{1, 2, 4, 8, 16, 32, 60, 60, 60, 60}));
  ASSERT_TRUE(health.down);
  EXPECT_EQ(licence_of(health, at(now - 1)), StoreLicence::none);
  EXPECT_EQ(licence_of(health, at(now)), StoreLicence::probe);
  health = after_probe_began(health, at(now));
  EXPECT_EQ(licence_of(health, at(now)), StoreLicence::none) << "somebody is at it";
  EXPECT_EQ(licence_of(health, at(now + 60)), StoreLicence::probe) << "who has died";
}

TEST(StoreHealth, HeedsThatTheClockWasSetBack) {
  StoreHealth health = after_failure(after_success(at(5000)), at(5001), at(5001), 0);
  health.down = at(5011);
  EXPECT_EQ(licence_of(health, at(0)), StoreLicence::probe);
  health.down.reset();
  health = after_failure(health, at(0), at(0), 0);
  EXPECT_TRUE(is_outage_due(health, at(10)));
}

TEST(StoreHealth, WithoutAnOutageNobodyWaits) {
  EXPECT_EQ(licence_of(after_failure({}, at(0), at(0), 0), at(0)), StoreLicence::all);
}

}  // namespace
}  // namespace rec
