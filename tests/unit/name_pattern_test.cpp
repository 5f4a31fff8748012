// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/name_pattern.h"

#include <gtest/gtest.h>

namespace rec {
namespace {

constexpr UtcTime kStart{std::chrono::microseconds(1700000000'123456)};  // 2023-11-14T22:13:20.123456Z
constexpr UtcTime kEnd{std::chrono::microseconds(1700001800'000000)};    // 2023-11-14T22:43:20Z

NameFacts facts() {
  return {.domain = "push.example.org",
          .app = "live",
          .stream = "cam1",
          .record_id = "42",
          .random_id = "r7",
          .start = kStart,
          .sequence = 3};
}

std::string begun(std::string_view pattern, const NameFacts &f) {
  const auto name = begin_name(pattern, f);
  return name ? *name : "error: " + name.error().message;
}

std::string bound(std::string_view pattern, const NameFacts &f) {
  const auto name = bind_identity(pattern, f);
  return name ? *name : "error: " + name.error().message;
}

std::string finished(std::string_view pattern, const NameFacts &f) {
  const auto name = end_name(begun(pattern, f), kEnd, f.utc_offset);
  return name ? *name : "error: " + name.error().message;
}

TEST(NamePattern, FillsIdentityAndStartAndLeavesTheEnd) {
  EXPECT_EQ(begun("record/{AppName}/{StreamName}/{EscapedStartTime}_{EscapedEndTime}", facts()),
            "record/live/cam1/2023-11-14-22-13-20_{EscapedEndTime}");
}

TEST(NamePattern, FillsTheEndOfWhatWasBegun) {
  EXPECT_EQ(finished("{StreamID}_{StartYear}-{StartMonth}-{StartDay}-{StartHour}-{StartMinute}-{StartSecond}."
                     "{StartMillisecond}_{EndYear}{EndMonth}{EndDay}T{EndHour}{EndMinute}{EndSecond}"
                     "{EndMillisecond}",
                     facts()),
            "cam1_2023-11-14-22-13-20.123_20231114T224320000");
  EXPECT_EQ(finished("{StartTime}_{EndTime}", facts()), "2023-11-14-22:13:20_2023-11-14-22:43:20");
}

TEST(NamePattern, WritesTimesInTheZoneOfTheFacts) {
  NameFacts f = facts();
  f.utc_offset = std::chrono::hours(8);
  EXPECT_EQ(finished("{EscapedStartTime}_{EscapedEndTime}_{UnixTimestamp}", f),
            "2023-11-15-06-13-20_2023-11-15-06-43-20_1700000000");
}

TEST(NamePattern, CountsInDecimalWithTheAskedWidth) {
  EXPECT_EQ(begun("{Sequence}-%d-%05d-%01d", facts()), "3-3-00003-3");
}

TEST(NamePattern, KeepsADoubledPercentSignAsOne) {
  EXPECT_EQ(bound("100%%-%d", facts()), "100%%-%d");
  EXPECT_EQ(begun("100%%-%d", facts()), "100%-3");
  EXPECT_EQ(finished("100%%{EndYear}%%", facts()), "100%2023%");
}

TEST(NamePattern, BindsOnlyTheIdentity) {
  EXPECT_EQ(
      bound("{Domain}/{RecordSource}/{RecordId}-{RandomID}/{StartYear}_{EndYear}_%05d{Sequence}", facts()),
      "push.example.org/origin/42-r7/{StartYear}_{EndYear}_%05d{Sequence}");
}

TEST(NamePattern, ABoundNameCannotBeFilledAgainByAHostileStream) {
  NameFacts f = facts();
  f.stream = "{AppName}%05d%%{EndYear}~7E\\";
  EXPECT_EQ(bound("{StreamName}", f), "~7BAppName~7D~2505d~25~25~7BEndYear~7D~7E7E~5C");
  EXPECT_EQ(finished(bound("{StreamName}", f), f), bound("{StreamName}", f));
}

TEST(NamePattern, EscapesControlBytesLeadingDotsAndWhatIsNoUtf8) {
  NameFacts f = facts();
  f.stream = std::string("a\n\x7F") + '\0' + "\xC2\x85\xFF\xC0\xAF\xED\xA0\x80";
  EXPECT_EQ(bound("{StreamName}", f), "a~0A~7F~00~C2~85~FF~C0~AF~ED~A0~80");
  f.stream = ".hidden";
  EXPECT_EQ(bound("{StreamName}", f), "~2Ehidden");
  f.stream = "кам…😀";
  EXPECT_EQ(bound("{StreamName}", f), "кам…😀");
}

TEST(NamePattern, DifferentStreamsNeverGetTheSameName) {
  NameFacts a = facts(), b = facts();
  a.stream = "x%";
  b.stream = "x~25";
  EXPECT_NE(bound("{StreamName}", a), bound("{StreamName}", b));
}

TEST(NamePattern, RefusesValuesThatWouldLeaveTheFolder) {
  for (const char *hostile : {"..", ".", "", "a/b", "/etc/passwd", "../x"}) {
    NameFacts f = facts();
    f.stream = hostile;
    const auto name = bind_identity("a/{StreamName}/b", f);
    ASSERT_FALSE(name) << hostile;
    EXPECT_NE(name.error().message.find("{StreamName}"), std::string::npos) << name.error().message;
    EXPECT_FALSE(begin_name("a/{StreamName}/b", f)) << hostile;
    EXPECT_TRUE(bind_identity("a/{AppName}/b", f)) << "an unused value does not matter";
  }
}

TEST(NamePattern, RefusesANameThatNoFileSystemTakes) {
  NameFacts f = facts();
  f.stream = std::string(kMaxNamePart, 'x');
  EXPECT_TRUE(begin_name("a/{StreamName}", f));
  EXPECT_FALSE(begin_name("a/{StreamName}{EndYear}", f));
  f.stream = std::string(kMaxNamePart, '\x01');
  EXPECT_FALSE(begin_name("a/{StreamName}", f));
}

TEST(NamePattern, NamesTheUnknownPlaceholderAndWhatIsAllowed) {
  const auto status = check_pattern("{StreamNme}");
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().message.find("{StreamNme}"), std::string::npos);
  EXPECT_NE(status.error().message.find("{StreamName}"), std::string::npos);
}

TEST(NamePattern, ChecksPatternsBeforeAnythingIsRecorded) {
  for (const char *good : {"a", "/var/rec/{StreamName}", "%d", "%020d", "a%%", "seg%05d.ts"})
    EXPECT_TRUE(check_pattern(good)) << good;
  for (const char *bad : {"", "{", "}", "{AppName", "a}b", "{}", "{app}", "%", "%s", "%5d", "%00d", "%021d",
                          "%0d", "%099999999999d", "a\nb", "{{AppName}}"})
    EXPECT_FALSE(check_pattern(bad)) << bad;
}

TEST(NamePattern, RelativePatternsStayInTheirFolder) {
  for (const char *good : {"a", "record/{AppName}/..a/b..", "{Domain}"})
    EXPECT_TRUE(check_relative_pattern(good)) << good;
  for (const char *bad : {"/a", "a//b", "a/", "../a", "a/../b", "a/./b", ".", "..", "a\\b", ""})
    EXPECT_FALSE(check_relative_pattern(bad)) << bad;
}

TEST(NamePattern, ThePastBeforeTheEpochHasNames) {
  NameFacts f = facts();
  f.start = UtcTime(std::chrono::microseconds(-1));
  EXPECT_EQ(begun("{EscapedStartTime}-{StartMillisecond}", f), "1969-12-31-23-59-59-999");
}

TEST(NamePattern, EndNameRefusesWhatWasNeverBegun) {
  EXPECT_FALSE(end_name("{StartYear}", kEnd, Seconds{0}));
}

}  // namespace
}  // namespace rec
