// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/mp4_fragment.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/model/byte_reader.h"

namespace rec {
namespace {

// What tfhd may tell for all samples of a track, in the order of the flags and of the bytes.
enum Field : std::size_t { kDuration, kSize, kFlags, kFields };
constexpr std::uint32_t default_bit(std::size_t field) { return 0x8U << field; }
constexpr std::uint32_t each_bit(std::size_t field) { return 0x100U << field; }
// Flags of tfhd
constexpr std::uint32_t kBaseOffsetBit = 0x1;
constexpr std::uint32_t kDescriptionBit = 0x2;
// Flags of trun
constexpr std::uint32_t kDataOffsetBit = 0x1;
constexpr std::uint32_t kFirstFlagsBit = 0x4;
constexpr std::uint32_t kOffsetsBit = 0x800;
constexpr std::uint32_t kEachBits = 0xf00;
constexpr std::uint32_t kVersion1 = 0x01000000;
// Of a sample's flags
constexpr std::uint32_t kNonSync = 0x10000;

using Values = std::array<std::optional<std::uint32_t>, kFields>;

struct Sample {
  Values values;  // nullopt: the box does not tell
  std::uint32_t composition_offset = 0;
};
struct Run {
  std::uint32_t version_and_flags = 0;
  std::uint32_t data_offset = 0;
  std::vector<Sample> samples;  // at least one
};
struct Track {
  std::uint32_t id = 0;
  std::optional<std::uint64_t> base_offset;  // in the file; the runs' offsets count from it
  std::optional<std::uint32_t> description;
  Values defaults;
  std::string_view tfdt;  // payload
  std::vector<Run> runs;
  std::string_view sdtp;  // payload
};
struct Fragment {
  std::string_view mfhd;  // payload
  std::vector<Track> tracks;
};

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t *>(text.data()), text.size()};
}

struct Box {
  std::string_view type;
  std::string_view payload;
};
// Takes the first box off `text`; nothing when it is not whole.
std::optional<Box> take_box(std::string_view &text) {
  if (text.size() < 8) return std::nullopt;
  const std::size_t size = be32(bytes_of(text));
  if (size < 8 || size > text.size()) return std::nullopt;
  const Box box{text.substr(4, 4), text.substr(8, size - 8)};
  text.remove_prefix(size);
  return box;
}

bool parse_tfhd(std::string_view payload, Track &track) {
  constexpr std::uint32_t kKnown = 0x3b;
  ByteReader r(bytes_of(payload));
  const std::uint32_t flags = r.u32().value_or(~0U);
  const auto id = r.u32();
  if (flags & ~kKnown || !id) return false;
  track.id = *id;
  if (flags & kBaseOffsetBit && !(track.base_offset = r.u64())) return false;
  if (flags & kDescriptionBit && !(track.description = r.u32())) return false;
  for (std::size_t field = 0; field < kFields; ++field)
    if (flags & default_bit(field) && !(track.defaults[field] = r.u32())) return false;
  return r.left() == 0;
}

// Reads a run and gives its samples what tfhd tells.
bool parse_run(std::string_view payload, Track &track) {
  constexpr std::uint32_t kKnown = kVersion1 | kEachBits | kFirstFlagsBit | kDataOffsetBit;
  constexpr std::uint32_t kTold = each_bit(kDuration) | each_bit(kSize);
  ByteReader r(bytes_of(payload));
  Run run;
  run.version_and_flags = r.u32().value_or(~0U);
  const std::uint32_t flags = run.version_and_flags;
  const std::uint64_t count = r.u32().value_or(0);
  if (flags & ~kKnown || count == 0) return false;
  if (count > 1 && (flags & kTold) != kTold) return false;  // the muxer's second sample tells both
  const std::size_t head = (flags & kDataOffsetBit ? 4 : 0) + (flags & kFirstFlagsBit ? 4 : 0);
  const std::uint64_t per_sample = 4 * static_cast<std::uint64_t>(std::popcount(flags & kEachBits));
  if (r.left() != head + count * per_sample) return false;  // so all of it is there
  if (flags & kDataOffsetBit) run.data_offset = *r.u32();
  const auto first_flags = flags & kFirstFlagsBit ? r.u32() : std::nullopt;
  run.samples.resize(count);
  for (Sample &sample : run.samples) {
    sample.values = track.defaults;
    for (std::size_t field = 0; field < kFields; ++field)
      if (flags & each_bit(field)) sample.values[field] = r.u32();
    if (flags & kOffsetsBit) sample.composition_offset = *r.u32();
  }
  if (first_flags) run.samples.front().values[kFlags] = first_flags;
  track.runs.push_back(std::move(run));
  return true;
}

