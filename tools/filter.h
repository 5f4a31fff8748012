// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include "core/service/recording_search.h"
#include "tools/options.h"

namespace rec::tool {

// What list and search are asked for: kFilterOptions and kFilterFlags.
extern const Names kFilterOptions;
extern const Names kFilterFlags;
// --of is looked up in the catalogue. Errors: invalid_argument (the command line), not_found (--of).
Result<RecordingFilter> read_filter(const Options &options, Catalogue &catalogue);
// What is wrong on the command line, before a catalogue is opened.
Status check_filter(const Options &options);

}  // namespace rec::tool
