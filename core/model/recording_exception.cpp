// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/recording_exception.h"

#include <array>

namespace rec {
namespace {

constexpr std::size_t kMostEntries = 1000;

struct Meaning {
  ExceptionType type;
  const char *level;
  const char *text;
};

constexpr std::array<Meaning, 17> kMeanings = {{
    {ExceptionType::audio_jump, "warning", "audio timestamp jump"},
    {ExceptionType::video_jump, "warning", "video timestamp jump"},
    {ExceptionType::out_of_sync, "warning", "audio and video out of sync"},
    {ExceptionType::illegal_video_time, "warning", "illegal video timestamp"},
    {ExceptionType::no_audio, "warning", "audio recording but no audio"},
    {ExceptionType::no_video, "warning", "video recording but no video"},
    {ExceptionType::audio_frozen, "warning", "audio timestamp frozen"},
    {ExceptionType::video_frozen, "warning", "video timestamp frozen"},
    {ExceptionType::illegal_audio_time, "warning", "illegal audio timestamp"},
    {ExceptionType::resolution_changed, "info", "resolution changed"},
    {ExceptionType::write_failed, "error", "error writing frames"},
    {ExceptionType::codec_changed, "info", "codec change forced a new file"},
    {ExceptionType::video_dropped, "error", "abnormal video frame dropped"},
    {ExceptionType::audio_dropped, "error", "abnormal audio frame dropped"},
    {ExceptionType::long_gop, "info", "abnormal GOP length"},
    {ExceptionType::audio_uneven, "info", "audio timestamps uneven"},
    {ExceptionType::video_uneven, "info", "video timestamps uneven"},
}};

const Meaning &meaning(ExceptionType type) {
  for (const Meaning &m : kMeanings)
    if (m.type == type) return m;
  return kMeanings.front();
}

}  // namespace

const char *level_of(ExceptionType type) { return meaning(type).level; }
const char *meaning_of(ExceptionType type) { return meaning(type).text; }

void ExceptionLog::note(ExceptionType type, const std::string &track, std::string description) {
  const bool is_full = entries_.size() >= kMostEntries && !entries_.count({type, track});
  Entry &entry = entries_[{type, is_full ? std::string() : track}];
  if (entry.occurs++ == 0) ++pending_;
  entry.description = std::move(description);
}

ExceptionReport ExceptionLog::report(const Key &key, Entry &entry) {
  return {key.first, key.second, std::exchange(entry.occurs, 0U), entry.description};
}

std::vector<ExceptionReport> ExceptionLog::due(Nanoseconds now) {
  std::vector<ExceptionReport> reports;
  if (pending_ == 0) return reports;
  for (auto it = entries_.begin(); it != entries_.end();) {
    Entry &entry = it->second;
    const bool rests = entry.reported && now - *entry.reported < period_;
    if (entry.occurs > 0 && !rests) {
      reports.push_back(report(it->first, entry));
      entry.reported = now;
      --pending_;
    }
    // What has not happened for a while is new when it happens again.
    it = entry.occurs == 0 && now - *entry.reported >= period_ ? entries_.erase(it) : std::next(it);
  }
  return reports;
}

std::vector<ExceptionReport> ExceptionLog::drain() {
  std::vector<ExceptionReport> reports;
  for (auto &[key, entry] : entries_)
    if (entry.occurs > 0) reports.push_back(report(key, entry));
  entries_.clear();
  pending_ = 0;
  return reports;
}

}  // namespace rec
