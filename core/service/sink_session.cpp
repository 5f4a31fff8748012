// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/sink_session.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <utility>

#include "core/io/files.h"
#include "core/model/object_key.h"
#include "core/service/owner_lease.h"
#include "core/service/recovered_file.h"

namespace rec {
namespace {

// When sinks that are not ours begin, cut and end, and what they write, is their business. What becomes of it
// is the template's.
RecordingTemplate template_of(const SinkSession::Facts &facts) {
  RecordingTemplate t;
  const RecordingTemplate &wanted = facts.recording_template;
  t.name = wanted.name;
  for (const FileFormat &file : wanted.files)
    t.files.push_back({.format = file.format, .upload_while_recording = false, .options = file.options});
  t.files.push_back({.format = Format::other});  // any: that there are some makes it record
  if (wanted.hls) t.hls = HlsFormat{.options = wanted.hls->options};
  t.store = wanted.store;
  t.backup_store = wanted.backup_store;
  t.callbacks = wanted.callbacks;
  t.callback_events = wanted.callback_events;
  return t;
}

constexpr std::size_t kMostEarly = 100;  // exceptions that wait for a recording

void keep_first(Status &first, Status next) {
  if (first && !next) first = std::move(next);
}

}  // namespace

Result<PushSession *> SinkSession::session(std::size_t number) {
  while (sessions_.size() <= number) {
    PushSession made(
        catalogue_, clock_,
        {.push = facts_.push,
         .owner = facts_.owner,
         .session_id = std::exchange(session_id_used_, true) ? random_decimal_id() : facts_.session_id,
         .directory = facts_.directory,
         .recording_template = template_of(facts_),
         .task = ""});
    REC_CHECK(made.begin_push());
    sessions_.push_back(std::move(made));
  }
  return &sessions_[number];
}

Status SinkSession::note_recording(PushSession &session) {
  if (!session.current()) return ok();
  const std::int64_t id = session.current()->id;
  if (std::find(recordings_.begin(), recordings_.end(), id) == recordings_.end()) recordings_.push_back(id);
  for (const ExceptionReport &report : std::exchange(early_, {}))
    REC_CHECK(session.note_exception({.report = report, .format = std::nullopt}));
  return ok();
}

Status SinkSession::note_exception(const ExceptionReport &report) {
  if (recordings_.empty() && early_.size() < kMostEarly) early_.push_back(report);
  for (PushSession &session : sessions_)
    REC_CHECK(session.note_exception({.report = report, .format = std::nullopt}));
  return ok();
}

Status SinkSession::check_key(const std::string &path) const {
  const auto key = object_key("", facts_.directory, path);
  if (key) return ok();
  return Error{key.error().code, key.error().message + ": let `directory` be a folder above it"};
}

Status SinkSession::file_opened(const std::string &path, UtcTime started) {
  REC_CHECK(check_key(path));
  REC_TRY(PushSession * main, session(0));
  OpenedFile opened;
  opened.format = format_of_file(path);
  opened.temp_path = path;
  opened.location_pattern = path;
  opened.fragment_id = next_file_++;
  opened.started = started;
  REC_CHECK(main->open_file(opened));
  REC_CHECK(note_recording(*main));
  StoredFile open;
  open.format = opened.format;
  open.location_pattern = path;
  open.fragment_id = opened.fragment_id;
  open.facts.temp_path = path;
  open.facts.started = started;
  files_[path] = std::move(open);
  return ok();
}

Status SinkSession::file_closed(const std::string &path) {
  const auto found = files_.find(path);
  if (found == files_.end()) return Error{Errc::not_found, "closed without having been opened: " + path};
  const StoredFile open = std::move(found->second);
  files_.erase(found);
  return close(open, foreign_file(open, clock_.now_utc()));
}

Status SinkSession::close(const StoredFile &open, const Result<ClosedFile> &found) {
  REC_TRY(PushSession * main, session(0));
  if (found) return main->close_file(*found);
  REC_CHECK(main->fail_file(open.facts.temp_path, found.error().message));
  return found.error();
}

Status SinkSession::playlist_opened(const std::string &playlist) {
  if (playlists_.contains(playlist)) return ok();
  REC_CHECK(check_key(playlist));
  const std::size_t number = playlists_.size();
  REC_TRY(PushSession * of_playlist, session(number));
  REC_CHECK(of_playlist->playlist_started(playlist));
  REC_CHECK(note_recording(*of_playlist));
  Playlist made;
  made.session = number;
  made.facts.temp_path = playlist;
  made.facts.path = playlist;
  playlists_[playlist] = std::move(made);
  return ok();
}

Status SinkSession::segment_closed(const std::string &playlist, const std::string &path, UtcTime started,
                                   Nanoseconds duration) {
  REC_CHECK(playlist_opened(playlist));
  REC_CHECK(check_key(path));
  Playlist &of = playlists_.at(playlist);
  REC_CHECK(sync_file(path));
  REC_TRY(const FileFacts file, file_facts(path));
  NewSegment segment;
  segment.path = path;
  segment.uri = std::filesystem::path(path).filename().string();
  segment.sequence = of.segments;
  segment.started = started;
  segment.duration = duration;
  segment.size_bytes = file.size_bytes;
  REC_CHECK(sessions_[of.session].add_segment(playlist, segment));
  if (of.segments++ == 0) of.facts.started = started;
  of.facts.ended = started + std::chrono::duration_cast<std::chrono::microseconds>(duration);
  of.facts.duration += duration;
  of.facts.size_bytes += file.size_bytes;
  return ok();
}

Status SinkSession::end_playlist(Playlist &playlist) {
  if (playlist.segments == 0) return ok();  // nothing to be announced
  const auto there = file_facts(playlist.facts.path);
  if (!there) return there.error();
  return sessions_[playlist.session].playlist_finished(playlist.facts);
}

Status SinkSession::end() {
  Status first = ok();
  for (const auto &[path, open] : std::exchange(files_, {}))
    keep_first(first, close(open, recover_file(open, {})));
  for (auto &[path, playlist] : std::exchange(playlists_, {})) keep_first(first, end_playlist(playlist));
  for (PushSession &session : sessions_) {
    keep_first(first, session.end_push());
    keep_first(first, session.pause_or_finish());
  }
  sessions_.clear();
  return first;
}

}  // namespace rec
