// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/cut_rule.h"

#include <gtest/gtest.h>

namespace rec {
namespace {

using namespace std::chrono_literals;

TEST(CutRule, CutsAtTheFirstPlaceAtOrAfterTheCycle) {
  const CutRule rule{30min};
  EXPECT_FALSE(rule.cuts(30min - 1ns, true, false));
  EXPECT_FALSE(rule.cuts(31min, false, false)) << "a file begins with a keyframe";
  EXPECT_TRUE(rule.cuts(30min, true, false));
  EXPECT_TRUE(rule.cuts(31min, true, false));
}

TEST(CutRule, NeverCutsWithoutACycle) { EXPECT_FALSE(CutRule{}.cuts(1000h, true, false)); }

TEST(CutRule, CutsWhereTheFileCannotTakeWhatFollows) {
  EXPECT_TRUE(CutRule{30min}.cuts(1s, true, true));
  EXPECT_TRUE(CutRule{}.cuts(1s, true, true));
  EXPECT_FALSE(CutRule{}.cuts(1s, false, true));
}

}  // namespace
}  // namespace rec
