// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/recording_json.h"

#include <chrono>

#include "core/io/iso_time.h"
#include "core/service/job_json.h"
#include "core/service/recording_quality.h"

namespace rec {
namespace {

constexpr int kMostJobs = 50;  // of one recording, that are shown

double seconds_of(Nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }

JsonObjectWriter json_of(const StoredFile &file, const std::string &stored) {
  const ClosedFile &facts = file.facts;
  JsonObjectWriter json;
  json.number("id", file.id)
      .text("format", name_of(file.format))
      .text("state", name_of(file.state))
      .text("path", facts.path);
  if (file.state == FileState::closed || file.state == FileState::expired)
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
  json.text("kind", name_of(owed.target.kind))
      .text("target", owed.target.name)
      .number("count", static_cast<std::int64_t>(owed.count))
      .number("failed_attempts", static_cast<std::int64_t>(owed.attempts))
      .text("next_attempt", time_text(owed.next_attempt))
      .text("last_error", owed.last_error);
  return json;
}

}  // namespace

std::string RecordingView::stored_as(const StoredFile &file) const {
  const auto found = stored.find(file.id);
  return found == stored.end() ? "" : std::string(name_of(found->second));
}

Result<RecordingView> view_of(Catalogue &catalogue, Recording recording) {
  RecordingView view;
  REC_TRY(view.files, catalogue.files(recording.id));
  REC_TRY(view.owed, catalogue.owed_of(recording.id));
  REC_TRY(view.stored, StoreLedger(catalogue).stored_files(recording.id));
  REC_TRY(view.jobs, list_jobs(catalogue, {.recording = recording.session_id}, kMostJobs));
  view.recording = std::move(recording);
  return view;
}

JsonObjectWriter &add_push(JsonObjectWriter &json, const PushIdentity &push) {
  return json.text("domain", push.domain).text("app", push.app).text("stream", push.stream);
}

JsonObjectWriter json_of(const Recording &r) {
  JsonObjectWriter json;
  json.text("session_id", r.session_id);
  add_push(json, r.push)
      .text("template", r.template_name)
      .text("content", r.content)
      .text("task", r.task)
      .text("source", name_of(r.source))
      .flag("hold", r.hold)
      .text("state", name_of(r.state))
      .text("start", time_text(r.started));
  if (r.resume_until) json.text("resume_until", time_text(*r.resume_until));
  if (r.ended) json.text("end", time_text(*r.ended));
  if (r.expires) json.text("expires", time_text(*r.expires));
  if (r.removal != Removal::none) json.text("removal", r.removal == Removal::done ? "done" : "under-way");
  if (!r.expired_formats.empty()) json.text("expired_formats", r.expired_formats);
  json.text("playlist", r.playlist_path);
  add_quality(json, r.quality);
  return json;
}

JsonObjectWriter json_of(const RecordingView &view,
                         const std::function<void(JsonObjectWriter &, const StoredFile &)> &more) {
  std::vector<JsonObjectWriter> files, owed;
  for (const StoredFile &file : view.files) {
    files.push_back(json_of(file, view.stored_as(file)));
    if (more) more(files.back(), file);
  }
  for (const OwedSummary &summary : view.owed) owed.push_back(json_of(summary));
  std::vector<JsonObjectWriter> jobs;
  for (const JobView &job : view.jobs) jobs.push_back(json_of(job, false));
  JsonObjectWriter json = json_of(view.recording);
  json.objects("files", std::move(files)).objects("owed", std::move(owed)).objects("jobs", std::move(jobs));
  return json;
}

}  // namespace rec
