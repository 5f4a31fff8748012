// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/recording_exception.h"

#include <gtest/gtest.h>

namespace rec {
namespace {

using namespace std::chrono_literals;

TEST(ExceptionLog, ReportsTheFirstAtOnce) {
  ExceptionLog log;
  EXPECT_TRUE(log.due(0s).empty());
  log.note(ExceptionType::audio_jump, "audio_0", "back by 3 s");
  const auto reports = log.due(0s);
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(reports[0].type, ExceptionType::audio_jump);
  EXPECT_EQ(reports[0].track, "audio_0");
  EXPECT_EQ(reports[0].occurs, 1u);
  EXPECT_EQ(reports[0].description, "back by 3 s");
  EXPECT_TRUE(log.empty());
}

TEST(ExceptionLog, MergesWhatHappensAgainWithinTenSecondsOfMedia) {
  ExceptionLog log;
  unsigned reports = 0;
  unsigned occurs = 0;
  for (Nanoseconds now = 0s; now < 35s; now += 40ms) {
    log.note(ExceptionType::video_frozen, "video", std::to_string(now.count()));
    for (const ExceptionReport &report : log.due(now)) {
      ++reports;
      occurs += report.occurs;
    }
  }
  EXPECT_EQ(reports, 4u);
  for (const ExceptionReport &report : log.drain()) occurs += report.occurs;
  EXPECT_EQ(occurs, 875u);
}

TEST(ExceptionLog, KeepsTypesAndTracksApart) {
  ExceptionLog log;
  log.note(ExceptionType::audio_jump, "audio_0", "");
  log.note(ExceptionType::audio_jump, "audio_1", "");
  log.note(ExceptionType::audio_frozen, "audio_0", "");
  EXPECT_EQ(log.due(5s).size(), 3u);
}

TEST(ExceptionLog, HandsOutTheRestWhenMediaEnds) {
  ExceptionLog log;
  log.note(ExceptionType::long_gop, "video", "first");
  log.due(0s);
  log.note(ExceptionType::long_gop, "video", "second");
  EXPECT_TRUE(log.due(1s).empty());
  const auto rest = log.drain();
  ASSERT_EQ(rest.size(), 1u);
  EXPECT_EQ(rest[0].description, "second");
  EXPECT_TRUE(log.drain().empty());
}

TEST(ExceptionLog, HoldsNoMoreThanAThousandKinds) {
  ExceptionLog log;
  for (int i = 0; i < 5000; ++i) log.note(ExceptionType::no_audio, "audio_" + std::to_string(i), "");
  std::size_t occurs = 0;
  const auto reports = log.due(0s);
  for (const ExceptionReport &report : reports) occurs += report.occurs;
  EXPECT_LE(reports.size(), 1001u);
  EXPECT_EQ(occurs, 5000u);
}

TEST(ExceptionTypes, HaveALevelAndAMeaning) {
  EXPECT_STREQ(level_of(ExceptionType::video_dropped), "error");
  EXPECT_STREQ(meaning_of(ExceptionType::audio_uneven), "audio timestamps uneven");
  EXPECT_STREQ(meaning_of(ExceptionType::audio_jump), "audio timestamp jump");
  EXPECT_EQ(static_cast<int>(ExceptionType::codec_changed), -120);
}

}  // namespace
}  // namespace rec
