// SPDX-License-Identifier: LGPL-2.1-or-later
// What all formats of a template have in common: names, and what becomes of their files.
#include <algorithm>

#include "core/model/name_pattern.h"
#include "core/model/utf8.h"
#include "core/service/config_parts.h"

namespace rec {
namespace {

constexpr Seconds kLongestRetention{129600000};  // spec 1.2: 1500 days
constexpr std::size_t kMaxPattern = 512;         // bytes
constexpr std::size_t kMaxProcess = 10;          // per format
constexpr std::size_t kMaxProcessName = 64;      // bytes

std::vector<std::string> read_process(ConfigNotes &notes, const Field &field) {
  static const std::string kWhat = "an array of up to " + std::to_string(kMaxProcess) + " names";
  std::vector<std::string> names;
  const auto list = read_list(notes.problems, field, kWhat);
  if (list.size() > kMaxProcess)
    notes.problems.expected(field.value.at, field.path, kWhat, std::to_string(list.size()) + " elements");
  for (const Field &element : list) {
    const auto name = read_text(notes.problems, element, "a name");
    if (!name) continue;
    if (name->size() > kMaxProcessName || !is_printable_utf8(*name))
      notes.problems.expected(element.value.at, element.path,
                              "a name of 1 to " + std::to_string(kMaxProcessName) + " bytes",
                              "one of " + std::to_string(name->size()));
    else if (std::find(names.begin(), names.end(), *name) != names.end())
      notes.problems.expected(element.value.at, element.path, "every name once", describe(element.value));
    else
      names.push_back(*name);
  }
  return names;
}

}  // namespace

void note_not_yet(ConfigNotes &notes, const Field &field) {
  notes.notices.add(field.at, field.path, "is understood, but this version does not act on it");
}

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

void check_playlist_name(ConfigNotes &notes, const Field &field, const std::string &pattern) {
  const auto playlist = playlist_pattern(pattern);
  if (!playlist)
    notes.problems.expected(field.value.at, field.path, "a name that is complete when HLS recording starts",
                            describe(field.value) + ": " + playlist.error().message);
}

FormatOptions read_format_options(ConfigNotes &notes, ObjectReader &reader, bool playlist) {
  FormatOptions options;
  if (const auto name = reader.take("name")) {
    options.pattern = read_pattern(notes, *name, RecordingTemplate{}.pattern);
    if (playlist && !options.pattern.empty()) check_playlist_name(notes, *name, options.pattern);
  }
  if (const auto retention = reader.take("retention")) {
    options.retention = read_retention(notes, *retention);
    note_not_yet(notes, *retention);
  }
  if (const auto storage_class = reader.take("storage-class")) {
    const auto word = read_word(notes.problems, *storage_class,
                                {"standard", "infrequent-access", "intelligent", "archive", "deep-archive"});
    options.storage_class = word.value_or("");
  }
  if (const auto process = reader.take("process")) {
    options.process = read_process(notes, *process);
    note_not_yet(notes, *process);
  }
  if (const auto merge = reader.take("merge")) {
    options.merge = read_flag(notes.problems, *merge).value_or(false);
    if (options.merge) note_not_yet(notes, *merge);
  }
  return options;
}

}  // namespace rec
