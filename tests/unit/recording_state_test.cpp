// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/recording_state.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <set>
#include <string>
#include <vector>

namespace rec {
namespace {

using P = RecordingPhase;
using I = RecordingInput;
using D = RecordingDeed;

// A step as one word per part: "recording begin", "- exists" for what is refused.
std::string said(P phase, I input) {
  static const char *const deeds[] = {"nothing", "hold",    "drop",  "begin",
                                      "resume",  "restart", "pause", "finish"};
  const auto done = step(phase, input);
  if (!done) return done.error().code == Errc::exists ? "- exists" : "- not found";
  return std::string(name_of(done->next)) + " " + deeds[static_cast<int>(done->deed)];
}

struct Row {
  I input;
  std::vector<std::string> cells;  // away, idle, asking, recording, lost, stopped, asking-to-resume
};

// Every cell of spec 2.4's machine.
const std::vector<Row> kTable = {
    {I::push_began,
     {"idle nothing", "idle nothing", "asking nothing", "recording nothing", "stopped nothing",
      "stopped nothing", "asking-to-resume nothing"}},
    {I::push_ended,
     {"away nothing", "away nothing", "away drop", "lost pause", "lost nothing", "lost nothing",
      "lost drop"}},
    {I::asked,
     {"away nothing", "asking hold", "asking nothing", "recording nothing", "lost nothing",
      "asking-to-resume hold", "asking-to-resume nothing"}},
    {I::granted,
     {"away nothing", "recording begin", "recording begin", "recording nothing", "lost nothing",
      "recording resume", "recording resume"}},
    {I::refused,
     {"away nothing", "idle nothing", "idle drop", "recording nothing", "lost nothing", "stopped nothing",
      "stopped drop"}},
    {I::start,
     {"- not found", "recording begin", "recording begin", "- exists", "- not found", "recording resume",
      "recording resume"}},
    {I::stop,
     {"- not found", "- not found", "idle drop", "stopped pause", "- not found", "- not found",
      "stopped drop"}},
    {I::restart,
     {"- not found", "- not found", "- not found", "recording restart", "- not found", "- not found",
      "- not found"}},
    {I::cancel_delay,
     {"- not found", "- not found", "- not found", "idle finish", "away finish", "idle finish",
      "asking finish"}},
    {I::delay_over,
     {"away nothing", "idle nothing", "asking nothing", "recording nothing", "away finish", "idle finish",
      "asking finish"}},
};

TEST(RecordingState, EveryCellIsAsTheTableSays) {
  ASSERT_EQ(kTable.size(), static_cast<std::size_t>(kRecordingInputs));
  std::set<I> seen;
  for (const Row &row : kTable) {
    ASSERT_EQ(row.cells.size(), static_cast<std::size_t>(kRecordingPhases));
    seen.insert(row.input);
    for (int phase = 0; phase < kRecordingPhases; ++phase)
      EXPECT_EQ(said(static_cast<P>(phase), row.input), row.cells[static_cast<std::size_t>(phase)])
          << "input " << static_cast<int>(row.input) << " in " << name_of(static_cast<P>(phase));
  }
  EXPECT_EQ(seen.size(), kTable.size());
}

// Commands that are refused change nothing.
P after(std::initializer_list<I> inputs) {
  P phase = P::away;
  for (const I input : inputs)
    if (const auto done = step(phase, input)) phase = done->next;
  return phase;
}

TEST(RecordingState, APushThatComesBackIsResumedByATriggerOnly) {
  const P lost_manual = after({I::push_began, I::start, I::push_ended});
  EXPECT_EQ(lost_manual, P::lost);
  EXPECT_EQ(said(P::lost, I::push_began), "stopped nothing");  // manual: nothing follows
  EXPECT_EQ(after({I::push_began, I::start, I::push_ended, I::push_began, I::delay_over}), P::idle);
  EXPECT_EQ(after({I::push_began, I::granted, I::push_ended, I::push_began, I::granted}), P::recording);
}

TEST(RecordingState, AStopHoldsUntilTheNextPush) {
  EXPECT_EQ(after({I::push_began, I::granted, I::stop, I::delay_over}), P::idle);
  EXPECT_EQ(after({I::push_began, I::granted, I::stop, I::push_ended, I::push_began, I::granted}),
            P::recording);
}

TEST(RecordingState, StartOverrulesAnOpenQuestionWhoseAnswerComesTooLate) {
  EXPECT_EQ(after({I::push_began, I::asked, I::start, I::refused}), P::recording);
  EXPECT_EQ(after({I::push_began, I::asked, I::stop, I::refused}), P::idle);
}

TEST(RecordingState, ErrorsOfCommandsSayWhatIsWrong) {
  EXPECT_EQ(step(P::recording, I::start).error().message,
            "TaskAlreadyStarted: the stream is being recorded already");
  EXPECT_EQ(step(P::away, I::start).error().message, "no such stream: nothing is being pushed");
  EXPECT_EQ(step(P::stopped, I::stop).error().message, "the stream is not being recorded");
  EXPECT_EQ(step(P::idle, I::cancel_delay).error().message, "nothing is recorded and nothing waits");
}

}  // namespace
}  // namespace rec
