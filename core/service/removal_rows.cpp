// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/removal_rows.h"

#include <algorithm>

#include "core/service/catalogue_sql.h"

namespace rec {
namespace {

constexpr Seconds kWhileUploading{5};

// Everywhere below: "lease <> ''" beside "lease = ?1" lets the index be used that has only those rows.

// What a clip that is there names, and the initialisation sections that this needs.
const std::string kNamed =
    "EXISTS (SELECT 1 FROM clip_segment c JOIN recording user ON user.id = c.recording_id WHERE c.segment_id "
    "= s.id "
    "AND user.removal = 0)";
const std::string kKept =
    "(" + kNamed +
    " OR (s.duration_ns = 0 AND EXISTS (SELECT 1 FROM segment m JOIN clip_segment c ON "
    "c.segment_id = m.id JOIN recording user ON user.id = c.recording_id WHERE m.recording_id = "
    "s.recording_id AND user.removal = 0)))";

// The local copies of playlists and segments go together (local_copies.h). Segments that a removal has left
// are there for clips.
const std::string kHasLocalHls =
    " AND (r.removal = 2 OR NOT EXISTS (SELECT 1 FROM file p WHERE p.recording_id = r.id AND p.format = "
    "'hls' AND p.removed_us IS NOT NULL AND p.expired = 0)) ";

// Whether the segments of a recording, an expression, go before it.
std::string hls_expired(const std::string &recording_id) {
  return "EXISTS (SELECT 1 FROM file p WHERE p.recording_id = " + recording_id +
         " AND p.format = 'hls' AND p.expired = 1)";
}
// With ?2 = 1 only expired ones: of a file f, and of segments of the recording ?1.
const std::string kFileGoes = " AND (?2 = 0 OR f.expired = 1) ";
const std::string kSegmentsGo = " AND (?2 = 0 OR " + hls_expired("?1") + ") ";

Removing removing_in_row(const SqlStatement &row) {
  Removing one;
  one.recording_id = row.int64(0);
  one.session_id = row.text(1);
  one.directory = row.text(2);
  one.deletes_files = row.text(3) != "information";
  one.attempts = static_cast<int>(row.int64(4));
  one.only_expired = row.int64(5) != 0;
  return one;
}

// In parts, of which the store has some.
Result<std::vector<RemovablePiece>> begun_uploads(SqlDatabase &db, const Removing &one) {
  // Below the spool's root: like the object, where that has no name of its own.
  const auto name = [](const std::string &object, const std::string &path) {
    return "CASE WHEN " + object + " <> '' THEN " + object + " ELSE substr(" + path +
           ", length(r.directory) + 2) END";
  };
  REC_TRY(auto query,
          db.prepare("SELECT o.target, CASE WHEN f.id IS NOT NULL THEN " + name("f.object", "f.path") +
                     " WHEN s.id IS NOT NULL THEN " + name("s.object", "s.path") + " ELSE " +
                     name("r.manifest_object", "o.path") +
                     " END, o.upload_id FROM outbox o JOIN recording r ON r.id = o.recording_id LEFT JOIN "
                     "file f ON f.id = o.file_id LEFT JOIN segment s ON s.id = o.segment_id WHERE "
                     "o.recording_id = ?1 AND o.kind = 'upload' AND o.upload_id <> '' AND o.url = '' AND "
                     "(?2 = 0 OR f.expired = 1 OR (s.id IS NOT NULL AND " +
                     hls_expired("?1") + "))"));
  REC_CHECK(query.bind_all(one.recording_id, std::int64_t{one.only_expired}));
  return query.rows([](const SqlStatement &row) {
    return RemovablePiece{.store = row.text(0), .place = row.text(1), .upload_id = row.text(2)};
  });
}

}  // namespace

const std::string_view kOwedOfExpired =
    "(file_id IN (SELECT f.id FROM file f WHERE f.recording_id = outbox.recording_id AND f.expired = 1) OR "
    "(segment_id IS NOT NULL AND EXISTS (SELECT 1 FROM file p WHERE p.recording_id = outbox.recording_id AND "
    "p.format = 'hls' AND p.expired = 1)))";

Result<bool> RemovalRows::any_due() {
  REC_TRY(auto query,
          db_.prepare("SELECT recording_id FROM removal WHERE lease = '' AND next_attempt_us <= ?1 LIMIT 1"));
  REC_CHECK(query.bind_all(us(clock_.now_utc())));
  return query.step();
}

Result<std::vector<Removing>> RemovalRows::take(int limit) {
  const std::int64_t now = us(clock_.now_utc());
  std::vector<Removing> taken;
  const auto body = [&]() -> Status {
    REC_CHECK(
        db_.run_with("UPDATE removal SET lease = ?1 WHERE recording_id IN (SELECT recording_id FROM removal "
                     "WHERE lease = '' AND "
                     "next_attempt_us <= ?2 ORDER BY next_attempt_us LIMIT ?3)",
                     lease_, now, std::int64_t{limit}));
    REC_CHECK(db_.run_with(
        "UPDATE removal SET lease = '', next_attempt_us = ?2 WHERE lease = ?1 AND lease <> '' AND (EXISTS "
        "(SELECT 1 FROM "
        "outbox o "
        "WHERE o.recording_id = removal.recording_id AND o.lease <> '') OR EXISTS (SELECT 1 FROM file f JOIN "
        "growing_upload g ON g.file_id = f.id WHERE f.recording_id = removal.recording_id AND g.lease <> "
        "''))",
        lease_, us(clock_.now_utc() + kWhileUploading)));
    REC_CHECK(drop_owed(db_,
                        "recording_id IN (SELECT recording_id FROM removal WHERE lease = ?1 AND lease <> '') "
                        "AND (NOT EXISTS (SELECT 1 FROM removal m WHERE m.recording_id = outbox.recording_id "
                        "AND m.only_expired = 1) OR " +
                            std::string(kOwedOfExpired) + ")",
                        lease_, clock_.now_utc()));
    REC_TRY(auto query,
            db_.prepare(
                "SELECT m.recording_id, r.session_id, r.directory, m.scope, m.attempts, m.only_expired FROM "
                "removal m JOIN recording r ON r.id = m.recording_id WHERE m.lease = ?1 AND m.lease <> '' "
                "ORDER BY "
                "m.next_attempt_us"));
    REC_CHECK(query.bind_all(lease_));
    REC_TRY(taken, query.rows(removing_in_row));
    REC_TRY(kept_, kept_counts());
    return ok();
  };
  REC_CHECK(db_.transaction(body));
  return taken;
}

Result<std::map<std::int64_t, std::int64_t>> RemovalRows::kept_counts() {
  REC_TRY(auto query,
          db_.prepare("SELECT s.recording_id, count(*) FROM removal t JOIN segment s ON s.recording_id = "
                      "t.recording_id WHERE t.lease = ?1 AND t.lease <> '' AND " +
                      kKept + " GROUP BY s.recording_id"));
  REC_CHECK(query.bind_all(lease_));
  std::map<std::int64_t, std::int64_t> counts;
  REC_CHECK(query.each_row([&](const SqlStatement &row) { counts[row.int64(0)] = row.int64(1); }));
  return counts;
}

Result<std::vector<RemovablePiece>> RemovalRows::pieces_of(const Removing &one) {
  REC_TRY(auto uploads, begun_uploads(db_, one));
  if (!one.deletes_files) return uploads;
  const std::string uploaded =
      "o.recording_id = ?1 AND o.kind = 'upload' AND o.done_us IS NOT NULL AND o.url <> ''";
  const std::string free = kept_.contains(one.recording_id) ? " AND NOT " + kKept : "";
  // Objects first, so that nothing here is gone while a store cannot be reached. The manifest before all: a
  // catalogue is rebuilt from it. Then what names others.
  const std::string of_file = "CASE f.format WHEN 'hls' THEN 1 ELSE 2 END";
  REC_TRY(
      auto query,
      db_.prepare(
          "SELECT 0 AS position, o.target AS store, o.url AS place FROM outbox o WHERE " + uploaded +
          " AND o.file_id IS NULL AND o.segment_id IS NULL AND ?2 = 0 "
          "UNION SELECT " +
          of_file +
          ", o.target, o.url FROM outbox o JOIN file f ON f.id = o.file_id "
          "WHERE " +
          uploaded + kFileGoes + "UNION SELECT " + of_file +
          ", f.stored_in, f.url FROM file f WHERE f.recording_id = ?1 AND "
          "f.url <> '' AND f.stored_in <> ''" +
          kFileGoes +
          "UNION SELECT 3, o.target, o.url FROM outbox o JOIN segment s ON s.id = o.segment_id WHERE " +
          uploaded + free + kSegmentsGo +
          "UNION SELECT 10, '', manifest FROM recording WHERE id = ?1 AND manifest_state < 3 AND ?2 = 0 "
          "UNION SELECT 11, '', playlist_path FROM recording r WHERE id = ?1 AND ?2 = 0" +
          kHasLocalHls + "UNION SELECT 10 + " + of_file +
          ", '', f.path FROM file f WHERE f.recording_id = ?1 AND f.removed_us IS NULL" + kFileGoes +
          "UNION SELECT 12, '', f.temp_path FROM file f WHERE f.recording_id = ?1 AND f.state <> 'closed'" +
          kFileGoes +
          "UNION SELECT 13, '', s.path FROM segment s JOIN recording r ON r.id = s.recording_id WHERE "
          "s.recording_id = ?1" +
          kHasLocalHls + free + kSegmentsGo + "ORDER BY position"));
  REC_CHECK(query.bind_all(one.recording_id, std::int64_t{one.only_expired}));
  REC_TRY(auto pieces, query.rows([](const SqlStatement &row) {
    return RemovablePiece{.store = row.text(1), .place = row.text(2)};
  }));
  std::erase_if(pieces, [](const RemovablePiece &piece) { return piece.place.empty(); });
  REC_CHECK(spare_files_of_others(one, pieces));
  REC_CHECK(add_objects_by_name(one, free, pieces));
  pieces.insert(pieces.begin(), uploads.begin(), uploads.end());
  return pieces;
}

// In a catalogue that was made of manifests no upload tells where manifest and segments went. They were owed
// to both stores of the recording; where they are not, there is nothing to delete.
Status RemovalRows::add_objects_by_name(const Removing &one, const std::string &free,
                                        std::vector<RemovablePiece> &pieces) {
  const std::string stores =
      "(SELECT id, store AS name FROM recording WHERE id = ?1 AND rebuilt = 1 AND store <> '' UNION "
      "SELECT id, backup_store FROM recording WHERE id = ?1 AND rebuilt = 1 AND backup_store <> '') t";
  const auto select = [&](const std::string &sql) -> Result<std::vector<RemovablePiece>> {
    REC_TRY(auto query, db_.prepare(sql));
    REC_CHECK(query.bind_all(one.recording_id, std::int64_t{one.only_expired}));
    return query.rows([](const SqlStatement &row) {
      return RemovablePiece{.store = row.text(0), .place = "", .object = row.text(1)};
    });
  };
  REC_TRY(const auto segments, select("SELECT t.name, s.object FROM segment s JOIN " + stores +
                                      " ON t.id = s.recording_id WHERE s.object <> ''" + free + kSegmentsGo));
  REC_TRY(const auto manifests, select("SELECT t.name, r.manifest_object FROM recording r JOIN " + stores +
                                       " ON t.id = r.id WHERE r.manifest_object <> '' AND ?2 = 0"));
  const auto is_local = [](const RemovablePiece &piece) { return piece.store.empty(); };
  pieces.insert(std::find_if(pieces.begin(), pieces.end(), is_local), segments.begin(), segments.end());
  pieces.insert(pieces.begin(), manifests.begin(), manifests.end());
  return ok();
}

// A sink that writes under the same names again has replaced what this recording had there.
Status RemovalRows::spare_files_of_others(const Removing &one, std::vector<RemovablePiece> &pieces) {
  Status s = ok();
  std::erase_if(pieces, [&](const RemovablePiece &piece) {
    if (!s || !piece.store.empty()) return false;
    auto is_anothers = has_anothers(one, piece.place);
    if (is_anothers) return *is_anothers;
    s = std::move(is_anothers).error();
    return false;
  });
  return s;
}

Result<bool> RemovalRows::has_anothers(const Removing &one, const std::string &path) {
  REC_TRY(auto query,
          db_.prepare("SELECT EXISTS (SELECT 1 FROM file WHERE path = ?2 AND path <> '' AND recording_id <> "
                      "?1 AND removed_us IS NULL) OR EXISTS (SELECT 1 FROM segment s JOIN recording r ON "
                      "r.id = s.recording_id WHERE s.path = ?2 AND s.recording_id <> ?1" +
                      kHasLocalHls + ")"));
  REC_CHECK(query.bind_all(one.recording_id, path));
  REC_CHECK(query.step());
  return query.int64(0) != 0;
}

Status RemovalRows::failed(const Removing &one, const std::string &error, UtcTime next_attempt) {
  return db_.run_with(
      "UPDATE removal SET lease = '', attempts = attempts + 1, last_error = ?3, next_attempt_us = ?4 WHERE "
      "recording_id = ?1 AND lease = ?2",
      one.recording_id, lease_, error, us(next_attempt));
}

Status RemovalRows::give_back(const Removing &one) {
  return db_.run_with("UPDATE removal SET lease = '' WHERE recording_id = ?1 AND lease = ?2",
                      one.recording_id, lease_);
}

Status RemovalRows::settle() {
  const std::int64_t now = us(clock_.now_utc());
  return db_.transaction([&]() -> Status {
    // A clip that went meanwhile needs nothing any more: what was spared for it goes the next time.
    REC_TRY(const auto kept, kept_counts());
    if (kept != kept_)
      return db_.run_with("UPDATE removal SET lease = '' WHERE lease = ?1 AND lease <> ''", lease_);
    REC_CHECK(settle_expired(utc(now)));
    const std::string taken =
        "(SELECT recording_id FROM removal WHERE lease = ?1 AND lease <> '' AND only_expired = 0)";
    const std::string these = "recording_id IN " + taken;
    // What was waiting for a clip that is gone now.
    REC_CHECK(db_.run_with(
        "UPDATE removal SET next_attempt_us = ?2 WHERE next_attempt_us IS NULL AND recording_id IN "
        "(SELECT s.recording_id FROM clip_segment c JOIN segment s ON s.id = c.segment_id WHERE c." +
            these + ")",
        lease_, now));
    REC_CHECK(db_.run_with("DELETE FROM clip_segment WHERE " + these, lease_));
    const std::string spared = "(SELECT s.id FROM segment s WHERE s." + these + " AND " + kKept + ")";
    REC_CHECK(db_.run_with(
        "DELETE FROM outbox WHERE " + these + " AND (segment_id IS NULL OR segment_id NOT IN " + spared + ")",
        lease_));
    REC_CHECK(db_.run_with("DELETE FROM segment WHERE " + these + " AND id NOT IN " + spared, lease_));
    REC_CHECK(db_.run_with(
        "UPDATE file SET removed_us = coalesce(removed_us, ?2), url = '', stored_in = '' WHERE "
        "recording_id IN (SELECT recording_id FROM removal WHERE lease = ?1 AND lease <> '' AND only_expired "
        "= 0 AND scope <> 'information')",
        lease_, now));
    REC_CHECK(db_.run_with("UPDATE recording SET removal = 2, manifest = '' WHERE id IN " + taken, lease_));
    REC_CHECK(db_.run_with(
        "UPDATE removal SET lease = '', last_error = '', next_attempt_us = NULL WHERE lease = ?1 AND lease "
        "<> '' AND (only_expired = 0 OR " +
            hls_expired("removal.recording_id") +
            ") AND EXISTS (SELECT 1 FROM segment s WHERE s.recording_id = removal.recording_id)",
        lease_));
    REC_CHECK(forget());
    return db_.run_with("DELETE FROM removal WHERE lease = ?1 AND lease <> ''", lease_);
  });
}

// Of recordings that stay: the files that are gone are told of as such, here and in the manifest.
Status RemovalRows::settle_expired(UtcTime now) {
  const std::string taken =
      "(SELECT recording_id FROM removal WHERE lease = ?1 AND lease <> '' AND only_expired = 1)";
  const std::string these = "recording_id IN " + taken;
  const std::string spared = "(SELECT s.id FROM segment s WHERE s." + these + " AND " + kKept + ")";
  REC_CHECK(db_.run_with("DELETE FROM outbox WHERE " + these + " AND " + std::string(kOwedOfExpired) +
                             " AND (segment_id IS NULL OR segment_id NOT IN " + spared + ")",
                         lease_));
  REC_CHECK(db_.run_with("DELETE FROM segment WHERE " + these + " AND " +
                             hls_expired("segment.recording_id") + " AND id NOT IN " + spared,
                         lease_));
  REC_CHECK(
      db_.run_with("UPDATE file SET removed_us = coalesce(removed_us, ?2), url = '', stored_in = '' "
                   "WHERE expired = 1 AND " +
                       these,
                   lease_, us(now)));
  return db_.run_with(
      "UPDATE recording SET manifest_state = 1 WHERE manifest_state > 1 AND removal = 0 AND id IN " + taken,
      lease_);
}

// The information, where that is to go, too.
Status RemovalRows::forget() {
  const std::string ids =
      "(SELECT recording_id FROM removal WHERE lease = ?1 AND lease <> '' AND scope <> 'files')";
  for (const char *table : {"file", "recording_callback", "derived_from", "job", "recording_process",
                            "store_journal", "delivery", "progress", "frame_drop", "gap_sum"})
    REC_CHECK(db_.run_with(std::string("DELETE FROM ") + table + " WHERE recording_id IN " + ids, lease_));
  REC_CHECK(db_.run_with("DELETE FROM derived_from WHERE source_id IN " + ids, lease_));
  REC_CHECK(db_.run_with("UPDATE job SET result_id = NULL WHERE result_id IN " + ids, lease_));
  REC_TRY(
      auto query,
      db_.prepare("SELECT recording_id FROM removal WHERE lease = ?1 AND lease <> '' AND scope <> 'files'"));
  REC_CHECK(query.bind_all(lease_));
  REC_TRY(const auto gone, query.rows(int64_in_row));
  REC_CHECK(
      db_.run_with("DELETE FROM removal WHERE lease = ?1 AND lease <> '' AND scope <> 'files'", lease_));
  for (const std::int64_t id : gone) REC_CHECK(db_.run_with("DELETE FROM recording WHERE id = ?1", id));
  return ok();
}

Status RemovalRows::release_dead(const std::function<bool(const std::string &owner)> &is_alive) {
  REC_TRY(auto query, db_.prepare("SELECT DISTINCT lease FROM removal WHERE lease <> ''"));
  REC_TRY(const auto leases, query.rows(text_in_row));
  for (const std::string &lease : leases)
    if (lease != lease_ && !is_alive(lease))
      REC_CHECK(db_.run_with("UPDATE removal SET lease = '' WHERE lease = ?1 AND lease <> ''", lease));
  return ok();
}

}  // namespace rec
