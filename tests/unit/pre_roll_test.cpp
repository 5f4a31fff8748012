// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/pre_roll.h"

#include <gtest/gtest.h>

#include <vector>

namespace rec {
namespace {

using namespace std::chrono_literals;

// One item a second, numbered; every `gop`-th can begin a file; each has 10 bytes.
struct Stream {
  Stream(PreRoll<int>::Limits limits, int every) : pre_roll(limits), gop(every) {}
  void push(int count) {
    for (int i = 0; i < count; ++i, ++next)
      pre_roll.push(std::chrono::seconds(next), next % gop == 0, 10, next,
                    [&](int item) { left.push_back(item); });
  }
  std::vector<int> kept() {
    std::vector<int> all;
    pre_roll.clear([&](int item) { all.push_back(item); });
    return all;
  }
  PreRoll<int> pre_roll;
  int gop;
  int next = 0;
  std::vector<int> left;
};

TEST(PreRoll, BeginsAtTheLastKeyframeThatIsOldEnough) {
  Stream stream({10s, 10000}, 4);
  stream.push(24);  // 0 ... 23: ten seconds before 23 is 13, its keyframe 12
  EXPECT_EQ(stream.left.back(), 11);
  EXPECT_EQ(stream.kept().front(), 12);
}

TEST(PreRoll, KeepsNoMoreThanTheLengthAndOneGroup) {
  Stream stream({10s, 10000}, 4);
  for (int i = 0; i < 1000; ++i) {
    stream.push(1);
    EXPECT_LE(stream.pre_roll.size(), 10u + 4u);
    EXPECT_EQ(stream.left.size() + stream.pre_roll.size(), static_cast<std::size_t>(i) + 1);
  }
}

TEST(PreRoll, KeepsEverythingWhileTheStreamIsShorter) {
  Stream stream({60s, 10000}, 4);
  stream.push(7);
  EXPECT_TRUE(stream.left.empty());
  EXPECT_EQ(stream.kept(), (std::vector<int>{0, 1, 2, 3, 4, 5, 6}));
}

TEST(PreRoll, KeepsNothingBeforeTheFirstKeyframe) {
  Stream stream({60s, 10000}, 4);
  stream.next = 1;
  stream.push(5);  // 1, 2, 3 can begin nothing
  EXPECT_EQ(stream.left, (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(stream.kept(), (std::vector<int>{4, 5}));
}

TEST(PreRoll, DropsOldGroupsRatherThanPassItsBytes) {
  Stream stream({60s, 100}, 4);
  stream.push(30);
  EXPECT_LE(stream.pre_roll.bytes(), 100u);
  const auto kept = stream.kept();
  EXPECT_EQ(kept.front() % 4, 0);
  EXPECT_EQ(kept.back(), 29);
}

TEST(PreRoll, GivesUpAGroupThatAloneIsTooLargeAndTakesTheNext) {
  Stream stream({60s, 100}, 16);
  stream.push(15);
  EXPECT_LE(stream.pre_roll.bytes(), 100u);
  EXPECT_TRUE(stream.kept().empty());
  stream.push(3);  // 15, 16, 17
  EXPECT_EQ(stream.kept(), (std::vector<int>{16, 17}));
}

}  // namespace
}  // namespace rec
