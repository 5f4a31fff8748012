// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/expiry.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "core/service/catalogue_sql.h"
#include "core/service/removal.h"

namespace rec {
namespace {

constexpr std::size_t kAtOnce = 1000;  // in one transaction: others want to write, too

// Of the recording r: what is still to be uploaded or made of it may be the only copy there is.
const std::string kOwesNothing =
    "NOT EXISTS (SELECT 1 FROM outbox o WHERE o.recording_id = r.id AND o.kind = 'upload' AND o.done_us IS "
    "NULL AND o.backfill = 0) AND NOT EXISTS (SELECT 1 FROM job j WHERE j.recording_id = r.id AND j.done_us "
    "IS NULL)";

KeptRecording kept_in_row(const SqlStatement &row) {
  KeptRecording one;
  one.id = row.int64(0);
  one.started = utc(row.int64(1));
  one.ended = utc(row.maybe_int64(2)).value_or(one.started);
  one.held = row.int64(3) != 0;
  one.expires = utc(row.maybe_int64(4));
  one.bytes = static_cast<std::uint64_t>(row.int64(5));
  one.is_local = row.int64(6) != 0;
  return one;
}

Result<std::vector<KeptRecording>> recordings_of(SqlDatabase &db, const std::string &template_name) {
  REC_TRY(
      auto query,
      db.prepare("SELECT id, started_us, ended_us, hold = 1 OR NOT (" + kOwesNothing +
                 "), expires_us, coalesce((SELECT sum(size_bytes) FROM file f "
                 "WHERE f.recording_id = r.id AND f.state = 'closed' AND f.format <> 'hls'), 0) + coalesce(("
                 "SELECT sum(size_bytes) FROM segment s WHERE s.recording_id = r.id), 0), store = '' FROM "
                 "recording r "
                 "WHERE "
                 "removal = 0 AND template = ?1 AND state = 'finished' ORDER BY started_us DESC"));
  REC_CHECK(query.bind_all(template_name));
  return query.rows(kept_in_row);
}

// Nothing while files of others are still being deleted there: they make room first.
Result<std::optional<std::uint64_t>> free_for(SqlDatabase &db, const std::string &template_name,
                                              const FreeBytes &free_bytes) {
  {
    REC_TRY(
        auto removals,
        db.prepare("SELECT 1 FROM removal m JOIN recording r ON r.id = m.recording_id WHERE "
                   "m.next_attempt_us IS NOT NULL AND m.scope <> 'information' AND r.store = '' LIMIT 1"));
    REC_TRY(const bool some, removals.step());
    if (some) return std::optional<std::uint64_t>();
  }
  REC_TRY(auto query,
          db.prepare("SELECT directory FROM recording WHERE removal = 0 AND template = ?1 ORDER BY "
                     "started_us DESC LIMIT 1"));
  REC_CHECK(query.bind_all(template_name));
  REC_TRY(const bool found, query.step());
  return found ? free_bytes(query.text(0)) : std::nullopt;
}

Result<std::uint64_t> remove_in_parts(Catalogue &catalogue, const std::vector<std::int64_t> &ids,
                                      RemovalScope scope) {
  std::uint64_t begun = 0;
  for (std::size_t from = 0; from < ids.size(); from += kAtOnce) {
    const auto first = ids.begin() + static_cast<std::ptrdiff_t>(from);
    const auto end = ids.begin() + static_cast<std::ptrdiff_t>(std::min(ids.size(), from + kAtOnce));
    REC_TRY(const std::uint64_t some, begin_removals(catalogue, {first, end}, scope));
    begun += some;
  }
  return begun;
}

// Removes what `sql` finds, a few at a time. ?1 = an instant, ?2 = a template.
Result<std::uint64_t> remove_found(Catalogue &catalogue, const std::string &sql, UtcTime instant,
                                   const std::string &template_name, RemovalScope scope) {
  std::vector<std::int64_t> ids;
  {
    REC_TRY(auto query, catalogue.connection().prepare(sql));
    REC_CHECK(query.bind_all(us(instant), template_name));
    REC_TRY(ids, query.rows(int64_in_row));
  }
  return remove_in_parts(catalogue, ids, scope);
}

// By age alone nothing needs to be counted.
Result<std::uint64_t> expire_old(Catalogue &catalogue, const std::string &template_name, UtcTime before) {
  return remove_found(
      catalogue,
      "SELECT id FROM recording r WHERE removal = 0 AND template = ?2 AND started_us <= ?1 AND ended_us "
      "<= ?1 AND expires_us IS NULL AND hold = 0 AND state = 'finished' AND " +
          kOwesNothing,
      before, template_name, RemovalScope::files);
}

Result<std::uint64_t> expire_by(Catalogue &catalogue, const std::string &template_name,
                                const RetentionPolicy &policy, const FreeBytes &free_bytes) {
  if (policy.keeps_files_for_ever()) return std::uint64_t{0};
  if (!policy.recordings && !policy.bytes && policy.min_free_bytes == 0)
    return expire_old(catalogue, template_name, catalogue.clock().now_utc() - *policy.age);
  REC_TRY(const ExpiryPlan plan, plan_expiry(catalogue, template_name, policy, free_bytes));
  std::vector<std::int64_t> ids;
  for (const Expiry &one : plan.expired) ids.push_back(one.id);
  return remove_in_parts(catalogue, ids, RemovalScope::files);
}

// Nothing = one of its formats is kept for ever.
std::optional<Seconds> longest_age(const RecordingTemplate &t) {
  std::vector<std::optional<Seconds>> ages;
  if (t.hls) ages.push_back(t.hls->options.retention ? t.hls->options.retention : t.retention);
  for (const FileFormat &file : t.files)
    ages.push_back(file.options.retention ? file.options.retention : t.retention);
  if (ages.empty()) return t.retention;
  if (std::find(ages.begin(), ages.end(), std::nullopt) != ages.end()) return std::nullopt;
  return *std::max_element(ages.begin(), ages.end());
}

}  // namespace

RetentionPolicies retention_of(const Configuration &configuration) {
  RetentionPolicies policies;
  for (const auto &[name, t] : configuration.templates) {
    RetentionPolicy policy = t.limits;
    policy.age = longest_age(t);
    if (policy != RetentionPolicy{}) policies[name] = policy;
  }
  return policies;
}

std::optional<std::uint64_t> free_bytes_of(const std::string &directory) {
  std::error_code e;
  const auto space = std::filesystem::space(directory, e);
  return e ? std::nullopt : std::optional<std::uint64_t>(space.available);
}

Result<ExpiryPlan> plan_expiry(Catalogue &catalogue, const std::string &template_name,
                               const RetentionPolicy &policy, const FreeBytes &free_bytes) {
  SqlDatabase &db = catalogue.connection();
  REC_TRY(const auto recordings, recordings_of(db, template_name));
  std::optional<std::uint64_t> free;
  if (policy.min_free_bytes > 0) {
    REC_TRY(free, free_for(db, template_name, free_bytes));
  }
  const UtcTime now = catalogue.clock().now_utc();
  return ExpiryPlan{expired_of(recordings, policy, now, free), forecast_of(recordings, policy, now, free)};
}

Result<std::uint64_t> expire(Catalogue &catalogue, const RetentionPolicies &policies,
                             const FreeBytes &free_bytes) {
  const UtcTime now = catalogue.clock().now_utc();
  REC_TRY(
      std::uint64_t begun,
      remove_found(
          catalogue,
          "SELECT id FROM recording r WHERE removal = 0 AND expires_us IS NOT NULL AND expires_us <= ?1 AND "
          "hold = 0 AND state = 'finished' AND ?2 = '' AND " +
              kOwesNothing,
          now, "", RemovalScope::files));
  for (const auto &[name, policy] : policies) {
    REC_TRY(const std::uint64_t files, expire_by(catalogue, name, policy, free_bytes));
    begun += files;
    if (!policy.information) continue;
    REC_TRY(
        const std::uint64_t rows,
        remove_found(
            catalogue,
            "SELECT id FROM recording WHERE removal = 2 AND ended_us <= ?1 AND template = ?2 AND hold = 0 "
            "AND id NOT IN (SELECT recording_id FROM removal)",
            now - *policy.information, name, RemovalScope::information));
    begun += rows;
  }
  return begun;
}

}  // namespace rec
