// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/cmaf_fragment.h"

#include <algorithm>

#include "core/model/mp4_boxes.h"

namespace rec {
namespace {

// Flags of tfhd and trun, ISO/IEC 14496-12 8.8.7 and 8.8.8.
constexpr std::uint32_t kDefaultDuration = 0x8;
constexpr std::uint32_t kDefaultFlags = 0x20;
constexpr std::uint32_t kBaseIsMoof = 0x20000;
constexpr std::uint32_t kDataOffset = 0x1;
constexpr std::uint32_t kDurations = 0x100;
constexpr std::uint32_t kSizes = 0x200;
constexpr std::uint32_t kFlags = 0x400;
constexpr std::uint32_t kOffsets = 0x800;
constexpr std::uint32_t kVersion1 = 0x1000000;
// Flags of a sample, 8.8.3.
constexpr std::uint32_t kSync = 0x2000000;     // depends on no other
constexpr std::uint32_t kNonSync = 0x1010000;  // depends on others

std::string box(std::string_view type, const std::string &payload) { return box_of(fourcc(type), payload); }

std::string write_run(const CmafRun &run, bool one_duration, std::uint32_t data_offset) {
  const auto has = [&](auto which) { return std::any_of(run.samples.begin(), run.samples.end(), which); };
  std::uint32_t told = kDataOffset | kSizes;
  if (!one_duration) told |= kDurations;
  if (run.is_video) told |= kFlags;
  if (has([](const CmafSample &s) { return s.composition_offset != 0; })) told |= kOffsets;
  if (has([](const CmafSample &s) { return s.composition_offset < 0; })) told |= kVersion1;
  std::string text;
  put32(text, told);
  put32(text, static_cast<std::uint32_t>(run.samples.size()));
  put32(text, data_offset);
  for (const CmafSample &sample : run.samples) {
    if (told & kDurations) put32(text, sample.duration);
    put32(text, sample.size);
    if (told & kFlags) put32(text, sample.is_sync ? kSync : kNonSync);
    if (told & kOffsets) put32(text, static_cast<std::uint32_t>(sample.composition_offset));
  }
  return box("trun", text);
}

std::string write_track(const CmafRun &run, std::uint32_t data_offset) {
  const std::uint32_t duration = run.samples.front().duration;
  const bool one_duration = std::all_of(run.samples.begin(), run.samples.end(),
                                        [&](const CmafSample &s) { return s.duration == duration; });
  std::string header;
  put32(header, kBaseIsMoof | (one_duration ? kDefaultDuration : 0) | (run.is_video ? 0 : kDefaultFlags));
  put32(header, run.track_id);
  if (one_duration) put32(header, duration);
  if (!run.is_video) put32(header, kSync);
  std::string time;
  put32(time, kVersion1);
  put64(time, run.time);
  return box("traf", box("tfhd", header) + box("tfdt", time) + write_run(run, one_duration, data_offset));
}

std::uint32_t bytes_of(const CmafRun &run) {
  std::uint32_t bytes = 0;
  for (const CmafSample &sample : run.samples) bytes += sample.size;
  return bytes;
}

// `data`: where the first run's bytes lie, from the moof on.
std::string write_moof(std::uint32_t number, const std::vector<CmafRun> &runs, std::uint32_t data) {
  std::string header;
  put32(header, 0);
  put32(header, number);
  std::string text = box("mfhd", header);
  for (const CmafRun &run : runs) {
    text += write_track(run, data);
    data += bytes_of(run);
  }
  return box("moof", text);
}

}  // namespace

std::string write_cmaf_fragment(std::uint32_t number, const std::vector<CmafRun> &runs) {
  constexpr std::uint32_t kBoxHeader = 8;
  const auto moof_bytes = static_cast<std::uint32_t>(write_moof(number, runs, 0).size());
  std::string text = write_moof(number, runs, moof_bytes + kBoxHeader);
  std::uint32_t data_bytes = 0;
  for (const CmafRun &run : runs) data_bytes += bytes_of(run);
  put32(text, kBoxHeader + data_bytes);
  put32(text, fourcc("mdat"));
  return text;
}

std::string write_cmaf_segment_type() {
  std::string text = "iso6";
  put32(text, 0);
  return box("styp", text + "iso6mp41");
}

}  // namespace rec
