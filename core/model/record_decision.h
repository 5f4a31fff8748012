// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/model/push.h"
#include "core/model/recording_template.h"

namespace rec {

// What the server that was asked says (spec 2.2): checked for its shape, not for its values.
struct RecordAnswer {
  bool need_record = false;
  std::optional<std::vector<std::string>> formats;            // "Format"; nothing = the template's
  std::vector<std::pair<std::string, std::int64_t>> seconds;  // "Interval", by format
};

// What the parameters of the push URL say (spec 2.3).
struct IngestParameters {
  bool record = false;
  // Of record=: recorded whether the template has them or not. Empty = the template's.
  std::vector<Format> formats;
  std::optional<Seconds> cycle;      // of FLV and MP4
  std::optional<Seconds> retention;  // 0 = for ever
  bool audio_only = false;
};

struct RecordDecision {
  std::optional<RecordingTemplate> recording;  // nothing: this push is not recorded
  bool audio_only = false;                     // of what comes
  std::string why_not;
  std::vector<std::string> ignored;  // what was said and is not obeyed, and why: for people
};

inline constexpr Seconds kShortestAnsweredCycle{5};
inline constexpr Seconds kLongestAnsweredCycle{21600};
inline constexpr Seconds kShortestIngestCycle{60};
inline constexpr Seconds kLongestIngestCycle{7200};

// The template as the answer changes it for this push: of its formats those that the answer names, cut as
// "Interval" says where that is in range. Names of formats compare without regard to case; "m3u8" and "hls"
// are HLS, "cmaf" is HLS with CMAF segments.
RecordDecision decide(const RecordingTemplate &recording_template, const RecordAnswer &answer);

// The same with the parameters of the push URL; only the stream as it was pushed is recorded (spec 2.3).
RecordDecision decide(const RecordingTemplate &recording_template, const IngestParameters &parameters);

// What becomes of a push about which nobody answered.
RecordDecision decide_without_answer(const RecordingTemplate &recording_template);

// Of the video that is asked about.
struct AskedMedia {
  std::string codec;             // "h264", "h265"; "" = neither
  std::uint64_t kbit_per_s = 0;  // 0 = not known
};
// The address to ask: `url` with app, domain, stream, codec and vbitrate behind it. For no message: the whole
// of it may hold secrets.
std::string question_url(std::string_view url, const PushIdentity &push, const AskedMedia &media);

}  // namespace rec
