// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <cmath>
#include <optional>

#include "core/model/mp4_index.h"

// A moov with other sample tables. ISO/IEC 14496-12, 8.2 to 8.7.
namespace rec {
namespace {

// Where a header has its duration, and how long that is.
struct Place {
  std::size_t at;
  bool is_long;
};

std::optional<Place> duration_place(Bytes header, std::size_t at_short, std::size_t at_long) {
  if (header.empty()) return std::nullopt;
  const bool is_long = header[0] == 1;
  const Place place{is_long ? at_long : at_short, is_long};
  if (header.size() < place.at + (is_long ? 8 : 4)) return std::nullopt;
  return place;
}
std::optional<Place> media_duration(Bytes mdhd_or_mvhd) { return duration_place(mdhd_or_mvhd, 16, 24); }
std::optional<Place> track_duration(Bytes tkhd) { return duration_place(tkhd, 20, 28); }

std::string with_number(std::string text, Place place, std::uint64_t v) {
  std::string bytes;
  if (place.is_long)
    put64(bytes, v);
  else
    put32(bytes, static_cast<std::uint32_t>(std::min<std::uint64_t>(v, UINT32_MAX)));
  return text.replace(place.at, bytes.size(), bytes);
}
std::string with_duration(Bytes header, std::optional<Place> place, std::uint64_t v) {
  return place ? with_number(text_of(header), *place, v) : text_of(header);
}

std::uint32_t timescale_of(Bytes mdhd_or_mvhd) {
  const auto place = media_duration(mdhd_or_mvhd);
  return place ? be32(mdhd_or_mvhd.subspan(place->at - 4)) : 0;
}

std::uint32_t track_id(Bytes trak) {
  const Bytes tkhd = find_box(trak, {"tkhd"});
  const auto place = track_duration(tkhd);
  return place ? be32(tkhd.subspan(place->at - 8)) : 0;
}

bool is_sample_table(std::uint32_t type) {
  constexpr std::uint32_t kTables[] = {fourcc("stts"), fourcc("ctts"), fourcc("stss"), fourcc("stsc"),
                                       fourcc("stsz"), fourcc("stco"), fourcc("co64"), fourcc("sdtp")};
  return std::find(std::begin(kTables), std::end(kTables), type) != std::end(kTables);
}

class TrackWriter {
 public:
  TrackWriter(Bytes trak, const Mp4SampleTable &table, std::uint32_t movie_timescale)
      : trak_(trak), table_(table), media_timescale_(timescale_of(find_box(trak, {"mdia", "mdhd"}))) {
    if (media_timescale_ > 0)
      media_duration_ = static_cast<std::uint64_t>(
          std::llround(static_cast<double>(table.duration()) * movie_timescale / media_timescale_));
    edits_ = edits(find_box(trak, {"edts", "elst"}));
  }

  std::uint64_t duration() const { return duration_; }  // in the movie's timescale
  std::string write() const { return copy(fourcc("trak"), trak_); }

 private:
  // The last edit plays the media: it gets their length. What is before it shifts them.
  std::string edits(Bytes elst) {
    duration_ = media_duration_;
    ByteReader r(elst);
    if (elst.empty() || !r.skip(4)) return text_of(elst);
    const bool is_long = elst[0] == 1;
    const std::size_t entry_bytes = is_long ? 20 : 12;
    const std::size_t count = r.u32().value_or(0);
    if (count == 0 || count != r.left() / entry_bytes) return text_of(elst);
    for (std::size_t i = 0; i + 1 < count; ++i) {
      const Bytes entry = elst.subspan(8 + i * entry_bytes);
      duration_ += is_long ? be64(entry) : be32(entry);
    }
    return with_number(text_of(elst), {8 + (count - 1) * entry_bytes, is_long}, media_duration_);
  }

