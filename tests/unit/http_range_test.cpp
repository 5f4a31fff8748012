// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/http_range.h"

#include <gtest/gtest.h>

namespace rec {
namespace {

using Kind = ByteAnswer::Kind;

void expect(std::string_view range, std::uint64_t size, Kind kind, std::uint64_t first,
            std::uint64_t length) {
  const ByteAnswer answer = byte_answer(range, size);
  EXPECT_EQ(answer.kind, kind) << range;
  EXPECT_EQ(answer.first, first) << range;
  EXPECT_EQ(answer.length, length) << range;
}

TEST(HttpRange, WithoutARangeAllIsSent) { expect("", 100, Kind::whole, 0, 100); }

TEST(HttpRange, APartIsSentWithinWhatThereIs) {
  expect("bytes=0-9", 100, Kind::part, 0, 10);
  expect("bytes=90-", 100, Kind::part, 90, 10);
  expect("bytes=90-200", 100, Kind::part, 90, 10);
  expect("bytes=99-99", 100, Kind::part, 99, 1);
  expect("bytes=1-99999999999999999999999", 100, Kind::part, 1, 99);
}

TEST(HttpRange, TheLastBytesCanBeAskedFor) {
  expect("bytes=-10", 100, Kind::part, 90, 10);
  expect("bytes=-1000", 100, Kind::part, 0, 100);
}

TEST(HttpRange, WhatBeginsBehindTheEndIsRefused) {
  expect("bytes=100-", 100, Kind::none, 0, 0);
  expect("bytes=99999999999999999999999-", 100, Kind::none, 0, 0);
  expect("bytes=-0", 100, Kind::none, 0, 0);
  expect("bytes=0-0", 0, Kind::none, 0, 0);
  expect("bytes=-5", 0, Kind::none, 0, 0);
}

TEST(HttpRange, WhatIsNoSingleRangeIsIgnored) {
  for (const char *range : {"bytes=5-1", "bytes=0-1,5-6", "bytes=a-b", "bytes=-", "bytes=", "items=0-1",
                            "bytes=1", "bytes= 0-1", "bytes=+1-2", "bytes=--1", "bytes=-0x5"})
    expect(range, 100, Kind::whole, 0, 100);
}

}  // namespace
}  // namespace rec
