// SPDX-License-Identifier: LGPL-2.1-or-later
// Jobs: the programs that templates have run on what they record.
#include <glib.h>

#include <algorithm>

#include "core/base/glib_ptr.h"
#include "core/model/utf8.h"
#include "core/service/config_parts.h"

namespace rec {
namespace {

constexpr std::size_t kMaxProcess = 10;     // per format
constexpr std::size_t kMaxArguments = 256;  // of one program
constexpr std::size_t kMaxArgument = 8192;  // bytes
constexpr std::size_t kMaxOutputs = 16;     // of one job
constexpr std::size_t kMaxVariables = 32;   // that a job gets besides the usual ones
constexpr Seconds kLongestJob{86400};
constexpr std::int64_t kMostAttempts = 100;
constexpr std::int64_t kMostAtOnce = 16;
constexpr std::int64_t kNicest = 19;
constexpr std::int64_t kMostBytes = std::int64_t{1} << 50;

// An array of texts that are all different and fit; a single text where `may_be_one`.
std::vector<std::string> read_names(ConfigNotes &notes, const Field &field, const std::string &what,
                                    std::size_t most, bool (*fits)(std::string_view)) {
  std::vector<Field> list;
  if (field.value.kind == JsonValue::Kind::string)
    list.push_back(field);
  else
    list = read_list(notes.problems, field, what);
  std::vector<std::string> names;
  for (const Field &element : list) {
    const std::string name = read_text(notes.problems, element, what).value_or("");
    if (name.empty()) continue;
    if (!fits(name) || names.size() == most || std::find(names.begin(), names.end(), name) != names.end())
      notes.problems.expected(element.value.at, element.path, what, "another string");
    else
      names.push_back(name);
  }
  return names;
}

bool is_variable(std::string_view text) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !text.empty() && !(text.front() >= '0' && text.front() <= '9') &&
         std::all_of(text.begin(), text.end(), fits);
}

std::vector<std::string> read_command(ConfigNotes &notes, const Field &field) {
  static const std::string kWhat = "an array of a program and its arguments";
  std::vector<std::string> command;
  for (const Field &element : read_list(notes.problems, field, kWhat)) {
    const bool is_text = element.value.kind == JsonValue::Kind::string;
    const std::string &text = element.value.string;
    if (!is_text || (command.empty() && text.empty()) || text.size() > kMaxArgument ||
        text.find('\0') != std::string::npos || command.size() == kMaxArguments) {
      notes.problems.expected(element.value.at, element.path, kWhat, describe_kind(element.value));
      return {};
    }
    command.push_back(text);
  }
  if (command.empty() && field.value.kind == JsonValue::Kind::array)
    notes.problems.expected(field.value.at, field.path, kWhat, "an empty array");
  return command;
}

// As a shell takes it apart, without being one.
std::vector<std::string> read_launch(ConfigNotes &notes, const Field &field, std::string &line) {
  static const std::string kWhat = "a line as gst-launch-1.0 takes it";
  line = read_text(notes.problems, field, kWhat).value_or("");
  if (line.empty()) return {};
  gchar **words = nullptr;
  const bool is_line = line.size() <= kMaxArgument && line.find('\0') == std::string::npos &&
                       g_shell_parse_argv(line.c_str(), nullptr, &words, nullptr);
  const std::unique_ptr<gchar *, Freer<g_strfreev>> owned(words);
  if (!is_line) {
    notes.problems.expected(field.value.at, field.path, kWhat, "another string");
    return {};
  }
  std::vector<std::string> command = {"gst-launch-1.0", "-q"};
  for (gchar **word = words; *word; ++word) command.emplace_back(*word);
  return command;
}

void read_bounds(ConfigNotes &notes, ObjectReader &reader, JobSettings &job) {
  if (const auto field = reader.take("timeout"))
    job.timeout = read_duration(notes.problems, *field, Seconds(1), kLongestJob).value_or(job.timeout);
  const auto count = [&](const char *name, std::int64_t least, std::int64_t most, std::int64_t usual) {
    const auto field = reader.take(name);
    return field ? read_count(notes.problems, *field, least, most).value_or(usual) : usual;
  };
  job.attempts = static_cast<int>(count("attempts", 1, kMostAttempts, job.attempts));
  job.at_once = static_cast<unsigned>(count("at-once", 1, kMostAtOnce, job.at_once));
  job.nice = static_cast<int>(count("nice", 0, kNicest, job.nice));
  job.most_bytes = static_cast<std::uint64_t>(count("max-file", 1, kMostBytes, 0));
}

// Of the configuration, or none where there are none at all: what was imported names those of a cloud.
std::string read_job_name(ConfigNotes &notes, const Field &field, const Configuration &defined) {
  if (!defined.jobs.empty()) return read_reference(notes, field, defined.jobs, "job");
  std::string name = read_text(notes.problems, field, "a name").value_or("");
  if (name.empty()) return name;
  if (name.size() > kLongestJobName || !is_printable_utf8(name))
    notes.problems.expected(field.value.at, field.path,
                            "a name of 1 to " + std::to_string(kLongestJobName) + " bytes",
                            "one of " + std::to_string(name.size()));
  else
    notes.notices.add(field.at, field.path, "nothing is done, because \"jobs\" has no \"" + name + "\"");
  return name;
}

std::vector<std::string> read_process(ConfigNotes &notes, const Field &field, const Configuration &defined) {
  static const std::string kWhat = "an array of up to " + std::to_string(kMaxProcess) + " names";
  std::vector<std::string> names;
  const auto list = read_list(notes.problems, field, kWhat);
  if (list.size() > kMaxProcess)
    notes.problems.expected(field.value.at, field.path, kWhat, std::to_string(list.size()) + " elements");
  for (const Field &element : list) {
    const std::string name = read_job_name(notes, element, defined);
    if (std::find(names.begin(), names.end(), name) != names.end())
      notes.problems.expected(element.value.at, element.path, "every name once", describe(element.value));
    else if (!name.empty())
      names.push_back(name);
  }
  return names;
}

}  // namespace

