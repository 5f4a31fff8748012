// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/object_key.h"

#include <gtest/gtest.h>

namespace rec {
namespace {

TEST(ObjectKey, IsThePathBelowTheSpoolBehindThePrefix) {
  EXPECT_EQ(*object_key("", "/spool", "/spool/live/cam 1/a.flv"), "live/cam 1/a.flv");
  EXPECT_EQ(*object_key("eu/west", "/spool/", "/spool/a.flv"), "eu/west/a.flv");
  EXPECT_EQ(*object_key("/eu/", "/spool", "/spool/a.flv"), "eu/a.flv");
}

TEST(ObjectKey, RefusesWhatIsNotBelowTheSpool) {
  for (const char *path : {"/spool", "/spool/", "/spoolx/a", "/other/a.flv", "/spool/../a", "/spool/a//b",
                           "/spool/./a", "/spool/a\n", ""})
    EXPECT_FALSE(object_key("", "/spool", path)) << path;
}

TEST(ObjectKey, RefusesKeysThatStoresRefuse) {
  EXPECT_TRUE(object_key("", "/spool", "/spool/" + std::string(1024, 'x')));
  EXPECT_FALSE(object_key("p", "/spool", "/spool/" + std::string(1024, 'x')));
}

TEST(ObjectKey, HasOtherNamesForWhatCannotHaveTheFirst) {
  EXPECT_EQ(*object_name("/spool/", "/spool/live/a.flv"), "live/a.flv");
  EXPECT_EQ(*key_of_name("eu", "live/a.flv"), "eu/live/a.flv");
  EXPECT_FALSE(key_of_name("eu", "live/../a.flv"));
  EXPECT_EQ(name_in_folder("live/s0.ts", "77"), "live/77/s0.ts");
  EXPECT_EQ(name_in_folder("s0.ts", "77"), "77/s0.ts");
  EXPECT_EQ(name_beside("live.1/cam.1.flv", "77"), "live.1/cam.1-77.flv");
  EXPECT_EQ(name_beside("live.1/cam", "77"), "live.1/cam-77");
  EXPECT_EQ(name_beside(".cam", "77"), ".cam-77");
}

TEST(ObjectKey, PercentEncodesAsRfc3986) {
  EXPECT_EQ(percent_encode("a/b c+\xc3\xa9~-._", true), "a/b%20c%2B%C3%A9~-._");
  EXPECT_EQ(percent_encode("a/b", false), "a%2Fb");
}

TEST(ObjectKey, KnowsTheTypesOfWhatIsRecorded) {
  EXPECT_EQ(content_type_of("/a/b.m3u8"), "application/vnd.apple.mpegurl");
  EXPECT_EQ(content_type_of("x.ts"), "video/mp2t");
  EXPECT_EQ(content_type_of("ts"), "application/octet-stream");
}

}  // namespace
}  // namespace rec
