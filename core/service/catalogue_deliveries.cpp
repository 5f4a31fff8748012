// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/catalogue_deliveries.h"

#include <utility>

#include "core/service/catalogue.h"
#include "core/service/catalogue_sql.h"

namespace rec {
namespace {

constexpr int kForgottenAtOnce = 4;  // more than one, so that a log that is full of old ones gets shorter

Status forget_old(SqlDatabase &db, UtcTime now) {
  REC_CHECK(db.run_with("DELETE FROM delivery WHERE id <= (SELECT max(id) FROM delivery) - ?1",
                        std::int64_t{kMostLoggedAttempts}));
  return db.run_with(
      "DELETE FROM delivery WHERE id IN (SELECT id FROM delivery ORDER BY id LIMIT ?1) AND at_us < ?2",
      std::int64_t{kForgottenAtOnce}, us(now - kOldestLoggedAttempt));
}

}  // namespace

Status log_attempt(SqlDatabase &db, std::int64_t owed_id, const std::string &error, int http_status,
                   UtcTime now) {
  REC_CHECK(db.run_with(
      "INSERT INTO delivery (owed_id, recording_id, kind, target, at_us, attempt, http_status, error) "
      "SELECT id, recording_id, kind, target, ?2, attempts + 1, ?3, ?4 FROM outbox "
      "WHERE id = ?1 AND ((segment_id IS NULL AND running = 0) OR attempts > 0 OR ?4 <> '')",
      owed_id, us(now), std::int64_t{http_status}, error));
  return forget_old(db, now);
}

Result<std::vector<LoggedAttempt>> Catalogue::deliveries(const DeliveryFilter &which, int limit) {
  REC_TRY(auto query,
          db_.prepare("SELECT d.at_us, r.session_id, d.kind, d.target, o.event_id, o.event, o.sequence, "
                      "coalesce(f.path, s.path, ''), d.attempt, d.http_status, d.error "
                      "FROM delivery d JOIN recording r ON r.id = d.recording_id "
                      "LEFT JOIN outbox o ON o.id = d.owed_id AND o.recording_id = d.recording_id AND "
                      "o.target = d.target "
                      "LEFT JOIN file f ON f.id = o.file_id "
                      "LEFT JOIN segment s ON s.id = o.segment_id "
                      "WHERE (?1 = '' OR r.session_id = ?1) AND (?2 = '' OR d.target = ?2) "
                      "AND (?3 = 0 OR d.error <> '') ORDER BY d.id DESC LIMIT ?4"));
  REC_CHECK(query.bind_all(which.recording, which.target, std::int64_t{which.failed}, std::int64_t{limit}));
  return query.rows([](const SqlStatement &row) {
    LoggedAttempt attempt;
    attempt.at = utc(row.int64(0));
    attempt.recording = row.text(1);
    attempt.target = {kind_named(row.text(2)), row.text(3)};
    attempt.event_id = row.text(4);
    attempt.event = recording_event_named(row.text(5)).value_or(RecordingEvent::file_finished);
    attempt.sequence = row.int64(6);
    attempt.path = row.text(7);
    attempt.attempt = static_cast<int>(row.int64(8));
    attempt.http_status = static_cast<int>(row.int64(9));
    attempt.error = row.text(10);
    return attempt;
  });
}

Result<std::int64_t> Catalogue::retry_now(const DeliveryFilter &which) {
  REC_CHECK(
      db_.run_with("UPDATE outbox SET next_attempt_us = ?3 WHERE done_us IS NULL AND lease = '' AND "
                   "next_attempt_us > ?3 AND (?2 = '' OR target = ?2) AND "
                   "(?1 = '' OR recording_id IN (SELECT id FROM recording WHERE session_id = ?1))",
                   which.recording, which.target, us(clock_->now_utc())));
  return db_.changes();
}

}  // namespace rec
