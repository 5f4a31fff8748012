// SPDX-License-Identifier: LGPL-2.1-or-later
// A configuration file, or a cloud's requests: either there are mistakes, each with its place, or what it
// says can be written, read again and acted on.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/service/cloud_requests.h"
#include "core/service/config_writer.h"
#include "core/service/explanation.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size);

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

void read_as_configuration(std::string_view text) {
  const auto loaded = rec::parse_configuration(text, "f");
  check(loaded.configuration == nullptr || loaded.problems.empty());
  check(loaded.configuration != nullptr || !loaded.problems.empty());
  for (const std::string &problem : loaded.problems) check(problem.starts_with("f:"));
  if (!loaded.configuration) return;
  const std::string written = rec::write_configuration(*loaded.configuration);
  const auto again = rec::parse_configuration(written, "f");
  check(again.configuration != nullptr);
  check(rec::write_configuration(*again.configuration) == written);
  for (const rec::RecordingRule &rule : loaded.configuration->rules.all()) {
    const rec::PushIdentity push{rule.domain, rule.app, rule.stream, ""};
    const auto choice = rec::choose_template(*loaded.configuration, push);
    check(choice.recording != nullptr && rec::why_not(*choice.match.winner, push).empty());
    check(!rec::to_string(rec::explain_push(*loaded.configuration, push, true)).empty());
  }
  for (const auto cloud : {rec::Cloud::tencent, rec::Cloud::alibaba})
    check(!rec::export_requests(cloud, *loaded.configuration).text.empty());
}

void read_as_requests(rec::Cloud cloud, std::string_view text) {
  const auto imported = rec::import_requests(cloud, {{"f", std::string(text)}});
  for (const std::string &notice : imported.notices) check(notice.starts_with("f:"));
  if (!imported.problems.empty()) return;
  check(rec::parse_configuration(rec::write_configuration(imported.configuration), "f").configuration !=
        nullptr);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char *>(data), size);
  read_as_configuration(text);
  read_as_requests(rec::Cloud::tencent, text);
  read_as_requests(rec::Cloud::alibaba, text);
  return 0;
}
