// SPDX-License-Identifier: LGPL-2.1-or-later
#include <cstdio>
#include <map>
#include <optional>

#include "core/base/glib_ptr.h"
#include "core/io/json.h"
#include "core/service/catalogue.h"
#include "core/service/store_ledger.h"
#include "tools/commands.h"
#include "tools/options.h"

namespace rec::tool {
namespace {

// One recording with everything that the catalogue knows about it.
struct Entry {
  Recording recording;
  std::vector<StoredFile> files;
  std::vector<OwedSummary> owed;
  std::map<std::int64_t, StoredAs> stored;  // by file id

  std::string stored_as(const StoredFile &file) const {  // "" = not, or nowhere else than here
    const auto found = stored.find(file.id);
    return found == stored.end() ? "" : std::string(name_of(found->second));
  }
};

const char *text_of(RecordingState state) {
  if (state == RecordingState::recording) return "recording";
  return state == RecordingState::paused ? "paused" : "finished";
}

const char *text_of(FileState state) {
  if (state == FileState::open) return "open";
  return state == FileState::closed ? "closed" : "failed";
}

const char *text_of(OwedKind kind) { return kind == OwedKind::upload ? "upload" : "callback"; }

double seconds_of(Nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }

// ---- for people

std::string size_text(std::uint64_t bytes) { return CString(g_format_size(bytes)).get(); }

void print_file(const StoredFile &file, const std::string &stored) {
  std::string text = std::string(name_of(file.format)) + " " + text_of(file.state);
  if (file.state == FileState::closed && file.part == PartState::waits) text += ", to be joined:";
  if (file.state == FileState::closed) {
    char duration[32];
    std::snprintf(duration, sizeof duration, " %.3f s ", seconds_of(file.facts.duration));
    text += duration + size_text(file.facts.size_bytes) + " " + file.facts.path;
  } else {
    text += " " + (file.facts.path.empty() ? file.facts.temp_path : file.facts.path);
  }
  print_line("  file", text);
  if (!stored.empty()) print_line("  " + stored, file.url);
  if (!file.error.empty()) print_line("  error", file.error);
}

void print_entry(const Entry &entry) {
  const Recording &r = entry.recording;
  print_line(r.session_id, "  " + r.push.domain + "/" + r.push.app + "/" + r.push.stream + " by template \"" +
                               r.template_name + "\"");
  if (!r.task.empty()) print_line("  task", r.task);
  if (r.content != "origin") print_line("  content", r.content);
  std::string state = std::string(text_of(r.state)) + ", started " + time_text(r.started);
  if (r.state == RecordingState::paused && r.resume_until)
    state += ", may be resumed until " + time_text(*r.resume_until);
  if (r.ended) state += ", ended " + time_text(*r.ended);
  print_line("  state", state);
  for (const StoredFile &file : entry.files) print_file(file, entry.stored_as(file));
  for (const OwedSummary &owed : entry.owed) {
    print_line("  owed",
               std::to_string(owed.count) + " " + text_of(owed.target.kind) +
                   (owed.count == 1 ? " to " : "s to ") + owed.target.name +
                   (owed.attempts > 0 ? ", failed " + std::to_string(owed.attempts) + " times" : "") +
                   ", next attempt " + time_text(owed.next_attempt));
    if (!owed.last_error.empty()) print_line("  error", owed.last_error);
  }
}

// ---- for programs

JsonObjectWriter json_of(const StoredFile &file, const std::string &stored) {
  const ClosedFile &facts = file.facts;
  JsonObjectWriter json;
  json.text("format", name_of(file.format)).text("state", text_of(file.state)).text("path", facts.path);
  if (file.state == FileState::closed)
    json.flag("to_be_joined", file.part == PartState::waits)
        .text("start", time_text(facts.started))
        .text("end", time_text(facts.ended))
        .real("duration", seconds_of(facts.duration))
        .number("size", static_cast<std::int64_t>(facts.size_bytes))
        .text("video_codec", facts.video_codec)
        .number("width", facts.width)
        .number("height", facts.height)
        .text("audio_codec", facts.audio_codec)
        .text("url", file.url)
        .text("stored", stored)
        .text("stored_in", file.stored_in);
  if (!file.error.empty()) json.text("error", file.error);
  return json;
}

JsonObjectWriter json_of(const OwedSummary &owed) {
  JsonObjectWriter json;
  json.text("kind", text_of(owed.target.kind))
      .text("target", owed.target.name)
      .number("count", static_cast<std::int64_t>(owed.count))
      .number("failed_attempts", static_cast<std::int64_t>(owed.attempts))
      .text("next_attempt", time_text(owed.next_attempt))
      .text("last_error", owed.last_error);
  return json;
}

JsonObjectWriter json_of(const Entry &entry) {
  const Recording &r = entry.recording;
  JsonObjectWriter json;
  json.text("session_id", r.session_id)
      .text("domain", r.push.domain)
      .text("app", r.push.app)
      .text("stream", r.push.stream)
      .text("template", r.template_name)
      .text("content", r.content)
      .text("task", r.task)
      .text("state", text_of(r.state))
      .text("start", time_text(r.started));
  if (r.resume_until) json.text("resume_until", time_text(*r.resume_until));
  if (r.ended) json.text("end", time_text(*r.ended));
  std::vector<JsonObjectWriter> files, owed;
  for (const StoredFile &file : entry.files) files.push_back(json_of(file, entry.stored_as(file)));
  for (const OwedSummary &summary : entry.owed) owed.push_back(json_of(summary));
  json.text("playlist", r.playlist_path).objects("files", std::move(files)).objects("owed", std::move(owed));
  return json;
}

Result<std::vector<Entry>> read_entries(const Options &options) {
  const SystemClock clock;
  REC_TRY(auto catalogue, open_existing(options, clock));
  REC_TRY(auto recordings, catalogue.recordings(options.limit()));
  std::vector<Entry> entries;
  for (Recording &recording : recordings) {
    Entry entry;
    REC_TRY(entry.files, catalogue.files(recording.id));
    REC_TRY(entry.owed, catalogue.owed_of(recording.id));
    REC_TRY(entry.stored, StoreLedger(catalogue).stored_files(recording.id));
    entry.recording = std::move(recording);
    entries.push_back(std::move(entry));
  }
  return entries;
}

}  // namespace

int list(const std::vector<std::string> &arguments) {
  const auto options = read_options(arguments, {"--catalogue", "--limit"}, {"--json"}, 0);
  if (!options) return usage_error(command_named("list"), options.error().message);
  const auto entries = read_entries(*options);
  if (!entries) return failed("list", entries.error());
  if (options->json()) {
    std::vector<JsonObjectWriter> recordings;
    for (const Entry &entry : *entries) recordings.push_back(json_of(entry));
    std::puts(JsonObjectWriter().objects("recordings", std::move(recordings)).to_string().c_str());
  } else {
    for (const Entry &entry : *entries) print_entry(entry);
    if (entries->empty()) std::puts("nothing recorded yet");
  }
  return kDone;
}

}  // namespace rec::tool
