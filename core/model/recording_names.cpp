// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/recording_names.h"

namespace rec {
namespace {

// A directory as the beginning of a pattern, in which '%' means something.
std::string pattern_of_directory(std::string_view directory) {
  if (directory.empty()) return {};
  std::string pattern;
  for (const char c : directory) pattern += c == '%' ? "%%" : std::string(1, c);
  return pattern + "/";
}

Result<std::string> bind_one(const std::string &pattern, const NameFacts &facts) {
  REC_TRY(std::string name, bind_identity(pattern, facts));
  REC_CHECK(begin_name(name, facts));  // nobody finds out when the first file is due
  return name;
}

}  // namespace

Result<RecordingNames> bind_names(const RecordingTemplate &t, std::string_view directory,
                                  const NameFacts &facts) {
  RecordingNames names;
  const std::string root = pattern_of_directory(directory);
  for (const FileFormat &file : t.files) {
    REC_TRY(const std::string name, bind_one(t.pattern_of(file.format), facts));
    names.files[file.format] = root + name;
  }
  if (!t.hls) return names;
  REC_TRY(const std::string name, bind_one(t.pattern_of(Format::hls), facts));
  REC_TRY(const std::string playlist, playlist_pattern(name));
  names.playlist = root + playlist;
  if (t.hls->segment_pattern.empty()) return names;
  REC_TRY(names.segments, bind_one(t.hls->segment_pattern, facts));
  names.segments += "." + std::string(extension_of(t.hls->segment_format));
  return names;
}

}  // namespace rec
