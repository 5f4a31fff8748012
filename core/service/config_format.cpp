// SPDX-License-Identifier: LGPL-2.1-or-later
// What all formats of a template have in common: names, and what becomes of their files.
#include "core/model/name_pattern.h"
#include "core/service/config_parts.h"

namespace rec {
namespace {

constexpr Seconds kLongestRetention{129600000};  // spec 1.2: 1500 days
constexpr std::int64_t kMostKept = std::int64_t{1} << 50;
constexpr std::size_t kMaxPattern = 512;  // bytes

}  // namespace

std::string read_pattern(ConfigNotes &notes, const Field &field, const std::string &example) {
  const std::string what = "a relative name with placeholders like \"" + example + "\"";
  const auto pattern = read_text(notes.problems, field, what);
  if (!pattern) return {};
  const auto status =
      pattern->size() > kMaxPattern
          ? Status(Error{Errc::invalid_argument, "longer than " + std::to_string(kMaxPattern) + " bytes"})
          : check_relative_pattern(*pattern);
  if (status) return *pattern;
  notes.problems.expected(field.value.at, field.path, what,
                          describe(field.value) + ": " + status.error().message);
  return {};
}

std::optional<Seconds> read_retention(ConfigNotes &notes, const Field &field) {
  return read_duration(notes.problems, field, Seconds(1), kLongestRetention);
}

void read_retention_policy(ConfigNotes &notes, const Field &field, RecordingTemplate &t) {
  if (field.value.kind != JsonValue::Kind::object) {
    const bool is_for_ever = field.value.kind == JsonValue::Kind::string && field.value.string == "forever";
    if (!is_for_ever) t.retention = read_retention(notes, field);
    return;
  }
  const auto number = [&](const Field &value) {
    const auto read = read_count(notes.problems, value, 1, kMostKept);
    return read ? std::optional(static_cast<std::uint64_t>(*read)) : std::nullopt;
  };
  ObjectReader reader(notes.problems, field);
  if (const auto age = reader.take("age")) t.retention = read_retention(notes, *age);
  if (const auto recordings = reader.take("recordings")) t.limits.recordings = number(*recordings);
  if (const auto bytes = reader.take("bytes")) t.limits.bytes = number(*bytes);
  if (const auto least = reader.take("min-free")) t.limits.min_free_bytes = number(*least).value_or(0);
  if (const auto information = reader.take("information"))
    t.limits.information = read_retention(notes, *information);
  reader.finish();
}

void check_playlist_name(ConfigNotes &notes, const Field &field, const std::string &pattern) {
  const auto playlist = playlist_pattern(pattern);
  if (!playlist)
    notes.problems.expected(field.value.at, field.path, "a name that is complete when HLS recording starts",
                            describe(field.value) + ": " + playlist.error().message);
}

FormatOptions read_format_options(ConfigNotes &notes, ObjectReader &reader, bool playlist,
                                  const Configuration &defined) {
  FormatOptions options;
  if (const auto name = reader.take("name")) {
    options.pattern = read_pattern(notes, *name, RecordingTemplate{}.pattern);
    if (playlist && !options.pattern.empty()) check_playlist_name(notes, *name, options.pattern);
  }
  if (const auto retention = reader.take("retention")) {
    options.retention = read_retention(notes, *retention);
  }
  if (const auto storage_class = reader.take("storage-class")) {
    const auto word = read_word(notes.problems, *storage_class,
                                {"standard", "infrequent-access", "intelligent", "archive", "deep-archive"});
    options.storage_class = word.value_or("");
  }
  read_processing(notes, reader, defined, options);
  return options;
}

}  // namespace rec
