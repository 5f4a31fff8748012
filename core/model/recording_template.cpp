// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/recording_template.h"

#include <algorithm>
#include <utility>

#include "core/model/name_pattern.h"

namespace rec {

Nanoseconds RecordingTemplate::splice_timeout() const {
  Nanoseconds longest = hls ? hls->splice_timeout : Nanoseconds(0);
  for (const FileFormat &file : files) longest = std::max(longest, file.splice_timeout);
  return longest;
}

bool RecordingTemplate::splices(Format format) const {
  if (format == Format::hls) return hls && hls->splice_timeout > Nanoseconds(0);
  return std::any_of(files.begin(), files.end(), [&](const FileFormat &file) {
    return file.format == format && file.splice_timeout > Nanoseconds(0);
  });
}

std::vector<FileGroup> file_recorders(const RecordingTemplate &recording_template) {
  std::vector<FileGroup> recorders;
  for (const FileFormat &file : recording_template.files) {
    const auto same = std::find_if(recorders.begin(), recorders.end(),
                                   [&](const FileGroup &r) { return r.cycle == file.cycle; });
    FileGroup &recorder = same == recorders.end() ? recorders.emplace_back() : *same;
    recorder.cycle = file.cycle;
    recorder.formats.push_back(file.format);
  }
  return recorders;
}

std::string join_formats(const std::vector<Format> &formats) {
  std::string text;
  for (const Format format : formats) text += (text.empty() ? "" : "+") + std::string(name_of(format));
  return text;
}

Result<std::string> playlist_pattern(std::string_view pattern) {
  REC_TRY(std::string name, without_end(pattern));
  return std::move(name) + "/playlist.m3u8";
}

}  // namespace rec
