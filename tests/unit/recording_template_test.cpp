// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/recording_template.h"

#include <gtest/gtest.h>

namespace rec {
namespace {

using std::chrono::minutes;

TEST(RecordingTemplate, WithoutFormatsItSwitchesRecordingOff) {
  RecordingTemplate off;
  EXPECT_FALSE(off.records());
  off.hls = HlsFormat{};
  EXPECT_TRUE(off.records());
}

TEST(RecordingTemplate, FormatsOfEqualCycleShareARecorder) {
  RecordingTemplate t;
  t.files = {{Format::mp4, minutes(30)}, {Format::aac, minutes(60)}, {Format::flv, minutes(30)}};
  const auto recorders = file_recorders(t);
  ASSERT_EQ(recorders.size(), 2U);
  EXPECT_EQ(join_formats(recorders[0].formats), "mp4+flv");
  EXPECT_EQ(recorders[0].cycle, minutes(30));
  EXPECT_EQ(join_formats(recorders[1].formats), "aac");
  EXPECT_TRUE(file_recorders(RecordingTemplate{}).empty());
}

TEST(RecordingTemplate, APlaylistGetsAFolderThatIsNamedByItsStart) {
  const auto pattern = [](const char *from) {
    const auto result = playlist_pattern(from);
    return result ? *result : "error: " + result.error().message;
  };
  EXPECT_EQ(pattern(RecordingTemplate{}.pattern.c_str()),
            "record/{AppName}/{StreamName}/{EscapedStartTime}/playlist.m3u8");
  EXPECT_EQ(pattern("{StreamID}_{StartYear}-{StartMonth}_{EndYear}-{EndMonth}"),
            "{StreamID}_{StartYear}-{StartMonth}/playlist.m3u8");
  EXPECT_EQ(pattern("{EndYear}-{EndMonth}_{StreamID}"), "{StreamID}/playlist.m3u8");
  EXPECT_EQ(pattern("a/{EndYear}_x/%05d"), "a/x/%05d/playlist.m3u8");
  EXPECT_EQ(pattern("{EndYear}{StreamID}_{EndDay}.x"), "{StreamID}.x/playlist.m3u8");
  EXPECT_EQ(pattern("a/{EscapedEndTime}").substr(0, 5), "error");
  EXPECT_EQ(pattern("{EscapedEndTime}").substr(0, 5), "error");
  EXPECT_EQ(pattern("{Bad}").substr(0, 5), "error");
}

}  // namespace
}  // namespace rec
