// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/mp4_front.h"

#include <algorithm>

#include "core/model/box_header.h"
#include "core/model/mp4_index.h"

namespace rec {
namespace {

// The moov with its chunks where they will be. It may itself grow, for it then needs longer offsets.
Result<std::string> moved_moov(Bytes moov) {
  const Mp4SampleTables tables = mp4_sample_tables(moov);
  const bool whole =
      std::all_of(tables.begin(), tables.end(), [](const auto &t) { return t.second.is_whole(); });
  if (tables.empty() || !whole) return Error{Errc::corrupt, "the index of the file does not make sense"};
  std::string text = mp4_moov_with(moov, tables);
  for (int tries = 0; tries < 3; ++tries) {
    Mp4SampleTables moved = tables;
    for (auto &[id, table] : moved) table.move(text.size());
    std::string next = mp4_moov_with(moov, moved);
    if (next.size() == text.size()) return next;
    text = std::move(next);
  }
  return Error{Errc::corrupt, "the index of the file does not settle"};
}

}  // namespace

Result<std::optional<Mp4Front>> plan_mp4_front(const ByteSource &source) {
  const Error not_plain{Errc::corrupt, "this is no plain MP4"};
  const auto first = box_header_at(source, 0);
  if (!first || first->type != fourcc("ftyp")) return not_plain;
  Mp4Front front;
  front.head_bytes = first->size;
  bool has_media = false;
  std::uint64_t at = first->size;
  while (const auto header = box_header_at(source, at)) {
    if (header->type == fourcc("moof")) return not_plain;
    if (header->type == fourcc("mdat")) has_media = true;
    if (header->type == fourcc("moov")) {
      if (!has_media) return std::optional<Mp4Front>();
      if (at + header->size != source.size || header->size > kLargestMoov) return not_plain;
      std::string moov(header->size, '\0');
      if (!source.read(at, {reinterpret_cast<std::uint8_t *>(moov.data()), moov.size()})) return not_plain;
      REC_TRY(front.moov,
              moved_moov(Bytes(reinterpret_cast<const std::uint8_t *>(moov.data()), moov.size()).subspan(8)));
      front.media_bytes = at - front.head_bytes;
      return std::optional(std::move(front));
    }
    at += header->size;
  }
  return not_plain;
}

}  // namespace rec
