// SPDX-License-Identifier: LGPL-2.1-or-later
// clip, merge: a range of recordings, or several of them, as a recording of its own.
#include <cstdio>
#include <filesystem>
#include <optional>

#include "core/io/iso_time.h"
#include "core/service/clip.h"
#include "core/service/config_reader.h"
#include "core/service/recording_json.h"
#include "core/service/recording_search.h"
#include "tools/commands.h"
#include "tools/options.h"

namespace rec::tool {
namespace {

constexpr std::size_t kMostRecordings = 1000;

// A time, or "+90s" after the recording's beginning.
Result<std::optional<UtcTime>> time_of(const Options &options, const char *name, UtcTime beginning) {
  if (!options.has(name)) return std::optional<UtcTime>{};
  const std::string text = options.value(name);
  if (!text.starts_with("+")) {
    auto time = parse_time(text);
    if (!time) return Error{Errc::invalid_argument, std::string(name) + ": " + time.error().message};
    return std::optional(*time);
  }
  const auto after = parse_duration(text.substr(1));
  if (!after)
    return Error{Errc::invalid_argument,
                 std::string(name) + ": expected a length like +90s, found '" + text + "'"};
  return std::optional(beginning + *after);
}

Result<ClipBounds> bounds_of(const Options &options, Format format) {
  const std::string text = options.value("--bounds", format == Format::hls ? "covering" : "keyframe");
  if (text == "inside") return ClipBounds::inside;
  if (text == "covering") return ClipBounds::covering;
  if (text == "keyframe") return ClipBounds::keyframe;
  return Error{Errc::invalid_argument,
               "--bounds: expected inside, covering or keyframe, found '" + text + "'"};
}

// As --format says, or the name of the output, or what the first recording has.
Result<Format> format_of(const Options &options, const Recording &first) {
  if (options.has("--format")) {
    const auto format = format_named(options.value("--format"));
    if (format && (*format == Format::hls || *format == Format::mp4 || *format == Format::flv))
      return *format;
    return Error{Errc::invalid_argument,
                 "--format: expected hls, mp4 or flv, found '" + options.value("--format") + "'"};
  }
  for (const Format format : {Format::hls, Format::mp4, Format::flv})
    if (options.value("--output").ends_with("." + std::string(extension_of(format)))) return format;
  return first.playlist_path.empty() ? Format::mp4 : Format::hls;
}

Result<ClipRequest> request_of(Catalogue &catalogue, const Options &options, RecordingSource source) {
  ClipRequest request;
  request.source = source;
  std::optional<Recording> first;
  for (const std::string &id : options.words) {
    REC_TRY(const Recording recording, recording_named(catalogue, id));
    if (!first) first = recording;
    request.recordings.push_back(recording.id);
  }
  REC_TRY(request.from, time_of(options, "--start", first->started));
  REC_TRY(request.to, time_of(options, "--end", first->started));
  REC_TRY(request.format, format_of(options, *first));
  REC_TRY(request.bounds, bounds_of(options, request.format));
  if (options.has("--output")) request.path = std::filesystem::absolute(options.value("--output")).string();
  return request;
}

Result<RecordingView> make(const Options &options, RecordingSource source) {
  const SystemClock clock;
  REC_TRY(auto catalogue, open_existing(options, clock));
  REC_TRY(const ClipRequest request, request_of(catalogue, options, source));
  REC_TRY(Destinations destinations, read_destinations(options));
  OpenStores stores(
      std::move(destinations), [](const HttpSettings &settings) { return make_soup_http_client(settings); },
      clock);
  REC_TRY(Recording made, make_clip(catalogue, request, &stores));
  return view_of(catalogue, std::move(made));
}

int run(const char *name, const std::vector<std::string> &arguments, const Names &valued,
        RecordingSource source) {
  const auto options = read_options(arguments, valued, {"--json"}, kMostRecordings);
  if (!options) return usage_error(command_named(name), options.error().message);
  if (options->words.empty()) return usage_error(command_named(name), "the ID of a recording is needed");
  const auto made = make(*options, source);
  if (!made) return failed(name, made.error());
  if (options->json()) {
    std::puts(json_of(*made).to_string().c_str());
    return kDone;
  }
  for (const StoredFile &file : made->files)
    std::printf("%s: %.3f s from %s on, recording %s\n", printable(file.facts.path).c_str(),
                std::chrono::duration<double>(file.facts.duration).count(),
                time_text(file.facts.started).c_str(), made->recording.session_id.c_str());
  return kDone;
}

}  // namespace

int clip(const std::vector<std::string> &arguments) {
  return run("clip", arguments,
             {"--start", "--end", "--bounds", "--format", "--output", "--catalogue", "--config"},
             RecordingSource::clip);
}

int merge(const std::vector<std::string> &arguments) {
  return run("merge", arguments, {"--format", "--output", "--catalogue", "--config"}, RecordingSource::merge);
}

}  // namespace rec::tool
