// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/interleaver.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace rec {
namespace {

using namespace std::chrono_literals;

constexpr Patience kPatience{.window = 2s, .silence = 1s, .most = 20s};

struct Order {
  Interleaver<std::string> &order;
  std::vector<std::string> out;
  void release(Nanoseconds now = 0s) {
    order.release(now, [this](std::string item) { out.push_back(std::move(item)); });
  }
  void drain() {
    order.drain([this](std::string item) { out.push_back(std::move(item)); });
  }
};

TEST(Interleaver, BringsTracksIntoOneOrder) {
  Interleaver<std::string> order(kPatience);
  const auto v = order.add_track();
  const auto a = order.add_track();
  order.push(v, 0ms, 0s, "v0");
  order.push(v, 40ms, 0s, "v40");
  order.push(a, 10ms, 0s, "a10");
  order.push(a, 30ms, 0s, "a30");
  order.push(a, 50ms, 0s, "a50");
  Order got{order, {}};
  got.release();
  EXPECT_EQ(got.out, (std::vector<std::string>{"v0", "a10", "a30", "v40"}));
  got.drain();
  EXPECT_EQ(got.out.back(), "a50");
}

TEST(Interleaver, WaitsForATrackThatMayStillBringEarlierItems) {
  Interleaver<std::string> order(kPatience);
  const auto v = order.add_track();
  order.add_track();
  order.push(v, 0ms, 0s, "v0");
  order.push(v, 1999ms, 0s, "v1999");
  Order got{order, {}};
  got.release();
  EXPECT_TRUE(got.out.empty());
}

TEST(Interleaver, StopsWaitingForATrackThatIsBehindAndSilent) {
  Interleaver<std::string> order(kPatience);
  const auto v = order.add_track();
  const auto a = order.add_track();
  order.push(v, 0ms, 0s, "v0");
  order.push(v, 2001ms, 500ms, "v2001");
  Order got{order, {}};
  got.release(999ms);
  EXPECT_TRUE(got.out.empty()) << "its thread may just be slower";
  got.release(1s);
  EXPECT_EQ(got.out, (std::vector<std::string>{"v0", "v2001"}));
  EXPECT_TRUE(order.stalled(a));
  order.push(a, 100ms, 3s, "late");
  EXPECT_FALSE(order.stalled(a));
  got.release(3s);
  EXPECT_EQ(got.out.back(), "late");
}

TEST(Interleaver, HoldsNoMoreThanItsLimitForASlowTrack) {
  Interleaver<std::string> order(kPatience);
  const auto v = order.add_track();
  const auto a = order.add_track();
  order.push(a, 0ms, 0s, "a0");
  order.push(v, 10ms, 0s, "v10");
  order.push(v, 20s + 11ms, 0s, "v20011");
  Order got{order, {}};
  got.release(0s);
  EXPECT_TRUE(order.stalled(a));
  EXPECT_EQ(got.out.size(), 3u);
}

TEST(Interleaver, HoldsNoMoreBytesThanItsLimit) {
  Interleaver<std::string> order({.window = 2s, .silence = 1s, .most = 20s, .most_bytes = 1000});
  const auto v = order.add_track();
  const auto a = order.add_track();
  order.push(v, 0ms, 0s, "v0", 600);
  order.push(v, 10ms, 0s, "v10", 400);
  Order got{order, {}};
  got.release();
  EXPECT_TRUE(got.out.empty());
  order.push(v, 20ms, 0s, "v20", 1);
  got.release();
  EXPECT_EQ(got.out.size(), 3u);
  EXPECT_EQ(order.held_bytes(), 0u);
  EXPECT_TRUE(order.stalled(a));
}

TEST(Interleaver, DoesNotWaitForATrackThatEndedUntilItBeginsAgain) {
  Interleaver<std::string> order(kPatience);
  const auto v = order.add_track();
  const auto a = order.add_track();
  order.end_track(a);
  order.push(v, 0ms, 0s, "v0");
  Order got{order, {}};
  got.release();
  EXPECT_EQ(got.out.size(), 1u);
  order.begin_track(a);
  order.push(v, 40ms, 0s, "v40");
  got.release();
  EXPECT_EQ(got.out.size(), 1u);
}

TEST(Interleaver, NeedNotWaitUntilWhereATrackSaidThatItHasNothing) {
  Interleaver<std::string> order(kPatience);
  const auto v = order.add_track();
  const auto a = order.add_track();
  order.push(v, 0ms, 0s, "v0");
  order.push(v, 40ms, 0s, "v40");
  order.advance(a, 20ms, 0s);
  Order got{order, {}};
  got.release();
  EXPECT_EQ(got.out, std::vector<std::string>{"v0"});
}

TEST(Interleaver, LosesNothingAndHoldsNoMoreThanItsLimit) {
  for (unsigned seed = 0; seed < 100; ++seed) {
    std::mt19937 random(seed);
    Interleaver<int> order(kPatience);
    const std::size_t tracks = 1 + random() % 3;
    std::vector<Nanoseconds> at(tracks);
    for (std::size_t t = 0; t < tracks; ++t) order.add_track();
    int pushed = 0;
    int released = 0;
    Nanoseconds now{0};
    for (int i = 0; i < 3000; ++i) {
      const std::size_t track = random() % 7 ? 0 : random() % tracks;
      at[track] += std::chrono::milliseconds(random() % 60);
      now += std::chrono::milliseconds(random() % 20);
      order.push(track, at[track], now, pushed++);
      order.release(now, [&](int) { ++released; });
      ASSERT_LE(order.held(), 20s + 60ms) << "seed " << seed;
    }
    order.drain([&](int) { ++released; });
    EXPECT_EQ(released, pushed);
    EXPECT_EQ(order.held(), 0s);
  }
}

}  // namespace
}  // namespace rec
