// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/removal.h"

#include <algorithm>

#include "core/model/recording_template.h"
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
      "CASE WHEN removal.scope = excluded.scope OR removal.only_expired = 1 THEN excluded.scope ELSE "
      "'files+information' END, lease = CASE removal.only_expired WHEN 1 THEN '' ELSE removal.lease END, "
      "only_expired = 0",
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

// Of the files of a recording that are there.
Result<std::vector<Format>> formats_there(SqlDatabase &db, std::int64_t recording_id) {
  REC_TRY(auto query, db.prepare("SELECT DISTINCT format FROM file WHERE recording_id = ?1 AND state = "
                                 "'closed' AND joined_into IS NULL AND expired = 0"));
  REC_CHECK(query.bind_all(recording_id));
  return query.rows(
      [](const SqlStatement &row) { return stored_format_named(row.text(0)).value_or(Format::other); });
}

bool contains(const std::vector<Format> &formats, Format format) {
  return std::find(formats.begin(), formats.end(), format) != formats.end();
}

// In one order, so that equal sets are equal text.
std::string with_expired(const std::string &before, const std::vector<Format> &formats) {
  const auto known = parse_formats(before);
  std::vector<Format> all;
  for (const Format format : kAllFormats)
    if (contains(formats, format) || (known && contains(*known, format))) all.push_back(format);
  return join_formats(all);
}

Status mark_formats(SqlDatabase &db, std::int64_t recording_id, const std::vector<Format> &formats,
                    UtcTime now) {
  for (const Format format : formats)
    REC_CHECK(db.run_with("UPDATE file SET expired = 1 WHERE recording_id = ?1 AND format = ?2", recording_id,
                          name_of(format)));
  if (contains(formats, Format::hls))
    REC_CHECK(db.run_with("UPDATE recording SET playlist_path = '' WHERE id = ?1", recording_id));
  // Whoever is at what expired before does not know of these.
  REC_CHECK(db.run_with(
      "INSERT INTO removal (recording_id, scope, begun_us, next_attempt_us, only_expired) VALUES (?1, "
      "'files', ?2, ?2, 1) ON CONFLICT (recording_id) DO UPDATE SET next_attempt_us = "
      "excluded.next_attempt_us, lease = ''",
      recording_id, us(now)));
  return drop_owed(db, "recording_id = ?1 AND lease = '' AND " + std::string(kOwedOfExpired), recording_id,
                   now);
}

// Whether there was something to be removed.
Result<bool> begin_formats(SqlDatabase &db, std::int64_t recording_id, const std::vector<Format> &formats,
                           UtcTime now) {
  REC_CHECK(check_removable(db, recording_id));
  std::string before;
  {
    REC_TRY(auto query, db.prepare("SELECT removal, expired_formats FROM recording WHERE id = ?1"));
    REC_CHECK(query.bind_all(recording_id));
    REC_CHECK(query.step());
    if (query.int64(0) != 0) return Error{Errc::exists, "the recording is removed already"};
    before = query.text(1);
  }
  REC_TRY(const auto there, formats_there(db, recording_id));
  const auto goes = [&](Format format) { return contains(formats, format); };
  if (!there.empty() && std::all_of(there.begin(), there.end(), goes)) {
    REC_CHECK(mark(db, recording_id, RemovalScope::files, now));
    return true;
  }
  REC_CHECK(db.run_with("UPDATE recording SET expired_formats = ?2 WHERE id = ?1", recording_id,
                        with_expired(before, formats)));
  if (std::none_of(there.begin(), there.end(), goes)) return false;
  REC_CHECK(mark_formats(db, recording_id, formats, now));
  return true;
}

bool is_left_out(const Error &error) {
  return error.code == Errc::not_found || error.code == Errc::denied || error.code == Errc::exists;
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
      if (!one && !is_left_out(one.error())) return one;
      begun += one ? 1 : 0;
    }
    return ok();
  };
  REC_CHECK(db.transaction(body));
  return begun;
}

Result<std::uint64_t> begin_format_removals(Catalogue &catalogue, const std::vector<std::int64_t> &recordings,
                                            const std::vector<Format> &formats) {
  SqlDatabase &db = catalogue.connection();
  std::uint64_t begun = 0;
  const auto body = [&]() -> Status {
    for (const std::int64_t id : recordings) {
      const auto one = begin_formats(db, id, formats, catalogue.clock().now_utc());
      if (!one && !is_left_out(one.error())) return one.error();
      begun += one && *one ? 1 : 0;
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
