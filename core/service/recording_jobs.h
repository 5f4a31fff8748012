// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/model/recording_template.h"
#include "core/service/catalogue.h"

namespace rec {

// What a template asks to be done with each of its recordings: told with the recording when it is begun, so
// that it is done as was asked then.
std::vector<NewJob> jobs_of(const RecordingTemplate &recording_template);

// A job that was taken on a lease. What it works on is as it stays: a finished recording (merge), or one
// complete file (process).
struct RecordingJob {
  std::int64_t id = 0;
  std::int64_t recording_id = 0;
  NewJob what;
  std::int64_t file_id = 0;  // of process; else 0
  std::string session_id;    // of what comes of it, the same in every attempt
  int attempts = 0;          // that failed
};

// The rows of jobs, on the connection of a catalogue. `lease`: an OwnerLease id of the caller.
class RecordingJobs {
 public:
  RecordingJobs(Catalogue &catalogue, std::string lease)
      : db_(catalogue.connection()), clock_(catalogue.clock()), lease_(std::move(lease)) {}

  // One that is due: "merge", or "process" with the name of what is run.
  Result<std::optional<RecordingJob>> take(const std::string &kind, const std::string &name = {});
  Status done(const RecordingJob &job);  // nothing was made of it; what waited for a merge need not
  // `next_attempt` nothing = it is given up, which the recording's callbacks are told as an error of it; the
  // row keeps the error.
  Status failed(const RecordingJob &job, const std::string &error, std::optional<UtcTime> next_attempt);
  Status give_back(const RecordingJob &job);  // it was not its fault
  // What the program said, for people.
  Status keep_log(const RecordingJob &job, const std::string &log);

  // Frees what the dead had taken. The folders in which they worked (work_folder()) can go.
  Result<std::vector<std::string>> release_dead(
      const std::function<bool(const std::string &owner)> &is_alive);
  // Names that jobs wait for and nobody here knows. Those that have waited for longer than kNobodyKnows are
  // given up: files are kept for them.
  Result<std::vector<std::string>> unknown(const std::set<std::string> &known);

  static constexpr Seconds kNobodyKnows{86400};

 private:
  SqlDatabase &db_;
  const Clock &clock_;
  const std::string lease_;
};

// Where a job works: hidden below the recording's directory. What it has made goes from there to its place.
// "" = that is no session id, which may be a path to anywhere.
std::string work_folder(const std::string &directory, const std::string &session_id);

// Jobs of recordings of `owner`, merges too, that are to be run yet.
Result<std::uint64_t> owed_jobs(Catalogue &catalogue, const std::string &owner);
// The recording, what jobs have made of it, of that, and so on. Empty: some are to be run yet.
Result<std::vector<std::int64_t>> with_results(Catalogue &catalogue, std::int64_t recording_id);

// A row, for people.
struct JobView {
  std::int64_t id = 0;
  std::string recording;  // its session id
  std::string kind;       // "merge", "process"
  std::string name;       // of what is run; "" = merge
  std::string format;
  std::string location;  // of the file; "" = all of the format
  std::string state;     // "waiting", "running", "done", "failed" (given up)
  int attempts = 0;      // that failed
  std::optional<UtcTime> begun, next_attempt, ended;
  std::string error;   // of the last attempt; "" = none failed
  std::string result;  // session id of what came of it; "" = nothing
  std::string log;
};
struct JobFilter {
  std::string recording = {};  // session id; "" = all
  std::string name = {};       // of what is run; "" = all
  bool failed = false;         // only what has failed at least once and is not done
};
// Newest first.
Result<std::vector<JobView>> list_jobs(Catalogue &catalogue, const JobFilter &filter, int limit);
// What people see of a recording, where a job has made a picture of it: "/media/..." of that; of a job's
// result itself, too. "" = none has.
Result<std::string> poster_of(Catalogue &catalogue, std::int64_t recording_id);
// Tries at once what has failed, also what was given up. How many.
Result<std::int64_t> retry_jobs(Catalogue &catalogue, const JobFilter &filter);

struct JobReport {
  std::uint64_t made = 0;          // recordings
  std::vector<Error> errors = {};  // of jobs that failed, which recording and whether they are tried again
};

// Does all merges that are due, one after the other, with the originals kept. Any number of processes may do
// this. `is_stopping` is asked between two. Errors: the catalogue's.
Result<JobReport> work_jobs(Catalogue &catalogue, const std::string &lease,
                            const std::function<bool()> &is_stopping);

}  // namespace rec
