// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/recorded_spans.h"

#include <gtest/gtest.h>

#include <string>

namespace rec {
namespace {

using Pieces = std::vector<RecordedPiece>;

UtcTime at(int ms) { return UtcTime(Seconds(1'700'000'000)) + Milliseconds(ms); }

RecordedPiece piece(int start_ms, int length_ms, bool after_break = false) {
  return {.start = at(start_ms),
          .end = at(start_ms + length_ms),
          .duration = Milliseconds(length_ms),
          .after_break = after_break};
}

// "0-20 (20-60) 60-70@20": gaps in brackets, and what is played before a span, all in seconds.
std::string text_of(const Pieces &pieces) {
  std::string text;
  const auto seconds = [](UtcTime t) { return std::to_string((t - at(0)) / Seconds(1)); };
  for (const RecordedSpan &span : spans_of(pieces)) {
    const std::string range = seconds(span.start) + "-" + seconds(span.end);
    text += (text.empty() ? "" : " ") + (span.has_media ? range : "(" + range + ")");
    text += span.has_media ? "@" + std::to_string(span.media_start / Seconds(1)) : "";
  }
  return text;
}

TEST(RecordedSpans, JoinWhatFollowsEachOther) {
  EXPECT_EQ(text_of({}), "");
  EXPECT_EQ(text_of({piece(0, 10'000), piece(10'000, 10'000), piece(20'000, 5'000)}), "0-25@0");
}

TEST(RecordedSpans, DoNotTakeJitterForAGap) {
  EXPECT_EQ(text_of({piece(0, 9'600), piece(10'000, 10'400), piece(20'000, 10'000)}), "0-30@0");
}

TEST(RecordedSpans, ShowGapsWhetherTheyWereAnnouncedOrNot) {
  EXPECT_EQ(text_of({piece(0, 10'000), piece(60'000, 10'000, true)}), "0-10@0 (10-60) 60-70@10");
  EXPECT_EQ(text_of({piece(0, 10'000), piece(60'000, 10'000)}), "0-10@0 (10-60) 60-70@10");
}

TEST(RecordedSpans, ShowASpliceWithoutAGap) {
  EXPECT_EQ(text_of({piece(0, 10'000), piece(10'000, 10'000, true)}), "0-10@0 10-20@10");
  EXPECT_EQ(text_of({piece(0, 12'000), piece(10'000, 10'000, true)}), "0-10@0 10-20@12")
      << "what came in faster than it plays does not overlap";
}

TEST(RecordedSpans, NeverGoBack) {
  EXPECT_EQ(text_of({piece(100'000, 10'000), piece(0, 10'000), piece(110'000, 10'000)}), "100-120@0");
  EXPECT_EQ(text_of({piece(100'000, 10'000), piece(0, 10'000, true), piece(110'000, 10'000)}),
            "100-110@0 110-120@10");
}

TEST(RecordedSpans, LeaveOutWhatTakesNoTime) {
  EXPECT_EQ(text_of({piece(0, 0), piece(10'000, 5'000)}), "(0-10) 10-15@0");
}

}  // namespace
}  // namespace rec
