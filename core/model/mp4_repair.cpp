// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <array>
#include <bit>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "core/model/box_header.h"
#include "core/model/container_repair.h"
#include "core/model/mp4_fragments.h"
#include "core/model/mp4_index.h"

// ISO/IEC 14496-12. A growing file is ftyp, a moov without samples, then pairs of moof and mdat in either
// order; the box that is being written ends beyond the file.
namespace rec {
namespace {

constexpr std::uint64_t kMostUntold = 1U << 16;  // samples of a run of which nothing is told

// What holds for a sample whose run does not tell it.
struct Defaults {
  std::uint32_t duration = 0;
  std::uint32_t size = 0;
  std::uint32_t flags = 0;
};

struct Track {
  std::uint32_t timescale = 0;
  Defaults defaults;
  std::uint64_t duration = 0;  // in 1/timescale
  std::uint64_t samples = 0;
  bool is_video = false;
  bool is_audio = false;
  std::uint32_t codec = 0;  // fourcc of the sample entry
  std::uint32_t width = 0;
  std::uint32_t height = 0;
};
using Tracks = std::map<std::uint32_t, Track>;

void parse_stbl(Bytes stbl, Track &track) {
  each_box(stbl, [&](std::uint32_t type, Bytes b) {
    ByteReader r(b);
    if (type == fourcc("stsd") && r.skip(12)) {  // version, count, size of the first entry
      track.codec = r.u32().value_or(0);
      if (!track.is_video || !r.skip(24)) return;
      track.width = r.u16().value_or(0);
      track.height = r.u16().value_or(0);
    } else if (type == fourcc("stts") && r.skip(4)) {
      const std::uint64_t entries = std::min<std::uint64_t>(r.u32().value_or(0), r.left() / 8);
      for (std::uint64_t i = 0; i < entries; ++i) {
        const std::uint64_t count = *r.u32();
        track.samples += count;
        track.duration += count * *r.u32();
      }
    }
  });
}

void parse_mdia(Bytes mdia, Track &track) {
  each_box(mdia, [&](std::uint32_t type, Bytes b) {
    ByteReader r(b);
    if (type == fourcc("mdhd") && !b.empty() && r.skip(b[0] == 1 ? 20 : 12)) {
      track.timescale = r.u32().value_or(0);
    } else if (type == fourcc("hdlr") && r.skip(8)) {
      const std::uint32_t handler = r.u32().value_or(0);
      track.is_video = handler == fourcc("vide");
      track.is_audio = handler == fourcc("soun");
    } else if (type == fourcc("minf")) {
      each_box(b, [&](std::uint32_t inner, Bytes stbl) {
        if (inner == fourcc("stbl")) parse_stbl(stbl, track);
      });
    }
  });
}

Tracks parse_moov(Bytes moov) {
  Tracks tracks;
  each_box(moov, [&](std::uint32_t type, Bytes trak) {
    if (type != fourcc("trak")) return;
    Track track;
    std::uint32_t id = 0;
    each_box(trak, [&](std::uint32_t inner, Bytes b) {
      ByteReader r(b);
      if (inner == fourcc("tkhd") && !b.empty() && r.skip(b[0] == 1 ? 20 : 12)) id = r.u32().value_or(0);
      if (inner == fourcc("mdia")) parse_mdia(b, track);
    });
    tracks[id] = track;
  });
  each_box(moov, [&](std::uint32_t type, Bytes mvex) {
    if (type != fourcc("mvex")) return;
    each_box(mvex, [&](std::uint32_t inner, Bytes b) {
      ByteReader r(b);
      if (inner != fourcc("trex") || !r.skip(4)) return;
      const auto track = tracks.find(r.u32().value_or(0));
      if (track == tracks.end() || !r.skip(4)) return;
      Defaults &defaults = track->second.defaults;
      defaults.duration = r.u32().value_or(0);
      defaults.size = r.u32().value_or(0);
      defaults.flags = r.u32().value_or(0);
    });
  });
  return tracks;
}

// What one moof adds to its tracks.
struct Fragment {
  struct Run {
    std::uint32_t track_id = 0;
    std::optional<std::uint64_t> time;  // when its first sample is decoded; the later runs of a track go on
    std::uint64_t at = 0;               // of its bytes in the file
    std::vector<Mp4SampleTable::Sample> samples;
  };
  std::vector<Run> runs;
  bool data_is_before = false;  // the samples lie in front of the moof
};

// ISO/IEC 14496-12, 8.8.8. `base` of the data offsets.
void parse_trun(Bytes trun, const Defaults &defaults, std::uint64_t base, Fragment::Run &run) {
  constexpr std::uint32_t kNonSync = 0x10000;
  ByteReader r(trun);
  const std::uint32_t told = r.u32().value_or(0);
  const std::uint64_t count = r.u32().value_or(0);
  run.at = base;
  if (told & 0x1)
    run.at += static_cast<std::uint64_t>(std::int64_t{static_cast<std::int32_t>(r.u32().value_or(0))});
  std::optional<std::uint32_t> first_flags;
  if (told & 0x4) first_flags = r.u32();
  const std::size_t sample_bytes = 4 * static_cast<std::size_t>(std::popcount(told & 0xf00));
  const std::uint64_t most = sample_bytes > 0 ? r.left() / sample_bytes : kMostUntold;
  for (std::uint64_t i = 0; i < std::min(count, most); ++i) {
    Mp4SampleTable::Sample sample;
    sample.duration = told & 0x100 ? *r.u32() : defaults.duration;
    sample.size = told & 0x200 ? *r.u32() : defaults.size;
    std::uint32_t flags = told & 0x400 ? *r.u32() : defaults.flags;
    if (i == 0 && first_flags) flags = *first_flags;
    if (told & 0x800) sample.composition_offset = static_cast<std::int32_t>(*r.u32());
    sample.is_sync = (flags & kNonSync) == 0;
    run.samples.push_back(sample);
  }
}

std::uint64_t end_of(const Fragment::Run &run) {
  std::uint64_t end = run.at;
  for (const Mp4SampleTable::Sample &sample : run.samples) end += sample.size;
  return end;
}

// Reads tfhd: the track, where its data offsets count from, what holds for its samples.
void parse_tfhd(Bytes tfhd, const Tracks &tracks, Fragment::Run &run, Defaults &defaults) {
  ByteReader r(tfhd);
  const std::uint32_t told = r.u32().value_or(0);
  run.track_id = r.u32().value_or(0);
  if (const auto t = tracks.find(run.track_id); t != tracks.end()) defaults = t->second.defaults;
  if (told & 0x1) run.at = r.u64().value_or(0);
  if (told & 0x2) r.skip(4);
  if (told & 0x8) defaults.duration = r.u32().value_or(0);
  if (told & 0x10) defaults.size = r.u32().value_or(0);
  if (told & 0x20) defaults.flags = r.u32().value_or(0);
}

Fragment parse_moof(Bytes moof, std::uint64_t moof_at, const Tracks &tracks) {
  Fragment fragment;
  each_box(moof, [&](std::uint32_t type, Bytes traf) {
    if (type != fourcc("traf")) return;
    Fragment::Run head;
    head.at = moof_at;
    Defaults defaults;
    std::optional<std::uint64_t> follows;  // where a run begins that does not tell it
    each_box(traf, [&](std::uint32_t inner, Bytes b) {
      if (inner == fourcc("tfhd")) parse_tfhd(b, tracks, head, defaults);
      if (inner == fourcc("tfdt") && b.size() >= 8)
        head.time = b[0] == 1 && b.size() >= 12 ? be64(b.subspan(4)) : be32(b.subspan(4));
      if (inner != fourcc("trun") || b.size() < 4) return;
      Fragment::Run run = head;
      head.time.reset();
      const bool tells_place = be32(b) & 0x1;
      parse_trun(b, defaults, tells_place ? head.at : follows.value_or(head.at), run);
      if (run.at < moof_at) fragment.data_is_before = true;
      follows = end_of(run);
      fragment.runs.push_back(std::move(run));
    });
  });
  return fragment;
}

class Mp4Scan {
 public:
  explicit Mp4Scan(const ByteSource &source) : source_(source) {}

