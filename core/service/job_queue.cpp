// SPDX-License-Identifier: LGPL-2.1-or-later
// The rows of jobs (recording_jobs.h).
#include <filesystem>

#include "core/service/catalogue_events.h"
#include "core/service/catalogue_sql.h"
#include "core/service/job_rows.h"
#include "core/service/owner_lease.h"
#include "core/service/recording_jobs.h"

namespace rec {
namespace {

// Of a job j whose recording is r. Files of a recording that goes on are complete one by one.
const std::string kIsReady =
    "r.removal = 0 AND (j.kind = 'process' OR (r.state = 'finished' AND NOT EXISTS (SELECT 1 FROM file f "
    "WHERE f.recording_id = r.id AND (f.state = 'open' OR f.part <> 0))))";

// ?1 = a session id, ?2 = the name of a job; '' = any. Those of one recording are found by its index.
std::string is_meant(const JobFilter &filter) {
  return std::string(filter.recording.empty()
                         ? "?1 = ''"
                         : "j.recording_id = (SELECT id FROM recording WHERE session_id = ?1)") +
         " AND (?2 = '' OR j.name = ?2)";
}
const std::string kHasFailed = "j.last_error <> '' AND (j.done_us IS NULL OR j.result_id IS NULL)";

std::string state_of(bool is_done, bool is_leased, const std::string &error) {
  if (!is_done) return is_leased ? "running" : "waiting";
  return error.empty() ? "done" : "failed";
}

JobView view_in_row(const SqlStatement &row) {
  JobView view{.id = row.int64(0),
               .recording = row.text(1),
               .kind = row.text(2),
               .name = row.text(3),
               .format = row.text(4),
               .location = row.text(5),
               .state = {},
               .attempts = static_cast<int>(row.int64(6)),
               .begun = utc(row.maybe_int64(7)),
               .next_attempt = utc(row.int64(8)),
               .ended = utc(row.maybe_int64(9)),
               .error = row.text(10),
               .result = row.text(11),
               .log = row.text(12)};
  view.state = state_of(view.ended.has_value(), row.int64(13) != 0, view.error);
  if (view.state != "waiting") view.next_attempt.reset();
  return view;
}

}  // namespace

std::string work_folder(const std::string &directory, const std::string &session_id) {
  if (session_id.empty() || session_id.find_first_not_of("0123456789") != session_id.npos) return "";
  return (std::filesystem::path(directory) / ".jobs" / session_id).string();
}

Result<std::optional<RecordingJob>> RecordingJobs::take(const std::string &kind, const std::string &name) {
  REC_TRY(auto update,
          db_.prepare(
              "UPDATE job SET lease = ?1, begun_us = ?2, log = '', session_id = CASE session_id WHEN '' THEN "
              "?5 ELSE session_id END WHERE id = (SELECT j.id FROM job j JOIN recording r ON r.id = "
              "j.recording_id WHERE j.done_us IS NULL AND j.kind = ?3 AND j.name = ?4 AND j.lease = '' AND "
              "j.next_attempt_us <= ?2 AND " +
              kIsReady +
              " ORDER BY j.next_attempt_us, j.id LIMIT 1) RETURNING id, recording_id, kind, format, "
              "attempts, name, file_id, session_id"));
  REC_CHECK(update.bind_all(lease_, us(clock_.now_utc()), kind, name, random_decimal_id()));
  std::optional<RecordingJob> taken;
  REC_CHECK(update.each_row([&](const SqlStatement &row) {
    taken = RecordingJob{.id = row.int64(0),
                         .recording_id = row.int64(1),
                         .what = {.kind = row.text(2), .format = row.text(3), .name = row.text(5)},
                         .file_id = row.maybe_int64(6).value_or(0),
                         .session_id = row.text(7),
                         .attempts = static_cast<int>(row.int64(4))};
  }));
  return taken;
}

Status RecordingJobs::done(const RecordingJob &job) {
  return db_.transaction([&]() -> Status {
    const UtcTime now = clock_.now_utc();
    REC_CHECK(
        db_.run_with("UPDATE job SET done_us = ?3, lease = '', last_error = '' WHERE id = ?1 AND lease = ?2",
                     job.id, lease_, us(now)));
    if (db_.changes() == 0 || job.what.kind != "merge") return ok();
    REC_TRY(auto query, db_.prepare("SELECT id FROM file WHERE recording_id = ?1 AND format = ?2 AND state = "
                                    "'closed' AND joined_into IS NULL ORDER BY id"));
    REC_CHECK(query.bind_all(job.recording_id, job.what.format));
    REC_TRY(const auto files, query.rows(int64_in_row));
    for (const std::int64_t file : files)
      REC_CHECK(owe_jobs(
          db_,
          {.source_id = job.recording_id, .recording_id = job.recording_id, .file_id = file, .merged = true},
          now));
    return ok();
  });
}

Status RecordingJobs::failed(const RecordingJob &job, const std::string &error,
                             std::optional<UtcTime> next_attempt) {
  return db_.transaction([&]() -> Status {
    const UtcTime now = clock_.now_utc();
    REC_CHECK(db_.run_with(
        "UPDATE job SET attempts = attempts + 1, last_error = ?3, next_attempt_us = ?4, done_us = ?5, lease "
        "= '' WHERE id = ?1 AND lease = ?2",
        job.id, lease_, error, us(next_attempt.value_or(now)),
        next_attempt ? std::optional<std::int64_t>() : std::optional(us(now))));
    if (next_attempt || db_.changes() == 0 || job.what.kind != "process") return ok();
    return tell(db_, job.recording_id,
                {.event = RecordingEvent::recording_error,
                 .detail = error_detail("job '" + job.what.name + "' is given up: " + error)},
                now);
  });
}

Status RecordingJobs::give_back(const RecordingJob &job) {
  return db_.run_with("UPDATE job SET lease = '' WHERE id = ?1 AND lease = ?2", job.id, lease_);
}

Status RecordingJobs::keep_log(const RecordingJob &job, const std::string &log) {
  return db_.run_with("UPDATE job SET log = ?3 WHERE id = ?1 AND lease = ?2", job.id, lease_, log);
}

Result<std::vector<std::string>> RecordingJobs::release_dead(
    const std::function<bool(const std::string &owner)> &is_alive) {
  REC_TRY(auto query, db_.prepare("SELECT DISTINCT lease FROM job WHERE done_us IS NULL AND lease <> ''"));
  REC_TRY(const auto leases, query.rows(text_in_row));
  std::vector<std::string> folders;
  for (const std::string &lease : leases) {
    if (is_alive(lease)) continue;
    REC_TRY(auto left, db_.prepare("SELECT r.directory, j.session_id FROM job j JOIN recording r ON r.id = "
                                   "j.recording_id WHERE j.lease = ?1 AND j.kind = 'process'"));
    REC_CHECK(left.bind_all(lease));
    REC_CHECK(left.each_row([&](const SqlStatement &row) {
      std::string folder = work_folder(row.text(0), row.text(1));
      if (!folder.empty()) folders.push_back(std::move(folder));
    }));
    REC_CHECK(db_.run_with("UPDATE job SET lease = '' WHERE lease = ?1", lease));
  }
  return folders;
}

Result<std::vector<std::string>> RecordingJobs::unknown(const std::set<std::string> &known) {
  REC_TRY(auto query,
          db_.prepare("SELECT DISTINCT name FROM job WHERE done_us IS NULL AND kind = 'process' AND "
                      "lease = ''"));
  REC_TRY(auto names, query.rows(text_in_row));
  std::erase_if(names, [&](const std::string &name) { return known.contains(name); });
  const UtcTime now = clock_.now_utc();
  for (const std::string &name : names)
    REC_CHECK(db_.run_with(
        "UPDATE job SET done_us = ?3, last_error = ?4 WHERE done_us IS NULL AND kind = "
        "'process' AND name = ?1 AND lease = '' AND next_attempt_us <= ?2",
        name, us(now - kNobodyKnows), us(now), "no configuration has had a job '" + name + "' for a day"));
  return names;
}

Result<std::uint64_t> owed_jobs(Catalogue &catalogue, const std::string &owner) {
  REC_TRY(auto query, catalogue.connection().prepare(
                          "SELECT count(*) FROM job j JOIN recording r ON r.id = j.recording_id WHERE "
                          "j.done_us IS NULL AND r.owner = ?1 AND r.removal = 0"));
  REC_CHECK(query.bind_all(owner));
  REC_CHECK(query.step());
  return static_cast<std::uint64_t>(query.int64(0));
}

Result<std::vector<std::int64_t>> with_results(Catalogue &catalogue, std::int64_t recording_id) {
  REC_TRY(auto query,
          catalogue.connection().prepare(
              "WITH RECURSIVE made (id) AS (SELECT ?1 UNION SELECT j.result_id FROM made m JOIN job j ON "
              "j.recording_id = m.id WHERE j.result_id IS NOT NULL) SELECT id FROM made WHERE NOT EXISTS "
              "(SELECT 1 FROM made m JOIN recording r ON r.id = m.id JOIN job j ON j.recording_id = m.id "
              "WHERE j.done_us IS NULL AND r.removal = 0)"));
  REC_CHECK(query.bind_all(recording_id));
  return query.rows(int64_in_row);
}

Result<std::vector<JobView>> list_jobs(Catalogue &catalogue, const JobFilter &filter, int limit) {
  REC_TRY(
      auto query,
      catalogue.connection().prepare(
          "SELECT j.id, r.session_id, j.kind, j.name, j.format, coalesce(f.path, ''), j.attempts, "
          "j.begun_us, j.next_attempt_us, j.done_us, j.last_error, coalesce(m.session_id, ''), j.log, "
          "j.lease <> '' FROM job j JOIN recording r ON r.id = j.recording_id LEFT JOIN file f ON f.id = "
          "j.file_id LEFT JOIN recording m ON m.id = j.result_id WHERE " +
          is_meant(filter) + (filter.failed ? " AND " + kHasFailed : "") + " ORDER BY j.id DESC LIMIT ?3"));
  REC_CHECK(query.bind_all(filter.recording, filter.name, std::int64_t{limit}));
  return query.rows(view_in_row);
}

Result<std::string> poster_of(Catalogue &catalogue, std::int64_t recording_id) {
  REC_TRY(auto query,
          catalogue.connection().prepare(
              "SELECT m.session_id, f.id, f.path FROM recording m JOIN file f ON f.recording_id = m.id WHERE "
              "m.id IN (SELECT result_id FROM job WHERE recording_id = ?1 AND result_id IS NOT NULL UNION "
              "SELECT id FROM recording WHERE id = ?1 AND source = 'job') AND m.removal = 0 AND f.state = "
              "'closed' AND f.format = 'other' ORDER BY f.id"));
  REC_CHECK(query.bind_all(recording_id));
  std::string poster;
  REC_CHECK(query.each_row([&](const SqlStatement &row) {
    const std::string extension = std::filesystem::path(row.text(2)).extension().string();
    const bool is_picture = extension == ".jpg" || extension == ".png" || extension == ".webp";
    if (is_picture && poster.empty())
      poster = "/media/" + row.text(0) + "/file/" + std::to_string(row.int64(1));
  }));
  return poster;
}

Result<std::int64_t> retry_jobs(Catalogue &catalogue, const JobFilter &filter) {
  SqlDatabase &db = catalogue.connection();
  REC_CHECK(db.run_with(
      "UPDATE job SET done_us = NULL, attempts = 0, next_attempt_us = ?3 WHERE lease = '' AND id IN (SELECT "
      "j.id FROM job j JOIN recording r ON r.id = j.recording_id WHERE r.removal = 0 AND " +
          is_meant(filter) + " AND " + kHasFailed + ")",
      filter.recording, filter.name, us(catalogue.clock().now_utc())));
  return db.changes();
}

}  // namespace rec
