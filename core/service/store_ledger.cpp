// SPDX-License-Identifier: LGPL-2.1-or-later
// How stores do, and the journal. What follows for recordings: store_moves.cpp.
#include "core/service/store_ledger.h"

#include "core/service/catalogue.h"
#include "core/service/catalogue_sql.h"
#include "core/service/store_moves.h"

namespace rec {
namespace {

std::optional<std::int64_t> maybe_us(const std::optional<UtcTime> &t) {
  return t ? std::optional(us(*t)) : std::nullopt;
}

Result<StoreHealth> read_health(SqlDatabase &db, const std::string &store) {
  REC_TRY(auto query, db.prepare("SELECT succeeded_us, failing_since_us, failed, next_probe_us, down_us "
                                 "FROM store_state WHERE store = ?1"));
  REC_CHECK(query.bind_all(store));
  REC_TRY(const bool found, query.step());
  StoreHealth health;
  if (!found) return health;
  health.succeeded = utc(query.maybe_int64(0));
  health.failing_since = utc(query.maybe_int64(1));
  health.failed = static_cast<int>(query.int64(2));
  health.next_probe = utc(query.maybe_int64(3)).value_or(UtcTime{});
  health.down = utc(query.maybe_int64(4));
  return health;
}

Status write_health(SqlDatabase &db, const std::string &store, const StoreHealth &h) {
  return db.run_with(
      "INSERT INTO store_state (store, succeeded_us, failing_since_us, failed, next_probe_us, down_us) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (store) DO UPDATE SET succeeded_us = ?2, "
      "failing_since_us = ?3, failed = ?4, next_probe_us = ?5, down_us = ?6",
      store, maybe_us(h.succeeded), maybe_us(h.failing_since), std::int64_t{h.failed}, us(h.next_probe),
      maybe_us(h.down));
}

constexpr StoreChange::Event kEvents[] = {StoreChange::Event::outage, StoreChange::Event::back,
                                          StoreChange::Event::failed_over, StoreChange::Event::returned,
                                          StoreChange::Event::backfilled};

StoreChange::Event event_named(std::string_view name) {
  for (const StoreChange::Event event : kEvents)
    if (name_of(event) == name) return event;
  return StoreChange::Event::outage;  // the table's CHECK has no other
}

// Everything that waits for the store is due again, in the order in which it came.
Status end_outage(SqlDatabase &db, const std::string &store, UtcTime now) {
  REC_CHECK(write_journal(db, {.at = now, .event = StoreChange::Event::back, .store = store}, std::nullopt));
  REC_CHECK(
      db.run_with("UPDATE outbox SET next_attempt_us = created_us WHERE kind = 'upload' AND target = ?1 AND "
                  "done_us IS NULL AND lease = '' AND next_attempt_us > created_us",
                  store));
  return return_recordings(db, store, now);
}

}  // namespace

std::string_view name_of(StoreChange::Event event) {
  switch (event) {
    case StoreChange::Event::outage:
      return "outage";
    case StoreChange::Event::back:
      return "back";
    case StoreChange::Event::failed_over:
      return "failed-over";
    case StoreChange::Event::returned:
      return "returned";
    case StoreChange::Event::backfilled:
      break;
  }
  return "back-filled";
}

std::string_view name_of(StoredAs state) {
  if (state == StoredAs::uploaded) return "uploaded";
  return state == StoredAs::backed_up ? "backed-up" : "back-filled";
}

Status write_journal(SqlDatabase &db, const StoreChange &change,
                     const std::optional<std::int64_t> &recording_id) {
  return db.run_with(
      "INSERT INTO store_journal (at_us, event, store, backup, recording_id) VALUES (?1, ?2, ?3, ?4, ?5)",
      us(change.at), name_of(change.event), change.store, change.backup, recording_id);
}

Result<bool> is_in_outage(SqlDatabase &db, const std::string &store) {
  REC_TRY(const StoreHealth health, read_health(db, store));
  return health.down.has_value();
}

Status note_success(SqlDatabase &db, const std::string &store, UtcTime now) {
  REC_TRY(const StoreHealth before, read_health(db, store));
  REC_CHECK(write_health(db, store, after_success(now)));
  return before.down ? end_outage(db, store, now) : ok();
}

Result<std::optional<TakeLimit>> take_limit(SqlDatabase &db, const OwedTarget &target, UtcTime now) {
  if (target.kind != OwedKind::upload) return std::optional(TakeLimit{now});
  REC_TRY(StoreHealth health, read_health(db, target.name));
  if (is_outage_due(health, now)) {
    health.down = now;
    REC_CHECK(write_health(db, target.name, health));
    REC_CHECK(write_journal(db, {.at = now, .event = StoreChange::Event::outage, .store = target.name},
                            std::nullopt));
    REC_CHECK(fail_over_recordings(db, target.name, now));
  }
  const StoreLicence licence = licence_of(health, now);
  if (licence == StoreLicence::none) return std::optional<TakeLimit>();
  const bool is_probe = licence == StoreLicence::probe;
  return std::optional(TakeLimit{is_probe ? UtcTime::max() : now, is_probe});
}

Status note_probe(SqlDatabase &db, const std::string &store, UtcTime now) {
  REC_TRY(const StoreHealth health, read_health(db, store));
  return write_health(db, store, after_probe_began(health, now));
}

Result<std::optional<UtcTime>> next_probe(SqlDatabase &db, const OwedTarget &target) {
  if (target.kind != OwedKind::upload) return std::optional<UtcTime>();
  REC_TRY(const StoreHealth health, read_health(db, target.name));
  return health.down ? std::optional(health.next_probe) : std::nullopt;
}

Status StoreLedger::note_failure(const std::string &store, UtcTime began, double jitter) {
  SqlDatabase &db = catalogue_.db_;
  const UtcTime now = catalogue_.clock_->now_utc();
  return db.transaction([&]() -> Status {
    REC_TRY(const StoreHealth before, read_health(db, store));
    return write_health(db, store, after_failure(before, began, now, jitter));
  });
}

Status StoreLedger::state_outages() {
  std::vector<std::string> failing;
  {
    REC_TRY(auto query, catalogue_.db_.prepare("SELECT store FROM store_state WHERE failing_since_us IS NOT "
                                               "NULL AND down_us IS NULL ORDER BY store"));
    REC_TRY(failing, query.rows(text_in_row));
  }
  if (failing.empty()) return ok();
  return catalogue_.db_.transaction([&]() -> Status {
    const UtcTime now = catalogue_.clock_->now_utc();
    for (const std::string &store : failing)
      REC_CHECK(take_limit(catalogue_.db_, {OwedKind::upload, store}, now));
    return ok();
  });
}

Status StoreLedger::probe_now() {
  return catalogue_.db_.run_with(
      "UPDATE store_state SET next_probe_us = ?1 WHERE down_us IS NOT NULL AND next_probe_us > ?1",
      us(catalogue_.clock_->now_utc()));
}

Result<StoreHealth> StoreLedger::health(const std::string &store) {
  return read_health(catalogue_.db_, store);
}

Result<std::vector<std::string>> StoreLedger::stores_in_outage() {
  REC_TRY(auto query,
          catalogue_.db_.prepare("SELECT store FROM store_state WHERE down_us IS NOT NULL ORDER BY store"));
  return query.rows(text_in_row);
}

Result<std::vector<StoreChange>> StoreLedger::changes_since(std::int64_t id) {
  REC_TRY(auto query,
          catalogue_.db_.prepare(
              "SELECT j.id, j.at_us, j.event, j.store, j.backup, r.session_id FROM store_journal j "
              "LEFT JOIN recording r ON r.id = j.recording_id WHERE j.id > ?1 ORDER BY j.id"));
  REC_CHECK(query.bind_all(id));
  return query.rows([](const SqlStatement &row) {
    return StoreChange{.id = row.int64(0),
                       .at = utc(row.int64(1)),
                       .event = event_named(row.text(2)),
                       .store = row.text(3),
                       .backup = row.text(4),
                       .session_id = row.text(5)};
  });
}

Result<std::map<std::int64_t, StoredAs>> StoreLedger::stored_files(std::int64_t recording_id) {
  // Of a recording that was made again of its manifest there are no rows of what was done.
  REC_TRY(auto query,
          catalogue_.db_.prepare(
              "SELECT f.id, count(CASE WHEN coalesce(o.target, f.stored_in) = r.store THEN 1 END), "
              "count(CASE WHEN o.target <> r.store OR (f.url <> '' AND f.stored_in <> r.store) THEN 1 END) "
              "FROM recording r JOIN file f ON f.recording_id = r.id LEFT JOIN outbox o ON o.file_id = f.id "
              "AND o.kind = 'upload' AND o.done_us IS NOT NULL "
              "WHERE r.id = ?1 AND (o.id IS NOT NULL OR f.url <> '') GROUP BY f.id"));
  REC_CHECK(query.bind_all(recording_id));
  std::map<std::int64_t, StoredAs> files;
  REC_CHECK(query.each_row([&](const SqlStatement &row) {
    const bool in_store = row.int64(1) > 0;
    const bool in_backup = row.int64(2) > 0;
    files[row.int64(0)] = !in_backup ? StoredAs::uploaded
                          : in_store ? StoredAs::back_filled
                                     : StoredAs::backed_up;
  }));
  return files;
}

Result<std::int64_t> StoreLedger::last_change() {
  REC_TRY(auto query, catalogue_.db_.prepare("SELECT coalesce(max(id), 0) FROM store_journal"));
  REC_CHECK(query.step());
  return query.int64(0);
}

}  // namespace rec
