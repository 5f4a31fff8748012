// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/local_copies.h"

#include "core/service/catalogue_sql.h"
#include "core/service/manifest.h"

namespace rec {
namespace {

// Of the recording: jobs read what is here.
const std::string kNothingToBeMade =
    " AND NOT EXISTS (SELECT 1 FROM job j WHERE j.recording_id = r.id AND j.done_us IS NULL)";

// Stands in a query for which recordings it is about.
const std::string kOfThem = "<them>";

}  // namespace

Result<std::vector<LocalCopy>> LocalCopies::removable(LocalCopy::Kind kind, const Wanted &wanted) {
  if (kind == LocalCopy::Kind::file) return files(wanted);
  return kind == LocalCopy::Kind::playlists ? playlists(wanted) : manifests(wanted);
}

// What all kinds have in common: a query about `r` with the parameters ?1 store, ?2 until, ?3 after, ?4
// limit, ?5 holder, and a place for the templates.
Result<SqlStatement> LocalCopies::query(const std::string &sql, const Wanted &wanted) {
  std::vector<SqlValue> values = {wanted.store, us(wanted.until), wanted.after, std::int64_t{wanted.limit},
                                  wanted.holder};
  std::string names;
  for (const std::string &name : wanted.templates) {
    values.emplace_back(name);
    names += (names.empty() ? "?" : ", ?") + std::to_string(values.size());
  }
  std::string of_templates = "r.store = ?1 AND (?5 = ?1 OR r.backup_store = ?5)";
  if (!names.empty() || !wanted.all_but_these)
    of_templates +=
        std::string(" AND r.template ") + (wanted.all_but_these ? "NOT IN (" : "IN (") + names + ")";
  std::string whole = sql;
  whole.replace(whole.find(kOfThem), kOfThem.size(), of_templates);
  REC_TRY(auto statement, db_.prepare(whole));
  REC_CHECK(statement.bind_values(values));
  return statement;
}

Result<std::vector<LocalCopy>> LocalCopies::files(const Wanted &wanted) {
  REC_TRY(
      auto found,
      query("SELECT f.id, f.recording_id, r.directory, f.path, f.object FROM file f "
            "JOIN recording r ON r.id = f.recording_id WHERE f.id > ?3 AND " +
                kOfThem +
                " AND "
                "f.state = 'closed' AND f.format <> 'hls' AND f.part = 0 AND f.removed_us IS NULL AND "
                "f.expired = 0 AND "
                "(r.state = 'finished' OR r.splice_timeout_ns = 0)" +
                kNothingToBeMade +
                " AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.file_id = f.id AND o.kind = 'upload' AND "
                "o.done_us IS NULL AND (?5 = ?1 OR o.backfill = 0)) AND EXISTS (SELECT 1 FROM outbox o "
                "WHERE o.file_id = f.id AND o.kind = 'upload' AND o.target = ?5 AND o.done_us <= ?2) "
                "ORDER BY f.id LIMIT ?4",
            wanted));
  return found.rows([](const SqlStatement &row) {
    LocalCopy copy;
    copy.id = row.int64(0);
    copy.recording_id = row.int64(1);
    copy.directory = row.text(2);
    copy.paths = {row.text(3)};
    copy.objects = {row.text(4)};
    return copy;
  });
}

// The manifest is another kind: it may still be owed to the store that fails.
Result<std::vector<LocalCopy>> LocalCopies::playlists(const Wanted &wanted) {
  std::vector<LocalCopy> copies;
  {
    REC_TRY(
        auto found,
        query(
            "SELECT min(f.id), r.id, r.directory FROM file f JOIN recording r ON r.id = f.recording_id "
            "WHERE " +
                kOfThem +
                " AND r.state = 'finished' AND f.format = 'hls' AND f.state = 'closed' AND "
                "f.removed_us IS NULL" +
                kNothingToBeMade +
                " AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.recording_id = r.id AND "
                "o.kind = 'upload' AND o.done_us IS NULL AND (?5 = ?1 OR (o.backfill = 0 AND o.path = ''))) "
                "AND EXISTS (SELECT 1 FROM outbox o WHERE "
                "o.file_id = f.id AND o.kind = 'upload' AND o.target = ?5 AND o.done_us <= ?2) "
                "GROUP BY r.id, r.directory HAVING min(f.id) > ?3 AND count(*) = (SELECT count(*) FROM file "
                "x WHERE x.recording_id = r.id AND x.format = 'hls') ORDER BY min(f.id) LIMIT ?4",
            wanted));
    REC_TRY(copies, found.rows([](const SqlStatement &row) {
      LocalCopy copy;
      copy.id = row.int64(0);
      copy.recording_id = row.int64(1);
      copy.kind = LocalCopy::Kind::playlists;
      copy.directory = row.text(2);
      return copy;
    }));
  }
  for (LocalCopy &copy : copies) REC_CHECK(add_playlists(copy));
  return copies;
}

Result<std::vector<LocalCopy>> LocalCopies::manifests(const Wanted &wanted) {
  REC_TRY(auto found,
          query("SELECT r.id, r.directory, r.manifest, r.manifest_object FROM recording r WHERE r.id > "
                "?3 AND " +
                    kOfThem +
                    " "
                    "AND r.manifest_state = 2 AND r.manifest <> '' AND NOT EXISTS (SELECT 1 FROM file f "
                    "WHERE f.recording_id = r.id AND f.state = 'closed' AND f.removed_us IS NULL) AND "
                    "NOT EXISTS (SELECT 1 FROM outbox o WHERE o.recording_id = r.id AND o.kind = 'upload' "
                    "AND o.done_us IS NULL) AND EXISTS (SELECT 1 FROM outbox o WHERE o.recording_id = r.id "
                    "AND o.kind = 'upload' AND o.path = r.manifest AND o.target = ?5 AND o.done_us <= ?2) "
                    "ORDER BY r.id LIMIT ?4",
                wanted));
  return found.rows([](const SqlStatement &row) {
    LocalCopy copy;
    copy.kind = LocalCopy::Kind::manifest;
    copy.id = copy.recording_id = row.int64(0);
    copy.directory = row.text(1);
    copy.paths = {row.text(2)};
    copy.objects = {row.text(3)};
    return copy;
  });
}

Status LocalCopies::remember_digests(const LocalCopy &copy, const std::function<bool()> &is_cancelled) {
  if (copy.kind == LocalCopy::Kind::playlists)
    REC_CHECK(add_digests(db_, copy.recording_id, "segment", is_cancelled));
  return copy.kind == LocalCopy::Kind::manifest ? ok()
                                                : add_digests(db_, copy.recording_id, "file", is_cancelled);
}

Status LocalCopies::add_playlists(LocalCopy &copy) {
  REC_TRY(auto query,
          db_.prepare("SELECT path, object, 0 AS of_file, id FROM segment WHERE recording_id = ?1 UNION "
                      "SELECT path, object, 1 AS of_file, id FROM file WHERE recording_id = ?1 AND "
                      "format = 'hls' ORDER BY of_file, id"));
  REC_CHECK(query.bind_all(copy.recording_id));
  return query.each_row([&](const SqlStatement &row) {
    copy.paths.push_back(row.text(0));
    copy.objects.push_back(row.text(1));
  });
}

Status LocalCopies::removed(const LocalCopy &copy) {
  const std::int64_t now = us(clock_.now_utc());
  if (copy.kind == LocalCopy::Kind::manifest)
    return db_.run_with("UPDATE recording SET manifest_state = 3 WHERE id = ?1 AND manifest_state = 2",
                        copy.id);
  if (copy.kind == LocalCopy::Kind::file)
    return db_.run_with("UPDATE file SET removed_us = ?2 WHERE id = ?1", copy.id, now);
  return db_.run_with("UPDATE file SET removed_us = ?2 WHERE recording_id = ?1 AND format = 'hls'",
                      copy.recording_id, now);
}

Result<std::vector<std::string>> LocalCopies::spool_directories() {
  REC_TRY(auto query, db_.prepare("SELECT DISTINCT directory FROM (SELECT directory FROM recording "
                                  "ORDER BY id DESC LIMIT 1000) AS newest ORDER BY directory"));
  return query.rows(text_in_row);
}

}  // namespace rec
