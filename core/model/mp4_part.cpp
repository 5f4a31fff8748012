// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/mp4_part.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "core/model/box_header.h"
#include "core/model/mp4_fragments.h"

namespace rec {
namespace {

constexpr std::uint64_t kMostYears = 100;  // from a fragment's zero to the first one that is there

using Track = Mp4Part::Track;

constexpr std::uint64_t kLargestType = 4096;                   // of a ftyp, bytes
constexpr std::uint64_t kLongestSeconds = 366ULL * 24 * 3600;  // of a part; more is no honest file

// ---- Descriptions

// The bit rates of an esds (ISO/IEC 14496-1 7.2.6.5, 7.2.6.6) are those of one part.
std::string without_rates(std::string esds) {
  constexpr std::size_t kFlags = 4;                                       // of the box
  const auto descriptor = [&](std::size_t at, char tag) -> std::size_t {  // where its payload begins; 0: none
    if (at >= esds.size() || esds[at] != tag) return 0;
    do ++at;
    while (at < esds.size() && (esds[at] & 0x80) != 0);
    return at + 1;
  };
  const std::size_t es = descriptor(kFlags, 3);
  if (es == 0 || es + 3 > esds.size() || esds[es + 2] != 0) return esds;
  const std::size_t config = descriptor(es + 3, 4);
  constexpr std::size_t kBefore = 2;  // object type, stream type
  constexpr std::size_t kRates = 11;  // buffer size, most, average
  if (config != 0 && config + kBefore + kRates <= esds.size())
    esds.replace(config + kBefore, kRates, kRates, '\0');
  return esds;
}

std::string normalised(Bytes stsd, std::uint32_t handler) {
  constexpr std::size_t kTable = 8;  // version, flags, number of entries
  const std::size_t entry_bytes = handler == fourcc("vide") ? 78 : 28;
  if (stsd.size() < kTable) return text_of(stsd);
  std::string text = text_of(stsd.first(kTable));
  each_box(stsd.subspan(kTable), [&](std::uint32_t type, Bytes entry) {
    const std::size_t fixed = std::min(entry_bytes, entry.size());
    std::string inner = text_of(entry.first(fixed));
    each_box(entry.subspan(fixed), [&](std::uint32_t box, Bytes payload) {
      if (box == fourcc("btrt")) return;
      inner += box_of(box, box == fourcc("esds") ? without_rates(text_of(payload)) : text_of(payload));
    });
    text += box_of(type, inner);
  });
  return text;
}

// ---- Tracks

// The last entry plays the media from some time on; an empty one before it shows nothing for a while.
// Nothing when the list does more.
std::optional<std::int64_t> begin_on_line(Bytes elst, std::uint32_t timescale,
                                          std::uint32_t movie_timescale) {
  if (elst.empty()) return 0;
  constexpr std::uint32_t kNormalRate = 0x10000;
  ByteReader r(elst);
  r.skip(4);
  const bool is_long = elst[0] == 1;
  const std::uint32_t count = r.u32().value_or(0);
  if (count > 2) return std::nullopt;
  std::int64_t begin = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto duration = is_long ? r.u64() : std::optional<std::uint64_t>(r.u32());
    const auto time = is_long ? r.u64() : std::optional<std::uint64_t>(r.u32());
    const auto rate = r.u32();
    if (!duration || !time || rate != kNormalRate) return std::nullopt;
    const std::int64_t from = is_long ? static_cast<std::int64_t>(*time)
                                      : static_cast<std::int32_t>(static_cast<std::uint32_t>(*time));
    const bool is_last = i + 1 == count;
    if (from < -1 || (from == -1) == is_last || *duration / movie_timescale > kLongestSeconds ||
        from > UINT32_MAX)
      return std::nullopt;
    if (is_last)
      begin -= from;
    else
      begin += static_cast<std::int64_t>(*duration / movie_timescale * timescale +
                                         *duration % movie_timescale * timescale / movie_timescale);
  }
  return begin;
}

std::uint32_t number_in(Bytes header, std::size_t at_short, std::size_t at_long) {
  const std::size_t at = !header.empty() && header[0] == 1 ? at_long : at_short;
  return header.size() < at + 4 ? 0 : be32(header.subspan(at));
}

std::optional<Track> read_track(Bytes trak, std::uint32_t movie_timescale) {
  Track track;
  track.id = number_in(find_box(trak, {"tkhd"}), 12, 20);
  track.timescale = number_in(find_box(trak, {"mdia", "mdhd"}), 12, 20);
  track.handler = number_in(find_box(trak, {"mdia", "hdlr"}), 8, 8);
  if (track.timescale == 0 || track.handler == 0) return std::nullopt;
  track.description = normalised(find_box(trak, {"mdia", "minf", "stbl", "stsd"}), track.handler);
  const auto begin = begin_on_line(find_box(trak, {"edts", "elst"}), track.timescale, movie_timescale);
  if (!begin) return std::nullopt;
  track.begins_at = *begin;
  return track;
}

// ---- Parts

// The top-level boxes that matter. False when it is no plain file.
bool read_boxes(const ByteSource &source, Mp4Part &part) {
  std::uint64_t at = 0;
  while (at < source.size) {
    const auto header = box_header_at(source, at);
    if (!header || header->type == fourcc("moof")) return false;
    const bool is_type = header->type == fourcc("ftyp");
    if (is_type || header->type == fourcc("moov")) {
      if (header->size > (is_type ? kLargestType : kLargestMoov)) return false;
      std::vector<std::uint8_t> payload(header->payload());
      if (!source.read(at + header->bytes, payload)) return false;
      if (is_type)
        part.type = box_of(header->type, text_of(payload));
      else if (part.moov.empty())
        part.moov = std::move(payload);
      else
        return false;
    }
    at += header->size;
  }
  return !part.moov.empty();
}

bool read_tracks(Mp4Part &part) {
  const std::uint32_t movie_timescale = number_in(find_box(part.moov, {"mvhd"}), 12, 20);
  if (movie_timescale == 0) return false;
  bool all = true;
  each_box(part.moov, [&](std::uint32_t type, Bytes trak) {
    if (type != fourcc("trak")) return;
    auto track = read_track(trak, movie_timescale);
    all = all && track;
    if (track) part.tracks.push_back(*std::move(track));
  });
  part.tables = mp4_sample_tables(part.moov);
  for (const Track &track : part.tracks)
    all = all && part.tables[track.id].duration() / track.timescale <= kLongestSeconds;
  return all && !part.tracks.empty() && part.tables.size() == part.tracks.size();
}

// Where all samples lie; false when the index does not fit the file.
bool find_media(Mp4Part &part, std::uint64_t file_bytes) {
  part.media = {file_bytes, 0};
  for (const auto &[id, table] : part.tables) {
    const auto extent = table.extent();
    if (!table.is_whole() || (table.samples() > 0 && (!extent || extent->end > file_bytes))) return false;
    if (table.samples() == 0) continue;
    part.media.begin = std::min(part.media.begin, extent->begin);
    part.media.end = std::max(part.media.end, extent->end);
  }
  return part.media.begin < part.media.end;
}

// The moov tells what the tracks do.
void set_edits(Mp4Part &part) {
  std::map<std::uint32_t, std::int64_t> begins;
  for (const Track &track : part.tracks) begins[track.id] = track.begins_at;
  part.moov = mp4_moov_with_edits(part.moov, begins);
}

// The fragments of a file that grows, as if it were plain.
bool take_fragments(const ByteSource &source, Mp4Part &part) {
  auto found = read_mp4_fragments(source);
  if (!found) return false;
  part.moov = std::move(found->moov);
  if (!read_tracks(part)) return false;
  part.tables = std::move(found->tables);
  for (const Track &track : part.tracks) {
    const std::uint64_t longest = kLongestSeconds * track.timescale;
    if (part.tables[track.id].duration() > longest || found->begins[track.id] / kMostYears > longest)
      return false;
  }
  // What its fragments asked of a reader, a plain file does not ask.
  part.type = box_of(fourcc("ftyp"), std::string_view("isom\0\0\x02\0isomiso2mp41", 20));
  long double first = std::numeric_limits<long double>::max();  // s
  for (const Track &track : part.tracks)
    if (part.tables[track.id].samples() > 0)
      first = std::min(first, static_cast<long double>(found->begins[track.id]) / track.timescale);
  for (Track &track : part.tracks)
    if (part.tables[track.id].samples() > 0)
      track.begins_at +=
          static_cast<std::int64_t>(found->begins[track.id]) - std::llround(first * track.timescale);
  set_edits(part);
  return true;
}

// ---- Cutting

Nanoseconds nanoseconds(std::int64_t ticks, std::uint32_t timescale) {
  return Nanoseconds(std::llround(static_cast<long double>(ticks) * 1e9L / timescale));
}

Nanoseconds shown_at(const Track &track, const Mp4SampleTable::Placed &sample) {
  return nanoseconds(sample.shown() + track.begins_at, track.timescale);
}

// When the last sync sample is shown that is shown at or before `from`; of the first one, when there is none.
std::optional<Nanoseconds> keyframe_before(const Track &track, const Mp4SampleTable &table,
                                           Nanoseconds from) {
  std::optional<Nanoseconds> key;
  table.each_sample([&](const Mp4SampleTable::Placed &sample) {
    const Nanoseconds shown = shown_at(track, sample);
    if (sample.sample.is_sync && (!key || shown <= from)) key = shown;
  });
  return key;
}

struct Cut {
  std::uint64_t first = UINT64_MAX;
  std::uint64_t behind_last = 0;
  std::uint64_t time = 0;  // when the first one is decoded

