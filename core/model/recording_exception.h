// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/clock.h"

namespace rec {

// What is wrong with the media of a push, or with recording it. The numbers are the clouds' (exception types
// of Tencent's event 341), so that a callback can carry them as they are.
enum class ExceptionType {
  audio_jump = -8,           // timestamps stepped back, or over a hole of more than a second
  video_jump = -9,           //
  out_of_sync = -10,         // a track came so late that the others were recorded before it
  illegal_video_time = -11,  // no timestamp, or one that cannot be true
  no_audio = -17,            // a track was announced and brings nothing (any more)
  no_video = -18,            //
  audio_frozen = -22,        // one timestamp for more than a second of media
  video_frozen = -23,        //
  illegal_audio_time = -24,  // as illegal_video_time
  resolution_changed = -100,
  write_failed = -104,
  codec_changed = -120,  // the file could not go on
  video_dropped = -130,  // a frame was not recorded
  audio_dropped = -131,  //
  long_gop = -132,       // no keyframe for more than ten seconds
  audio_uneven = -200,   // a quarter of the frames come at other distances than the rest
  video_uneven = -201,   //
};

// "info": nothing was lost. "warning": something is not as it was meant. "error": media is lost.
const char *level_of(ExceptionType type);
// "audio timestamp jump".
const char *meaning_of(ExceptionType type);

struct ExceptionReport {
  ExceptionType type;
  std::string track;        // pad name; "" concerns no track
  unsigned occurs;          // how often since the last report of this type and track
  std::string description;  // of the latest one; one line
};

// Merges what happens again and again: the first exception of a type and track is reported at once, later
// ones at the most every `period` of media, counted. Bounded: of more than a thousand tracks and types the
// rest is merged under the track "".
class ExceptionLog {
 public:
  explicit ExceptionLog(Nanoseconds period = std::chrono::seconds(10)) : period_(period) {}

  void note(ExceptionType type, const std::string &track, std::string description);
  // What is to be reported at the media time `now`.
  std::vector<ExceptionReport> due(Nanoseconds now);
  // Everything that was not reported: the media has ended.
  std::vector<ExceptionReport> drain();
  bool empty() const { return pending_ == 0; }  // nothing is waiting to be reported

 private:
  using Key = std::pair<ExceptionType, std::string>;
  struct Entry {
    std::optional<Nanoseconds> reported;  // when last
    unsigned occurs = 0;                  // since then
    std::string description;
  };
  static ExceptionReport report(const Key &key, Entry &entry);

  Nanoseconds period_;
  std::map<Key, Entry> entries_;
  std::size_t pending_ = 0;  // entries that wait
};

}  // namespace rec
