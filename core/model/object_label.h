// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/result.h"

namespace rec {

// What an object is of, for the metadata and tags that it gets.
struct LabelFacts {
  std::string domain, app, stream;  // hostile: a publisher has chosen them
  std::string template_name;
  std::string task;                      // "" = none
  std::string session_id;                // of the recording
  std::string record_source = "origin";  // or the id of the transcoding template
  std::string format;                    // "flv", "hls"...; "" = a manifest
  UtcTime started{};                     // of the recording
};

enum class LabelKind {
  metadata,  // a header: what is not a letter, digit, '-', '.' or '_' of a value becomes %XX
  tag,       // becomes '_': no service takes %
};

// The text of a metadata entry or a tag may have placeholders: {Domain} {AppName} {StreamName} {StreamID}
// {RecordSource} {UnixTimestamp} (of the recording's beginning) as names have them, and {Template} {TaskId}
// {SessionId} {Format}. Fails (invalid_argument) for others and for a brace without its other one.
Status check_label(std::string_view text);

// Fills them in. At most kLongestFilledLabel bytes, which all services take, without spaces at its ends;
// "" = nothing is left of it, and the object gets no such label.
inline constexpr std::size_t kLongestFilledLabel = 255;
std::string fill_label(std::string_view text, const LabelFacts &facts, LabelKind kind);

}  // namespace rec
