// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <functional>
#include <optional>
#include <string>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/model/job_settings.h"
#include "core/service/catalogue.h"

namespace rec {

// How an attempt at a job of the configuration ended.
struct JobNews {
  std::string job;               // its name
  std::string recording;         // session id of the recording that it was run for
  std::string location;          // the file
  int attempt = 1;               // counts from 1
  std::string result;            // session id of what came of it; "" = nothing (is written)
  std::optional<Error> error;    // absent = done
  std::optional<UtcTime> retry;  // when it is tried again, with `error`; nothing = it is given up
};

// Runs one job of the configuration on files that are complete, one after the other: a program in a process
// group and a folder of its own, with a part of the environment, whose output becomes a recording derived
// from the first. It may end or be killed, with this process or alone, at any point: what it has made counts
// when its row says so, in one transaction with what the result owes. For one thread; any number of them, in
// any process, may run the same job.
class JobRunner {
 public:
  // `lease`: an OwnerLease id of the caller; `clock` must outlive it.
  JobRunner(JobSettings settings, std::string lease, const Clock &clock)
      : settings_(std::move(settings)), lease_(std::move(lease)), clock_(clock) {}

  // Runs it once, if it is due for something; nothing = it is not, or was stopped because `is_stopping` says
  // so: then it is due. Errors: the catalogue's.
  Result<std::optional<JobNews>> run_next(Catalogue &catalogue, const std::function<bool()> &is_stopping);

 private:
  const JobSettings settings_;
  const std::string lease_;
  const Clock &clock_;
};

}  // namespace rec
