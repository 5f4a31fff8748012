// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/push_session.h"

#include <algorithm>
#include <chrono>

#include "core/service/catalogue_progress.h"
#include "core/service/owner_lease.h"
#include "core/service/record_answer.h"
#include "core/service/recording_jobs.h"

namespace rec {
namespace {

UtcTime after(UtcTime time, Nanoseconds wait) {
  return time + std::chrono::duration_cast<std::chrono::microseconds>(wait);
}

}  // namespace

Status PushSession::begin_push() {
  REC_CHECK(end_push());
  REC_CHECK(leave_previous());
  const bool records = facts_.recording_template.records();
  REC_TRY(push_id_,
          catalogue_.begin_push(facts_.owner, facts_.push, records ? facts_.recording_template.name : ""));
  last_push_id_ = push_id_;
  ++counts_.pushes;
  return ok();
}

// The writers of the previous push may still be at work when the next one begins. What may be spliced is its
// recording too; else what is still written belongs to a recording that is not current any more.
Status PushSession::leave_previous() {
  if (!current_ || splice_timeout() > Nanoseconds(0)) return ok();
  const bool playlist_comes = recording_of(current_->playlist_path) && !finished_playlist_;
  if (!playlist_comes) return finish();
  current_.reset();
  return ok();
}

Status PushSession::end_push() {
  if (!push_id_) return ok();
  REC_CHECK(catalogue_.end_push(*push_id_));
  push_id_.reset();
  return ok();
}

NewRecording PushSession::new_recording() const {
  NewRecording recording;
  recording.push = facts_.push;
  recording.template_name = facts_.recording_template.name;
  recording.owner = facts_.owner;
  recording.splice_timeout = splice_timeout();
  recording.started = clock_.now_utc();
  recording.directory = facts_.directory;
  recording.store = facts_.recording_template.store;
  recording.backup_store = facts_.recording_template.backup_store;
  recording.callbacks = facts_.recording_template.callbacks;
  recording.events = facts_.recording_template.callback_events;
  if (const auto &hls = facts_.recording_template.hls) recording.playlist_refresh = hls->playlist_refresh;
  recording.formats = join_formats(all_formats(facts_.recording_template));
  recording.jobs = jobs_of(facts_.recording_template);
  recording.retention = retention_of_push();
  recording.task = facts_.task;
  recording.content = facts_.content;
  if (!facts_.task.empty()) recording.push.stream_param.clear();  // callbacks of tasks tell none
  return recording;
}

Result<std::optional<Recording>> PushSession::claim_paused(const NewRecording &like) {
  if (splice_timeout() == Nanoseconds(0)) return std::optional<Recording>();
  return catalogue_.claim_paused(like);
}

Status PushSession::need_recording() {
  if (current_) return ok();
  NewRecording recording = new_recording();
  REC_TRY(current_, claim_paused(recording));
  resumed_ = current_.has_value();
  if (current_) {
    if (held_ && held_->recording_id == current_->id) held_.reset();
    if (!current_->playlist_path.empty()) playlists_[current_->playlist_path] = current_->id;
    ++counts_.resumed;
    return ok();
  }
  recording.session_id = std::exchange(session_id_used_, true) ? random_decimal_id() : facts_.session_id;
  REC_TRY(current_, catalogue_.start_recording(recording));
  ++counts_.started;
  return ok();
}

bool PushSession::is_to_restart() const {
  const Seconds after = facts_.recording_template.restart_after;
  return after > Seconds(0) && facts_.task.empty() && current_ && push_id_ &&
         clock_.now_utc() - current_->started >= after;
}

std::optional<Seconds> PushSession::retention_of_push() const {
  if (facts_.recording_template.trigger.kind != TriggerKind::ingest_parameter || !facts_.task.empty())
    return std::nullopt;
  const auto said = parse_ingest_parameters(facts_.push.stream_param);
  return said ? said->retention : std::nullopt;
}

Status PushSession::open_file(OpenedFile file) {
  REC_CHECK(need_recording());
  file.recording_id = current_->id;
  file.push_id = last_push_id_;
  file.may_be_continued = facts_.recording_template.splices(file.format);
  file.goes_up_early = facts_.recording_template.uploads_early(file.format);
  open_files_[file.temp_path] = file.recording_id;
  REC_CHECK(catalogue_.open_file(file));
  return ok();
}

Status PushSession::close_file(ClosedFile file) {
  const auto open = open_files_.find(file.temp_path);
  if (open == open_files_.end())
    return Error{Errc::not_found, "closed without having been opened: " + file.path};
  file.recording_id = open->second;
  REC_CHECK(catalogue_.close_file(file));
  open_files_.erase(open);
  ++counts_.files;
  counts_.bytes += file.size_bytes;
  return ok();
}

Status PushSession::fail_file(const std::string &temp_path, const std::string &error) {
  const auto open = open_files_.find(temp_path);
  if (open == open_files_.end()) return ok();  // it could not even be opened: the writer warned about that
  ++counts_.failed_files;
  REC_CHECK(catalogue_.fail_file(open->second, temp_path, error));
  open_files_.erase(open);
  return ok();
}

Status PushSession::drop_file(const std::string &temp_path, const std::string &reason) {
  const auto open = open_files_.find(temp_path);
  if (open == open_files_.end()) return ok();
  ++counts_.failed_files;
  REC_CHECK(catalogue_.drop_file(open->second, temp_path, reason));
  open_files_.erase(open);
  return ok();
}

Status PushSession::note_exception(const RecordingException &exception) {
  if (!current_) return ok();
  return catalogue_.tell_exception(current_->id, exception);
}

Status PushSession::count(const MediaCounts &so_far, const std::optional<UtcTime> &last_media) {
  if (!current_ || so_far == counted_) return ok();
  REC_CHECK(add_counts(catalogue_, current_->id, counted_since(counted_, so_far), last_media));
  counted_ = so_far;
  return ok();
}

Result<std::optional<std::string>> PushSession::claim() {
  REC_CHECK(need_recording());
  if (!resumed_ || current_->playlist_path.empty()) return std::optional<std::string>();
  return std::optional(current_->playlist_path);
}

std::optional<std::int64_t> PushSession::recording_of(const std::string &playlist) const {
  const auto found = playlists_.find(playlist);
  return found == playlists_.end() ? std::nullopt : std::optional(found->second);
}

Status PushSession::playlist_started(const std::string &path) {
  REC_CHECK(need_recording());
  playlists_[path] = current_->id;
  if (current_->playlist_path == path) return ok();
  if (finished_playlist_) {  // its writer has begun the next one of the same recording
    REC_CHECK(catalogue_.change_playlist(current_->id, *finished_playlist_, path));
    finished_playlist_.reset();
    ++counts_.files;
  } else {
    REC_CHECK(catalogue_.set_playlist_path(current_->id, path));
  }
  current_->playlist_path = path;
  return ok();
}

Status PushSession::add_map(const std::string &playlist, NewSegment map) {
  const auto recording = recording_of(playlist);
  if (!recording)
    return Error{Errc::not_found, "an initialisation section of an unknown playlist: " + playlist};
  map.recording_id = *recording;
  REC_CHECK(catalogue_.add_segment(map));
  counts_.bytes += map.size_bytes;
  return ok();
}

Status PushSession::add_segment(const std::string &playlist, NewSegment segment) {
  const auto recording = recording_of(playlist);
  if (!recording) return Error{Errc::not_found, "a segment of an unknown playlist: " + playlist};
  segment.recording_id = *recording;
  REC_CHECK(catalogue_.add_segment(segment));
  ++counts_.segments;
  counts_.bytes += segment.size_bytes;
  return ok();
}

Status PushSession::playlist_paused(const std::string &path) {
  if (!current_ || recording_of(path) != current_->id) return ok();
  return pause(path);
}

Status PushSession::pause(const std::string &playlist) {
  const UtcTime now = clock_.now_utc();
  const UtcTime until = after(now, splice_timeout());
  REC_TRY(const bool paused, catalogue_.pause_recording(current_->id, facts_.owner, until));
  if (paused) held_ = Held{current_->id, playlist, until, now};
  current_.reset();
  return ok();
}

Status PushSession::pause_or_finish() {
  if (!current_) return ok();
  const auto &files = facts_.recording_template.files;
  const bool may_be_continued =
      !finished_playlist_ && std::any_of(files.begin(), files.end(), [&](const FileFormat &f) {
        return facts_.recording_template.splices(f.format);
      });
  return may_be_continued ? pause("") : finish();
}

bool PushSession::holds_files() const { return held_ && held_->playlist.empty(); }

Status PushSession::finish_held() {
  if (!held_ || !held_->finishing) return ok();
  REC_CHECK(finish_recording(held_->recording_id, held_->ended, std::nullopt));
  held_.reset();
  return ok();
}

Status PushSession::playlist_finished(ClosedFile playlist) {
  const auto recording = recording_of(playlist.path);
  if (!recording) return Error{Errc::not_found, "an unknown playlist was finished: " + playlist.path};
  playlist.recording_id = *recording;
  playlists_.erase(playlist.path);
  if (current_ && current_->id == *recording) {
    finished_playlist_ = std::move(playlist);
    return ok();
  }
  if (held_ && held_->recording_id == *recording) held_.reset();
  return finish_recording(*recording, playlist.ended, playlist);
}

void PushSession::playlist_released(const std::string &path) {
  playlists_.erase(path);
  if (held_ && held_->playlist == path) held_.reset();
}

Result<PushSession::Hold> PushSession::poll_hold(Nanoseconds waited) {
  if (!held_) return Hold::gone;
  if (held_->finishing) return Hold::finish;
  REC_TRY(const Recording row, catalogue_.recording(held_->recording_id));
  // resume_until tells our pause from a later one of somebody else in this process.
  if (row.state != RecordingState::paused || row.owner != facts_.owner ||
      row.resume_until != held_->resume_until)
    return Hold::gone;
  const bool over = waited >= splice_timeout() || clock_.now_utc() >= held_->resume_until;
  if (!over) return Hold::wait;
  REC_TRY(held_->finishing,
          catalogue_.claim_finish_of_pause(held_->recording_id, facts_.owner, held_->resume_until));
  return held_->finishing ? Hold::finish : Hold::gone;
}

Status PushSession::finish_recording(std::int64_t id, UtcTime ended,
                                     const std::optional<ClosedFile> &playlist) {
  REC_CHECK(catalogue_.finish_recording(id, ended, playlist));
  ++counts_.finished;
  if (playlist) ++counts_.files;
  REC_TRY(const bool has_parts, catalogue_.has_parts(id));
  if (has_parts) joins_.push_back(id);
  return ok();
}

Status PushSession::finish() {
  if (!current_) return ok();
  REC_CHECK(finish_recording(current_->id, clock_.now_utc(), finished_playlist_));
  finished_playlist_.reset();
  current_.reset();
  return ok();
}

Status PushSession::release() {
  REC_CHECK(end_push());
  if (!held_) return ok();
  const std::int64_t id = held_->recording_id;
  held_.reset();
  return catalogue_.release_recording(id, facts_.owner);
}

}  // namespace rec