// In mp4mux's order: tfhd, tfdt, trun..., sdtp.
bool parse_track(std::string_view traf, Track &track) {
  const auto tfhd = take_box(traf);
  if (!tfhd || tfhd->type != "tfhd" || !parse_tfhd(tfhd->payload, track)) return false;
  const auto tfdt = take_box(traf);
  if (!tfdt || tfdt->type != "tfdt") return false;
  track.tfdt = tfdt->payload;
  while (!traf.empty()) {
    const auto box = take_box(traf);
    if (!box || !track.sdtp.empty()) return false;
    if (box->type == "sdtp" && !box->payload.empty()) {
      track.sdtp = box->payload;
    } else if (box->type != "trun" || !parse_run(box->payload, track)) {
      return false;
    }
  }
  return !track.runs.empty();
}

std::optional<Fragment> parse_fragment(std::string_view text) {
  const auto moof = take_box(text);
  if (!moof || moof->type != "moof" || !text.empty()) return std::nullopt;
  std::string_view rest = moof->payload;
  const auto mfhd = take_box(rest);
  if (!mfhd || mfhd->type != "mfhd") return std::nullopt;
  Fragment fragment{mfhd->payload, {}};
  while (!rest.empty()) {
    const auto traf = take_box(rest);
    if (!traf || traf->type != "traf" || !parse_track(traf->payload, fragment.tracks.emplace_back()))
      return std::nullopt;
  }
  return fragment;
}

template <typename Visit>
void each_sample(Track &track, Visit visit) {
  for (Run &run : track.runs)
    for (Sample &sample : run.samples) visit(sample);
}

enum class Found { whole, mended, unclear };

// The default that was taken back was the first sample's.
Found mend_from_first(Track &track, Field field) {
  const auto first = track.runs.front().samples.front().values[field];
  Found found = Found::whole;
  each_sample(track, [&](Sample &sample) {
    if (sample.values[field]) return;
    sample.values[field] = first;
    found = first ? Found::mended : Found::unclear;
  });
  return found;
}

// A keyframe begins a fragment, so that all samples but the first have the same flags. Where nothing is said
// about the first, trex says 0.
Found mend_flags(Track &track) {
  Sample &first = track.runs.front().samples.front();
  std::optional<std::uint32_t> others;
  bool alike = true;
  bool missing = false;
  each_sample(track, [&](const Sample &sample) {
    const auto flags = sample.values[kFlags];
    missing = missing || !flags;
    if (&sample == &first || !flags) return;
    alike = alike && others.value_or(*flags) == *flags;
    others = flags;
  });
  if (!missing) return Found::whole;
  if (!others || !alike) return Found::unclear;
  const bool first_is_told = first.values[kFlags].has_value();
  if (!first_is_told) first.values[kFlags] = 0;
  Found found = Found::whole;
  each_sample(track, [&](Sample &sample) {
    if (sample.values[kFlags]) return;
    sample.values[kFlags] = others;
    if (*others & kNonSync) found = Found::mended;  // or it is a keyframe anyway
  });
  return found;
}

// Completes all samples. True when that was needed and possible.
bool mend(Fragment &fragment) {
  bool mended = false;
  for (Track &track : fragment.tracks) {
    for (const Found found :
         {mend_from_first(track, kDuration), mend_from_first(track, kSize), mend_flags(track)}) {
      if (found == Found::unclear) return false;
      mended = mended || found == Found::mended;
    }
  }
  return mended;
}

// How a run tells a field: the bits of trun, 0 where the default says it all.
std::uint32_t bits_for(const Run &run, std::size_t field, std::optional<std::uint32_t> fallback) {
  const auto is_default = [&](const Sample &sample) { return sample.values[field] == fallback; };
  if (!fallback) return each_bit(field);
  if (std::all_of(run.samples.begin() + 1, run.samples.end(), is_default)) {
    if (is_default(run.samples.front())) return 0;
    if (field == kFlags) return kFirstFlagsBit;
  }
  return each_bit(field);
}

std::size_t bytes_for(const Track &track, std::size_t field, std::optional<std::uint32_t> fallback) {
  std::size_t bytes = fallback ? 4 : 0;
  for (const Run &run : track.runs) {
    const std::uint32_t bits = bits_for(run, field, fallback);
    if (bits) bytes += bits == kFirstFlagsBit ? 4 : 4 * run.samples.size();
  }
  return bytes;
}

