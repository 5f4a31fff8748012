// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/result.h"

namespace rec {

// File and folder names are patterns with the placeholders of both clouds (spec 4.1 to 4.3):
//
//   identity  {AppName} {StreamName} {StreamID} {Domain} {RecordId} {RandomID} {RecordSource}
//   start     {StartYear} {StartMonth} {StartDay} {StartHour} {StartMinute} {StartSecond} {StartMillisecond}
//             {StartTime} 2026-11-21-09:30:00   {EscapedStartTime} 2026-11-21-09-30-00   {UnixTimestamp}
//             {Sequence}, %d, %05d   the running number; %% is a percent sign
//   end       {EndYear} ... {EndMillisecond} {EndTime} {EscapedEndTime}
//
// They are filled in two or three steps, because the end is not known when a file is opened. What a step puts
// in can never be read as a placeholder, a folder or a number format by a later one: identity values come
// from the network, so of their bytes `/` is refused, and `\ { } % ~`, control characters, a leading dot and
// what is not UTF-8 become `~` and two hex digits.

struct NameFacts {
  std::string domain;
  std::string app;
  std::string stream;
  std::string record_id;                 // one per recording, the same after a splice
  std::string random_id;                 // one per push
  std::string record_source = "origin";  // or the id of the transcoding template
  UtcTime start{};
  Seconds utc_offset{0};       // of the zone in which times are written, at `start`
  std::uint64_t sequence = 0;  // of the file within its recording, from 0
};

// What can be said about a pattern before anything is recorded: known placeholders, closed braces, sane %d.
Status check_pattern(std::string_view pattern);

// The same, and the name cannot leave the folder in which it is put: relative, no empty part, no "." or "..".
Status check_relative_pattern(std::string_view pattern);

// Fills the identity placeholders only; times and numbers stay for begin_name(). Fails when a value that the
// pattern uses is empty, "." or "..", or contains '/': the Error names the placeholder.
Result<std::string> bind_identity(std::string_view pattern, const NameFacts &facts);

// Fills all that is known when a file is opened. What is left are {End...} placeholders. Fails also when a
// part between two '/' would be longer than kMaxNamePart bytes once the end is filled in.
Result<std::string> begin_name(std::string_view pattern, const NameFacts &facts);

// Fills what begin_name() left.
Result<std::string> end_name(std::string_view begun, UtcTime end, Seconds utc_offset);

// For names that are fixed at the start: takes the {End...} placeholders away, each with the separators
// before it
// ("{StartYear}_{EndYear}" -> "{StartYear}"). Fails when nothing of a part between two '/' would remain.
Result<std::string> without_end(std::string_view pattern);

// 255 (NAME_MAX) less what may be added: a leading dot and ".part" while writing, an extension, a "-2".
inline constexpr std::size_t kMaxNamePart = 230;

}  // namespace rec
