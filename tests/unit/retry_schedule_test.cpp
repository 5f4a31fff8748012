// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/retry_schedule.h"

#include <gtest/gtest.h>

#include <limits>

namespace rec {
namespace {

TEST(RetrySchedule, UploadsBackOffExponentiallyUpToFiveMinutes) {
  EXPECT_EQ(upload_retry_delay(1, 0), Seconds(1));
  EXPECT_EQ(upload_retry_delay(2, 0), Seconds(2));
  EXPECT_EQ(upload_retry_delay(9, 0), Seconds(256));
  EXPECT_EQ(upload_retry_delay(10, 0), Seconds(300));
  EXPECT_EQ(upload_retry_delay(std::numeric_limits<int>::max(), 0), Seconds(300));
}

TEST(RetrySchedule, JitterShortensAnUploadDelayByUpToHalf) {
  EXPECT_EQ(upload_retry_delay(3, 0.5), Seconds(3));
  EXPECT_GE(upload_retry_delay(3, 0.999), Seconds(2));
  EXPECT_LT(upload_retry_delay(3, 0.999), Milliseconds(2010));
}

TEST(RetrySchedule, CallbacksFollowTheCloudTwelveTimesAndGoOnAfterwards) {
  for (int failed = 1; failed <= 12; ++failed) EXPECT_EQ(callback_retry_delay(failed), Seconds(60));
  EXPECT_EQ(callback_retry_delay(13), Seconds(120));
  EXPECT_EQ(callback_retry_delay(14), Seconds(240));
  EXPECT_EQ(callback_retry_delay(18), Seconds(3600));
  EXPECT_EQ(callback_retry_delay(std::numeric_limits<int>::max()), Seconds(3600));
}

TEST(RetrySchedule, AlibabasCallbacksAreTriedFiveTimesAtOnceAndThenSeldom) {
  for (int failed = 1; failed <= 5; ++failed) EXPECT_EQ(alibaba_retry_delay(failed), Seconds(1));
  EXPECT_EQ(alibaba_retry_delay(6), Seconds(60));
  EXPECT_EQ(alibaba_retry_delay(7), Seconds(120));
  EXPECT_EQ(alibaba_retry_delay(std::numeric_limits<int>::max()), Seconds(3600));
}

TEST(CallbackTimeout, IsTheSchemas) {
  EXPECT_EQ(callback_timeout("tencent"), Seconds(20));
  EXPECT_EQ(callback_timeout("recording"), Seconds(20));
  EXPECT_EQ(callback_timeout("alibaba"), Seconds(5));
  EXPECT_EQ(callback_timeout("alibaba-vod"), Seconds(5));
}

TEST(Passing, OnlyWhatIsItselfToBlameForLongIsPassed) {
  EXPECT_FALSE(lets_later_pass(12, true));
  EXPECT_TRUE(lets_later_pass(13, true));
  EXPECT_FALSE(lets_later_pass(1000, false)) << "nothing else would arrive either";
  for (const int status : {204, 302, 400, 401, 403, 404, 410, 413, 422, 500})
    EXPECT_TRUE(answer_blames_request(status)) << status;
  for (const int status : {0, 200, 408, 429, 502, 503, 504})
    EXPECT_FALSE(answer_blames_request(status)) << status;
}

}  // namespace
}  // namespace rec
