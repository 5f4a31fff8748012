// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <string>

#include "core/base/result.h"
#include "core/io/json.h"
#include "core/io/sqlite.h"

// The check of a recording when it is finished (core/model/quality.h), from what its recorders have counted.
// It stands in recording.quality as a JSON object: docs/manifest.schema.json has its members.
namespace rec {

// Looks at the rows as they are now, and writes what comes of it. Of several formats HLS is looked at, else
// the one that has most. Inside the caller's transaction. not_found.
Status check_quality(SqlDatabase &db, std::int64_t recording_id);

// What stands there, as a member of another object; nothing where it was not checked.
void add_quality(JsonObjectWriter &json, const std::string &quality);
// The same with members called like those of our own callbacks: "mean-gop-ns".
void add_told_quality(JsonObjectWriter &json, const std::string &quality);

// For people, one line: "clean", "2 gaps, 7 s; audio begins 1.2 s after the video". "" = not checked.
std::string quality_text(const std::string &quality);

}  // namespace rec
