// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/service/catalogue.h"

namespace rec {

enum class SpanKind { media, gap };

// A time in which a recording has media without interruption, or has none.
struct TimelineSpan {
  SpanKind kind = SpanKind::media;
  UtcTime start{};             // wall clock
  UtcTime end{};               // > start
  Nanoseconds media_start{0};  // position in what is played, gaps left out
  std::string reason = {};     // of a gap: "interruption" (the publisher was gone), or an exception's name
  std::int64_t recording_id = 0;
};

// What one recording has of the time from its beginning to its end (or now), in order and without overlap.
// From its segments if it has HLS, from its files otherwise. not_found.
Result<std::vector<TimelineSpan>> timeline_of(Catalogue &catalogue, std::int64_t recording_id);
// The same of all recordings of a stream between two times.
Result<std::vector<TimelineSpan>> timeline_of(Catalogue &catalogue, const PushIdentity &stream, UtcTime from,
                                              UtcTime to);

// What the recorder said about the media at that time; "interruption" = nothing: it was not there.
Result<std::string> reason_of_gap(SqlDatabase &db, std::int64_t recording_id, UtcTime from, UtcTime to);

}  // namespace rec
