// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/store_traffic.h"

#include <gtest/gtest.h>

#include "core/service/bucket_client.h"
#include "tests/common/fake_clock.h"
#include "tests/common/fake_http.h"
#include "tests/common/temp_dir.h"

namespace rec {
namespace {

HttpResponse slow_down(const std::string &retry_after) {
  HttpResponse answer = test::FakeHttp::status(503, "<Error><Code>SlowDown</Code></Error>");
  if (!retry_after.empty()) answer.headers["retry-after"] = retry_after;
  return answer;
}

class StoreTrafficTest : public testing::Test {
 protected:
  StoreTrafficTest() {
    settings_.name = "archive";
    settings_.uri = "s3://b";
    settings_.endpoint = "http://h";
    settings_.uploads = 3;
  }
  // Time passes while it waits.
  std::shared_ptr<StoreTraffic> traffic() {
    return std::make_shared<StoreTraffic>(
        settings_, clock_, [] {},
        [this](Nanoseconds time, GCancellable *) {
          paused_.push_back(time);
          clock_.advance(time);
        });
  }
  Result<HttpResponse> head(HttpClient &http, const std::shared_ptr<StoreTraffic> &traffic) {
    BucketCall call;
    call.method = "HEAD";
    call.key = "k";
    return BucketClient::create(settings_, {"AK", "SK", ""}, http, clock_, traffic)->send(call, nullptr);
  }

  StoreSettings settings_;
  test::FakeClock clock_;
  std::vector<Nanoseconds> paused_;
};

TEST_F(StoreTrafficTest, AllLanesWaitForAStoreThatIsAskedTooMuch) {
  const auto shared = traffic();
  test::FakeHttp http({slow_down("7"), test::FakeHttp::status(200)});
  const auto first = head(http, shared);
  ASSERT_FALSE(first);
  EXPECT_TRUE(first.error().retryable());
  EXPECT_NE(first.error().message.find("SlowDown"), std::string::npos);
  for (unsigned lane = 0; lane < 3; ++lane) EXPECT_EQ(shared->hold(lane), Seconds(7)) << lane;
  EXPECT_TRUE(head(http, shared)) << "of another lane, in the middle of its upload";
  EXPECT_EQ(paused_, std::vector<Nanoseconds>{Seconds(7)});
}

TEST_F(StoreTrafficTest, TheOtherLanesComeBackOneByOne) {
  const auto shared = traffic();
  shared->learn(slow_down("1"));
  clock_.advance(Seconds(1));
  EXPECT_EQ(shared->hold(0), Nanoseconds(0));
  EXPECT_GT(shared->hold(1), Nanoseconds(0));
  shared->learn(test::FakeHttp::status(200));
  EXPECT_EQ(shared->hold(1), Nanoseconds(0));
  EXPECT_GT(shared->hold(2), Nanoseconds(0));
  shared->learn(test::FakeHttp::status(204));
  EXPECT_EQ(shared->hold(2), Nanoseconds(0));
}

TEST_F(StoreTrafficTest, WhatConcernsOneFileSlowsNobodyDown) {
  const auto shared = traffic();
  for (const int status : {400, 403, 404, 500, 302}) shared->learn(test::FakeHttp::status(status));
  EXPECT_EQ(shared->hold(2), Nanoseconds(0));
  shared->learn(test::FakeHttp::status(429));
  EXPECT_GT(shared->hold(0), Nanoseconds(0));
}

TEST_F(StoreTrafficTest, DatesAreUnderstood) {
  const auto shared = traffic();  // 2023-11-14T22:13:20Z
  shared->learn(slow_down("Tue, 14 Nov 2023 22:13:50 GMT"));
  EXPECT_EQ(shared->hold(0), Seconds(30));
}

TEST_F(StoreTrafficTest, KeepsAllBodiesTogetherBelowTheLimit) {
  settings_.bandwidth = 1'000'000;
  const auto shared = traffic();
  const test::TempDir dir;
  test::write_file(dir / "f", std::string(1000, 'x'));
  test::FakeHttp http({test::FakeHttp::status(200)});
  auto bucket = *BucketClient::create(settings_, {"AK", "SK", ""}, http, clock_, shared);
  BucketCall put;
  put.method = "PUT";
  put.key = "k";
  put.content_type = "video/mp2t";
  put.body_path = dir / "f";
  put.body_bytes = 1000;
  ASSERT_TRUE(bucket.send(put, nullptr));
  const Nanoseconds before = clock_.monotonic();
  shared->pace(3'250'000, nullptr);  // what other lanes send
  EXPECT_EQ(clock_.monotonic() - before, Seconds(3));
  EXPECT_GE(http.requests.front().deadline, Seconds(300));
}

TEST_F(StoreTrafficTest, WaitingCanBeBrokenOff) {
  StoreTraffic real(settings_, clock_);
  real.learn(slow_down("300"));
  const auto cancel = Ref<GCancellable>::adopt(g_cancellable_new());
  std::thread other([&] { g_cancellable_cancel(cancel.get()); });
  const Status turn = real.wait_turn(cancel.get());
  other.join();
  ASSERT_FALSE(turn);
  EXPECT_EQ(turn.error().code, Errc::cancelled);
}

}  // namespace
}  // namespace rec
