// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/recording_jobs.h"

#include <algorithm>

#include "core/disk/joined_file.h"
#include "core/model/retry_schedule.h"
#include "core/service/clip.h"

namespace rec {
namespace {

constexpr int kMostAttempts = 5;

// False: there is nothing to be merged.
Result<bool> merge(Catalogue &catalogue, const RecordingJob &job) {
  const auto format = format_named(job.what.format);
  if (!format) return Error{Errc::invalid_argument, "there is no format '" + job.what.format + "'"};
  REC_TRY(const auto files, catalogue.files(job.recording_id));
  const auto count = std::count_if(files.begin(), files.end(), [&](const StoredFile &file) {
    return file.format == *format && file.state == FileState::closed;
  });
  if (count < 2) return false;
  ClipRequest request;
  request.recordings = {job.recording_id};
  request.format = *format;
  request.source = RecordingSource::merge;
  request.job = job.id;
  request.session_id = job.session_id;
  REC_TRY(const Recording made, make_clip(catalogue, request));
  return true;
}

Status note_failure(RecordingJobs &jobs, const RecordingJob &job, const Error &error, UtcTime now,
                    JobReport &report) {
  const bool is_last = is_misfit(error) || job.attempts + 1 >= kMostAttempts;
  std::optional<UtcTime> next;
  if (!is_last)
    next = now + std::chrono::ceil<std::chrono::microseconds>(upload_retry_delay(job.attempts + 1, 0.5));
  REC_CHECK(jobs.failed(job, error.message, next));
  report.errors.push_back({error.code, std::string("the ") + job.what.kind + " of the " + job.what.format +
                                           " files of recording " + std::to_string(job.recording_id) +
                                           (is_last ? " is given up: " : " is tried again: ") +
                                           error.message});
  return ok();
}

}  // namespace

std::vector<NewJob> jobs_of(const RecordingTemplate &recording_template) {
  std::vector<NewJob> jobs;
  const auto add = [&](Format format, const FormatOptions &options) {
    const bool can_merge = format == Format::hls || can_be_joined(format);
    const std::string of(name_of(format));
    const bool merges = options.merge && can_merge;
    if (merges) jobs.push_back({.kind = "merge", .format = of});
    for (const std::string &name : options.process)
      jobs.push_back({.kind = "process", .format = of, .name = name});
    if (!merges) return;
    for (const std::string &name : options.process_merged)
      jobs.push_back({.kind = "process-merged", .format = of, .name = name});
  };
  if (recording_template.hls) add(Format::hls, recording_template.hls->options);
  for (const FileFormat &file : recording_template.files) add(file.format, file.options);
  return jobs;
}

Result<JobReport> work_jobs(Catalogue &catalogue, const std::string &lease,
                            const std::function<bool()> &is_stopping) {
  JobReport report;
  RecordingJobs jobs(catalogue, lease);
  while (!is_stopping || !is_stopping()) {
    REC_TRY(const auto job, jobs.take("merge"));
    if (!job) break;
    const auto made = merge(catalogue, *job);
    if (!made) {
      REC_CHECK(note_failure(jobs, *job, made.error(), catalogue.clock().now_utc(), report));
      continue;
    }
    if (!*made) REC_CHECK(jobs.done(*job));
    report.made += *made ? 1 : 0;
  }
  return report;
}

}  // namespace rec
