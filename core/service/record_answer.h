// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstddef>
#include <string_view>

#include "core/base/result.h"
#include "core/model/record_decision.h"

namespace rec {

inline constexpr std::size_t kLongestRecordAnswer = 2048;     // bytes; what is beyond is cut off (spec 2.2)
inline constexpr std::size_t kLongestIngestParameter = 2048;  // bytes of the push URL's query that are read

// Reads the body of an answer with status 200. "NeedRecord" is a yes when it is true and nothing else. What
// does not read as JSON, or names formats in another way than as an array, says nothing: corrupt. Errors
// quote nothing of it.
Result<RecordAnswer> parse_record_answer(std::string_view body);

// Reads record_config={"NeedRecord":true} (escaped), record=mp4|hls|flv|aac or none, record_interval=SECONDS,
// storage_time=SECONDS and record_type=audio|video out of the query of a push URL. Of a name that comes twice
// the first counts; who says both record_config and record has to mean it in both. An unknown format or a
// value that does not read is an error (invalid_argument), which quotes nothing: nothing is recorded then.
// Without record_config and record nothing is asked for.
Result<IngestParameters> parse_ingest_parameters(std::string_view query);

}  // namespace rec
