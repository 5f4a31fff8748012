// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/job_rows.h"

#include "core/service/catalogue_sql.h"

namespace rec {

Status want_jobs(SqlDatabase &db, std::int64_t recording_id, const std::vector<NewJob> &jobs, UtcTime now) {
  std::int64_t position = 0;
  for (const NewJob &job : jobs) {
    const std::int64_t merged = job.kind == "process-merged" ? 1 : 0;
    REC_CHECK(
        job.kind == "merge"
            ? db.run_with(
                  "INSERT INTO job (recording_id, kind, format, next_attempt_us) VALUES (?1, ?2, ?3, ?4)",
                  recording_id, job.kind, job.format, us(now))
            : db.run_with(
                  "INSERT INTO recording_process (recording_id, position, format, name, merged) VALUES "
                  "(?1, ?2, ?3, ?4, ?5)",
                  recording_id, position++, job.format, job.name, merged));
  }
  return ok();
}

Status owe_jobs(SqlDatabase &db, const FileForJobs &file, UtcTime now) {
  return db.run_with(
      "INSERT INTO job (recording_id, kind, format, next_attempt_us, name, file_id) "
      "SELECT ?2, 'process', p.format, ?5, p.name, ?3 FROM recording_process p JOIN file f ON f.id = ?3 "
      "WHERE p.recording_id = ?1 AND p.format = f.format AND p.merged = ?4 AND NOT EXISTS "
      "(SELECT 1 FROM job j WHERE j.file_id = ?3 AND j.name = p.name) ORDER BY p.position",
      file.source_id, file.recording_id, file.file_id, std::int64_t{file.merged}, us(now));
}

}  // namespace rec
