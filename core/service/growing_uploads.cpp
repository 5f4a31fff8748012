// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/growing_uploads.h"

#include "core/model/content.h"
#include "core/service/catalogue_sql.h"

namespace rec {
namespace {

// What `g` is about: 0 it grows, 1 it is over, 2 its file is complete and waits for its upload or for what
// follows it.
constexpr std::string_view kFate =
    "CASE WHEN f.state = 'open' AND f.part <> 2 THEN 0 "
    "WHEN f.state = 'closed' AND f.part = 1 THEN 2 "
    "WHEN f.state = 'closed' AND EXISTS (SELECT 1 FROM outbox o WHERE o.file_id = f.id AND "
    "o.recording_id = f.recording_id AND o.kind = 'upload' AND o.target = g.target AND o.done_us IS NULL) "
    "THEN 2 ELSE 1 END";

GrowingFile read_growing(const SqlStatement &row) {
  GrowingFile g;
  g.file_id = row.int64(0);
  g.is_over = row.int64(1) != 0;
  g.key = row.text(2);
  g.upload_id = row.text(3);
  g.last_part = static_cast<unsigned>(row.int64(4));
  g.attempts = static_cast<int>(row.int64(5));
  g.path = row.text(6);
  g.location_pattern = row.text(7);
  g.format = format_named(row.text(8)).value_or(Format::flv);
  g.session_id = row.text(9);
  g.template_name = row.text(10);
  g.directory = row.text(11);
  g.object = row.text(12);
  g.about = {.domain = row.text(13),
             .app = row.text(14),
             .stream = row.text(15),
             .template_name = g.template_name,
             .task = row.text(16),
             .session_id = g.session_id,
             .record_source = record_source_of(content_named(row.text(17)).value_or(Content{})),
             .format = row.text(8),
             .started = utc(row.int64(18))};
  return g;
}

}  // namespace

Result<std::optional<GrownUpload>> grown_upload(SqlDatabase &db, std::int64_t file_id,
                                                const std::string &target) {
  GrownUpload grown;
  {
    REC_TRY(auto query, db.prepare("SELECT key, upload_id FROM growing_upload WHERE file_id = ?1 AND "
                                   "target = ?2 AND key <> ''"));
    REC_CHECK(query.bind_all(file_id, target));
    REC_TRY(const bool found, query.step());
    if (!found) return std::optional<GrownUpload>();
    grown.key = query.text(0);
    grown.upload_id = query.text(1);
  }
  REC_TRY(auto query, db.prepare("SELECT number, etag FROM grown_part WHERE file_id = ?1"));
  REC_CHECK(query.bind_all(file_id));
  REC_CHECK(query.each_row(
      [&](const SqlStatement &row) { grown.parts[static_cast<unsigned>(row.int64(0))] = row.text(1); }));
  return std::optional(std::move(grown));
}

Status doubt_what_went_up(SqlDatabase &db, std::int64_t file_id) {
  REC_CHECK(db.run_with("UPDATE growing_upload SET repaired = 1 WHERE file_id = ?1", file_id));
  return db.run_with("DELETE FROM grown_part WHERE file_id = ?1", file_id);
}

Status forget_grown(SqlDatabase &db, std::int64_t owed_id) {
  constexpr const char *kOfRow =
      " WHERE file_id = (SELECT g.file_id FROM outbox o JOIN growing_upload g ON g.file_id = o.file_id "
      "WHERE o.id = ?1 AND o.kind = 'upload' AND o.target = g.target AND "
      "g.key NOT LIKE '%.growing/%')";  // is_growing_key(): an object is to be removed
  REC_CHECK(db.run_with(std::string("DELETE FROM grown_part") + kOfRow, owed_id));
  return db.run_with(std::string("DELETE FROM growing_upload") + kOfRow, owed_id);
}

Status release_growing(SqlDatabase &db, const std::string &lease) {
  return db.run_with("UPDATE growing_upload SET lease = '' WHERE lease = ?1 AND lease <> ''", lease);
}

Result<std::vector<GrowingFile>> GrowingUploads::due(const std::string &store) {
  REC_TRY(auto query,
          db_.prepare("SELECT g.file_id, " + std::string(kFate) +
                      " AS fate, g.key, g.upload_id, (SELECT max(number) FROM grown_part p WHERE "
                      "p.file_id = g.file_id), g.attempts, f.temp_path, f.location_pattern, f.format, "
                      "r.session_id, r.template, r.directory, f.object, r.domain, r.app, r.stream, "
                      "r.task, r.content, r.started_us FROM growing_upload g "
                      "LEFT JOIN file f ON f.id = g.file_id LEFT JOIN recording r ON r.id = f.recording_id "
                      "WHERE g.target = ?1 AND g.lease = '' AND g.next_attempt_us <= ?2 AND fate <> 2 "
                      "ORDER BY g.next_attempt_us, g.file_id"));
  REC_CHECK(query.bind_all(store, us(clock_.now_utc())));
  return query.rows(read_growing);
}

Result<bool> GrowingUploads::take(std::int64_t file_id, const std::string &lease) {
  REC_CHECK(
      db_.run_with("UPDATE growing_upload SET lease = ?2 WHERE file_id = ?1 AND lease = '' AND file_id IN "
                   "(SELECT g.file_id FROM growing_upload g LEFT JOIN file f ON f.id = g.file_id WHERE "
                   "g.file_id = ?1 AND " +
                       std::string(kFate) + " <> 2)",
                   file_id, lease));
  return db_.changes() == 1;
}

Result<bool> GrowingUploads::claim_key(std::int64_t file_id, const std::string &lease,
                                       const std::string &key) {
  REC_CHECK(
      db_.run_with("UPDATE growing_upload SET key = ?3 WHERE file_id = ?1 AND lease = ?2 AND NOT EXISTS "
                   "(SELECT 1 FROM growing_upload o WHERE o.target = growing_upload.target AND o.key = ?3 "
                   "AND o.file_id <> ?1)",
                   file_id, lease, key));
  return db_.changes() == 1;
}

Status GrowingUploads::began(std::int64_t file_id, const std::string &lease, const std::string &upload_id) {
  return db_.run_with("UPDATE growing_upload SET upload_id = ?3 WHERE file_id = ?1 AND lease = ?2", file_id,
                      lease, upload_id);
}

Status GrowingUploads::sent(std::int64_t file_id, const std::string &lease, unsigned part,
                            const std::string &etag) {
  return db_.transaction([&]() -> Status {
    REC_CHECK(
        db_.run_with("INSERT OR REPLACE INTO grown_part (file_id, number, etag) SELECT file_id, ?3, ?4 FROM "
                     "growing_upload WHERE file_id = ?1 AND lease = ?2 AND repaired = 0",
                     file_id, lease, std::int64_t{part}, etag));
    return db_.run_with("UPDATE growing_upload SET attempts = 0 WHERE file_id = ?1 AND lease = ?2", file_id,
                        lease);
  });
}

Status GrowingUploads::begin_again(std::int64_t file_id, const std::string &lease) {
  return db_.transaction([&]() -> Status {
    REC_CHECK(
        db_.run_with("DELETE FROM grown_part WHERE file_id IN (SELECT file_id FROM growing_upload "
                     "WHERE file_id = ?1 AND lease = ?2)",
                     file_id, lease));
    return db_.run_with("UPDATE growing_upload SET upload_id = '' WHERE file_id = ?1 AND lease = ?2", file_id,
                        lease);
  });
}

Status GrowingUploads::release(std::int64_t file_id, const std::string &lease) {
  return db_.run_with("UPDATE growing_upload SET lease = '' WHERE file_id = ?1 AND lease = ?2", file_id,
                      lease);
}

Status GrowingUploads::retry(std::int64_t file_id, const std::string &lease, UtcTime next_attempt) {
  return db_.run_with(
      "UPDATE growing_upload SET lease = '', attempts = attempts + 1, next_attempt_us = ?3 "
      "WHERE file_id = ?1 AND lease = ?2",
      file_id, lease, us(next_attempt));
}

Status GrowingUploads::forget(std::int64_t file_id, const std::string &lease) {
  return db_.transaction([&]() -> Status {
    REC_CHECK(
        db_.run_with("DELETE FROM grown_part WHERE file_id IN (SELECT file_id FROM growing_upload "
                     "WHERE file_id = ?1 AND lease = ?2)",
                     file_id, lease));
    return db_.run_with("DELETE FROM growing_upload WHERE file_id = ?1 AND lease = ?2", file_id, lease);
  });
}

}  // namespace rec
