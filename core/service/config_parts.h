// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/service/config_reader.h"
#include "core/service/configuration.h"

namespace rec {

// The parts of a configuration file. What is wrong is noted and the rest still returned, so that all problems
// of a file are found at once. `notices`: what is right and still not acted on.
struct ConfigNotes {
  Problems problems;
  Problems notices;
};

// An address without user name, query and fragment, where people put secrets. Never repeated.
std::optional<std::string> read_url(ConfigNotes &notes, const Field &field, const std::string &what,
                                    std::initializer_list<std::string_view> schemes);

StoreSettings read_store(ConfigNotes &notes, const Field &field, const std::string &name);
CallbackTarget read_callback(ConfigNotes &notes, const Field &field, const std::string &name);
// `defined`: its stores, callbacks and jobs are those that the template may name.
RecordingTemplate read_template(ConfigNotes &notes, const Field &field, const std::string &name,
                                const Configuration &defined);

// How long local copies stay after the upload; nothing = for ever.
std::optional<Seconds> read_keep_local(ConfigNotes &notes, const Field &field);
SpoolPolicy read_spool(ConfigNotes &notes, const Field &field);
Trigger read_trigger(ConfigNotes &notes, const Field &field);
std::vector<Content> read_content(ConfigNotes &notes, const Field &field);
// The members that all formats have. A playlist's folder is named before its end is known.
FormatOptions read_format_options(ConfigNotes &notes, ObjectReader &reader, bool playlist,
                                  const Configuration &defined);
JobSettings read_job(ConfigNotes &notes, const Field &field, const std::string &name);
// What is done with the files of a format, by the jobs of `defined`.
void read_processing(ConfigNotes &notes, ObjectReader &reader, const Configuration &defined,
                     FormatOptions &options);
void check_playlist_name(ConfigNotes &notes, const Field &field, const std::string &pattern);
// A pattern for the names of files; "" when it cannot be one, which is then noted.
std::string read_pattern(ConfigNotes &notes, const Field &field, const std::string &example);
std::optional<Seconds> read_retention(ConfigNotes &notes, const Field &field);
// That of a template: "30d", "forever", or an object with all that may end it.
void read_retention_policy(ConfigNotes &notes, const Field &field, RecordingTemplate &t);

// A name that is to be among the keys of `defined`; `kind` says of what: "store".
template <typename Map>
std::string read_reference(ConfigNotes &notes, const Field &field, const Map &defined,
                           const std::string &kind) {
  if (field.value.kind == JsonValue::Kind::string && defined.find(field.value.string) != defined.end())
    return field.value.string;
  std::vector<std::string> names;  // only now: there may be very many fields
  names.reserve(defined.size());
  for (const auto &[name, value] : defined) names.push_back("\"" + name + "\"");
  const std::string what = names.empty() ? "the name of a " + kind + " (none is defined)"
                                         : "the name of a " + kind + ": " + join(names, "or");
  const auto name = read_text(notes.problems, field, what);
  if (!name) return {};
  notes.problems.expected(field.value.at, field.path, what, describe(field.value));
  return *name;
}

}  // namespace rec