  bool is_empty() const { return first >= behind_last; }
};

Cut cut_of(const Track &track, const Mp4SampleTable &table, std::optional<Nanoseconds> from,
           std::optional<Nanoseconds> to) {
  Cut cut;
  table.each_sample([&](const Mp4SampleTable::Placed &sample) {
    const Nanoseconds begin = shown_at(track, sample);
    const Nanoseconds end = begin + nanoseconds(sample.sample.duration, track.timescale);
    const bool is_after =
        !from || (track.handler == fourcc("vide") ? sample.sample.is_sync && begin >= *from : end > *from);
    if (cut.first == UINT64_MAX && is_after) {
      cut.first = sample.number;
      cut.time = sample.time;
    }
    if (!to || begin < *to) cut.behind_last = sample.number + 1;
  });
  return cut;
}

}  // namespace

std::optional<Mp4Part> read_plain_mp4(const ByteSource &source) {
  Mp4Part part;
  if (!read_boxes(source, part) || !read_tracks(part) || !find_media(part, source.size)) return std::nullopt;
  return part;
}

std::optional<Mp4Part> read_any_mp4(const ByteSource &source) {
  if (auto plain = read_plain_mp4(source)) return plain;
  Mp4Part part;
  if (!take_fragments(source, part) || !find_media(part, source.size)) return std::nullopt;
  return part;
}

bool cut_mp4_part(Mp4Part &part, std::optional<Nanoseconds> from, std::optional<Nanoseconds> to) {
  const auto picture = std::find_if(part.tracks.begin(), part.tracks.end(),
                                    [](const Track &track) { return track.handler == fourcc("vide"); });
  if (from && picture != part.tracks.end()) {
    from = keyframe_before(*picture, part.tables[picture->id], *from);
    if (!from) return false;
  }
  bool has_any = false;
  for (Track &track : part.tracks) {
    Mp4SampleTable &table = part.tables[track.id];
    const Cut cut = cut_of(track, table, from, to);
    if (cut.is_empty() && picture != part.tracks.end() && track.id == picture->id) return false;
    has_any = has_any || !cut.is_empty();
    table = table.cut(cut.first, cut.behind_last);
    track.begins_at += static_cast<std::int64_t>(cut.time) -
                       std::llround(static_cast<long double>(from.value_or(Nanoseconds(0)).count()) *
                                    track.timescale / 1e9L);
    if (cut.is_empty()) track.begins_at = 0;
  }
  if (!has_any || !find_media(part, UINT64_MAX)) return false;
  set_edits(part);
  return true;
}

}  // namespace rec
