// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tools/filter.h"

#include <initializer_list>

namespace rec::tool {
namespace {

template <typename Kind>
Result<std::optional<Kind>> read_kind(const Options &options, const std::string &name,
                                      std::initializer_list<Kind> kinds) {
  if (!options.has(name)) return std::optional<Kind>{};
  std::string names;
  for (const Kind kind : kinds) {
    if (options.value(name) == name_of(kind)) return std::optional(kind);
    names += (names.empty() ? "" : ", ") + std::string(name_of(kind));
  }
  return Error{Errc::invalid_argument,
               name + ": expected one of " + names + ", found '" + options.value(name) + "'"};
}

Result<std::optional<UtcTime>> read_instant(const Options &options, const std::string &name) {
  if (!options.has(name)) return std::optional<UtcTime>{};
  auto time = parse_time(options.value(name));
  if (!time) return Error{Errc::invalid_argument, name + ": " + time.error().message};
  return std::optional(*time);
}

std::optional<std::string> text_of(const Options &options, const std::string &name) {
  return options.has(name) ? std::optional(options.value(name)) : std::nullopt;
}

Result<RecordingFilter> read_words(const Options &options) {
  RecordingFilter filter;
  filter.domain = text_of(options, "--domain");
  filter.app = text_of(options, "--app");
  filter.stream = text_of(options, "--stream");
  filter.stream_has = options.value("--name");
  filter.template_name = text_of(options, "--template");
  filter.task = text_of(options, "--task");
  REC_TRY(filter.format,
          read_kind(options, "--format", {Format::hls, Format::flv, Format::mp4, Format::aac, Format::mp3}));
  REC_TRY(filter.state,
          read_kind(options, "--state",
                    {RecordingState::recording, RecordingState::paused, RecordingState::finished}));
  REC_TRY(filter.source, read_kind(options, "--source",
                                   {RecordingSource::push, RecordingSource::clip, RecordingSource::merge,
                                    RecordingSource::job}));
  REC_TRY(filter.from, read_instant(options, "--from"));
  REC_TRY(filter.to, read_instant(options, "--to"));
  filter.with_removed = options.flags.contains("--removed");
  filter.oldest_first = options.flags.contains("--oldest-first");
  return filter;
}

}  // namespace

const Names kFilterOptions = {"--domain", "--app",    "--stream", "--name",   "--template",
                              "--task",   "--format", "--state",  "--source", "--of",
                              "--from",   "--to",     "--limit",  "--after",  "--catalogue"};
const Names kFilterFlags = {"--removed", "--oldest-first", "--json"};

Status check_filter(const Options &options) {
  REC_CHECK(read_words(options));
  return ok();
}

Result<RecordingFilter> read_filter(const Options &options, Catalogue &catalogue) {
  REC_TRY(RecordingFilter filter, read_words(options));
  if (options.has("--of")) {
    REC_TRY(const Recording of, recording_named(catalogue, options.value("--of")));
    filter.derived_from = of.id;
  }
  return filter;
}

}  // namespace rec::tool
