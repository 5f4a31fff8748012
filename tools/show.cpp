// SPDX-License-Identifier: LGPL-2.1-or-later
// show, timeline: one recording, and when there is media.
#include <cstdio>

#include "core/io/json.h"
#include "core/service/recording_search.h"
#include "tools/commands.h"
#include "tools/options.h"
#include "tools/print.h"

namespace rec::tool {
namespace {

constexpr std::size_t kBarWidth = 72;

Result<RecordingView> read_view(const Options &options) {
  const SystemClock clock;
  REC_TRY(auto catalogue, open_existing(options, clock));
  REC_TRY(auto recording, recording_named(catalogue, options.words.front()));
  return view_of(catalogue, std::move(recording));
}

struct Wanted {
  PushIdentity stream;
  UtcTime from{};
  UtcTime to{};
};

Result<Wanted> read_wanted(const Options &options) {
  Wanted wanted;
  REC_TRY(wanted.stream, read_stream(options));
  if (!options.has("--from") || !options.has("--to"))
    return Error{Errc::invalid_argument, "--from and --to are needed for a stream"};
  REC_TRY(wanted.from, parse_time(options.value("--from")));
  REC_TRY(wanted.to, parse_time(options.value("--to")));
  if (wanted.to <= wanted.from) return Error{Errc::invalid_argument, "--to: expected a time after --from"};
  return wanted;
}

Result<std::vector<TimelineSpan>> read_timeline(const Options &options, const Wanted &wanted) {
  const SystemClock clock;
  REC_TRY(auto catalogue, open_existing(options, clock));
  if (options.words.empty()) return timeline_of(catalogue, wanted.stream, wanted.from, wanted.to);
  REC_TRY(const auto recording, recording_named(catalogue, options.words.front()));
  return timeline_of(catalogue, recording.id);
}

JsonObjectWriter json_of(const TimelineSpan &span) {
  JsonObjectWriter json;
  json.text("kind", span.kind == SpanKind::media ? "media" : "gap")
      .text("start", exact_time_text(span.start))
      .text("end", exact_time_text(span.end));
  if (span.kind == SpanKind::gap) json.text("reason", span.reason);
  json.real("media_start", std::chrono::duration<double>(span.media_start).count());
  return json;
}

void print_timeline(const std::vector<TimelineSpan> &timeline) {
  if (timeline.empty()) {
    std::puts("no media");
    return;
  }
  std::printf("%s\n%s  to  %s\n", timeline_bar(timeline, kBarWidth).c_str(),
              time_text(timeline.front().start).c_str(), time_text(timeline.back().end).c_str());
  for (const TimelineSpan &span : timeline) {
    const bool is_media = span.kind == SpanKind::media;
    print_line(is_media ? "media" : "gap", exact_time_text(span.start) + "  " +
                                               length_text(span.end - span.start) +
                                               (is_media ? "" : "  " + span.reason));
  }
}

}  // namespace

int show(const std::vector<std::string> &arguments) {
  const auto options = read_options(arguments, {"--catalogue"}, {"--json"}, 1);
  if (!options) return usage_error(command_named("show"), options.error().message);
  if (options->words.empty()) return usage_error(command_named("show"), "a recording's id is needed");
  const auto view = read_view(*options);
  if (!view) return failed("show", view.error());
  if (options->json())
    std::puts(json_of(*view).to_string(JsonLayout::indented).c_str());
  else
    print_view(*view);
  return kDone;
}

int timeline(const std::vector<std::string> &arguments) {
  const Command &command = command_named("timeline");
  const auto options = read_options(
      arguments, {"--domain", "--app", "--stream", "--from", "--to", "--catalogue"}, {"--json"}, 1);
  if (!options) return usage_error(command, options.error().message);
  Wanted wanted;
  if (options->words.empty()) {
    auto read = read_wanted(*options);
    if (!read) return usage_error(command, read.error().message);
    wanted = *std::move(read);
  }
  const auto timeline = read_timeline(*options, wanted);
  if (!timeline) return failed("timeline", timeline.error());
  if (options->json()) {
    std::vector<JsonObjectWriter> spans;
    for (const TimelineSpan &span : *timeline) spans.push_back(json_of(span));
    std::puts(JsonObjectWriter().objects("timeline", std::move(spans)).to_string().c_str());
  } else {
    print_timeline(*timeline);
  }
  return kDone;
}

}  // namespace rec::tool
