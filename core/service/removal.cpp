// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/removal.h"

#include "core/service/catalogue_sql.h"
#include "core/service/manifest.h"
#include "core/service/removal_rows.h"

namespace rec {
namespace {

// Why it cannot be removed now; ok() = it can.
Status check_removable(SqlDatabase &db, std::int64_t recording_id) {
  REC_TRY(auto query,
          db.prepare("SELECT session_id, state, hold, EXISTS (SELECT 1 FROM file WHERE recording_id = "
                     "?1 AND part <> 0) FROM recording WHERE id = ?1"));
  REC_CHECK(query.bind_all(recording_id));
  REC_TRY(const bool found, query.step());
  if (!found) return Error{Errc::not_found, "no recording " + std::to_string(recording_id)};
  const std::string name = "recording " + query.text(0);
  if (query.int64(2) != 0) return Error{Errc::denied, name + " is under legal hold"};
  if (query.text(1) != name_of(RecordingState::finished))
    return Error{Errc::exists, name + " is not finished: stop it first"};
  if (query.int64(3) != 0) return Error{Errc::exists, name + ": its files are just being joined; try again"};
  return ok();
}

// Inside a transaction, of one that can be removed.
Status mark(SqlDatabase &db, std::int64_t recording_id, RemovalScope scope, UtcTime now) {
  REC_CHECK(db.run_with(
      "INSERT INTO removal (recording_id, scope, begun_us, next_attempt_us) VALUES (?1, ?2, ?3, ?3) "
      "ON CONFLICT (recording_id) DO UPDATE SET next_attempt_us = excluded.next_attempt_us, scope = "
      "CASE WHEN removal.scope = excluded.scope THEN removal.scope ELSE 'files+information' END",
      recording_id, name_of(scope), us(now)));
  REC_CHECK(db.run_with("UPDATE recording SET removal = 1, manifest_state = 2 WHERE id = ?1", recording_id));
  return drop_owed(db, "recording_id = ?1 AND lease = ''", recording_id, now);
}

// The information of one whose files are gone already can go; nothing else is left of it.
Result<bool> is_gone(SqlDatabase &db, std::int64_t recording_id) {
  REC_TRY(auto query,
          db.prepare("SELECT count(*) FROM recording r WHERE r.id = ?1 AND r.removal = 2 AND NOT EXISTS "
                     "(SELECT 1 FROM removal m WHERE m.recording_id = r.id)"));
  REC_CHECK(query.bind_all(recording_id));
  REC_CHECK(query.step());
  return query.int64(0) != 0;
}

Status begin(SqlDatabase &db, std::int64_t recording_id, RemovalScope scope, UtcTime now) {
  REC_CHECK(check_removable(db, recording_id));
  REC_TRY(const bool gone, is_gone(db, recording_id));
  if (gone && scope == RemovalScope::files) return ok();
  return mark(db, recording_id, scope, now);
}

}  // namespace

std::string_view name_of(RemovalScope scope) {
  switch (scope) {
    case RemovalScope::information:
      return "information";
    case RemovalScope::files:
      return "files";
    case RemovalScope::files_and_information:
      break;
  }
  return "files+information";
}

Status begin_removal(Catalogue &catalogue, std::int64_t recording_id, RemovalScope scope) {
  SqlDatabase &db = catalogue.connection();
  return db.transaction([&] { return begin(db, recording_id, scope, catalogue.clock().now_utc()); });
}

Result<std::uint64_t> begin_removals(Catalogue &catalogue, const std::vector<std::int64_t> &recordings,
                                     RemovalScope scope) {
  SqlDatabase &db = catalogue.connection();
  std::uint64_t begun = 0;
  const auto body = [&]() -> Status {
    for (const std::int64_t id : recordings) {
      Status one = begin(db, id, scope, catalogue.clock().now_utc());
      const bool is_left_out = !one && (one.error().code == Errc::not_found ||
                                        one.error().code == Errc::denied || one.error().code == Errc::exists);
      if (!one && !is_left_out) return one;
      begun += one ? 1 : 0;
    }
    return ok();
  };
  REC_CHECK(db.transaction(body));
  return begun;
}

Status set_hold(Catalogue &catalogue, std::int64_t recording_id, bool hold) {
  SqlDatabase &db = catalogue.connection();
  bool is_set = false;
  const auto body = [&]() -> Status {
    REC_CHECK(db.run_with("UPDATE recording SET hold = ?2 WHERE id = ?1 AND removal = 0", recording_id,
                          std::int64_t{hold ? 1 : 0}));
    is_set = db.changes() == 1;
    return is_set ? renew_manifest(db, recording_id) : ok();
  };
  REC_CHECK(db.transaction(body));
  if (is_set) return ok();
  REC_TRY(const Recording recording, catalogue.recording(recording_id));
  return Error{Errc::exists, "recording " + recording.session_id + " is removed already"};
}

Result<RemovalState> removal_state(Catalogue &catalogue, std::int64_t recording_id) {
  REC_TRY(auto query, catalogue.connection().prepare(
                          "SELECT next_attempt_us, last_error FROM removal WHERE recording_id = ?1"));
  REC_CHECK(query.bind_all(recording_id));
  REC_TRY(const bool found, query.step());
  RemovalState state;
  state.is_over = !found || !query.maybe_int64(0);
  if (!found) return state;
  state.next_attempt = utc(query.maybe_int64(0));
  state.error = query.text(1);
  return state;
}

}  // namespace rec
