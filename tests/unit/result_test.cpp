// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/base/result.h"

#include <gtest/gtest.h>

#include <memory>

namespace rec {
namespace {

Result<int> half_of(int n) {
  if (n % 2 != 0) return Error{Errc::invalid_argument, "odd"};
  return n / 2;
}

Result<int> quarter_of(int n) {
  REC_TRY(const int half, half_of(n));
  REC_CHECK(half_of(half));
  return half / 2;
}

TEST(Result, HoldsAValueOrTheErrorThatPreventedIt) {
  ASSERT_TRUE(half_of(4));
  EXPECT_EQ(*half_of(4), 2);
  ASSERT_FALSE(half_of(3));
  EXPECT_EQ(half_of(3).error().message, "odd");
}

TEST(Result, MovesItsValueOut) {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(7));
  const std::unique_ptr<int> value = *std::move(result);
  EXPECT_EQ(*value, 7);
}

TEST(Result, TryAndCheckReturnTheErrorOfTheStatement) {
  EXPECT_EQ(*quarter_of(8), 2);
  EXPECT_FALSE(quarter_of(3));
  EXPECT_FALSE(quarter_of(6));
}

TEST(Result, OnlyUnavailableIsWorthRetrying) {
  EXPECT_TRUE((Error{Errc::unavailable, ""}.retryable()));
  for (const Errc code :
       {Errc::invalid_argument, Errc::not_found, Errc::denied, Errc::exists, Errc::corrupt, Errc::cancelled})
    EXPECT_FALSE((Error{code, ""}.retryable()));
}

}  // namespace
}  // namespace rec
