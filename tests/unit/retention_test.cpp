// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/retention.h"

#include <gtest/gtest.h>

namespace rec {
namespace {

constexpr Seconds kDay{86'400};
const UtcTime kNow{Seconds(1'700'000'000)};

// Number `id`, an hour long, that ended so many days ago.
KeptRecording one(std::int64_t id, int days_ago, std::uint64_t bytes = 100) {
  return {.id = id,
          .started = kNow - days_ago * kDay - Seconds(3600),
          .ended = kNow - days_ago * kDay,
          .bytes = bytes};
}

using List = std::vector<Expiry>;
List expired(const RetentionPolicy &policy, const std::vector<KeptRecording> &recordings,
             std::optional<std::uint64_t> free_bytes = {}) {
  return expired_of(recordings, policy, kNow, free_bytes);
}

const std::vector<KeptRecording> kFour = {one(4, 0), one(3, 10), one(2, 20), one(1, 30)};

TEST(Retention, KeepsForEverWhatNothingEnds) { EXPECT_EQ(expired({}, kFour, 0), List{}); }

TEST(Retention, EndsByAge) {
  EXPECT_EQ(expired({.age = 20 * kDay}, kFour), (List{{2, ExpiryReason::age}, {1, ExpiryReason::age}}));
  EXPECT_EQ(expired({.age = 21 * kDay}, kFour), (List{{1, ExpiryReason::age}}));
}

TEST(Retention, LetsARecordingHaveItsOwnTime) {
  std::vector<KeptRecording> recordings = kFour;
  recordings[0].expires = kNow;
  recordings[3].expires = kNow + Seconds(1);
  EXPECT_EQ(expired({.age = 20 * kDay}, recordings), (List{{4, ExpiryReason::age}, {2, ExpiryReason::age}}));
}

TEST(Retention, EndsFormatsBeforeTheirRecording) {
  const RetentionPolicy policy{.age = 30 * kDay,
                               .formats = {{Format::flv, 5 * kDay}, {Format::mp4, 15 * kDay}}};
  std::vector<KeptRecording> recordings = kFour;
  for (KeptRecording &one : recordings)
    one.formats = {{Format::flv, 40}, {Format::mp4, 40}, {Format::hls, 20}};
  const auto flv = std::vector<Format>{Format::flv};
  const auto both = std::vector<Format>{Format::flv, Format::mp4};
  EXPECT_EQ(expired(policy, recordings),
            (List{{3, ExpiryReason::age, flv}, {2, ExpiryReason::age, both}, {1, ExpiryReason::age, {}}}));
  recordings[1].held = true;
  recordings[2].expires = kNow + kDay;
  EXPECT_EQ(expired(policy, recordings), (List{{1, ExpiryReason::age, {}}}));
}

TEST(Retention, EndsARecordingWithTheLastOfItsFormats) {
  std::vector<KeptRecording> recordings = {one(1, 10)};
  recordings[0].formats = {{Format::flv, 100}};
  EXPECT_EQ(expired({.formats = {{Format::flv, 5 * kDay}}}, recordings), (List{{1, ExpiryReason::age, {}}}));
}

TEST(Retention, CountsNoBytesOfFormatsThatGo) {
  std::vector<KeptRecording> recordings = {one(2, 5), one(1, 10)};
  for (KeptRecording &one : recordings) one.formats = {{Format::flv, 60}, {Format::hls, 40}};
  const RetentionPolicy policy{.bytes = 140, .formats = {{Format::flv, 10 * kDay}}};
  EXPECT_EQ(expired(policy, recordings), (List{{1, ExpiryReason::age, {Format::flv}}}));
}

TEST(Retention, TakesFormatsTogetherFromTheLongestAgeOn) {
  const RetentionPolicy policy{
      .formats = {{Format::flv, kDay}, {Format::mp4, 3 * kDay}, {Format::hls, kDay}}};
  EXPECT_EQ(expired_formats_of(policy),
            (std::vector<ExpiredFormats>{{3 * kDay, {Format::flv, Format::mp4, Format::hls}},
                                         {kDay, {Format::flv, Format::hls}}}));
}

TEST(Retention, EndsByCountAndByBytes) {
  EXPECT_EQ(expired({.recordings = 3}, kFour), (List{{1, ExpiryReason::recordings}}));
  EXPECT_EQ(expired({.bytes = 250}, kFour), (List{{2, ExpiryReason::bytes}, {1, ExpiryReason::bytes}}));
  EXPECT_EQ(expired({.bytes = 400}, kFour), List{});
}

TEST(Retention, MakesRoomFromTheOldestOn) {
  const RetentionPolicy policy{.min_free_bytes = 1'000};
  EXPECT_EQ(expired(policy, kFour, 1'000), List{});
  EXPECT_EQ(expired(policy, kFour, 999), (List{{1, ExpiryReason::free_space}}));
  EXPECT_EQ(expired(policy, kFour, 850),
            (List{{1, ExpiryReason::free_space}, {2, ExpiryReason::free_space}}));
  EXPECT_EQ(expired(policy, kFour), List{}) << "nobody knows what is free";
  const RetentionPolicy both{.age = 30 * kDay, .min_free_bytes = 1'000};
  EXPECT_EQ(expired(both, kFour, 900), (List{{1, ExpiryReason::age}})) << "that is room enough";
}

TEST(Retention, NeverTakesWhatIsHeld) {
  std::vector<KeptRecording> recordings = kFour;
  recordings[3].held = true;
  EXPECT_EQ(expired({.age = 20 * kDay}, recordings), (List{{2, ExpiryReason::age}}));
  EXPECT_EQ(expired({.min_free_bytes = 1'000}, recordings, 950), (List{{2, ExpiryReason::free_space}}));
}

TEST(Retention, ForecastsByTheRateOfTheLastWeek) {
  std::vector<KeptRecording> recordings;
  for (int day = 0; day < 30; ++day) recordings.push_back(one(30 - day, day, 1'000));
  const RetentionForecast f = forecast_of(recordings, {.bytes = 30'000}, kNow, {});
  EXPECT_EQ(f.recordings, 30U);
  EXPECT_EQ(f.bytes, 30'000U);
  EXPECT_NEAR(f.bytes_per_day, 1'000, 200);
  ASSERT_TRUE(f.keeps);
  EXPECT_NEAR(static_cast<double>(f.keeps->count()), 30.0 * 86'400, 6.0 * 86'400);
  EXPECT_EQ(f.because_of, ExpiryReason::bytes);
  EXPECT_EQ(forecast_of(recordings, {.age = kDay, .bytes = 30'000}, kNow, {}).keeps, kDay);
  EXPECT_EQ(forecast_of(recordings, {.recordings = 1}, kNow, {}).because_of, ExpiryReason::recordings);
  EXPECT_EQ(forecast_of(recordings, {.min_free_bytes = 10}, kNow, 10).because_of, ExpiryReason::free_space);
}

TEST(Retention, ForecastsNothingFromNothing) {
  EXPECT_FALSE(forecast_of({}, {.bytes = 5}, kNow, {}).keeps);
  EXPECT_FALSE(forecast_of(kFour, {}, kNow, {}).keeps);
}

}  // namespace
}  // namespace rec
