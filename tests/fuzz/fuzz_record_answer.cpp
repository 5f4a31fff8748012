// SPDX-License-Identifier: LGPL-2.1-or-later
// What a server answers and what a push URL says, whatever they are: what is decided stays in its ranges, has
// no format that nobody asked for, and no error repeats what came.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/service/record_answer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size);

namespace {

rec::RecordingTemplate some_template() {
  rec::RecordingTemplate t;
  t.files.emplace_back();
  t.hls.emplace();
  return t;
}

void expect(bool holds) {
  if (!holds) std::abort();
}

void check_cycles(const rec::RecordDecision &decision, rec::Seconds least, rec::Seconds most) {
  expect(decision.recording.has_value() == decision.why_not.empty());
  if (!decision.recording) return;
  expect(decision.recording->records());
  for (const rec::FileFormat &file : decision.recording->files)
    expect(file.cycle >= least && file.cycle <= most);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char *>(data), size);
  const rec::RecordingTemplate t = some_template();
  if (const auto answer = rec::parse_record_answer(text)) {
    const auto decision = decide(t, *answer);
    check_cycles(decision, rec::kShortestAnsweredCycle, rec::kLongestAnsweredCycle);
    if (decision.recording) expect(decision.recording->files.size() <= 1);
  }
  if (const auto said = rec::parse_ingest_parameters(text)) {
    check_cycles(decide(t, *said), rec::kShortestIngestCycle, rec::kLongestIngestCycle);
    expect(!said->record || said->formats.size() <= std::size(rec::kAllFormats));
  } else {
    expect(said.error().message.size() < 200);
  }
  return 0;
}
