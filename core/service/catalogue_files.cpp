// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/catalogue.h"
#include "core/service/catalogue_events.h"
#include "core/service/catalogue_progress.h"
#include "core/service/catalogue_sql.h"
#include "core/service/object_names.h"
#include "core/service/running_playlist.h"
#include "core/service/store_moves.h"

namespace rec {

Status Catalogue::insert_file(const OpenedFile &f) {
  REC_CHECK(db_.run_with(
      "INSERT INTO file (recording_id, format, state, temp_path, location_pattern, utc_offset_s, path, "
      "fragment_id, started_us, duration_ns, size_bytes, video_codec, width, height, audio_codec, "
      "video_frames, "
      "audio_frames, media_start_ns, error, url, push_id, part) "
      "VALUES (?1, ?2, 'open', ?3, ?4, ?5, '', ?6, ?7, 0, 0, '', 0, 0, '', 0, 0, 0, '', '', ?8, ?9)",
      f.recording_id, name_of(f.format), f.temp_path, f.location_pattern, std::int64_t{f.utc_offset.count()},
      std::int64_t{f.fragment_id}, us(f.started), f.push_id, std::int64_t{f.may_be_continued}));
  return db_.run_with("UPDATE recording SET active_us = ?2 WHERE id = ?1", f.recording_id,
                      us(clock_->now_utc()));
}

Result<std::int64_t> Catalogue::open_file(const OpenedFile &file) {
  std::int64_t id = 0;
  const auto body = [&]() -> Status {
    REC_CHECK(insert_file(file));
    REC_TRY(auto query, db_.prepare("SELECT max(id) FROM file WHERE recording_id = ?1"));
    REC_CHECK(query.bind_all(file.recording_id));
    REC_CHECK(query.step());
    id = query.int64(0);
    if (!file.goes_up_early) return ok();
    if (file.location_pattern.find('{') == std::string::npos) REC_CHECK(name_file(db_, id));
    return db_.run_with(
        "INSERT INTO growing_upload (file_id, target) SELECT ?2, store FROM recording "
        "WHERE id = ?1 AND store <> ''",
        file.recording_id, id);
  };
  REC_CHECK(db_.transaction(body));
  return id;
}

Status Catalogue::settle_file(const ClosedFile &f) {
  std::optional<StoredFile> closed;
  {
    const std::string sql =
        "UPDATE file SET state = 'closed', path = ?3, started_us = ?4, ended_us = ?5, duration_ns = ?6, "
        "size_bytes = ?7, video_codec = ?8, width = ?9, height = ?10, audio_codec = ?11, video_frames = ?12, "
        "audio_frames = ?13, media_start_ns = ?14, keyframes = ?15, longest_gop_ns = ?16, audio_start_ns = "
        "?17, audio_end_ns = ?18 "
        "WHERE recording_id = ?1 AND temp_path = ?2 AND state = 'open' RETURNING " +
        std::string(kFileColumns);
    const SpreadValues spread(f.spread);
    REC_TRY(auto update, db_.prepare(sql));
    REC_CHECK(update.bind_all(
        f.recording_id, f.temp_path, f.path, us(f.started), us(f.ended), std::int64_t{f.duration.count()},
        sql_int(f.size_bytes), f.video_codec, std::int64_t{f.width}, std::int64_t{f.height}, f.audio_codec,
        sql_int(f.video_frames), sql_int(f.audio_frames), std::int64_t{f.media_start.count()},
        spread.keyframes, spread.longest_gop, spread.audio_start, spread.audio_end));
    REC_TRY(const bool found, update.step());
    if (!found)
      return Error{Errc::not_found,
                   "recording " + std::to_string(f.recording_id) + " has no open file " + f.temp_path};
    closed = read_file(update);
    REC_CHECK(update.finish());
  }
  REC_CHECK(db_.run_with("UPDATE recording SET active_us = ?2 WHERE id = ?1", f.recording_id,
                         us(clock_->now_utc())));
  if (f.repaired) REC_CHECK(doubt_what_went_up(db_, closed->id));
  REC_TRY(const bool waits, is_held_back(*closed));
  return waits ? ok() : owe(*closed);
}

Status Catalogue::close_file(const ClosedFile &file) {
  return db_.transaction([&] { return settle_file(file); });
}

Status Catalogue::give_up_file(std::int64_t recording_id, const std::string &temp_path,
                               const std::string &reason) {
  return db_.run_with(
      "UPDATE file SET state = 'failed', error = ?3, part = 0 "
      "WHERE recording_id = ?1 AND temp_path = ?2 AND state = 'open'",
      recording_id, temp_path, reason);
}

Status Catalogue::drop_file(std::int64_t recording_id, const std::string &temp_path,
                            const std::string &reason) {
  return give_up_file(recording_id, temp_path, reason);
}

Status Catalogue::fail_file(std::int64_t recording_id, const std::string &temp_path,
                            const std::string &error) {
  return db_.transaction([&]() -> Status {
    REC_CHECK(give_up_file(recording_id, temp_path, error));
    if (db_.changes() == 0) return ok();
    return tell(db_, recording_id, {.event = RecordingEvent::recording_error, .detail = error_detail(error)},
                clock_->now_utc());
  });
}

Result<std::vector<StoredFile>> Catalogue::files(std::int64_t recording_id) {
  const std::string sql =
      "SELECT " + std::string(kFileColumns) +
      " FROM file WHERE recording_id = ?1 ORDER BY format = 'hls', push_id, started_us, id";
  REC_TRY(auto query, db_.prepare(sql));
  REC_CHECK(query.bind_all(recording_id));
  return query.rows(read_file);
}

Status Catalogue::add_segment(const NewSegment &s) {
  return db_.transaction([&]() -> Status {
    const SpreadValues spread(s.spread);
    REC_CHECK(
        db_.run_with("INSERT OR IGNORE INTO segment (recording_id, path, uri, sequence, started_us, "
                     "duration_ns, size_bytes, discontinuity, keyframes, longest_gop_ns, audio_start_ns, "
                     "audio_end_ns) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
                     s.recording_id, s.path, s.uri, sql_int(s.sequence), us(s.started),
                     std::int64_t{s.duration.count()}, sql_int(s.size_bytes), std::int64_t{s.discontinuity},
                     spread.keyframes, spread.longest_gop, spread.audio_start, spread.audio_end));
    if (db_.changes() == 0) return ok();
    const std::int64_t id = db_.last_insert_id();
    const UtcTime now = clock_->now_utc();
    REC_CHECK(db_.run_with("UPDATE recording SET active_us = ?2 WHERE id = ?1", s.recording_id, us(now)));
    NewUpload upload;
    upload.recording_id = s.recording_id;
    upload.segment_id = id;
    REC_CHECK(owe_upload(db_, upload, now));
    REC_CHECK(count_segment(db_, s));
    return s.duration > Nanoseconds(0) ? owe_running_playlist(db_, s, now) : ok();
  });
}

Result<std::vector<NewSegment>> Catalogue::segments(std::int64_t recording_id) {
  REC_TRY(auto query,
          db_.prepare("SELECT recording_id, path, uri, sequence, started_us, duration_ns, size_bytes, "
                      "discontinuity FROM segment WHERE recording_id = ?1 ORDER BY sequence, id"));
  REC_CHECK(query.bind_all(recording_id));
  return query.rows([](const SqlStatement &row) {
    return NewSegment{.recording_id = row.int64(0),
                      .path = row.text(1),
                      .uri = row.text(2),
                      .sequence = static_cast<std::uint64_t>(row.int64(3)),
                      .started = utc(row.int64(4)),
                      .duration = Nanoseconds(row.int64(5)),
                      .size_bytes = static_cast<std::uint64_t>(row.int64(6)),
                      .discontinuity = row.int64(7) != 0};
  });
}

}  // namespace rec