JobSettings read_job(ConfigNotes &notes, const Field &field, const std::string &name) {
  JobSettings job;
  job.name = name;
  if (!is_job_name(name))
    notes.problems.expected(field.at, field.path, "a name of letters, digits, '.', '_' and '-'",
                            "another one");
  ObjectReader reader(notes.problems, field);
  const auto command = reader.take("command");
  const auto launch = reader.take("launch");
  if (command) job.command = read_command(notes, *command);
  if (launch) job.command = read_launch(notes, *launch, job.launch);
  if (field.value.kind == JsonValue::Kind::object && command.has_value() == launch.has_value())
    notes.problems.expected(field.at, field.path, "a command or a launch line", command ? "both" : "neither");
  if (const auto output = reader.take("output"))
    job.outputs = read_names(notes, *output, "up to 16 plain names with an extension, not input.*",
                             kMaxOutputs, is_output_name);
  if (const auto environment = reader.take("environment"))
    job.environment = read_names(notes, *environment, "up to 32 names of environment variables",
                                 kMaxVariables, is_variable);
  read_bounds(notes, reader, job);
  reader.finish();
  return job;
}

void read_processing(ConfigNotes &notes, ObjectReader &reader, const Configuration &defined,
                     FormatOptions &options) {
  if (const auto process = reader.take("process")) options.process = read_process(notes, *process, defined);
  if (const auto merge = reader.take("merge"))
    options.merge = read_flag(notes.problems, *merge).value_or(false);
  const auto merged = reader.take("process-merged");
  if (!merged) return;
  options.process_merged = read_process(notes, *merged, defined);
  if (!options.merge)
    notes.problems.expected(merged->at, merged->path, "\"merge\": true beside it", "nothing to be merged");
}

}  // namespace rec
