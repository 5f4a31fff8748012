// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/base/worker.h"

#include <gtest/gtest.h>

#include <future>
#include <vector>

namespace rec {
namespace {

TEST(Worker, RunsJobsInTheOrderInWhichTheyCame) {
  std::vector<int> seen;
  Worker worker;
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(worker.post([&seen, i] { seen.push_back(i); }));
  worker.stop();
  ASSERT_EQ(seen.size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(seen[static_cast<std::size_t>(i)], i);
}

TEST(Worker, RunsEveryJobOnItsOneThread) {
  Worker worker;
  std::thread::id first;
  std::thread::id second;
  EXPECT_TRUE(worker.call([&] { first = std::this_thread::get_id(); }));
  EXPECT_TRUE(worker.call([&] { second = std::this_thread::get_id(); }));
  EXPECT_EQ(first, second);
  EXPECT_NE(first, std::this_thread::get_id());
}

TEST(Worker, CallReturnsWhenItsJobIsDone) {
  Worker worker;
  int value = 0;
  EXPECT_TRUE(worker.post([&] { value = 1; }));
  EXPECT_TRUE(worker.call([&] { value += 10; }));
  EXPECT_EQ(value, 11);
}

TEST(Worker, RefusesMoreJobsThanMayWait) {
  std::promise<void> go;
  std::promise<void> running;
  Worker worker(1);
  ASSERT_TRUE(worker.post([&] {
    running.set_value();
    go.get_future().wait();
  }));
  running.get_future().wait();
  EXPECT_TRUE(worker.post([] {}));
  EXPECT_FALSE(worker.post([] {}));
  go.set_value();
}

TEST(Worker, StopRunsWhatIsQueued) {
  std::promise<void> go;
  int done = 0;
  Worker worker;
  ASSERT_TRUE(worker.post([&] { go.get_future().wait(); }));
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(worker.post([&] { ++done; }));
  go.set_value();
  worker.stop();
  EXPECT_EQ(done, 10);
}

TEST(Worker, RefusesJobsAfterStop) {
  Worker worker;
  worker.stop();
  EXPECT_FALSE(worker.post([] {}));
  EXPECT_FALSE(worker.call([] {}));
  worker.stop();
}

}  // namespace
}  // namespace rec
