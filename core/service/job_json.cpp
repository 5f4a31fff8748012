// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/job_json.h"

#include "core/io/iso_time.h"

namespace rec {

JsonObjectWriter json_of(const JobView &job, bool with_log) {
  JsonObjectWriter json;
  json.number("id", job.id)
      .text("recording", job.recording)
      .text("kind", job.kind)
      .text("name", job.name)
      .text("format", job.format)
      .text("location", job.location)
      .text("state", job.state)
      .number("failed_attempts", job.attempts)
      .text("error", job.error)
      .text("result", job.result);
  if (job.begun) json.text("begun", time_text(*job.begun));
  if (job.next_attempt) json.text("next_attempt", time_text(*job.next_attempt));
  if (job.ended) json.text("ended", time_text(*job.ended));
  if (with_log) json.text("log", job.log);
  return json;
}

}  // namespace rec
