// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/catalogue_sql.h"

#include "core/service/store_moves.h"

namespace rec {
namespace {

RecordingState state_named(std::string_view name) {
  if (name == name_of(RecordingState::recording)) return RecordingState::recording;
  return name == name_of(RecordingState::paused) ? RecordingState::paused : RecordingState::finished;
}

FileState file_state_named(std::string_view name) {
  if (name == "open") return FileState::open;
  return name == "closed" ? FileState::closed : FileState::failed;
}

PartState part_state(std::int64_t number) {
  if (number == 0) return PartState::free;
  return number == 1 ? PartState::waits : PartState::whole;
}

}  // namespace

const std::string_view kRecordingColumns =
    "id, session_id, domain, app, stream, stream_param, template, state, owner, resume_until_us, "
    "splice_timeout_ns, started_us, active_us, ended_us, playlist_path, directory, store, task, content, "
    "backup_store, in_backup, formats";

const std::string_view kFileColumns =
    "id, recording_id, format, state, temp_path, location_pattern, utc_offset_s, path, fragment_id, "
    "started_us, "
    "ended_us, duration_ns, size_bytes, video_codec, width, height, audio_codec, video_frames, audio_frames, "
    "media_start_ns, error, url, push_id, part, joined_into, stored_in, removed_us";

std::string_view name_of(RecordingState state) {
  switch (state) {
    case RecordingState::recording:
      return "recording";
    case RecordingState::paused:
      return "paused";
    case RecordingState::finished:
      break;
  }
  return "finished";
}

std::string_view name_of(OwedKind kind) { return kind == OwedKind::upload ? "upload" : "callback"; }

Recording read_recording(const SqlStatement &row) {
  Recording r;
  r.id = row.int64(0);
  r.session_id = row.text(1);
  r.push = {.domain = row.text(2), .app = row.text(3), .stream = row.text(4), .stream_param = row.text(5)};
  r.template_name = row.text(6);
  r.state = state_named(row.text(7));
  r.owner = row.text(8);
  r.resume_until = utc(row.maybe_int64(9));
  r.splice_timeout = Nanoseconds(row.int64(10));
  r.started = utc(row.int64(11));
  r.active = utc(row.int64(12));
  r.ended = utc(row.maybe_int64(13));
  r.playlist_path = row.text(14);
  r.directory = row.text(15);
  r.store = row.text(16);
  r.task = row.text(17);
  r.content = row.text(18);
  r.backup_store = row.text(19);
  r.in_backup = row.int64(20) != 0;
  r.formats = row.text(21);
  return r;
}

Status read_callbacks(SqlDatabase &db, Recording &recording) {
  REC_TRY(auto query,
          db.prepare("SELECT target FROM recording_callback WHERE recording_id = ?1 ORDER BY position"));
  REC_CHECK(query.bind_all(recording.id));
  for (;;) {
    REC_TRY(const bool more, query.step());
    if (!more) return ok();
    recording.callbacks.push_back(query.text(0));
  }
}

StoredFile read_file(const SqlStatement &row) {
  StoredFile f;
  f.id = row.int64(0);
  f.facts.recording_id = row.int64(1);
  f.format = stored_format_named(row.text(2)).value_or(Format::other);
  f.state = file_state_named(row.text(3));
  f.facts.temp_path = row.text(4);
  f.location_pattern = row.text(5);
  f.utc_offset = Seconds(row.int64(6));
  f.facts.path = row.text(7);
  f.fragment_id = static_cast<std::uint32_t>(row.int64(8));
  f.facts.started = utc(row.int64(9));
  f.facts.ended = utc(row.maybe_int64(10)).value_or(f.facts.started);
  f.facts.duration = Nanoseconds(row.int64(11));
  f.facts.size_bytes = static_cast<std::uint64_t>(row.int64(12));
  f.facts.video_codec = row.text(13);
  f.facts.width = static_cast<std::uint32_t>(row.int64(14));
  f.facts.height = static_cast<std::uint32_t>(row.int64(15));
  f.facts.audio_codec = row.text(16);
  f.facts.video_frames = static_cast<std::uint64_t>(row.int64(17));
  f.facts.audio_frames = static_cast<std::uint64_t>(row.int64(18));
  f.facts.media_start = Nanoseconds(row.int64(19));
  f.error = row.text(20);
  f.url = row.text(21);
  f.push_id = row.maybe_int64(22);
  f.part = part_state(row.int64(23));
  f.joined_into = row.maybe_int64(24);
  f.stored_in = row.text(25);
  f.removed = utc(row.maybe_int64(26));
  return f;
}

Status owe_file(SqlDatabase &db, std::int64_t recording_id, std::int64_t file_id, Format format,
                UtcTime now) {
  NewUpload upload;
  upload.recording_id = recording_id;
  upload.file_id = file_id;
  if (format == Format::hls) upload.waits_for = "segments";
  REC_CHECK(owe_upload(db, upload, now));
  return tell(db, recording_id, {.event = RecordingEvent::file_finished, .file_id = file_id}, now);
}

}  // namespace rec
