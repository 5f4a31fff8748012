// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/catalogue_sql.h"

#include "core/service/job_rows.h"
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

RecordingSource source_named(std::string_view name) {
  for (const auto source : {RecordingSource::clip, RecordingSource::merge, RecordingSource::job})
    if (name == name_of(source)) return source;
  return RecordingSource::push;
}

Removal removal_of(std::int64_t number) {
  if (number == 0) return Removal::none;
  return number == 1 ? Removal::under_way : Removal::done;
}

PartState part_state(std::int64_t number) {
  if (number == 0) return PartState::free;
  return number == 1 ? PartState::waits : PartState::whole;
}

}  // namespace

const std::string_view kRecordingColumns =
    "id, session_id, domain, app, stream, stream_param, template, state, owner, resume_until_us, "
    "splice_timeout_ns, started_us, active_us, ended_us, playlist_path, directory, store, task, content, "
    "backup_store, in_backup, formats, source, hold, expires_us, removal, quality, playlist_apart, "
    "expired_formats";

const std::string_view kFileColumns =
    "id, recording_id, format, state, temp_path, location_pattern, utc_offset_s, path, fragment_id, "
    "started_us, "
    "ended_us, duration_ns, size_bytes, video_codec, width, height, audio_codec, video_frames, audio_frames, "
    "media_start_ns, error, url, push_id, part, joined_into, stored_in, removed_us, object, keyframes, "
    "longest_gop_ns, audio_start_ns, audio_end_ns, expired";

const std::string_view kSpreadColumns = "keyframes, longest_gop_ns, audio_start_ns, audio_end_ns";

std::string expiry_after(const std::string &ended_us) {
  constexpr std::int64_t kNeverUs = 253'402'300'799'000'000;  // 9999-12-31T23:59:59Z
  return "CASE WHEN expires_us IS NOT NULL THEN expires_us WHEN retention_s = 0 THEN " +
         std::to_string(kNeverUs) + " ELSE " + ended_us + " + retention_s * 1000000 END";
}

SpreadValues::SpreadValues(const std::optional<MediaSpread> &spread) {
  const auto count = [](const std::optional<Nanoseconds> &time) {
    return time ? std::optional<std::int64_t>(time->count()) : std::nullopt;
  };
  if (!spread) return;
  keyframes = sql_int(spread->keyframes);
  longest_gop = spread->longest_gop.count();
  audio_start = count(spread->audio_start);
  audio_end = count(spread->audio_end);
}

std::optional<MediaSpread> read_spread(const SqlStatement &row, int first) {
  const auto time = [](std::optional<std::int64_t> ns) {
    return ns ? std::optional(Nanoseconds(*ns)) : std::nullopt;
  };
  const auto keyframes = row.maybe_int64(first);
  if (!keyframes) return std::nullopt;
  MediaSpread spread;
  spread.keyframes = static_cast<std::uint64_t>(*keyframes);
  spread.longest_gop = Nanoseconds(row.int64(first + 1));
  spread.audio_start = time(row.maybe_int64(first + 2));
  spread.audio_end = time(row.maybe_int64(first + 3));
  return spread;
}

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

std::string_view name_of(RecordingSource source) {
  switch (source) {
    case RecordingSource::push:
      return "push";
    case RecordingSource::clip:
      return "clip";
    case RecordingSource::merge:
      return "merge";
    case RecordingSource::job:
      break;
  }
  return "job";
}

std::string_view name_of(FileState state) {
  if (state == FileState::open) return "open";
  if (state == FileState::expired) return "expired";
  return state == FileState::closed ? "closed" : "failed";
}

std::string_view name_of(OwedKind kind) { return kind == OwedKind::upload ? "upload" : "callback"; }
OwedKind kind_named(std::string_view name) {
  return name == name_of(OwedKind::upload) ? OwedKind::upload : OwedKind::callback;
}

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
  r.source = source_named(row.text(22));
  r.hold = row.int64(23) != 0;
  r.expires = utc(row.maybe_int64(24));
  r.removal = removal_of(row.int64(25));
  r.quality = row.text(26);
  r.playlist_apart = row.int64(27) != 0;
  r.expired_formats = row.text(28);
  return r;
}

Status read_callbacks(SqlDatabase &db, Recording &recording) {
  REC_TRY(auto query,
          db.prepare("SELECT target FROM recording_callback WHERE recording_id = ?1 ORDER BY position"));
  REC_CHECK(query.bind_all(recording.id));
  return query.each_row([&](const SqlStatement &row) { recording.callbacks.push_back(row.text(0)); });
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
  f.object = row.text(27);
  f.facts.spread = read_spread(row, 28);
  if (row.int64(32) != 0) f.state = FileState::expired;
  return f;
}

Status owe_file(SqlDatabase &db, std::int64_t recording_id, std::int64_t file_id, Format format,
                UtcTime now) {
  NewUpload upload;
  upload.recording_id = recording_id;
  upload.file_id = file_id;
  upload.is_playlist = format == Format::hls;
  if (upload.is_playlist) upload.waits_for = "segments";
  REC_CHECK(owe_upload(db, upload, now));
  REC_CHECK(owe_jobs(db, {.source_id = recording_id, .recording_id = recording_id, .file_id = file_id}, now));
  return tell(db, recording_id, {.event = RecordingEvent::file_finished, .file_id = file_id}, now);
}

}  // namespace rec
