// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/expiry.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "core/model/recording_template.h"
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

// Of those that a push brought.
Status add_formats(SqlDatabase &db, const std::string &template_name,
                   std::vector<KeptRecording> &recordings) {
  std::map<std::int64_t, std::vector<KeptFormat>> formats;
  REC_TRY(auto query,
          db.prepare("SELECT f.recording_id, f.format, sum(f.size_bytes) FROM recording r JOIN file f ON "
                     "f.recording_id = r.id WHERE r.removal = 0 AND r.template = ?1 AND r.state = 'finished' "
                     "AND r.source = 'push' AND f.state = 'closed' AND f.joined_into IS NULL AND f.expired = "
                     "0 GROUP BY f.recording_id, f.format"));
  REC_CHECK(query.bind_all(template_name));
  REC_CHECK(query.each_row([&](const SqlStatement &row) {
    formats[row.int64(0)].push_back({.format = stored_format_named(row.text(1)).value_or(Format::other),
                                     .bytes = static_cast<std::uint64_t>(row.int64(2))});
  }));
  for (KeptRecording &one : recordings)
    if (const auto found = formats.find(one.id); found != formats.end())
      one.formats = std::move(found->second);
  return ok();
}

Result<std::vector<KeptRecording>> recordings_of(SqlDatabase &db, const std::string &template_name) {
  REC_TRY(
      auto query,
      db.prepare("SELECT id, started_us, ended_us, hold = 1 OR NOT (" + kOwesNothing +
                 "), expires_us, coalesce((SELECT sum(size_bytes) FROM file f "
                 "WHERE f.recording_id = r.id AND f.state = 'closed' AND f.expired = 0 AND f.format <> "
                 "'hls'), 0) + coalesce(("
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

template <typename Begin>
Result<std::uint64_t> in_parts(const std::vector<std::int64_t> &ids, Begin begin) {
  std::uint64_t begun = 0;
  for (std::size_t from = 0; from < ids.size(); from += kAtOnce) {
    const auto first = ids.begin() + static_cast<std::ptrdiff_t>(from);
    const auto end = ids.begin() + static_cast<std::ptrdiff_t>(std::min(ids.size(), from + kAtOnce));
    REC_TRY(const std::uint64_t some, begin(std::vector<std::int64_t>(first, end)));
    begun += some;
  }
  return begun;
}

Result<std::uint64_t> remove_in_parts(Catalogue &catalogue, const std::vector<std::int64_t> &ids,
                                      RemovalScope scope) {
  return in_parts(
      ids, [&](const std::vector<std::int64_t> &some) { return begin_removals(catalogue, some, scope); });
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

// What recordings of the template lack of formats: a few texts, each found by the index.
Result<std::vector<std::string>> kinds_of_expired(SqlDatabase &db, const std::string &template_name) {
  const std::string first =
      "(SELECT min(r.expired_formats) FROM recording r WHERE r.removal = 0 AND r.source = 'push' AND "
      "r.template = ?1";
  REC_TRY(auto query,
          db.prepare("WITH RECURSIVE kind (formats) AS (SELECT " + first + ") UNION ALL SELECT " + first +
                     " AND r.expired_formats > kind.formats) FROM kind WHERE kind.formats IS NOT "
                     "NULL) SELECT formats FROM kind WHERE formats IS NOT NULL"));
  REC_CHECK(query.bind_all(template_name));
  return query.rows(text_in_row);
}

bool has_all(const std::string &expired, const std::vector<Format> &formats) {
  const auto gone = parse_formats(expired);
  return std::all_of(formats.begin(), formats.end(), [&](Format format) {
    return gone && std::find(gone->begin(), gone->end(), format) != gone->end();
  });
}

// What a recording lacks is in an index: those that lack what they are to lack are not looked at again.
Result<std::uint64_t> expire_formats(Catalogue &catalogue, const std::string &template_name,
                                     const RetentionPolicy &policy) {
  if (policy.formats.empty()) return std::uint64_t{0};
  SqlDatabase &db = catalogue.connection();
  REC_TRY(const auto kinds, kinds_of_expired(db, template_name));
  std::uint64_t begun = 0;
  for (const std::string &kind : kinds) {
    for (const ExpiredFormats &due : expired_formats_of(policy)) {
      if (has_all(kind, due.formats)) break;
      std::vector<std::int64_t> ids;
      {
        REC_TRY(
            auto query,
            db.prepare("SELECT id FROM recording r WHERE removal = 0 AND source = 'push' AND template = ?2 "
                       "AND expired_formats = ?3 AND started_us <= ?1 AND ended_us <= ?1 AND expires_us "
                       "IS NULL AND hold = 0 AND state = 'finished' AND " +
                       kOwesNothing));
        REC_CHECK(query.bind_all(us(catalogue.clock().now_utc() - due.age), template_name, kind));
        REC_TRY(ids, query.rows(int64_in_row));
      }
      REC_TRY(const std::uint64_t some, in_parts(ids, [&](const std::vector<std::int64_t> &few) {
                return begin_format_removals(catalogue, few, due.formats);
              }));
      begun += some;
    }
  }
  return begun;
}

Result<std::uint64_t> expire_by(Catalogue &catalogue, const std::string &template_name,
                                const RetentionPolicy &policy, const FreeBytes &free_bytes) {
  if (policy.keeps_files_for_ever()) return std::uint64_t{0};
  if (!policy.recordings && !policy.bytes && policy.min_free_bytes == 0)
    return expire_old(catalogue, template_name, catalogue.clock().now_utc() - *policy.age);
  REC_TRY(const ExpiryPlan plan, plan_expiry(catalogue, template_name, policy, free_bytes));
  std::vector<std::int64_t> ids;
  for (const Expiry &one : plan.expired)
    if (one.formats.empty()) ids.push_back(one.id);
  return remove_in_parts(catalogue, ids, RemovalScope::files);
}

// Of its formats; nothing = one is kept for ever.
std::map<Format, std::optional<Seconds>> ages_of(const RecordingTemplate &t) {
  std::map<Format, std::optional<Seconds>> ages;
  if (t.hls) ages[Format::hls] = t.hls->options.retention ? t.hls->options.retention : t.retention;
  for (const FileFormat &file : t.files)
    ages[file.format] = file.options.retention ? file.options.retention : t.retention;
  return ages;
}

void add_ages(const RecordingTemplate &t, RetentionPolicy &policy) {
  policy.age = t.retention;
  const auto ages = ages_of(t);
  if (ages.empty()) return;
  policy.age = Seconds(0);
  for (const auto &[format, age] : ages)
    policy.age = age && policy.age ? std::optional(std::max(*age, *policy.age)) : std::nullopt;
  for (const auto &[format, age] : ages)
    if (age && age != policy.age) policy.formats.push_back({.format = format, .age = *age});
}

}  // namespace

RetentionPolicies retention_of(const Configuration &configuration) {
  RetentionPolicies policies;
  for (const auto &[name, t] : configuration.templates) {
    RetentionPolicy policy = t.limits;
    add_ages(t, policy);
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
  REC_TRY(auto recordings, recordings_of(db, template_name));
  if (!policy.formats.empty()) REC_CHECK(add_formats(db, template_name, recordings));
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
    REC_TRY(const std::uint64_t formats, expire_formats(catalogue, name, policy));
    REC_TRY(const std::uint64_t files, expire_by(catalogue, name, policy, free_bytes));
    begun += formats + files;
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
