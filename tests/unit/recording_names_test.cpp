// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/recording_names.h"

#include <gtest/gtest.h>

namespace rec {
namespace {

NameFacts facts() {
  NameFacts facts;
  facts.domain = "d";
  facts.app = "live";
  facts.stream = "cam1";
  return facts;
}

RecordingTemplate with_all_names() {
  RecordingTemplate t;
  t.pattern = "t/{StreamName}_{EndYear}";
  FileFormat mp4{Format::mp4};
  mp4.options.pattern = "m/{AppName}/{Sequence}";
  t.files = {mp4, FileFormat{Format::flv}};
  t.hls = HlsFormat{};
  return t;
}

TEST(RecordingNames, EveryFormatHasItsOwnNameOrTheTemplates) {
  RecordingTemplate t = with_all_names();
  const auto names = bind_names(t, "/spool", facts());
  ASSERT_TRUE(names) << names.error().message;
  EXPECT_EQ(names->files.at(Format::mp4), "/spool/m/live/{Sequence}");
  EXPECT_EQ(names->files.at(Format::flv), "/spool/t/cam1_{EndYear}");
  EXPECT_EQ(names->playlist, "/spool/t/cam1/playlist.m3u8");
  EXPECT_EQ(names->segments, "");
  t.hls->options.pattern = "h/{StreamName}";
  t.hls->segment_pattern = "{StreamName}-{UnixTimestamp}_{Sequence}";
  t.hls->segment_format = SegmentFormat::cmaf;
  const auto own = bind_names(t, "/spool", facts());
  ASSERT_TRUE(own) << own.error().message;
  EXPECT_EQ(own->playlist, "/spool/h/cam1/playlist.m3u8");
  EXPECT_EQ(own->segments, "cam1-{UnixTimestamp}_{Sequence}.m4s");
}

TEST(RecordingNames, ADirectoryIsNoPattern) {
  RecordingTemplate t;
  t.files = {FileFormat{Format::mp4}};
  t.pattern = "x";
  EXPECT_EQ(bind_names(t, "/50%d", facts())->files.at(Format::mp4), "/50%%d/x");
  EXPECT_EQ(bind_names(t, "", facts())->files.at(Format::mp4), "x");
}

TEST(RecordingNames, AHostileNameIsRefusedForWhicheverFormatItIsUsed) {
  for (const char *where : {"file", "playlist", "segment"}) {
    RecordingTemplate t;
    t.pattern = "x";
    FileFormat mp4{Format::mp4};
    t.hls = HlsFormat{};
    const std::string hostile = "{AppName}";
    if (where == std::string("file")) mp4.options.pattern = hostile;
    if (where == std::string("playlist")) t.hls->options.pattern = hostile;
    if (where == std::string("segment")) t.hls->segment_pattern = hostile;
    t.files = {mp4};
    EXPECT_TRUE(bind_names(t, "/spool", facts())) << where;
    NameFacts bad = facts();
    bad.app = "../up";
    const auto refused = bind_names(t, "/spool", bad);
    ASSERT_FALSE(refused) << where;
    EXPECT_NE(refused.error().message.find("{AppName}"), std::string::npos) << refused.error().message;
  }
}

TEST(RecordingNames, ATemplateWithoutFormatsNeedsNone) {
  NameFacts nobody;
  const auto names = bind_names(RecordingTemplate{}, "/spool", nobody);
  ASSERT_TRUE(names);
  EXPECT_TRUE(names->files.empty());
  EXPECT_EQ(names->playlist, "");
}

}  // namespace
}  // namespace rec
