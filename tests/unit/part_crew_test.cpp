// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/part_crew.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <set>
#include <thread>

#include "core/service/bucket_client.h"
#include "tests/common/fake_clock.h"
#include "tests/common/fake_http.h"

namespace rec {
namespace {

class PartCrewTest : public testing::Test {
 protected:
  BucketClient a_client() {
    StoreSettings settings;
    settings.uri = "s3://b";
    settings.endpoint = "http://h";
    return *BucketClient::create(settings, {"AK", "SK", ""}, http_, clock_);
  }
  // Helps until all is over, as idle lanes do.
  void start_helpers(int count) {
    for (int i = 0; i < count; ++i)
      helpers_.emplace_back([this] {
        BucketClient mine = a_client();
        while (!is_over_) {
          if (crew_.help(mine)) continue;
          MutexLock lock(mutex_);
          lock.wait_for(changed_, Seconds(20),
                        [this]() REC_TSA(no_thread_safety_analysis) { return woken_ || is_over_; });
          woken_ = false;
        }
      });
  }
  Status send(const std::vector<PartRange> &parts, const PartCrew::Send &one) {
    BucketClient mine = a_client();
    Status sent = crew_.send_all(parts, mine, one);
    is_over_ = true;
    {
      MutexLock lock(mutex_);
      changed_.notify_all();
    }
    for (std::thread &helper : helpers_) helper.join();
    helpers_.clear();
    return sent;
  }
  void wake() {
    MutexLock lock(mutex_);
    woken_ = true;
    changed_.notify_all();
  }
  // Comes in, and waits until `count` are or have been inside together.
  void meet(int count) {
    MutexLock lock(mutex_);
    most_ = std::max(most_, ++inside_);
    changed_.notify_all();
    lock.wait_for(changed_, Seconds(20), [&]() REC_TSA(no_thread_safety_analysis) { return most_ >= count; });
    --inside_;
  }

  test::FakeHttp http_{{test::FakeHttp::status(200)}};
  test::FakeClock clock_;
  Mutex mutex_;
  std::condition_variable changed_;
  bool woken_ REC_GUARDED_BY(mutex_) = false;
  int inside_ REC_GUARDED_BY(mutex_) = 0;
  int most_ REC_GUARDED_BY(mutex_) = 0;
  std::atomic<bool> is_over_ = false;
  PartCrew crew_{[this] { wake(); }};
  std::vector<std::thread> helpers_;
};

TEST_F(PartCrewTest, IdleLanesSendPartsTogetherButNeverMoreThanAKillMayCost) {
  start_helpers(5);
  const auto parts = parts_of(9 * kSmallestPart);
  Mutex mutex;
  std::multiset<unsigned> sent;
  ASSERT_TRUE(send(parts, [&](BucketClient &, const PartRange &part) {
    meet(3);
    MutexLock lock(mutex);
    sent.insert(part.number);
    return ok();
  }));
  EXPECT_EQ(sent, (std::multiset<unsigned>{1, 2, 3, 4, 5, 6, 7, 8, 9})) << "each once";
  MutexLock lock(mutex_);
  EXPECT_EQ(most_, 3) << "of 5 MiB, in 16 MiB";
}

TEST_F(PartCrewTest, OneAloneSendsAll) {
  std::vector<unsigned> sent;
  ASSERT_TRUE(send(parts_of(3 * kSmallestPart + 1), [&](BucketClient &, const PartRange &part) {
    sent.push_back(part.number);
    return ok();
  }));
  EXPECT_EQ(sent, (std::vector<unsigned>{1, 2, 3, 4}));
  ASSERT_TRUE(send({}, [](BucketClient &, const PartRange &) { return ok(); }));
}

TEST_F(PartCrewTest, AfterAnErrorNoneIsBegunAndTheFirstErrorIsTold) {
  start_helpers(2);
  std::atomic<int> begun = 0;
  const Status sent = send(parts_of(100 * kSmallestPart), [&](BucketClient &, const PartRange &) -> Status {
    meet(3);
    if (++begun == 1) return Error{Errc::denied, "no"};
    return Error{Errc::unavailable, "later"};
  });
  ASSERT_FALSE(sent);
  EXPECT_LE(begun, 3) << "those that were under way";
}

TEST_F(PartCrewTest, WhatIsThrownIsAnError) {
  const Status sent =
      send(parts_of(1), [](BucketClient &, const PartRange &) -> Status { throw std::bad_alloc(); });
  ASSERT_FALSE(sent);
  EXPECT_TRUE(sent.error().retryable());
}

TEST_F(PartCrewTest, ThereIsNothingToHelpWithWhenNobodySends) {
  BucketClient mine = a_client();
  EXPECT_FALSE(crew_.help(mine));
}

}  // namespace
}  // namespace rec
