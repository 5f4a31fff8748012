// SPDX-License-Identifier: LGPL-2.1-or-later
// jobs: what is run on recordings, and what became of it.
#include <cstdio>

#include "core/io/iso_time.h"
#include "core/service/job_json.h"
#include "tools/commands.h"
#include "tools/options.h"

namespace rec::tool {
namespace {

Result<std::vector<JobView>> read_jobs(const Options &options) {
  const SystemClock clock;
  REC_TRY(auto catalogue, open_existing(options, clock));
  return list_jobs(catalogue,
                   {.recording = options.value("--recording"),
                    .name = options.value("--name"),
                    .failed = options.flags.contains("--failed")},
                   options.limit());
}

std::string to_line(const JobView &job) {
  std::string line = (job.begun ? time_text(*job.begun) : "not yet") + "  " + job.state + "  " +
                     (job.name.empty() ? job.kind : job.name) + " of " +
                     (job.location.empty() ? "the " + job.format + " files" : job.location) + ", recording " +
                     job.recording;
  if (!job.result.empty()) line += ", is recording " + job.result;
  if (job.state == "done" || job.error.empty()) return line;
  line +=
      ", " + std::to_string(job.attempts) + (job.attempts == 1 ? " attempt: " : " attempts: ") + job.error;
  return job.next_attempt ? line + " (again at " + time_text(*job.next_attempt) + ")" : line;
}

void print(const JobView &job, const Options &options) {
  const bool with_log = options.flags.contains("--log");
  if (options.json()) {
    std::puts(json_of(job, with_log).to_string().c_str());
    return;
  }
  std::puts(printable(to_line(job)).c_str());
  for (std::size_t at = 0; with_log && at < job.log.size();) {
    const std::size_t end = std::min(job.log.find('\n', at), job.log.size());
    std::printf("    %s\n", printable(job.log.substr(at, end - at)).c_str());
    at = end + 1;
  }
}

}  // namespace

int jobs(const std::vector<std::string> &arguments) {
  const auto options = read_options(arguments, {"--recording", "--name", "--limit", "--catalogue"},
                                    {"--failed", "--log", "--json"}, 0);
  if (!options) return usage_error(command_named("jobs"), options.error().message);
  const auto found = read_jobs(*options);
  if (!found) return failed("jobs", found.error());
  for (const JobView &job : *found) print(job, *options);
  return kDone;
}

}  // namespace rec::tool
