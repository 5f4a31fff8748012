// SPDX-License-Identifier: LGPL-2.1-or-later
// The first line is a pattern, the rest a stream's name from outside: no such name leads out of the folder.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/model/name_pattern.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size);

namespace {

std::size_t slashes(std::string_view text) {
  std::size_t found = 0;
  for (const char c : text) found += c == '/' ? 1 : 0;
  return found;
}

// The name of one file, begun and ended; nothing where it is refused.
rec::Result<std::string> name_of(std::string_view pattern, const rec::NameFacts &facts) {
  REC_CHECK(rec::check_relative_pattern(pattern));
  REC_TRY(const std::string bound, rec::bind_identity(pattern, facts));
  REC_TRY(const std::string begun, rec::begin_name(bound, facts));
  return rec::end_name(begun, facts.start, facts.utc_offset);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char *>(data), size);
  const std::string_view pattern = text.substr(0, text.find('\n'));
  rec::NameFacts facts;
  facts.stream = facts.app = text.substr(std::min(pattern.size() + 1, size));
  facts.domain = facts.record_id = facts.random_id = "fixed";
  const auto name = name_of(pattern, facts);
  if (!name) return 0;
  if (name->empty() || name->front() == '/' || slashes(*name) != slashes(pattern)) std::abort();
  for (const std::string_view part : {"/../", "/./", "//"})
    if (("/" + *name + "/").find(part) != std::string::npos) std::abort();
  return 0;
}
