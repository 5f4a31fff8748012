// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/part_name.h"

#include <gtest/gtest.h>

namespace rec {
namespace {

TEST(PartName, IsReadBack) {
  const auto plain = parse_part_name(".cam-1_{EscapedEndTime}.mp4.part");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->name, "cam-1_{EscapedEndTime}.mp4");
  EXPECT_EQ(plain->format, Format::mp4);
  const auto numbered = parse_part_name(".cam.flv-12.part");
  ASSERT_TRUE(numbered);
  EXPECT_EQ(numbered->name, "cam.flv");
  EXPECT_EQ(numbered->format, Format::flv);
}

TEST(PartName, IsNothingElse) {
  for (const char *name : {"", ".part", "cam.mp4.part", ".cam.mp4", ".cam.txt.part", ".cam.mp4-.part",
                           ".mp4.part", ".cam.mp4-1x.part", ".cam.mp4.part.front", ".x.ts.part"})
    EXPECT_FALSE(parse_part_name(name)) << name;
}

TEST(PartName, BelongsToALocation) {
  EXPECT_TRUE(may_come_from("/rec/cam.mp4", "/rec/cam", Format::mp4));
  EXPECT_TRUE(may_come_from("/rec/cam.mp4", "/rec/cam.mp4", Format::mp4));
  EXPECT_TRUE(may_come_from("/rec/cam-2026_007.mp4", "/rec/cam-{StartYear}_%03d", Format::mp4));
  EXPECT_TRUE(may_come_from("/rec/2026/11/x_{EndTime}.flv", "/rec/{StartYear}/{StartMonth}/x_{EndTime}",
                            Format::flv));
  EXPECT_TRUE(may_come_from("100%.aac", "100%%", Format::aac));
  EXPECT_FALSE(may_come_from("/rec/other.mp4", "/rec/cam", Format::mp4));
  EXPECT_FALSE(may_come_from("/rec/cam.flv", "/rec/cam", Format::mp4));
  EXPECT_FALSE(may_come_from("/rec/a/b.mp4", "/rec/{Sequence}", Format::mp4)) << "another folder";
  EXPECT_FALSE(may_come_from("/rec/cam-1-x.mp4", "/rec/cam-%d-y", Format::mp4));
}

TEST(PartName, IsLookedForWhereTheLocationPoints) {
  const auto folder = [](std::string_view location) {
    const PartFolder f = folder_of_parts(location);
    return f.path + ":" + std::to_string(f.depth);
  };
  EXPECT_EQ(folder("cam-{Sequence}"), ":0");
  EXPECT_EQ(folder("/cam"), "/:0");
  EXPECT_EQ(folder("/rec/cam-%05d"), "/rec:0");
  EXPECT_EQ(folder("rec/a{StartYear}/{StartMonth}/cam"), "rec:2");
}

}  // namespace
}  // namespace rec
