// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/cut_rule.h"

#include <gtest/gtest.h>

#include "core/base/time_zone.h"

namespace rec {
namespace {

using namespace std::chrono_literals;
using std::chrono::sys_days;
using std::chrono::year;

UtcOffsetAt zone(const std::string &name) {
  return [name](UtcTime at) { return *utc_offset_of(name, at); };
}

UtcTime at(int y, unsigned m, unsigned d, std::chrono::minutes of_day) {
  return sys_days(year(y) / static_cast<int>(m) / static_cast<int>(d)) + of_day;
}

TEST(CutRule, ReachesTheCycleAtItsEnd) {
  const FileLimits limits = limits_of({30min}, UtcTime(), zone("UTC"));
  EXPECT_FALSE(limits.reached({30min - 1ns, 1u << 30}));
  EXPECT_TRUE(limits.reached({30min, 0}));
  EXPECT_FALSE(limits.exceeded({30min, 0})) << "a file may be as long as the limit";
  EXPECT_TRUE(limits.exceeded({30min + 1ns, 0}));
}

TEST(CutRule, ReachesTheSizeWhateverTheLength) {
  CutRule rule;
  rule.bytes = 1000;
  const FileLimits limits = limits_of(rule, UtcTime(), zone("UTC"));
  EXPECT_FALSE(limits.reached({1000h, 999}));
  EXPECT_TRUE(limits.reached({0s, 1000}));
  EXPECT_FALSE(limits.exceeded({0s, 1000}));
  EXPECT_TRUE(limits.exceeded({0s, 1001}));
}

TEST(CutRule, NeverCutsWithoutALimit) {
  const FileLimits limits = limits_of({}, UtcTime(), zone("UTC"));
  EXPECT_FALSE(limits.reached({1000h, ~std::uint64_t{0}}));
  EXPECT_FALSE(limits.exceeded({1000h, ~std::uint64_t{0}}));
}

TEST(CutRule, MakesTheFirstFileOfAWallClockGridShorter) {
  CutRule rule{30min};
  rule.on_wall_clock = true;
  EXPECT_EQ(limits_of(rule, at(2026, 11, 21, 12h + 17min), zone("UTC")).length, Nanoseconds(13min));
  EXPECT_EQ(limits_of(rule, at(2026, 11, 21, 12h + 30min), zone("UTC")).length, Nanoseconds(30min));
}

TEST(WallClockGrid, CountsFromLocalMidnight) {
  // 05:30 in India is UTC midnight.
  const auto india = zone("Asia/Kolkata");
  EXPECT_EQ(next_on_wall_clock(at(2026, 11, 21, 0min), 1h, india), at(2026, 11, 21, 30min));
  EXPECT_EQ(next_on_wall_clock(at(2026, 11, 21, 0min), 6h, india), at(2026, 11, 21, 30min));
  EXPECT_EQ(next_on_wall_clock(at(2026, 11, 21, 0min), 24h, india), at(2026, 11, 21, 18h + 30min));
}

TEST(WallClockGrid, BeginsAnewEveryDay) {
  // 7 h divides no day: 00:00, 07:00, 14:00, 21:00, 00:00.
  EXPECT_EQ(next_on_wall_clock(at(2026, 11, 21, 21h), 7h, zone("UTC")), at(2026, 11, 22, 0min));
  EXPECT_EQ(next_on_wall_clock(at(2026, 11, 22, 0min), 7h, zone("UTC")), at(2026, 11, 22, 7h));
}

TEST(WallClockGrid, HandlesInstantsBefore1970) {
  EXPECT_EQ(next_on_wall_clock(at(1969, 12, 31, 23h + 10min), 30min, zone("UTC")),
            at(1969, 12, 31, 23h + 30min));
}

// Berlin 2026-03-29: 02:00 CET becomes 03:00 CEST at 01:00 UTC.
TEST(WallClockGrid, HasHourlyFilesAcrossTheHourThatIsLeftOut) {
  const auto berlin = zone("Europe/Berlin");
  UtcTime time = at(2026, 3, 28, 23h + 20min);  // 00:20 CET
  for (const auto hour : {0h, 1h, 2h, 3h}) {
    time = next_on_wall_clock(time, 1h, berlin);
    EXPECT_EQ(time, at(2026, 3, 29, hour));
  }
}

TEST(WallClockGrid, CutsAtTheChangeForAnInstantThatIsLeftOut) {
  const auto berlin = zone("Europe/Berlin");
  // 2 h: 00:00 CET, (02:00 does not exist: 03:00 CEST), 04:00 CEST
  EXPECT_EQ(next_on_wall_clock(at(2026, 3, 28, 23h), 2h, berlin), at(2026, 3, 29, 1h));
  EXPECT_EQ(next_on_wall_clock(at(2026, 3, 29, 1h), 2h, berlin), at(2026, 3, 29, 2h));
  // 6 h: 06:00 CEST is five hours after 00:00 CET.
  EXPECT_EQ(next_on_wall_clock(at(2026, 3, 28, 23h), 6h, berlin), at(2026, 3, 29, 4h));
}

// Berlin 2026-10-25: 03:00 CEST becomes 02:00 CET at 01:00 UTC.
TEST(WallClockGrid, HasHourlyFilesInTheHourThatComesTwice) {
  const auto berlin = zone("Europe/Berlin");
  UtcTime time = at(2026, 10, 24, 23h + 20min);  // 01:20 CEST
  for (const auto hour : {0h, 1h, 2h, 3h}) {
    time = next_on_wall_clock(time, 1h, berlin);
    EXPECT_EQ(time, at(2026, 10, 25, hour));
  }
}

TEST(WallClockGrid, HasALongerFileWhereAnHourComesTwice) {
  const auto berlin = zone("Europe/Berlin");
  EXPECT_EQ(next_on_wall_clock(at(2026, 10, 25, 30min), 2h, berlin),
            at(2026, 10, 25, 3h));  // 02:30 CEST to 04:00
  EXPECT_EQ(next_on_wall_clock(at(2026, 10, 24, 22h), 6h, berlin), at(2026, 10, 25, 5h));  // 00:00 to 06:00
  EXPECT_EQ(next_on_wall_clock(at(2026, 10, 24, 22h), 24h, berlin),
            at(2026, 10, 25, 23h));  // a day of 25 hours
}

TEST(WallClockGrid, AlwaysMovesForward) {
  for (const char *name : {"Europe/Berlin", "Australia/Lord_Howe"})
    for (const auto cycle : {7min, 30min, 90min, 1440min, 10080min}) {
      UtcTime time = at(2026, 3, 28, 20h);
      for (int i = 0; i < 50; ++i) {
        const UtcTime next = next_on_wall_clock(time, cycle, zone(name));
        ASSERT_GT(next, time) << name;
        ASSERT_LE(next - time, cycle + 1h) << name;
        time = next;
      }
    }
}

}  // namespace
}  // namespace rec
