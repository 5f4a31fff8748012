// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/mp4_join.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "core/model/box_header.h"
#include "core/model/mp4_index.h"

// ISO/IEC 14496-12.
namespace rec {
namespace {

constexpr std::uint64_t kMdatHeaderBytes = 16;
constexpr std::uint64_t kLargestType = 4096;                           // of a ftyp, bytes
constexpr std::uint64_t kLongestSeconds = 366ULL * 24 * 3600;          // of a part; more is no honest file
constexpr std::int64_t kLongestLine = 10'000'000'000LL * 1000 * 1000;  // of all parts, ns; the same

struct Track {
  std::uint32_t id = 0;
  std::uint32_t handler = 0;  // "vide", "soun"
  std::uint32_t timescale = 0;
  std::string description;     // its stsd, without what may differ between parts
  std::int64_t begins_at = 0;  // when its first sample is decoded, on the line of the file; in its timescale
};

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

std::string codec_of(const Track &track) {
  return track.description.size() < 16 ? "nothing" : track.description.substr(12, 4);
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

struct Part {
  std::string type;                // the ftyp box
  std::vector<std::uint8_t> moov;  // payload
  std::vector<Track> tracks;
  Mp4SampleTables tables;
  Mp4SampleTable::Extent media{0, 0};
};

// The top-level boxes that matter. False when it is no plain file.
bool read_boxes(const ByteSource &source, Part &part) {
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

bool read_tracks(Part &part) {
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
bool find_media(const ByteSource &source, Part &part) {
  part.media = {source.size, 0};
  for (const auto &[id, table] : part.tables) {
    const auto extent = table.extent();
    if (!table.is_whole() || (table.samples() > 0 && (!extent || extent->end > source.size))) return false;
    if (table.samples() == 0) continue;
    part.media.begin = std::min(part.media.begin, extent->begin);
    part.media.end = std::max(part.media.end, extent->end);
  }
  return part.media.begin < part.media.end;
}

// ---- Joining

class Planner {
 public:
  Status add(const ByteSource &source) {
    Part part;
    if (!read_boxes(source, part) || !read_tracks(part) || !find_media(source, part))
      return Error{Errc::corrupt,
                   "part " + std::to_string(number()) + " is no plain MP4, or has no index that makes sense"};
    if (first_.tracks.empty())
      begin(part);
    else
      REC_CHECK(follow(part));
    join_.pieces.push_back({join_.pieces.size(), part.media.begin, part.media.end - part.media.begin});
    media_bytes_ += part.media.end - part.media.begin;
    return ok();
  }

  Result<Mp4Join> finish() {
    std::string moov;
    bool settled = false;
    for (int tries = 0; !settled && tries < 4;
         ++tries) {  // the longer the moov is, the longer are its numbers
      Mp4SampleTables tables = tables_;
      for (auto &[id, table] : tables) table.move(first_.type.size() + moov.size() + kMdatHeaderBytes);
      std::string next = mp4_moov_with(first_.moov, tables);
      settled = next.size() == moov.size();
      moov = std::move(next);
    }
    if (!settled || moov.size() > kLargestMoov)
      return misfit("together they have too many frames for one index");
    join_.head = first_.type + moov;
    put32(join_.head, 1);
    put32(join_.head, fourcc("mdat"));
    put64(join_.head, kMdatHeaderBytes + media_bytes_);
    join_.media.size_bytes = join_.head.size() + media_bytes_;
    join_.media.parts = join_.pieces.size();
    for (const Track &track : first_.tracks) {
      const Mp4SampleTable &table = tables_.at(track.id);
      join_.media.duration = std::max(join_.media.duration, Nanoseconds(end_on_line(track)));
      if (track.handler == fourcc("vide")) join_.media.video_frames += table.samples();
      if (track.handler == fourcc("soun")) join_.media.audio_frames += table.samples();
    }
    return std::move(join_);
  }

 private:
  Error misfit(const std::string &what) const {
    return {Errc::invalid_argument,
            "part " + std::to_string(number()) + " does not continue those before it: " + what};
  }
  std::size_t number() const { return join_.pieces.size() + 1; }

  static std::int64_t nanoseconds(std::int64_t ticks, std::uint32_t timescale) {
    return std::llround(static_cast<long double>(ticks) * 1e9L / timescale);
  }
  static std::int64_t ticks(std::int64_t nanoseconds, std::uint32_t timescale) {
    return std::llround(static_cast<long double>(nanoseconds) * timescale / 1e9L);
  }
  std::int64_t end_on_line(const Track &track) const {
    const auto duration = static_cast<std::int64_t>(tables_.at(track.id).duration());
    return nanoseconds(duration + track.begins_at, track.timescale);
  }

  void begin(Part &part) {
    for (const Track &track : part.tracks) {
      Mp4SampleTable table;
      table.append(part.tables.at(track.id), std::uint64_t{0} - part.media.begin, 0);
      tables_[track.id] = std::move(table);
    }
    first_ = std::move(part);
    first_.tables.clear();
  }

  // The track of the first part that goes on in `track`, the n-th of its kind.
  const Track *counterpart(const Part &part, const Track &track) const {
    const auto of_kind = [&](const Track &t) { return t.handler == track.handler; };
    const auto n = std::count_if(part.tracks.data(), &track, of_kind);
    std::ptrdiff_t i = 0;
    for (const Track &t : first_.tracks)
      if (of_kind(t) && i++ == n) return &t;
    return nullptr;
  }

  Status check(const Track *before, const Track &track) const {
    if (!before) return misfit("a track that the first part has not (" + codec_of(track) + ")");
    if (codec_of(*before) != codec_of(track))
      return misfit(codec_of(track) + " instead of " + codec_of(*before));
    if (before->timescale != track.timescale)
      return misfit(codec_of(track) + " with " + std::to_string(track.timescale) + " instead of " +
                    std::to_string(before->timescale) + " ticks per second");
    if (before->description != track.description)
      return misfit("another size or configuration of " + codec_of(track));
    return ok();
  }

  Status follow(const Part &part) {
    std::int64_t line = std::numeric_limits<std::int64_t>::min();  // of the part's 0, nanoseconds
    for (const Track &track : part.tracks) {
      const Track *before = counterpart(part, track);
      REC_CHECK(check(before, track));
      line = std::max(line, end_on_line(*before) - nanoseconds(track.begins_at, track.timescale));
    }
    for (const Track &track : first_.tracks)  // one that is missing here may end later than the others
      line = std::max(line, end_on_line(track));
    if (line > kLongestLine) return misfit("together they are too long");
    for (const Track &track : part.tracks) {
      const Track *before = counterpart(part, track);
      Mp4SampleTable &table = tables_.at(before->id);
      const auto time =
          static_cast<std::uint64_t>(ticks(line, track.timescale) + track.begins_at - before->begins_at);
      const std::uint64_t at = media_bytes_ - part.media.begin;  // wraps: the chunks are moved back
      if (!table.append(part.tables.at(track.id), at, std::max(time, table.duration())))
        return misfit("the pause of " + codec_of(track) + " is too long, or it has too many frames");
    }
    return ok();
  }

  Mp4Join join_;
  Part first_;
  Mp4SampleTables tables_;  // chunks counted from the first byte of the media
  std::uint64_t media_bytes_ = 0;
};

}  // namespace

Result<Mp4Join> plan_mp4_join(std::span<const ByteSource> parts) { return plan_join(Planner(), parts); }

}  // namespace rec
