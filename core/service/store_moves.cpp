// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/store_moves.h"

#include <vector>

#include "core/service/catalogue_sql.h"
#include "core/service/object_names.h"

namespace rec {
namespace {

Result<bool> is_true(SqlStatement query) {
  REC_CHECK(query.step());
  return query.int64(0) != 0;
}

// What a recording is as far as its stores go.
struct Places {
  std::int64_t recording_id = 0;
  std::string store, backup;
  bool in_backup = false;
  bool is_finished = false;
};

Result<Places> places_of(SqlDatabase &db, std::int64_t recording_id) {
  REC_TRY(auto query,
          db.prepare("SELECT store, backup_store, in_backup, state FROM recording WHERE id = ?1"));
  REC_CHECK(query.bind_all(recording_id));
  REC_TRY(const bool found, query.step());
  if (!found) return Error{Errc::corrupt, "the outbox names a recording that is not there"};
  return Places{recording_id, query.text(0), query.text(1), query.int64(2) != 0,
                query.text(3) == name_of(RecordingState::finished)};
}

Status tell(SqlDatabase &db, StoreChange::Event event, const Places &r, UtcTime now) {
  return write_journal(db, {.at = now, .event = event, .store = r.store, .backup = r.backup}, r.recording_id);
}

// A playlist and all of its segments are in one store: those that went to the primary since the last whole
// playlist go to the backup, too. Files stand for themselves, and only those that are owed go there. All in
// the order in which they came, by which playlists know their segments (views.sql).
Status fail_over(SqlDatabase &db, const Places &r, UtcTime now) {
  REC_CHECK(db.run_with("UPDATE recording SET in_backup = 1 WHERE id = ?1", r.recording_id));
  REC_CHECK(db.run_with(
      "INSERT INTO outbox (kind, target, recording_id, file_id, segment_id, waits_for, created_us, "
      "next_attempt_us) SELECT 'upload', ?3, recording_id, file_id, segment_id, waits_for, created_us, ?4 "
      "FROM outbox WHERE id IN ("
      "SELECT o.id FROM segment s JOIN outbox o ON o.segment_id = s.id WHERE s.recording_id = ?1 AND "
      "o.target = ?2 AND (o.done_us IS NULL OR ?5 = 0 OR EXISTS (SELECT 1 FROM file WHERE recording_id = ?1 "
      "AND format = 'hls' AND url = '')) AND o.id > (SELECT coalesce(max(p.id), 0) FROM outbox p "
      "JOIN file q ON q.id = p.file_id WHERE q.recording_id = ?1 AND p.target = ?2 AND "
      "p.waits_for = 'segments' AND p.done_us IS NOT NULL) AND NOT EXISTS "
      "(SELECT 1 FROM outbox t WHERE t.segment_id = s.id AND t.target = ?3) "
      "UNION SELECT o.id FROM file f JOIN outbox o ON o.file_id = f.id WHERE f.recording_id = ?1 AND "
      "o.target = ?2 AND o.kind = 'upload' AND o.done_us IS NULL AND NOT EXISTS "
      "(SELECT 1 FROM outbox t WHERE t.file_id = f.id AND t.kind = 'upload' AND t.target = ?3)) ORDER BY id",
      r.recording_id, r.store, r.backup, us(now), std::int64_t{r.is_finished}));
  return tell(db, StoreChange::Event::failed_over, r, now);
}

Status forget_backup_of(SqlDatabase &db, const Places &r) {
  return db.run_with(
      "DELETE FROM outbox WHERE recording_id = ?1 AND kind = 'upload' AND target = ?2 AND done_us IS NULL "
      "AND lease = ''",
      r.recording_id, r.backup);
}

Result<bool> has_pending(SqlDatabase &db, const Places &r) {
  REC_TRY(auto query,
          db.prepare("SELECT EXISTS (SELECT 1 FROM outbox WHERE recording_id = ?1 AND kind = 'upload' AND "
                     "target = ?2 AND done_us IS NULL)"));
  REC_CHECK(query.bind_all(r.recording_id, r.store));
  return is_true(std::move(query));
}

// `table`: "segment" or "file".
Result<bool> backup_has_a(SqlDatabase &db, const std::string &table, const Places &r) {
  REC_TRY(auto query, db.prepare("SELECT EXISTS (SELECT 1 FROM " + table + " x JOIN outbox o ON o." + table +
                                 "_id = x.id WHERE x.recording_id = ?1 AND o.kind = 'upload' AND "
                                 "o.target = ?2 AND o.done_us IS NOT NULL)"));
  REC_CHECK(query.bind_all(r.recording_id, r.backup));
  return is_true(std::move(query));
}

// The primary has it.
Status settle_in_primary(SqlDatabase &db, const Places &r, const std::optional<std::int64_t> &file_id,
                         UtcTime now) {
  if (file_id)
    REC_CHECK(
        db.run_with("DELETE FROM outbox WHERE file_id = ?1 AND kind = 'upload' AND target = ?2 AND "
                    "done_us IS NULL AND lease = ''",
                    *file_id, r.backup));
  if (!r.is_finished) return ok();
  REC_TRY(const bool is_owed, has_pending(db, r));
  if (is_owed) return ok();
  REC_CHECK(forget_backup_of(db, r));
  REC_TRY(const bool has_segments, backup_has_a(db, "segment", r));
  REC_TRY(const bool has_files, backup_has_a(db, "file", r));
  return has_segments || has_files ? tell(db, StoreChange::Event::backfilled, r, now) : ok();
}

}  // namespace

Status fail_over_recordings(SqlDatabase &db, const std::string &store, UtcTime now) {
  REC_TRY(auto query,
          db.prepare("SELECT DISTINCT r.id FROM outbox o JOIN recording r ON r.id = o.recording_id "
                     "WHERE o.kind = 'upload' AND o.target = ?1 AND o.done_us IS NULL AND r.store = ?1 AND "
                     "r.backup_store <> '' AND r.in_backup = 0 ORDER BY r.id"));
  REC_CHECK(query.bind_all(store));
  REC_TRY(const auto ids, query.rows(int64_in_row));
  for (const std::int64_t id : ids) {
    REC_TRY(const Places recording, places_of(db, id));
    REC_CHECK(fail_over(db, recording, now));
  }
  return ok();
}

Status return_recordings(SqlDatabase &db, const std::string &store, UtcTime now) {
  REC_TRY(auto query,
          db.prepare("SELECT id FROM recording r WHERE store = ?1 AND in_backup = 1 AND (state <> 'finished' "
                     "OR EXISTS (SELECT 1 FROM outbox o WHERE o.recording_id = r.id AND o.kind = 'upload' "
                     "AND o.target = r.backup_store AND o.done_us IS NULL)) ORDER BY id"));
  REC_CHECK(query.bind_all(store));
  REC_TRY(const auto ids, query.rows(int64_in_row));
  for (const std::int64_t id : ids) {
    REC_TRY(const Places recording, places_of(db, id));
    REC_TRY(const bool has_segments, backup_has_a(db, "segment", recording));
    if (has_segments) continue;  // it ends there, playlist and all
    REC_CHECK(forget_backup_of(db, recording));
    REC_CHECK(db.run_with("UPDATE recording SET in_backup = 0 WHERE id = ?1", id));
    REC_CHECK(tell(db, StoreChange::Event::returned, recording, now));
  }
  return ok();
}

Status owe_upload(SqlDatabase &db, const NewUpload &upload, UtcTime now) {
  REC_TRY(const Places r, places_of(db, upload.recording_id));
  if (r.store.empty()) return ok();
  if (upload.segment_id) REC_CHECK(name_segment(db, *upload.segment_id, now));
  if (upload.file_id)
    REC_CHECK(upload.is_playlist ? name_playlist(db, *upload.file_id, now) : name_file(db, *upload.file_id));
  const auto owe_to = [&](const std::string &store) {
    return db.run_with(
        "INSERT INTO outbox (kind, target, recording_id, file_id, segment_id, waits_for, created_us, "
        "next_attempt_us) VALUES ('upload', ?1, ?2, ?3, ?4, ?5, ?6, ?6)",
        store, upload.recording_id, upload.file_id, upload.segment_id, upload.waits_for, us(now));
  };
  REC_CHECK(owe_to(r.store));
  if (r.backup.empty()) return ok();
  if (r.in_backup) return owe_to(r.backup);
  REC_TRY(const bool has_failed, is_in_outage(db, r.store));
  return has_failed ? fail_over(db, r, now) : ok();
}

Status settle_upload(SqlDatabase &db, std::int64_t owed_id, UtcTime now) {
  REC_TRY(auto query,
          db.prepare("SELECT kind, target, recording_id, file_id, segment_id FROM outbox WHERE id = ?1"));
  REC_CHECK(query.bind_all(owed_id));
  REC_TRY(const bool found, query.step());
  if (!found || query.text(0) != name_of(OwedKind::upload)) return ok();
  const std::string store = query.text(1);
  const std::int64_t recording_id = query.int64(2);
  const auto file_id = query.maybe_int64(3);
  const auto segment_id = query.maybe_int64(4);
  REC_CHECK(note_success(db, store, now));
  REC_TRY(const Places r, places_of(db, recording_id));
  if (!r.in_backup) return ok();
  if (store == r.store) return settle_in_primary(db, r, file_id, now);
  const auto &of = file_id ? file_id : segment_id;
  return db.run_with("UPDATE outbox SET backfill = 1 WHERE " +
                         std::string(file_id ? "file_id" : "segment_id") +
                         " = ?1 AND kind = 'upload' AND target = ?2 AND done_us IS NULL",
                     of, r.store);
}

}  // namespace rec
