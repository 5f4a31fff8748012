// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/recording_template.h"

#include <algorithm>
#include <utility>

#include "core/model/name_pattern.h"

namespace rec {
namespace {

constexpr std::string_view kTranscoded = "transcoded:";

bool is_id(std::string_view id) {
  const auto word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  return id == "*" || (!id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), word));
}

}  // namespace

std::string_view name_of(TriggerKind kind) {
  switch (kind) {
    case TriggerKind::automatic:
      return "automatic";
    case TriggerKind::ask:
      return "ask";
    case TriggerKind::ingest_parameter:
      return "ingest-parameter";
    case TriggerKind::manual:
      break;
  }
  return "manual";
}

std::string name_of(const Content &content) {
  switch (content.kind) {
    case Content::Kind::origin:
      return "origin";
    case Content::Kind::watermarked:
      return "watermarked";
    case Content::Kind::transcoded:
      break;
  }
  return std::string(kTranscoded) + content.id;
}

std::optional<Content> content_named(std::string_view name) {
  if (name == "origin") return Content{};
  if (name == "watermarked") return Content{Content::Kind::watermarked, ""};
  if (!name.starts_with(kTranscoded) || !is_id(name.substr(kTranscoded.size()))) return std::nullopt;
  return Content{Content::Kind::transcoded, std::string(name.substr(kTranscoded.size()))};
}

const std::string &RecordingTemplate::pattern_of(Format format) const {
  const FormatOptions *options = format == Format::hls && hls ? &hls->options : nullptr;
  for (const FileFormat &file : files)
    if (file.format == format) options = &file.options;
  return options && !options->pattern.empty() ? options->pattern : pattern;
}

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

bool RecordingTemplate::uploads_early(Format format) const {
  return std::any_of(files.begin(), files.end(), [&](const FileFormat &file) {
    return file.format == format && file.upload_while_recording;
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

std::vector<Format> all_formats(const RecordingTemplate &recording_template) {
  std::vector<Format> formats;
  if (recording_template.hls) formats.push_back(Format::hls);
  for (const FileFormat &file : recording_template.files) formats.push_back(file.format);
  return formats;
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