  std::string copy(std::uint32_t type, Bytes payload) const {
    constexpr std::uint32_t kOpened[] = {fourcc("trak"), fourcc("edts"), fourcc("mdia"), fourcc("minf"),
                                         fourcc("stbl")};
    if (type == fourcc("tkhd"))
      return box_of(type, with_duration(payload, track_duration(payload), duration_));
    if (type == fourcc("mdhd"))
      return box_of(type, with_duration(payload, media_duration(payload), table_.duration()));
    if (type == fourcc("elst")) return box_of(type, edits_);
    if (std::find(std::begin(kOpened), std::end(kOpened), type) == std::end(kOpened))
      return box_of(type, text_of(payload));
    std::string text;
    each_box(payload, [&](std::uint32_t inner, Bytes bytes) {
      if (type != fourcc("stbl") || !is_sample_table(inner)) text += copy(inner, bytes);
    });
    if (type == fourcc("stbl")) text += table_.write();
    return box_of(type, text);
  }

  const Bytes trak_;
  const Mp4SampleTable &table_;
  const std::uint32_t media_timescale_;
  std::uint64_t media_duration_ = 0;  // in the movie's timescale
  std::uint64_t duration_ = 0;
  std::string edits_;
};

// One entry that plays the media; before it, if they begin later, one that shows nothing for so long.
std::string edit_list(std::int64_t begin, std::uint32_t timescale, std::uint32_t movie_timescale) {
  constexpr std::uint32_t kNormalRate = 0x10000;
  std::string list;
  put32(list, 0x01000000);
  put32(list, begin > 0 ? 2 : 1);
  if (begin > 0) {
    put64(list,
          static_cast<std::uint64_t>(std::llround(static_cast<double>(begin) * movie_timescale / timescale)));
    put64(list, UINT64_MAX);
    put32(list, kNormalRate);
  }
  put64(list, 0);  // mp4_moov_with() knows how long they are
  put64(list, static_cast<std::uint64_t>(std::max<std::int64_t>(0, -begin)));
  put32(list, kNormalRate);
  return box_of(fourcc("edts"), box_of(fourcc("elst"), list));
}

std::string track_with_edits(Bytes trak, std::int64_t begin, std::uint32_t movie_timescale) {
  const std::uint32_t timescale = timescale_of(find_box(trak, {"mdia", "mdhd"}));
  std::string text;
  each_box(trak, [&](std::uint32_t type, Bytes payload) {
    if (type == fourcc("edts")) return;
    text += box_of(type, text_of(payload));
    if (type == fourcc("tkhd") && timescale > 0 && begin != 0)
      text += edit_list(begin, timescale, movie_timescale);
  });
  return text;
}

}  // namespace

std::vector<std::uint8_t> mp4_moov_with_edits(Bytes moov,
                                              const std::map<std::uint32_t, std::int64_t> &begins) {
  const std::uint32_t movie_timescale = timescale_of(find_box(moov, {"mvhd"}));
  std::string text;
  each_box(moov, [&](std::uint32_t type, Bytes payload) {
    const auto begin = type == fourcc("trak") ? begins.find(track_id(payload)) : begins.end();
    text += box_of(type, begin == begins.end() ? text_of(payload)
                                               : track_with_edits(payload, begin->second, movie_timescale));
  });
  return {text.begin(), text.end()};
}

Mp4SampleTables mp4_sample_tables(Bytes moov) {
  Mp4SampleTables tables;
  each_box(moov, [&](std::uint32_t type, Bytes trak) {
    if (type == fourcc("trak")) tables[track_id(trak)].read(find_box(trak, {"mdia", "minf", "stbl"}));
  });
  return tables;
}

std::string mp4_moov_with(Bytes moov, const Mp4SampleTables &tables) {
  const Bytes mvhd = find_box(moov, {"mvhd"});
  std::uint64_t duration = 0;
  std::string tracks;
  std::string others;
  each_box(moov, [&](std::uint32_t type, Bytes payload) {
    if (type == fourcc("trak")) {
      const auto table = tables.find(track_id(payload));
      if (table == tables.end()) return;
      const TrackWriter track(payload, table->second, timescale_of(mvhd));
      tracks += track.write();
      duration = std::max(duration, track.duration());
    } else if (type != fourcc("mvhd") && type != fourcc("mvex")) {
      others += box_of(type, text_of(payload));
    }
  });
  const std::string header = box_of(fourcc("mvhd"), with_duration(mvhd, media_duration(mvhd), duration));
  return box_of(fourcc("moov"), header + tracks + others);
}

}  // namespace rec
