// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/mp4_join.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/model/mp4_part.h"

// ISO/IEC 14496-12.
namespace rec {
namespace {

constexpr std::uint64_t kMdatHeaderBytes = 16;
constexpr std::int64_t kLongestLine =
    10'000'000'000LL * 1000 * 1000;  // of all parts, ns; more is no honest file

using Part = Mp4Part;
using Track = Mp4Part::Track;

std::string codec_of(const Track &track) {
  return track.description.size() < 16 ? "nothing" : track.description.substr(12, 4);
}

// ---- Joining

class Planner {
 public:
  Status add(const ByteSource &source) {
    auto part = read_plain_mp4(source);
    return part ? add(*part) : unreadable("plain MP4");
  }
  Status add(const Mp4Range &range) {
    auto part = read_any_mp4(range.source);
    if (!part) return unreadable("MP4");
    if ((range.from || range.to) && !cut_mp4_part(*part, range.from, range.to))
      return Error{Errc::not_found, "part " + std::to_string(number()) + " has no frame in that range"};
    return add(*part);
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
  Error unreadable(const char *what) const {
    return {Errc::corrupt,
            "part " + std::to_string(number()) + " is no " + what + ", or has no index that makes sense"};
  }
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

  Status add(Part &part) {
    const Mp4SampleTable::Extent media = part.media;
    if (first_.tracks.empty())
      begin(part);
    else
      REC_CHECK(follow(part));
    join_.pieces.push_back({join_.pieces.size(), media.begin, media.end - media.begin});
    media_bytes_ += media.end - media.begin;
    return ok();
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

Result<Mp4Join> plan_mp4_join(std::span<const Mp4Range> parts) { return plan_join(Planner(), parts); }

}  // namespace rec
