// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/derived_recording.h"

#include <algorithm>

#include "core/service/catalogue_sql.h"
#include "core/service/clip_names.h"
#include "core/service/job_rows.h"
#include "core/service/manifest.h"
#include "core/service/object_names.h"
#include "core/service/recording_quality.h"

namespace rec {
namespace {

Status check_sources(SqlDatabase &db, const DerivedRecording &derived) {
  for (const DerivedRecording::Part &part : derived.parts) {
    REC_TRY(auto query, db.prepare("SELECT removal FROM recording WHERE id = ?1"));
    REC_CHECK(query.bind_all(part.source_id));
    REC_TRY(const bool found, query.step());
    if (!found) return Error{Errc::not_found, "no recording " + std::to_string(part.source_id)};
    if (query.int64(0) != 0)
      return Error{Errc::not_found,
                   "the files of recording " + std::to_string(part.source_id) + " are deleted"};
  }
  return ok();
}

// What its playlist names is there, and stays: neither the recording goes nor its segments before it.
Status check_segments(SqlDatabase &db, const DerivedRecording &derived) {
  if (derived.segments.empty()) return ok();
  for (const DerivedRecording::Part &part : derived.parts) {
    REC_TRY(auto query,
            db.prepare("SELECT session_id FROM recording r WHERE id = ?1 AND EXISTS (SELECT 1 FROM "
                       "file f WHERE f.recording_id = r.id AND f.format = 'hls' AND f.expired = "
                       "1)"));
    REC_CHECK(query.bind_all(part.source_id));
    REC_TRY(const bool gone, query.step());
    if (gone) return Error{Errc::not_found, "the HLS of recording " + query.text(0) + " is deleted"};
  }
  return ok();
}

Result<std::int64_t> insert_recording(SqlDatabase &db, const DerivedRecording &derived, std::int64_t now) {
  std::optional<std::int64_t> began, ended;
  std::string playlist, formats;
  for (const DerivedRecording::File &file : derived.files) {
    began = std::min(began.value_or(us(file.facts.started)), us(file.facts.started));
    ended = std::max(ended.value_or(us(file.facts.ended)), us(file.facts.ended));
    if (file.format == Format::hls) playlist = file.facts.path;
    if (formats.find(name_of(file.format)) == formats.npos)
      formats += (formats.empty() ? "" : "+") + std::string(name_of(file.format));
  }
  REC_CHECK(db.run_with(
      "INSERT INTO recording (session_id, domain, app, stream, stream_param, template, state, owner, "
      "splice_timeout_ns, started_us, active_us, ended_us, playlist_path, directory, store, task, content, "
      "backup_store, formats, source, retention_s, expires_us) "
      "SELECT ?1, domain, app, stream, stream_param, template, 'finished', owner, 0, ?2, ?3, ?4, ?5, ?6, "
      "CASE WHEN ?7 = 1 THEN store ELSE '' END, task, content, "
      "CASE WHEN ?7 = 1 THEN backup_store ELSE '' END, ?8, ?9, retention_s, " +
          expiry_after("?4") + " FROM recording WHERE id = ?10",
      derived.session_id, began.value_or(now), now, ended.value_or(now), playlist, derived.directory,
      std::int64_t{derived.is_stored}, formats, name_of(derived.source), derived.parts.front().source_id));
  const std::int64_t id = db.last_insert_id();
  REC_CHECK(
      db.run_with("INSERT INTO recording_callback (recording_id, position, target, events) "
                  "SELECT ?1, position, target, events FROM recording_callback WHERE recording_id = ?2",
                  id, derived.parts.front().source_id));
  return id;
}

Status insert_file(SqlDatabase &db, std::int64_t recording_id, std::int64_t number,
                   const DerivedRecording::File &file, UtcTime now) {
  const ClosedFile &f = file.facts;
  REC_CHECK(db.run_with(
      "INSERT INTO file (recording_id, format, state, temp_path, location_pattern, utc_offset_s, path, "
      "fragment_id, started_us, ended_us, duration_ns, size_bytes, video_codec, width, height, audio_codec, "
      "video_frames, audio_frames, media_start_ns, error, url) "
      "VALUES (?1, ?2, 'closed', ?3, ?3, 0, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, 0, '', '')",
      recording_id, name_of(file.format), f.path, number, us(f.started), us(f.ended),
      std::int64_t{f.duration.count()}, sql_int(f.size_bytes), f.video_codec, std::int64_t{f.width},
      std::int64_t{f.height}, f.audio_codec, sql_int(f.video_frames), sql_int(f.audio_frames)));
  return owe_file(db, recording_id, db.last_insert_id(), file.format, now);
}

Status insert_references(SqlDatabase &db, std::int64_t recording_id, const DerivedRecording &derived) {
  const auto maybe_us = [](const std::optional<UtcTime> &t) {
    return t ? std::optional(us(*t)) : std::nullopt;
  };
  std::int64_t position = 0;
  for (const DerivedRecording::Part &part : derived.parts)
    REC_CHECK(
        db.run_with("INSERT INTO derived_from (recording_id, position, source_id, from_us, to_us) "
                    "VALUES (?1, ?2, ?3, ?4, ?5)",
                    recording_id, position++, part.source_id, maybe_us(part.from), maybe_us(part.to)));
  position = 0;
  for (const std::int64_t segment : derived.segments)
    REC_CHECK(db.run_with("INSERT INTO clip_segment (recording_id, position, segment_id) VALUES (?1, ?2, ?3)",
                          recording_id, position++, segment));
  return ok();
}

// What the template of the recording that was merged has run on the result.
Status owe_jobs_of_merged(SqlDatabase &db, const DerivedRecording &derived, std::int64_t recording_id,
                          UtcTime now) {
  REC_TRY(auto query, db.prepare("SELECT id FROM file WHERE recording_id = ?1 ORDER BY id"));
  REC_CHECK(query.bind_all(recording_id));
  REC_TRY(const auto files, query.rows(int64_in_row));
  for (const std::int64_t file : files)
    REC_CHECK(owe_jobs(db,
                       {.source_id = derived.parts.front().source_id,
                        .recording_id = recording_id,
                        .file_id = file,
                        .merged = true},
                       now));
  return ok();
}

// Of the job that asked for it.
Status end_job(SqlDatabase &db, const DerivedRecording &derived, std::int64_t recording_id, UtcTime now) {
  if (derived.job == 0) return ok();
  if (derived.source == RecordingSource::merge) REC_CHECK(owe_jobs_of_merged(db, derived, recording_id, now));
  REC_CHECK(
      db.run_with("UPDATE job SET done_us = ?2, lease = '', last_error = '', result_id = ?3 WHERE id = ?1",
                  derived.job, us(now), recording_id));
  return renew_manifest(db, derived.parts.front().source_id);
}

NamedSegment read_segment(const SqlStatement &row) {
  return {.id = row.int64(0),
          .facts = {.recording_id = row.int64(1),
                    .path = row.text(2),
                    .uri = row.text(3),
                    .sequence = static_cast<std::uint64_t>(row.int64(4)),
                    .started = utc(row.int64(5)),
                    .duration = Nanoseconds(row.int64(6)),
                    .size_bytes = static_cast<std::uint64_t>(row.int64(7)),
                    .discontinuity = row.int64(8) != 0},
          .url = row.text(9),
          .object = row.text(10),
          .stored_in = row.text(11)};
}

Result<std::vector<NamedSegment>> select_segments(SqlDatabase &db, const std::string &from,
                                                  const std::string &where, std::int64_t recording_id) {
  const std::string uploaded =
      " FROM outbox o WHERE o.segment_id = s.id AND o.kind = 'upload' AND o.done_us IS NOT NULL AND o.url <> "
      "'' ORDER BY o.id DESC LIMIT 1), ";
  REC_TRY(auto query,
          db.prepare("SELECT s.id, s.recording_id, s.path, s.uri, s.sequence, s.started_us, s.duration_ns, "
                     "s.size_bytes, s.discontinuity, coalesce((SELECT o.url" +
                     uploaded + "''), " + kObjectByName + ", coalesce((SELECT o.target" + uploaded +
                     kStoreByPlaylist + ", '') FROM " + from +
                     " JOIN recording r ON r.id = s.recording_id WHERE " + where));
  REC_CHECK(query.bind_all(recording_id));
  return query.rows(read_segment);
}

}  // namespace

Result<Recording> add_derived(Catalogue &catalogue, const DerivedRecording &derived) {
  SqlDatabase &db = catalogue.connection();
  const UtcTime now = catalogue.clock().now_utc();
  std::int64_t id = 0;
  const auto body = [&]() -> Status {
    REC_CHECK(check_sources(db, derived));
    REC_CHECK(check_segments(db, derived));
    REC_TRY(id, insert_recording(db, derived, us(now)));
    REC_CHECK(insert_references(db, id, derived));
    std::int64_t number = 0;
    for (const DerivedRecording::File &file : derived.files)
      REC_CHECK(insert_file(db, id, number++, file, now));
    REC_CHECK(check_quality(db, id));
    REC_CHECK(forget_name(db, derived.noted_name));
    return end_job(db, derived, id, now);
  };
  REC_CHECK(db.transaction(body));
  return catalogue.recording(id);
}

Result<std::vector<NamedSegment>> named_segments(Catalogue &catalogue, std::int64_t recording_id) {
  SqlDatabase &db = catalogue.connection();
  // In the order in which they were recorded: numbers begin anew with each playlist of a recording.
  REC_TRY(auto own, select_segments(db, "segment s", "s.recording_id = ?1 ORDER BY s.id", recording_id));
  if (!own.empty()) return own;
  return select_segments(db, "clip_segment c JOIN segment s ON s.id = c.segment_id",
                         "c.recording_id = ?1 ORDER BY c.position", recording_id);
}

}  // namespace rec
