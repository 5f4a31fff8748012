// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>

#include "core/service/catalogue.h"
#include "core/service/catalogue_sql.h"
#include "core/service/object_names.h"
#include "core/service/running_playlist.h"
#include "core/service/store_moves.h"

namespace rec {
namespace {

// Longer than every delay of core/model/retry_schedule.h and StorePace.
constexpr UtcTime kBeyondUploadDelays{Seconds(600)};
constexpr UtcTime kBeyondCallbackDelays{Seconds(2 * 3600)};

// An outbox row, and what it says about the file or the segment.
struct OutboxRow {
  Owed owed;
  std::int64_t recording_id = 0;
  std::optional<std::int64_t> file_id;
  std::string segment_path;
  bool is_other = false;    // neither a file nor a segment
  bool is_running = false;  // a playlist that is still recorded
};

Result<std::vector<OutboxRow>> lease_due(SqlDatabase &db, const std::string &lease, const OwedTarget &target,
                                         int limit, UtcTime now) {
  REC_TRY(
      auto update,
      db.prepare(
          "UPDATE outbox SET lease = ?1 WHERE id IN (SELECT id FROM outbox_ready WHERE kind = ?2 AND "
          "target = ?3 AND next_attempt_us <= ?4 ORDER BY backfill, next_attempt_us, id LIMIT ?5) "
          "RETURNING id, event_id, attempts, recording_id, file_id, "
          "coalesce((SELECT path FROM segment WHERE id = segment_id), path), upload_id, event, "
          "sequence, created_us, detail, backfill, "
          "coalesce((SELECT object FROM segment WHERE id = segment_id), (SELECT manifest_object FROM "
          "recording r WHERE r.id = outbox.recording_id AND r.manifest = outbox.path), ''), path, running, "
          "coalesce((SELECT sha256 FROM segment WHERE id = segment_id), (SELECT sha256 FROM file WHERE id = "
          "file_id), '')"));
  REC_CHECK(update.bind_all(lease, name_of(target.kind), target.name, us(now), std::int64_t{limit}));
  REC_TRY(auto rows, update.rows([&](const SqlStatement &row) {
    OutboxRow due;
    due.owed.id = row.int64(0);
    due.owed.target = target;
    due.owed.event_id = row.text(1);
    due.owed.attempts = static_cast<int>(row.int64(2));
    due.recording_id = row.int64(3);
    due.file_id = row.maybe_int64(4);
    due.segment_path = row.text(5);
    due.owed.upload_id = row.text(6);
    due.owed.event = recording_event_named(row.text(7)).value_or(RecordingEvent::file_finished);
    due.owed.sequence = row.int64(8);
    due.owed.happened = utc(row.int64(9));
    due.owed.detail = row.text(10);
    due.owed.is_backfill = row.int64(11) != 0;
    due.owed.object = row.text(12);
    due.is_other = !row.text(13).empty();
    due.is_running = row.int64(14) != 0;
    due.owed.sha256 = row.text(15);
    return due;
  }));
  std::sort(rows.begin(), rows.end(), [](const auto &a, const auto &b) { return a.owed.id < b.owed.id; });
  return rows;
}

Result<StoredFile> file_row(SqlDatabase &db, std::int64_t id) {
  REC_TRY(auto query, db.prepare("SELECT " + std::string(kFileColumns) + " FROM file WHERE id = ?1"));
  REC_CHECK(query.bind_all(id));
  REC_TRY(const bool found, query.step());
  if (!found) return Error{Errc::corrupt, "the outbox names a file that is not there"};
  return read_file(query);
}

Status add_file(SqlDatabase &db, std::int64_t id, Owed &owed) {
  REC_TRY(owed.file, file_row(db, id));
  owed.path = owed.file->facts.path;
  owed.url = owed.file->url;
  owed.object = owed.file->object;
  if (owed.target.kind != OwedKind::upload) return ok();
  REC_TRY(owed.grown, grown_upload(db, id, owed.target.name));
  return ok();
}

// Where another store has what is still owed to its own.
Status add_backup(SqlDatabase &db, Owed &owed) {
  REC_TRY(auto query,
          db.prepare("SELECT b.url FROM outbox o JOIN outbox b ON b.recording_id = o.recording_id AND "
                     "(b.file_id = o.file_id OR b.segment_id = o.segment_id) WHERE o.id = ?1 AND b.kind = "
                     "'upload' AND b.target = ?2 AND b.done_us IS NOT NULL"));
  REC_CHECK(query.bind_all(owed.id, owed.recording.backup_store));
  REC_TRY(const bool found, query.step());
  if (found) owed.backup_url = query.text(0);
  return ok();
}

Status add_sources(SqlDatabase &db, Owed &owed) {
  if (owed.recording.source == RecordingSource::push) return ok();
  REC_TRY(auto query,
          db.prepare("SELECT s.session_id FROM derived_from d JOIN recording s ON s.id = d.source_id "
                     "WHERE d.recording_id = ?1 ORDER BY d.position"));
  REC_CHECK(query.bind_all(owed.recording.id));
  REC_TRY(owed.derived_from, query.rows(text_in_row));
  return ok();
}

// What it is about. False: a running playlist that was completed, and goes up as a file.
Result<bool> add_subject(SqlDatabase &db, const OutboxRow &row, Owed &owed) {
  owed.path = row.segment_path;
  if (row.file_id) REC_CHECK(add_file(db, *row.file_id, owed));
  if (row.is_other && owed.object.empty()) owed.object = name_of_other(owed.recording, owed.path);
  if (owed.is_backfill) REC_CHECK(add_backup(db, owed));
  if (!row.is_running) return true;
  REC_TRY(owed.running, stored_segments(db, owed.id));
  if (!owed.running) REC_CHECK(forget_ended_playlist(db, owed.id));
  return owed.running.has_value();
}

}  // namespace

Result<std::vector<Owed>> Catalogue::take_due(const std::string &lease, const OwedTarget &target, int limit) {
  std::vector<Owed> taken;
  bool again = false;
  const auto body = [&]() -> Status {
    const UtcTime now = clock_->now_utc();
    REC_TRY(const auto may, take_limit(db_, target, now));
    if (!may) return ok();
    REC_TRY(auto rows, lease_due(db_, lease, target, may->is_probe ? 1 : limit, may->due));
    if (may->is_probe && !rows.empty()) REC_CHECK(note_probe(db_, target.name, now));
    for (OutboxRow &row : rows) {
      Owed owed = std::move(row.owed);
      REC_TRY(owed.recording, recording(row.recording_id));
      if (target.kind == OwedKind::callback) REC_CHECK(add_sources(db_, owed));
      REC_TRY(const bool is_owed, add_subject(db_, row, owed));
      if (is_owed) taken.push_back(std::move(owed));
      again = again || !is_owed;
    }
    return ok();
  };
  REC_CHECK(db_.transaction(body));
  return taken.empty() && again ? take_due(lease, target, limit) : taken;
}

Status Catalogue::remember_upload(std::int64_t owed_id, const std::string &lease,
                                  const std::string &upload_id) {
  REC_CHECK(db_.run_with("UPDATE outbox SET upload_id = ?3 WHERE id = ?1 AND lease = ?2", owed_id, lease,
                         upload_id));
  if (db_.changes() == 1) return ok();
  return Error{Errc::not_found, "outbox row " + std::to_string(owed_id) + " is not ours"};
}

Status Catalogue::done(std::int64_t owed_id, const std::string &lease, const std::string &url,
                       int http_status) {
  return db_.transaction([&]() -> Status {
    REC_CHECK(log_attempt(db_, owed_id, "", http_status, clock_->now_utc()));
    REC_CHECK(
        db_.run_with("UPDATE outbox SET done_us = ?3, lease = '', last_error = '', url = ?4 "
                     "WHERE id = ?1 AND lease = ?2 AND done_us IS NULL",
                     owed_id, lease, us(clock_->now_utc()), url));
    if (db_.changes() == 0)
      return Error{Errc::not_found, "outbox row " + std::to_string(owed_id) + " is not ours"};
    REC_CHECK(forget_grown(db_, owed_id));
    REC_CHECK(settle_upload(db_, owed_id, clock_->now_utc()));
    REC_CHECK(forget_ended_playlist(db_, owed_id));
    return db_.run_with(
        "UPDATE file SET url = ?2, stored_in = (SELECT target FROM outbox WHERE id = ?1) WHERE id = "
        "(SELECT file_id FROM outbox WHERE id = ?1 AND kind = 'upload') AND url = ''",
        owed_id, url);
  });
}

Status Catalogue::retry(std::int64_t owed_id, const std::string &lease, UtcTime next_attempt,
                        const std::string &error, const AttemptFacts &facts) {
  return db_.transaction([&]() -> Status {
    REC_CHECK(log_attempt(db_, owed_id, error, facts.http_status, clock_->now_utc()));
    REC_CHECK(
        db_.run_with("UPDATE outbox SET attempts = attempts + 1, next_attempt_us = ?3, last_error = ?4, "
                     "lease = '' WHERE id = ?1 AND lease = ?2 AND done_us IS NULL",
                     owed_id, lease, us(next_attempt), error));
    if (db_.changes() == 0)
      return Error{Errc::not_found, "outbox row " + std::to_string(owed_id) + " is not ours"};
    REC_CHECK(forget_ended_playlist(db_, owed_id));
    if (!facts.lets_later_pass) return ok();
    return db_.run_with(
        "UPDATE outbox SET holds = 0 WHERE kind = 'callback' AND done_us IS NULL AND holds = 1 AND "
        "recording_id = (SELECT recording_id FROM outbox WHERE id = ?1) AND (id = ?1 OR (waits_for = "
        "'upload' AND "
        "file_id = (SELECT file_id FROM outbox WHERE id = ?1)))",
        owed_id);
  });
}

Status Catalogue::give_back(std::int64_t owed_id, const std::string &lease) {
  return db_.run_with("UPDATE outbox SET lease = '' WHERE id = ?1 AND lease = ?2", owed_id, lease);
}

Status Catalogue::release_leases(const std::string &lease) {
  REC_CHECK(release_growing(db_, lease));
  return db_.run_with("UPDATE outbox SET lease = '' WHERE lease = ?1 AND lease <> ''", lease);
}

Status Catalogue::release_dead_leases(const std::function<bool(const std::string &owner)> &is_alive) {
  std::vector<std::string> dead;
  {
    REC_TRY(auto query, db_.prepare("SELECT lease FROM outbox WHERE lease <> '' UNION "
                                    "SELECT lease FROM growing_upload WHERE lease <> ''"));
    REC_CHECK(query.each_row([&](const SqlStatement &row) {
      if (std::string lease = row.text(0); !is_alive(lease)) dead.push_back(std::move(lease));
    }));
  }
  for (const std::string &lease : dead) REC_CHECK(release_leases(lease));
  return ok();
}

Status Catalogue::heed_clock() {
  const std::string rows = "WHERE done_us IS NULL AND next_attempt_us > ?1 + CASE kind WHEN 'upload' THEN " +
                           std::to_string(us(kBeyondUploadDelays)) + " ELSE " +
                           std::to_string(us(kBeyondCallbackDelays)) + " END";
  const std::int64_t now = us(clock_->now_utc());
  REC_TRY(auto query, db_.prepare("SELECT EXISTS (SELECT 1 FROM outbox " + rows + ")"));
  REC_CHECK(query.bind_all(now));
  REC_CHECK(query.step());
  if (query.int64(0) == 0) return ok();  // as nearly always: without a lock for writing
  return db_.run_with("UPDATE outbox SET next_attempt_us = ?1 " + rows, now);
}

Result<std::vector<OwedTarget>> Catalogue::owed_targets() {
  REC_TRY(auto query, db_.prepare("SELECT DISTINCT kind, target FROM outbox WHERE done_us IS NULL"));
  return query.rows([](const SqlStatement &row) { return OwedTarget{kind_named(row.text(0)), row.text(1)}; });
}

Result<std::optional<UtcTime>> Catalogue::next_due(const OwedTarget &target) {
  REC_TRY(auto query,
          db_.prepare("SELECT min(next_attempt_us) FROM outbox_ready WHERE kind = ?1 AND target = ?2"));
  REC_CHECK(query.bind_all(name_of(target.kind), target.name));
  REC_CHECK(query.step());
  const auto due = utc(query.maybe_int64(0));
  REC_TRY(const auto probe, next_probe(db_, target));
  return due && probe ? probe : due;
}

Result<OwedCounts> Catalogue::count_owed(const std::string &where, const std::string &owner) {
  REC_TRY(auto query, db_.prepare("SELECT count(*) FILTER (WHERE kind = 'upload'), "
                                  "count(*) FILTER (WHERE kind = 'callback'), "
                                  "count(*) FILTER (WHERE attempts > 0) FROM outbox WHERE done_us IS NULL" +
                                  where));
  if (!where.empty()) REC_CHECK(query.bind_all(owner));
  REC_CHECK(query.step());
  return OwedCounts{.uploads = static_cast<std::uint64_t>(query.int64(0)),
                    .callbacks = static_cast<std::uint64_t>(query.int64(1)),
                    .failing = static_cast<std::uint64_t>(query.int64(2))};
}

Result<std::uint64_t> Catalogue::untried() {
  REC_TRY(auto query, db_.prepare("SELECT count(*) FROM outbox WHERE done_us IS NULL AND attempts = 0 AND "
                                  "backfill = 0 AND (lease <> '' OR id IN (SELECT id FROM outbox_ready)) "
                                  "AND NOT (kind = 'upload' AND target IN (SELECT store FROM store_state "
                                  "WHERE down_us IS NOT NULL))"));
  REC_CHECK(query.step());
  return static_cast<std::uint64_t>(query.int64(0));
}

Result<OwedCounts> Catalogue::owed() { return count_owed("", ""); }

Result<OwedCounts> Catalogue::owed_by(const std::string &owner) {
  return count_owed(" AND backfill = 0 AND recording_id IN (SELECT id FROM recording WHERE owner = ?1)",
                    owner);
}

Result<std::vector<OwedSummary>> Catalogue::owed_of(std::int64_t recording_id) {
  // Beside max(), SQLite takes the other columns from the row that has the maximum.
  REC_TRY(auto query,
          db_.prepare("SELECT o.kind, o.target, o.n, o.next, max(w.attempts), w.last_error FROM "
                      "(SELECT kind, target, count(*) AS n, min(next_attempt_us) AS next FROM outbox "
                      "WHERE recording_id = ?1 AND done_us IS NULL GROUP BY kind, target) o "
                      "JOIN outbox w ON w.recording_id = ?1 AND w.done_us IS NULL AND "
                      "w.kind = o.kind AND w.target = o.target GROUP BY o.kind, o.target "
                      "ORDER BY o.kind DESC, o.target"));
  REC_CHECK(query.bind_all(recording_id));
  return query.rows([](const SqlStatement &row) {
    OwedSummary summary;
    summary.target = {kind_named(row.text(0)), row.text(1)};
    summary.count = static_cast<std::uint64_t>(row.int64(2));
    summary.next_attempt = utc(row.int64(3));
    summary.attempts = static_cast<std::uint64_t>(row.int64(4));
    summary.last_error = row.text(5);
    return summary;
  });
}

}  // namespace rec
