// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/recording_event.h"

namespace rec {

std::string_view name_of(RecordingEvent event) {
  switch (event) {
    case RecordingEvent::file_finished:
      return "file-finished";
    case RecordingEvent::recording_started:
      return "recording-started";
    case RecordingEvent::recording_paused:
      return "recording-paused";
    case RecordingEvent::recording_resumed:
      return "recording-resumed";
    case RecordingEvent::recording_finished:
      return "recording-finished";
    case RecordingEvent::recording_error:
      return "recording-error";
    case RecordingEvent::exception:
      break;
  }
  return "exception";
}

const std::vector<RecordingEvent> &all_events() {
  using enum RecordingEvent;
  static const std::vector<RecordingEvent> kAll = {file_finished,     recording_started,  recording_paused,
                                                   recording_resumed, recording_finished, recording_error,
                                                   exception};
  return kAll;
}

std::optional<RecordingEvent> recording_event_named(std::string_view name) {
  for (const RecordingEvent event : all_events())
    if (name_of(event) == name) return event;
  return std::nullopt;
}

RecordingEvents events_of_schema(std::string_view schema) {
  using enum RecordingEvent;
  if (schema == "alibaba") return {file_finished, recording_started, recording_paused, recording_resumed};
  if (schema == "alibaba-vod") return {file_finished};
  return {all_events().begin(), all_events().end()};
}

std::string join_events(const RecordingEvents &events) {
  std::string text;
  for (const RecordingEvent event : events) text.append(text.empty() ? "" : ",").append(name_of(event));
  return text;
}

}  // namespace rec
