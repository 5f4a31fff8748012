// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace rec {

// What a callback is told. The names stand in configurations, in the catalogue and in our own messages.
enum class RecordingEvent {
  file_finished,       // a file is complete and where it belongs; of HLS a playlist with its segments
  recording_started,   // the first media is being stored
  recording_paused,    // the push ended and may come back
  recording_resumed,   // it came back
  recording_finished,  // nothing more is recorded; files that are still joined or uploaded may follow
  recording_error,     // a file could not be completed
  exception,           // the media is not as it should be (recording_exception.h)
};
using RecordingEvents = std::set<RecordingEvent>;

std::string_view name_of(RecordingEvent event);  // "recording-started"
std::optional<RecordingEvent> recording_event_named(std::string_view name);
const std::vector<RecordingEvent> &all_events();

// Those for which the callbacks of a schema ("tencent", "alibaba", "alibaba-vod", "recording") have a form.
RecordingEvents events_of_schema(std::string_view schema);

// "file-finished,exception", in one order for equal sets.
std::string join_events(const RecordingEvents &events);

}  // namespace rec