// The default that takes the fewest bytes.
std::optional<std::uint32_t> best_default(const Track &track, std::size_t field) {
  std::optional<std::uint32_t> best;
  for (const Sample *sample : {&track.runs.front().samples.front(), &track.runs.back().samples.back()})
    if (bytes_for(track, field, sample->values[field]) < bytes_for(track, field, best))
      best = sample->values[field];
  return best;
}

std::string number(std::uint32_t v) {
  return {static_cast<char>(v >> 24), static_cast<char>(v >> 16), static_cast<char>(v >> 8),
          static_cast<char>(v)};
}

std::string box(std::string_view type, std::string_view payload) {
  return number(static_cast<std::uint32_t>(8 + payload.size())).append(type).append(payload);
}

std::string write_run(const Run &run, const Values &defaults) {
  std::uint32_t flags = run.version_and_flags & (kVersion1 | kOffsetsBit | kDataOffsetBit);
  for (std::size_t field = 0; field < kFields; ++field) flags |= bits_for(run, field, defaults[field]);
  std::string text = number(flags) + number(static_cast<std::uint32_t>(run.samples.size()));
  if (flags & kDataOffsetBit) text += number(run.data_offset);
  if (flags & kFirstFlagsBit) text += number(*run.samples.front().values[kFlags]);
  for (const Sample &sample : run.samples) {
    for (std::size_t field = 0; field < kFields; ++field)
      if (flags & each_bit(field)) text += number(*sample.values[field]);
    if (flags & kOffsetsBit) text += number(sample.composition_offset);
  }
  return box("trun", text);
}

std::string write_tfhd(const Track &track, const Values &defaults) {
  std::uint32_t flags = 0;
  std::string text = number(track.id);
  if (track.base_offset) {
    flags |= kBaseOffsetBit;
    text += number(static_cast<std::uint32_t>(*track.base_offset >> 32));
    text += number(static_cast<std::uint32_t>(*track.base_offset));
  }
  if (track.description) {
    flags |= kDescriptionBit;
    text += number(*track.description);
  }
  for (std::size_t field = 0; field < kFields; ++field) {
    if (!defaults[field]) continue;
    flags |= default_bit(field);
    text += number(*defaults[field]);
  }
  return box("tfhd", number(flags) + text);
}

std::string write_track(const Track &track, bool long_time) {
  Values defaults;
  for (std::size_t field = 0; field < kFields; ++field) defaults[field] = best_default(track, field);
  std::string text = write_tfhd(track, defaults);
  if (long_time) {
    text += box("tfdt", number(kVersion1) + number(0).append(track.tfdt.substr(4)));
  } else {
    text += box("tfdt", track.tfdt);
  }
  for (const Run &run : track.runs) text += write_run(run, defaults);
  if (!track.sdtp.empty()) text += box("sdtp", track.sdtp);
  return box("traf", text);
}

// Counts the offsets from the track's first sample, so that its run need not tell one: 4 bytes less.
void count_from_first_sample(Track &track) {
  const std::uint32_t first = track.runs.front().data_offset;
  const auto is_behind = [&](const Run &run) {
    return run.version_and_flags & kDataOffsetBit && run.data_offset >= first && run.data_offset <= INT32_MAX;
  };
  if (!track.base_offset || !std::all_of(track.runs.begin(), track.runs.end(), is_behind)) return;
  *track.base_offset += first;
  for (Run &run : track.runs) run.data_offset -= first;
  track.runs.front().version_and_flags &= ~kDataOffsetBit;
}

// Without the box's header. 4 bytes more when a decode time is written long; the same when none can be.
std::string write_fragment(const Fragment &fragment, bool longer) {
  std::string text = box("mfhd", fragment.mfhd);
  for (const Track &track : fragment.tracks) {
    const bool is_short = track.tfdt.size() == 8 && be32(bytes_of(track.tfdt)) == 0;
    text += write_track(track, longer && is_short);
    longer = longer && !is_short;
  }
  return text;
}

}  // namespace

std::string with_whole_runs(std::string_view moof) {
  auto fragment = parse_fragment(moof);
  if (!fragment || !mend(*fragment)) return std::string(moof);
  const std::size_t room = moof.size() - 8;
  std::string text = write_fragment(*fragment, false);
  if (text.size() > room) {
    for (Track &track : fragment->tracks) count_from_first_sample(track);
    text = write_fragment(*fragment, false);
  }
  if (text.size() + 4 == room) text = write_fragment(*fragment, true);  // a free box takes 8
  if (text.size() + 8 <= room) text += box("free", std::string(room - text.size() - 8, '\0'));
  return text.size() == room ? box("moof", text) : std::string(moof);
}

}  // namespace rec
