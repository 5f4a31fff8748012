// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/running_playlist.h"

#include "core/service/catalogue_sql.h"

namespace rec {
namespace {

constexpr Milliseconds kForSegment{500};  // to go up before the playlist names it

}  // namespace

Status owe_running_playlist(SqlDatabase &db, const NewSegment &segment, UtcTime now) {
  std::string playlist, target;
  Nanoseconds wanted{0};
  {
    REC_TRY(auto query,
            db.prepare("SELECT playlist_refresh_ns, playlist_path, CASE WHEN in_backup = 1 THEN backup_store "
                       "ELSE store END FROM recording WHERE id = ?1"));
    REC_CHECK(query.bind_all(segment.recording_id));
    REC_TRY(const bool found, query.step());
    if (!found) return ok();
    wanted = Nanoseconds(query.int64(0));
    playlist = query.text(1);
    target = query.text(2);
  }
  if (wanted <= Nanoseconds(0) || playlist.empty() || target.empty()) return ok();
  const Nanoseconds refresh = playlist_refresh(wanted, segment.sequence);
  const std::int64_t refresh_us = std::chrono::duration_cast<std::chrono::microseconds>(refresh).count();
  REC_CHECK(
      db.run_with("UPDATE outbox SET done_us = NULL, attempts = 0, next_attempt_us = CASE WHEN "
                  "done_us + ?4 > ?5 THEN done_us + ?4 ELSE ?5 END WHERE recording_id = ?1 AND running = 1 "
                  "AND target = ?2 AND path = ?3 AND done_us IS NOT NULL",
                  segment.recording_id, target, playlist, refresh_us, us(now + kForSegment)));
  return db.run_with(
      "INSERT INTO outbox (kind, target, recording_id, path, running, waits_for, created_us, "
      "next_attempt_us) SELECT 'upload', ?2, ?1, ?3, 1, 'nothing', ?4, ?5 WHERE NOT EXISTS (SELECT 1 FROM "
      "outbox WHERE recording_id = ?1 AND running = 1 AND target = ?2 AND path = ?3)",
      segment.recording_id, target, playlist, us(now), us(now + kForSegment));
}

Status end_running_playlist(SqlDatabase &db, std::int64_t recording_id, const std::string &path) {
  return db.run_with(
      "DELETE FROM outbox WHERE recording_id = ?1 AND running = 1 AND path = ?2 AND lease = ''", recording_id,
      path);
}

Status forget_ended_playlist(SqlDatabase &db, std::int64_t owed_id) {
  return db.run_with(
      "DELETE FROM outbox WHERE id = ?1 AND running = 1 AND EXISTS (SELECT 1 FROM recording r WHERE r.id = "
      "outbox.recording_id AND (r.state = 'finished' OR r.playlist_path <> outbox.path))",
      owed_id);
}

Result<std::optional<StoredSegments>> stored_segments(SqlDatabase &db, std::int64_t owed_id) {
  std::string target;
  std::int64_t recording_id = 0;
  {
    REC_TRY(auto query, db.prepare("SELECT o.recording_id, o.target FROM outbox o JOIN recording r ON r.id = "
                                   "o.recording_id WHERE o.id = ?1 AND o.running = 1 AND r.state <> "
                                   "'finished' AND r.playlist_path = o.path"));
    REC_CHECK(query.bind_all(owed_id));
    REC_TRY(const bool found, query.step());
    if (!found) return std::optional<StoredSegments>();
    recording_id = query.int64(0);
    target = query.text(1);
  }
  StoredSegments stored;
  REC_TRY(auto newest, db.prepare("SELECT uri FROM segment WHERE recording_id = ?1 AND duration_ns > 0 ORDER "
                                  "BY started_us DESC, id DESC LIMIT 1"));
  REC_CHECK(newest.bind_all(recording_id));
  REC_TRY(const bool has_one, newest.step());
  if (has_one) stored.last = newest.text(0);
  REC_TRY(auto owed, db.prepare("SELECT s.uri FROM outbox o JOIN segment s ON s.id = o.segment_id WHERE "
                                "o.recording_id = ?1 AND o.target = ?2 AND o.done_us IS NULL"));
  REC_CHECK(owed.bind_all(recording_id, target));
  REC_CHECK(owed.each_row([&](const SqlStatement &row) { stored.missing.insert(row.text(0)); }));
  return std::optional(std::move(stored));
}

}  // namespace rec