  Result<Repair> run() {
    while (take_box()) {
    }
    if (tracks_.empty()) return Error{Errc::corrupt, "no whole fragment in it"};
    for (const auto &[id, t] : tracks_) describe(t);
    if (repair_.video_frames == 0 && repair_.audio_frames == 0)
      return Error{Errc::corrupt, "no whole fragment with media in it"};
    if (has_fragments_) make_plain();
    return std::move(repair_);
  }

  Result<Mp4Fragments> fragments() {
    while (take_box()) {
    }
    if (!has_fragments_) return Error{Errc::corrupt, "no whole fragment in it"};
    return Mp4Fragments{{moov_.begin() + 8, moov_.end()}, std::move(tables_), std::move(begins_)};
  }

 private:
  // Moves behind the top-level box at at_. False at the end or when it is not whole.
  bool take_box() {
    const auto box = box_header_at(source_, at_);
    if (!box) return false;
    const bool is_index = box->type == fourcc("moov") || box->type == fourcc("moof");
    if (is_index && !take_index(*box)) return false;
    if (box->type == fourcc("mdat") && !take_mdat(box->size)) return false;
    at_ += box->size;
    if (!pending_ && !has_unlisted_data_) repair_.keep_bytes = at_;
    return true;
  }

  bool take_index(const BoxHeader &box) {
    if (box.size > kLargestMoov) return false;
    std::vector<std::uint8_t> bytes(box.size);
    if (!source_.read(at_, bytes)) return false;
    const Bytes payload = Bytes(bytes).subspan(box.bytes);
    if (box.type == fourcc("moov")) {
      if (has_fragments_) return false;  // of an earlier close or repair that was not finished
      if (!moov_.empty()) repair_.patches = {{moov_at_ + 4, "free"}};  // of one that was nearly finished
      tracks_ = parse_moov(payload);
      tables_ = mp4_sample_tables(payload);
      moov_ = std::move(bytes);
      moov_at_ = at_;
      pending_.reset();
      has_unlisted_data_ = false;
      return true;
    }
    if (tracks_.empty()) return false;
    Fragment fragment = parse_moof(payload, at_, tracks_);
    if (!has_fragments_ && !pending_ && !fragment.data_is_before) fragments_at_ = at_;
    if (fragment.data_is_before) {
      if (!add(fragment, at_)) return false;
      has_unlisted_data_ = false;
    } else {
      pending_ = std::move(fragment);
    }
    return true;
  }

