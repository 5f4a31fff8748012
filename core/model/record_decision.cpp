// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/record_decision.h"

#include <algorithm>

namespace rec {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char &c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

// Whether a format of the template is what somebody calls `name`.
bool is_called(Format format, SegmentFormat segments, std::string_view name) {
  const std::string called = lower(name);
  if (format != Format::hls) return called == name_of(format);
  return called == "m3u8" || called == "hls" || (called == "cmaf" && segments == SegmentFormat::cmaf);
}

bool is_among(Format format, SegmentFormat segments, const std::vector<std::string> &names) {
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string &name) { return is_called(format, segments, name); });
}

void keep_formats(RecordingTemplate &recording, const std::vector<std::string> &names) {
  std::erase_if(recording.files,
                [&](const FileFormat &f) { return !is_among(f.format, SegmentFormat::ts, names); });
  if (recording.hls && !is_among(Format::hls, recording.hls->segment_format, names)) recording.hls.reset();
}

std::string range(Seconds least, Seconds most) {
  return "expected " + std::to_string(least.count()) + " to " + std::to_string(most.count()) + " s";
}

// The cycle of what is called `name`; null when nothing is that is recorded.
Nanoseconds *cycle_of(RecordingTemplate &recording, std::string_view name) {
  for (FileFormat &file : recording.files)
    if (is_called(file.format, SegmentFormat::ts, name)) return &file.cycle;
  if (!recording.hls || !is_called(Format::hls, recording.hls->segment_format, name)) return nullptr;
  return &recording.hls->cycle;
}

RecordDecision refuse(std::string why_not) {
  RecordDecision decision;
  decision.why_not = std::move(why_not);
  return decision;
}

// Formats that are asked for by name: with the template's options where it has them.
void set_formats(RecordingTemplate &recording, const std::vector<Format> &formats) {
  const auto wanted = [&](Format f) { return std::find(formats.begin(), formats.end(), f) != formats.end(); };
  std::erase_if(recording.files, [&](const FileFormat &f) { return !wanted(f.format); });
  if (!wanted(Format::hls)) recording.hls.reset();
  for (const Format format : formats) {
    if (format == Format::hls) {
      if (!recording.hls) recording.hls.emplace();
      continue;
    }
    const bool there = std::any_of(recording.files.begin(), recording.files.end(),
                                   [&](const FileFormat &f) { return f.format == format; });
    if (there) continue;
    FileFormat file;
    file.format = format;
    recording.files.push_back(file);
  }
}

void set_file_cycles(RecordDecision &decision, Seconds cycle) {
  if (cycle < kShortestIngestCycle || cycle > kLongestIngestCycle) {
    decision.ignored.push_back("record_interval: " + range(kShortestIngestCycle, kLongestIngestCycle));
    return;
  }
  for (FileFormat &file : decision.recording->files)
    if (file.format == Format::flv || file.format == Format::mp4) file.cycle = cycle;
}

// For every format; 0 = for ever.
void set_retention(RecordingTemplate &recording, Seconds retention) {
  for (FileFormat &file : recording.files) file.options.retention.reset();
  if (recording.hls) recording.hls->options.retention.reset();
  recording.retention = retention > Seconds(0) ? std::optional(retention) : std::nullopt;
}

// RFC 3986: what is not unreserved is escaped, whatever it is.
std::string escaped(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  constexpr std::string_view kPlain = "-._~";
  std::string out;
  for (const char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter || kPlain.find(c) != std::string_view::npos) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kDigits[byte >> 4U];
    out += kDigits[byte & 15U];
  }
  return out;
}

}  // namespace

RecordDecision decide(const RecordingTemplate &recording_template, const RecordAnswer &answer) {
  if (!answer.need_record) return refuse("the server that was asked says no");
  RecordDecision decision;
  decision.recording = recording_template;
  if (answer.formats) keep_formats(*decision.recording, *answer.formats);
  if (!decision.recording->records())
    return refuse("template '" + recording_template.name +
                  "' has none of the formats that the server names which was asked");
  for (const auto &[name, seconds] : answer.seconds) {
    Nanoseconds *cycle = cycle_of(*decision.recording, name);
    if (!cycle) continue;
    if (seconds >= kShortestAnsweredCycle.count() && seconds <= kLongestAnsweredCycle.count())
      *cycle = Seconds(seconds);
    else
      decision.ignored.push_back("Interval: " + range(kShortestAnsweredCycle, kLongestAnsweredCycle) +
                                 ", found " + std::to_string(seconds));
  }
  return decision;
}

RecordDecision decide(const RecordingTemplate &recording_template, const IngestParameters &parameters) {
  if (!parameters.record) return refuse("the push URL does not ask for it");
  RecordDecision decision;
  decision.recording = recording_template;
  decision.recording->content = {Content{}};
  decision.audio_only = parameters.audio_only;
  if (!parameters.formats.empty()) set_formats(*decision.recording, parameters.formats);
  if (!decision.recording->records())
    return refuse("template '" + recording_template.name +
                  "' has no formats, and the push URL names none either");
  if (parameters.cycle) set_file_cycles(decision, *parameters.cycle);
  if (parameters.retention) set_retention(*decision.recording, *parameters.retention);
  return decision;
}

RecordDecision decide_without_answer(const RecordingTemplate &recording_template) {
  if (!recording_template.trigger.record_on_failure)
    return refuse("the server that was asked did not answer");
  RecordDecision decision;
  decision.recording = recording_template;
  return decision;
}

std::string question_url(std::string_view url, const PushIdentity &push, const AskedMedia &media) {
  std::string asked(url);
  asked += asked.find('?') == std::string::npos ? "?" : "&";
  asked += "app=" + escaped(push.app) + "&domain=" + escaped(push.domain);
  asked += "&stream=" + escaped(push.stream) + "&codec=" + escaped(media.codec);
  return asked + "&vbitrate=" + std::to_string(media.kbit_per_s);
}

}  // namespace rec
