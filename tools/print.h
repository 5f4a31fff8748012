// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <string>

#include "core/service/recording_json.h"
#include "core/service/recording_timeline.h"

namespace rec::tool {

// For people, on standard output.
void print_view(const RecordingView &view);
std::string stream_text(const PushIdentity &push);  // "domain/app/stream"
std::string size_text(std::uint64_t bytes);         // "27.8 MB"
std::string length_text(Nanoseconds duration);      // "12 s", "2:05 min", "1:02:05 h"

// Times with media as '#', gaps as '.', splices as '|'; `width` characters, at least one for each span that
// there is room for.
std::string timeline_bar(const std::vector<TimelineSpan> &timeline, std::size_t width);

}  // namespace rec::tool
