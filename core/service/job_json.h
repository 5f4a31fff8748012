// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include "core/io/json.h"
#include "core/service/recording_jobs.h"

namespace rec {

// As --json of the tool and the API say it.
JsonObjectWriter json_of(const JobView &job, bool with_log);

}  // namespace rec
