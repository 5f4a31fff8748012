// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/mp4_edits.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "core/model/mp4_boxes.h"

namespace rec {
namespace {

constexpr std::uint32_t kWholeRate = 0x00010000;  // plays at its own speed
constexpr std::uint32_t kNothing = ~0U;           // media time of an empty edit

Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t *>(text.data()), text.size()};
}

Bytes child(Bytes parent, std::uint32_t wanted) {
  Bytes found;
  each_box(parent, [&](std::uint32_t type, Bytes payload) {
    if (type == wanted && found.empty()) found = payload;
  });
  return found;
}

// Of mvhd or mdhd: ticks per second; 0 when it is cut short.
std::uint32_t timescale_of(Bytes header) {
  ByteReader r(header);
  return !header.empty() && r.skip(header[0] == 1 ? 20 : 12) ? r.u32().value_or(0) : 0;
}

std::uint32_t ticks(Nanoseconds time, std::uint32_t timescale) {
  const double count = std::chrono::duration<double>(time).count() * timescale;
  return static_cast<std::uint32_t>(std::llround(std::clamp(count, 0.0, 2147483647.0)));
}

// The starts of one kind in their order, taken one by one.
class Starts {
 public:
  explicit Starts(const std::vector<Mp4TrackStart> &starts) : starts_(starts) {
    for (const Mp4TrackStart &start : starts) first_ = std::min(first_, start.pts);
  }
  Nanoseconds first() const { return first_; }  // PTS of the track that begins first
  const Mp4TrackStart *take(bool is_video) {
    std::size_t skip = taken_[is_video]++;
    for (const Mp4TrackStart &start : starts_)
      if (start.is_video == is_video && skip-- == 0) return &start;
    return nullptr;
  }

 private:
  const std::vector<Mp4TrackStart> &starts_;
  Nanoseconds first_ = Nanoseconds::max();
  std::size_t taken_[2] = {0, 0};
};

// A duration of 0 is "to the end", of which a growing file knows nothing.
std::string edit_list(Nanoseconds late, Nanoseconds reordering, std::uint32_t movie, std::uint32_t media) {
  std::string edits;
  std::uint32_t count = 1;
  const auto add = [&](std::uint32_t duration, std::uint32_t media_time) {
    put32(edits, duration);
    put32(edits, media_time);
    put32(edits, kWholeRate);
  };
  if (const std::uint32_t delay = ticks(late, movie); delay > 0) {
    add(delay, kNothing);
    ++count;
  }
  add(0, ticks(reordering, media));
  std::string list;
  put32(list, 0);  // version and flags
  put32(list, count);
  return box_of(fourcc("edts"), box_of(fourcc("elst"), list + edits));
}

// The payload of a trak with the list behind its header.
std::string with_edit_list(Bytes trak, Starts &starts, std::uint32_t movie_timescale) {
  const Bytes mdia = child(trak, fourcc("mdia"));
  ByteReader handler(child(mdia, fourcc("hdlr")));
  const bool is_video = handler.skip(8) && handler.u32() == fourcc("vide");
  const std::uint32_t media_timescale = timescale_of(child(mdia, fourcc("mdhd")));
  const Mp4TrackStart *start = starts.take(is_video);
  const Bytes header = child(trak, fourcc("tkhd"));
  std::string text = text_of(trak);
  if (start && !header.empty())
    text.insert(
        static_cast<std::size_t>(header.data() + header.size() - trak.data()),
        edit_list(start->pts - starts.first(), start->pts - start->dts, movie_timescale, media_timescale));
  return text;
}

}  // namespace

std::string with_edit_lists(std::string_view moov, const std::vector<Mp4TrackStart> &starts) {
  const Bytes payload = child(bytes_of(moov), fourcc("moov"));
  if (payload.empty() || payload.size() + 8 != moov.size()) return std::string(moov);
  const std::uint32_t movie_timescale = timescale_of(child(payload, fourcc("mvhd")));
  Starts left(starts);
  std::string text;
  std::size_t read = 0;
  each_box(payload, [&](std::uint32_t type, Bytes box) {
    text += box_of(type, type == fourcc("trak") ? with_edit_list(box, left, movie_timescale) : text_of(box));
    read += 8 + box.size();
  });
  return read == payload.size() ? box_of(fourcc("moov"), text) : std::string(moov);
}

}  // namespace rec
