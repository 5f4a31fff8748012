// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/cmaf_scan.h"

#include <algorithm>
#include <array>
#include <bit>
#include <optional>
#include <string>

#include "core/model/box_header.h"
#include "core/model/cmaf_init.h"
#include "core/model/mp4_boxes.h"

namespace rec {
namespace {

constexpr std::uint64_t kLargestMoof = 16U << 20;
constexpr std::size_t kMostTracks = 32;
constexpr std::uint64_t kLatest = std::uint64_t{1}
                                  << 48;  // no honest tfdt is beyond: a hundred thousand years
constexpr std::uint32_t kNonSync = 0x10000;

struct Defaults {
  std::uint32_t duration = 0;
};

bool read_header(Bytes tfhd, CmafScanTrack &track, Defaults &defaults) {
  ByteReader r(tfhd);
  const std::uint32_t told = r.u32().value_or(0);
  track.id = r.u32().value_or(0);
  if (told & 0x1) r.skip(8);
  if (told & 0x2) r.skip(4);
  if (told & 0x8) defaults.duration = r.u32().value_or(0);
  return track.id != 0;
}

// ISO/IEC 14496-12 8.8.8. `track.end` is where the run begins.
bool read_run(Bytes trun, const Defaults &defaults, CmafScanTrack &track) {
  ByteReader r(trun);
  const std::uint32_t told = r.u32().value_or(0);
  const std::uint64_t count = r.u32().value_or(0);
  if ((told & 0x1 && !r.skip(4)) || (told & 0x4 && !r.skip(4)) || count == 0) return false;
  const auto per_sample = 4 * static_cast<std::size_t>(std::popcount(told & 0xf00));
  if (per_sample == 0 || count > r.left() / per_sample) return false;
  track.is_video = told & 0x400;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint32_t duration = told & 0x100 ? *r.u32() : defaults.duration;
    if (told & 0x200) r.skip(4);
    const std::uint32_t flags = told & 0x400 ? *r.u32() : 0;
    const auto offset = told & 0x800 ? static_cast<std::int32_t>(*r.u32()) : 0;
    if (track.frames++ == 0) {
      track.first = track.end + offset;
      track.starts_with_key = (flags & kNonSync) == 0;
    }
    track.end += duration;
    if (track.end > 2 * static_cast<std::int64_t>(kLatest)) return false;
  }
  return true;
}

std::optional<CmafScanTrack> read_track(Bytes traf) {
  CmafScanTrack track;
  Defaults defaults;
  bool whole = true, has_time = false;
  each_box(traf, [&](std::uint32_t type, Bytes b) {
    if (type == fourcc("tfhd")) whole = whole && read_header(b, track, defaults);
    if (type == fourcc("tfdt") && b.size() >= 12 && b[0] == 1 && be64(b.subspan(4)) <= kLatest) {
      track.end = static_cast<std::int64_t>(be64(b.subspan(4)));
      has_time = true;
    }
    if (type == fourcc("trun")) whole = whole && has_time && read_run(b, defaults, track);
  });
  if (!whole || track.id == 0 || track.frames == 0) return std::nullopt;
  return track;
}

// nullopt: not of our making.
std::optional<std::vector<CmafScanTrack>> read_moof(Bytes moof) {
  std::vector<CmafScanTrack> tracks;
  bool whole = true;
  each_box(moof, [&](std::uint32_t type, Bytes traf) {
    if (type != fourcc("traf") || !whole) return;
    const auto track = read_track(traf);
    whole = track && tracks.size() < kMostTracks;
    if (whole) tracks.push_back(*track);
  });
  if (!whole || tracks.empty()) return std::nullopt;
  return tracks;
}

void merge(const std::vector<CmafScanTrack> &fragment, std::vector<CmafScanTrack> &tracks) {
  for (const CmafScanTrack &more : fragment) {
    const auto known =
        std::find_if(tracks.begin(), tracks.end(), [&](const CmafScanTrack &t) { return t.id == more.id; });
    if (known == tracks.end()) {
      if (tracks.size() < kMostTracks) tracks.push_back(more);
      continue;
    }
    known->frames += more.frames;
    known->end = std::max(known->end, more.end);
  }
}

}  // namespace

Nanoseconds CmafScan::duration() const {
  const CmafScanTrack *lead = nullptr;
  std::int64_t end = 0;
  for (const CmafScanTrack &track : tracks) {
    if (!lead || (track.is_video && !lead->is_video)) lead = &track;
    end = std::max(end, track.end);
  }
  if (!lead || end <= lead->first) return Nanoseconds(0);
  const std::int64_t ticks = end - lead->first;
  return Seconds(ticks / kCmafTimescale) + Nanoseconds(ticks % kCmafTimescale * 100'000 / 9);
}

bool CmafScan::is_segment() const {
  const auto video = std::find_if(tracks.begin(), tracks.end(), [](const auto &t) { return t.is_video; });
  return !tracks.empty() && (video == tracks.end() || video->starts_with_key);
}

CmafScan scan_cmaf(const ByteSource &source) {
  CmafScan scan;
  std::optional<std::vector<CmafScanTrack>> fragment;  // whose media must follow
  std::uint64_t at = 0;
  while (const auto box = box_header_at(source, at)) {
    if (box->type == fourcc("moof")) {
      if (fragment || box->size > kLargestMoof) break;
      std::vector<std::uint8_t> moof(box->payload());
      if (!source.read(at + box->bytes, moof) || !(fragment = read_moof(moof))) break;
    } else if (box->type == fourcc("mdat")) {
      if (!fragment) break;
      merge(*fragment, scan.tracks);
      fragment.reset();
      scan.complete_bytes = at + box->size;
    } else if (box->type != fourcc("styp") || at != 0) {
      break;
    }
    at += box->size;
  }
  return scan;
}

}  // namespace rec
