// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/splice_parts.h"

#include <optional>

namespace rec {
namespace {

std::optional<std::size_t> before(std::span<const FilePart> files, std::size_t i) {
  for (std::size_t k = i; k-- > 0;)
    if (files[k].format == files[i].format && !files[k].is_lost) return k;
  return std::nullopt;
}

}  // namespace

bool continues_another(std::span<const FilePart> files, std::size_t i) {
  const auto previous = before(files, i);
  return previous && !files[*previous].is_free && files[*previous].push != files[i].push;
}

std::vector<std::vector<std::size_t>> files_that_become_one(std::span<const FilePart> files) {
  std::vector<std::vector<std::size_t>> groups;
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (files[i].is_lost || files[i].is_free || !files[i].is_complete) continue;
    std::vector<std::size_t> *group = nullptr;
    if (continues_another(files, i))
      for (auto &g : groups)
        if (g.back() == *before(files, i)) group = &g;
    if (!group) group = &groups.emplace_back();
    group->push_back(i);
  }
  return groups;
}

}  // namespace rec
