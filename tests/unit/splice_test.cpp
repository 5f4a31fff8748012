// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/splice.h"

#include <gtest/gtest.h>

namespace rec {
namespace {

using namespace std::chrono_literals;

constexpr UtcTime kNow{1'795'252'854s};

SpliceNote note(bool paused, UtcTime resume_until = {}) {
  return {"live.m3u8", "me", paused, resume_until, 180s};
}

TEST(Splice, StartsNewWithoutANote) {
  EXPECT_EQ(choose_splice(std::nullopt, {}, 180s, kNow), SpliceChoice::start_new);
}

TEST(Splice, ResumesAPausedRecordingUntilItsTimeIsOver) {
  EXPECT_EQ(choose_splice(note(true, kNow + 1us), {}, 1s, kNow), SpliceChoice::resume);
  EXPECT_EQ(choose_splice(note(true, kNow), {}, 1s, kNow), SpliceChoice::finish_first);
}

TEST(Splice, ResumesTheRecordingOfADeadProcessCountingFromItsLastByte) {
  EXPECT_EQ(choose_splice(note(false), kNow - 179s, 10s, kNow), SpliceChoice::resume);
  EXPECT_EQ(choose_splice(note(false), kNow - 180s, 10s, kNow), SpliceChoice::finish_first);
}

TEST(Splice, NeverResumesWhenItIsOff) {
  EXPECT_EQ(choose_splice(note(true, kNow + 1h), {}, 0s, kNow), SpliceChoice::finish_first);
}

TEST(Splice, HoldsUntilTheTimeoutThatTheRecordingWasPausedWith) {
  EXPECT_EQ(judge_hold(note(true), "me", 179s), HoldChoice::wait);
  EXPECT_EQ(judge_hold(note(true), "me", 180s), HoldChoice::finish);
}

TEST(Splice, LetsGoOfWhatAnotherTookOver) {
  EXPECT_EQ(judge_hold(std::nullopt, "me", 999s), HoldChoice::gone);
  EXPECT_EQ(judge_hold(note(true), "another", 999s), HoldChoice::gone);
  EXPECT_EQ(judge_hold(note(false), "me", 999s), HoldChoice::gone);
}

}  // namespace
}  // namespace rec
