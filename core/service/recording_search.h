// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/service/catalogue.h"

namespace rec {

// Which recordings are looked for; what is not set does not matter. After DescribeLiveStreamRecordIndexFiles
// and SearchMedia (spec section 6).
struct RecordingFilter {
  std::optional<std::string> session_id{};
  std::optional<std::string> domain{};
  std::optional<std::string> app{};
  std::optional<std::string> stream{};
  std::string stream_has{};  // a part of the stream's name, upper and lower case alike
  std::optional<std::string> template_name{};
  std::optional<std::string> task{};
  std::optional<Format> format{};  // of one of its files
  std::optional<RecordingState> state{};
  std::optional<RecordingSource> source{};
  std::optional<std::int64_t> derived_from{};  // recording id
  std::optional<UtcTime> from{};               // it lasted until then or longer
  std::optional<UtcTime> to{};                 // it began before
  bool with_removed = false;                   // also those of which only the information is left
  bool oldest_first = false;
};

struct RecordingPage {
  std::vector<Recording> recordings;
  std::string next;         // where the next page begins; "" = this was the last one
  std::uint64_t total = 0;  // of all pages; counted up to kMostCounted only
};
constexpr std::uint64_t kMostCounted = 5000;  // as SearchMedia

// One page of at most `limit` in order of beginning. `after`: RecordingPage::next of the page before, "" =
// the first. Errors: invalid_argument (`after` is none), and the catalogue's. Its cost does not grow with
// what is in the catalogue, but for `stream_has`, for a rare `format` or a rare combination of values, and,
// with `from`, by what began while the longest recording lasts. With several values, the first of session_id,
// derived_from, task, stream, template_name, app, domain that is set narrows the search; those with removed
// ones are narrowed by stream and session_id only.
Result<RecordingPage> search_recordings(Catalogue &catalogue, const RecordingFilter &filter, int limit,
                                        const std::string &after = {});
// The recording with this session id; not_found.
Result<Recording> recording_named(Catalogue &catalogue, const std::string &session_id);

}  // namespace rec
