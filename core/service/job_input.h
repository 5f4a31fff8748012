// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <string>

#include "core/base/result.h"
#include "core/model/job_settings.h"
#include "core/service/catalogue.h"

namespace rec {

// Puts what a job works on into its folder, under names that nobody but us has chosen: links to the file, or
// a playlist with links to its segments, which may be those of others. Errors: not_found = it is not on this
// machine any more; and the disk's.
Result<JobInput> put_job_input(Catalogue &catalogue, const StoredFile &file, const std::string &folder);

}  // namespace rec