  bool take_mdat(std::uint64_t size) {
    if (pending_ && !add(*pending_, at_ + size)) return false;
    has_unlisted_data_ = !pending_;
    pending_.reset();
    return true;
  }

  // False when its samples do not lie in what is there.
  bool add(const Fragment &fragment, std::uint64_t end) {
    for (const Fragment::Run &run : fragment.runs)
      if (run.at > end || end_of(run) > end) return false;
    for (const Fragment::Run &run : fragment.runs) {
      const auto t = tracks_.find(run.track_id);
      if (t == tracks_.end()) continue;
      t->second.samples += run.samples.size();
      for (const Mp4SampleTable::Sample &sample : run.samples) t->second.duration += sample.duration;
      Mp4SampleTable &table = tables_[run.track_id];
      if (run.time && table.samples() == 0) begins_[run.track_id] = *run.time;
      if (run.time) table.continue_at(*run.time - begins_[run.track_id]);
      table.add_chunk(run.at, run.samples);
    }
    has_fragments_ = true;
    return true;
  }

  // One mdat that holds all the fragments, with a moov of all samples behind it. The first moov, which must
  // not be found by anybody then, gets another name. Only for files whose first fragment is a moof and its
  // data.
  void make_plain() {
    if (!fragments_at_) return;
    for (const auto &[id, table] : tables_)
      if (!table.is_whole()) return;
    std::string tail = mp4_moov_with(Bytes(moov_).subspan(8), tables_);
    if (tail.size() > kLargestMoov) return;
    std::string header;  // over that of the first fragment and of the mfhd in it
    put32(header, 1);
    put32(header, fourcc("mdat"));
    put64(header, repair_.keep_bytes - *fragments_at_);
    repair_.tail = std::move(tail);
    repair_.patches = {{*fragments_at_, std::move(header)}, {moov_at_ + 4, "free"}};
  }

  void describe(const Track &t) {
    if (t.timescale > 0) {
      const auto seconds = static_cast<double>(t.duration) / t.timescale;
      repair_.duration = std::max(repair_.duration, Nanoseconds(static_cast<std::int64_t>(seconds * 1e9)));
    }
    if (t.is_video) {
      repair_.video_frames += t.samples;
      repair_.width = t.width;
      repair_.height = t.height;
      if (t.codec == fourcc("avc1") || t.codec == fourcc("avc3")) repair_.video_codec = "h264";
      if (t.codec == fourcc("mp4v")) repair_.video_codec = "mpeg4";
      if (t.codec == fourcc("hvc1") || t.codec == fourcc("hev1")) repair_.video_codec = "h265";
    }
    if (t.is_audio) {
      repair_.audio_frames += t.samples;
      if (t.codec == fourcc("mp4a")) repair_.audio_codec = "aac";
      if (t.codec == fourcc("Opus")) repair_.audio_codec = "opus";
    }
  }

  const ByteSource &source_;
  Repair repair_;
  Tracks tracks_;
  Mp4SampleTables tables_;
  std::map<std::uint32_t, std::uint64_t> begins_;
  std::vector<std::uint8_t> moov_;  // box
  std::uint64_t moov_at_ = 0;
  std::optional<std::uint64_t> fragments_at_;  // the first moof, if its data follow
  bool has_fragments_ = false;
  std::optional<Fragment> pending_;  // a moof whose mdat must follow
  bool has_unlisted_data_ = false;   // an mdat whose moof or moov must follow
  std::uint64_t at_ = 0;
};

}  // namespace

Result<Repair> plan_mp4_repair(const ByteSource &source) { return Mp4Scan(source).run(); }

Result<Mp4Fragments> read_mp4_fragments(const ByteSource &source) { return Mp4Scan(source).fragments(); }

}  // namespace rec
