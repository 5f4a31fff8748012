// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/splice_parts.h"

#include <gtest/gtest.h>

namespace rec {
namespace {

using Groups = std::vector<std::vector<std::size_t>>;

FilePart part(std::int64_t push, Format format = Format::flv) {
  FilePart p;
  p.format = format;
  p.push = push;
  return p;
}

TEST(SpliceParts, AnInterruptionIsWhereFilesGoOn) {
  EXPECT_EQ(files_that_become_one(std::vector{part(1), part(2), part(3)}), (Groups{{0, 1, 2}}));
  EXPECT_EQ(files_that_become_one(std::vector{part(1)}), (Groups{{0}}));
  EXPECT_EQ(files_that_become_one({}), Groups{});
}

TEST(SpliceParts, ACutInAPushIsNot) {
  EXPECT_EQ(files_that_become_one(std::vector{part(1), part(1), part(2), part(2), part(3)}),
            (Groups{{0}, {1, 2}, {3, 4}}));
}

TEST(SpliceParts, EveryFormatGoesOnInItself) {
  EXPECT_EQ(files_that_become_one(std::vector{part(1), part(1, Format::mp4), part(2, Format::mp4), part(2)}),
            (Groups{{0, 3}, {1, 2}}));
}

TEST(SpliceParts, WhatWasLostIsAsIfItHadNeverBeen) {
  FilePart lost = part(2);
  lost.is_lost = true;
  EXPECT_EQ(files_that_become_one(std::vector{part(1), lost, part(3)}), (Groups{{0, 2}}));
  EXPECT_TRUE(continues_another(std::vector{part(1), lost, part(3)}, 2));
}

TEST(SpliceParts, NothingGoesOnInWhatIsAnnounced) {
  FilePart free = part(1);
  free.is_free = true;
  EXPECT_EQ(files_that_become_one(std::vector{free, part(2), part(3)}), (Groups{{1, 2}}));
  EXPECT_FALSE(continues_another(std::vector{free, part(2)}, 1));
}

TEST(SpliceParts, WhatStillGrowsIsWaitedForByNobody) {
  FilePart grows = part(2);
  grows.is_complete = false;
  EXPECT_EQ(files_that_become_one(std::vector{part(1), grows, part(3)}), (Groups{{0}, {2}}));
}

}  // namespace
}  // namespace rec
