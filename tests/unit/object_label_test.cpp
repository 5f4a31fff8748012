// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/object_label.h"

#include <gtest/gtest.h>

namespace rec {
namespace {

LabelFacts facts() {
  LabelFacts f;
  f.domain = "push.example.org";
  f.app = "live";
  f.stream = "cam 1/é\r\n";
  f.template_name = "default";
  f.session_id = "42";
  f.format = "flv";
  f.started = UtcTime(Seconds(1'700'000'000));
  return f;
}

TEST(ObjectLabel, PlaceholdersBecomeWhatTheObjectIsOf) {
  EXPECT_EQ(fill_label("{Domain}/{AppName} of {Template}", facts(), LabelKind::metadata),
            "push.example.org/live of default");
  EXPECT_EQ(fill_label("{SessionId}.{Format}-{UnixTimestamp}-{RecordSource}", facts(), LabelKind::tag),
            "42.flv-1700000000-origin");
  EXPECT_EQ(fill_label("the archive", facts(), LabelKind::metadata), "the archive");
}

TEST(ObjectLabel, WhatAPublisherChoseIsNoHeader) {
  EXPECT_EQ(fill_label("{StreamName}", facts(), LabelKind::metadata), "cam%201%2F%C3%A9%0D%0A");
  EXPECT_EQ(fill_label("{StreamID}", facts(), LabelKind::tag), "cam_1_____");
  LabelFacts sly = facts();
  sly.stream = "{Domain}";
  EXPECT_EQ(fill_label("{StreamName}", sly, LabelKind::metadata), "%7BDomain%7D") << "and no placeholder";
  sly.stream = std::string(1000, 'x');
  EXPECT_EQ(fill_label("{StreamName}", sly, LabelKind::tag), std::string(kLongestFilledLabel, 'x'));
}

TEST(ObjectLabel, WhatIsEmptyLeavesNoSpacesBehind) {
  EXPECT_EQ(fill_label("{TaskId}", facts(), LabelKind::metadata), "");
  EXPECT_EQ(fill_label("of {TaskId} in {Template} {TaskId}", facts(), LabelKind::metadata), "of in default");
}

TEST(ObjectLabel, UnknownPlaceholdersAreMistakes) {
  for (const char *good : {"", "x", "{Domain}", "a{StreamName}b{TaskId}"})
    EXPECT_TRUE(check_label(good)) << good;
  for (const char *bad : {"{", "}", "{}", "{StartYear}", "{Domain", "Domain}", "{domain}", "{Domain}}"})
    EXPECT_FALSE(check_label(bad)) << bad;
}

}  // namespace
}  // namespace rec
