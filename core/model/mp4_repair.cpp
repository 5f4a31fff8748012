// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "core/model/byte_reader.h"
#include "core/model/container_repair.h"

// ISO/IEC 14496-12. A growing file is ftyp, the first samples and their moov, then pairs of moof and mdat in
// either order; the box that is being written has size 0 or ends beyond the file.
namespace rec {
namespace {

using Bytes = std::span<const std::uint8_t>;
constexpr std::uint64_t kLargestMoov = 256U << 20;  // read into memory; more is no honest file

constexpr std::uint32_t fourcc(std::string_view t) {
  return (std::uint32_t{static_cast<std::uint8_t>(t[0])} << 24) |
         (std::uint32_t{static_cast<std::uint8_t>(t[1])} << 16) |
         (std::uint32_t{static_cast<std::uint8_t>(t[2])} << 8) | static_cast<std::uint8_t>(t[3]);
}

struct Track {
  std::uint32_t timescale = 0;
  std::uint32_t default_duration = 0;  // of a sample, in 1/timescale
  std::uint64_t duration = 0;          // in 1/timescale
  std::uint64_t samples = 0;
  bool is_video = false;
  bool is_audio = false;
  std::uint32_t codec = 0;  // fourcc of the sample entry
  std::uint32_t width = 0;
  std::uint32_t height = 0;
};
using Tracks = std::map<std::uint32_t, Track>;

// Calls visit(type, payload) for each box in `bytes`; stops at one that does not fit.
template <typename Visit>
void each_box(Bytes bytes, Visit visit) {
  while (bytes.size() >= 8) {
    std::uint64_t size = be32(bytes);
    const std::uint32_t type = be32(bytes.subspan(4));
    std::size_t header = 8;
    if (size == 1 && bytes.size() >= 16) {
      size = be64(bytes.subspan(8));
      header = 16;
    }
    if (size < header || size > bytes.size()) return;
    visit(type, bytes.subspan(header, size - header));
    bytes = bytes.subspan(size);
  }
}

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
      if (track != tracks.end() && r.skip(4)) track->second.default_duration = r.u32().value_or(0);
    });
  });
  return tracks;
}

// What one moof adds to its tracks.
struct Fragment {
  struct Run {
    std::uint32_t track_id = 0;
    std::uint64_t samples = 0;
    std::uint64_t duration = 0;
  };
  std::vector<Run> runs;
  bool data_is_before = false;  // the samples lie in front of the moof
};

void parse_trun(Bytes trun, std::uint32_t default_duration, std::int64_t base, Fragment &fragment,
                Fragment::Run &run) {
  ByteReader r(trun);
  const std::uint32_t flags = r.u32().value_or(0);
  const std::uint64_t samples = r.u32().value_or(0);
  std::int64_t data_at = base;
  if (flags & 0x1) data_at += static_cast<std::int32_t>(r.u32().value_or(0));
  if (data_at < 0) fragment.data_is_before = true;
  if (flags & 0x4) r.skip(4);
  std::size_t others = 0;  // bytes per sample besides its duration
  for (const std::uint32_t bit : {0x200U, 0x400U, 0x800U}) others += flags & bit ? 4 : 0;
  if (!(flags & 0x100)) {
    run.samples += samples;
    run.duration += samples * default_duration;
    return;
  }
  for (std::uint64_t i = 0; i < samples; ++i) {
    const auto duration = r.u32();
    if (!duration || !r.skip(others)) return;
    ++run.samples;
    run.duration += *duration;
  }
}

Fragment parse_moof(Bytes moof, std::uint64_t moof_at, const Tracks &tracks) {
  Fragment fragment;
  each_box(moof, [&](std::uint32_t type, Bytes traf) {
    if (type != fourcc("traf")) return;
    Fragment::Run run;
    std::uint32_t default_duration = 0;
    std::int64_t base = 0;  // of data offsets, relative to the moof
    each_box(traf, [&](std::uint32_t inner, Bytes b) {
      if (inner == fourcc("tfhd")) {
        ByteReader r(b);
        const std::uint32_t flags = r.u32().value_or(0);
        run.track_id = r.u32().value_or(0);
        if (const auto t = tracks.find(run.track_id); t != tracks.end())
          default_duration = t->second.default_duration;
        if (flags & 0x1) base = static_cast<std::int64_t>(r.u64().value_or(0) - moof_at);
        if (flags & 0x2) r.skip(4);
        if (flags & 0x8) default_duration = r.u32().value_or(0);
      } else if (inner == fourcc("trun")) {
        parse_trun(b, default_duration, base, fragment, run);
      }
    });
    fragment.runs.push_back(run);
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
    return std::move(repair_);
  }

 private:
  // Moves behind the top-level box at at_. False at the end or when it is not whole.
  bool take_box() {
    std::array<std::uint8_t, 16> h{};
    const std::uint64_t left = source_.size - at_;
    const std::size_t header_bytes = std::min<std::uint64_t>(left, h.size());
    if (header_bytes < 8 || !source_.read(at_, std::span(h).first(header_bytes))) return false;
    std::uint64_t size = be32(h);
    const std::uint32_t type = be32(std::span(h).subspan(4));
    if (size == 1 && header_bytes == 16) size = be64(std::span(h).subspan(8));
    if (size < 8 || size > left) return false;
    const bool is_index = type == fourcc("moov") || type == fourcc("moof");
    if (is_index && !take_index(type, size)) return false;
    if (type == fourcc("mdat")) take_mdat();
    at_ += size;
    if (!pending_ && !has_unlisted_data_) repair_.keep_bytes = at_;
    return true;
  }

  bool take_index(std::uint32_t type, std::uint64_t size) {
    if (size > kLargestMoov) return false;
    std::vector<std::uint8_t> bytes(size);
    if (!source_.read(at_, bytes)) return false;
    const Bytes payload = Bytes(bytes).subspan(8);
    if (type == fourcc("moov")) {
      tracks_ = parse_moov(payload);
      pending_.reset();
      has_unlisted_data_ = false;
      return true;
    }
    if (tracks_.empty()) return false;
    Fragment fragment = parse_moof(payload, at_, tracks_);
    if (fragment.data_is_before) {
      add(fragment);
      has_unlisted_data_ = false;
    } else {
      pending_ = std::move(fragment);
    }
    return true;
  }

  void take_mdat() {
    if (pending_) add(*pending_);
    has_unlisted_data_ = !pending_;
    pending_.reset();
  }

  void add(const Fragment &fragment) {
    for (const Fragment::Run &run : fragment.runs) {
      const auto t = tracks_.find(run.track_id);
      if (t == tracks_.end()) continue;
      t->second.samples += run.samples;
      t->second.duration += run.duration;
    }
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
      if (t.codec == fourcc("hvc1") || t.codec == fourcc("hev1")) repair_.video_codec = "h265";
    }
    if (t.is_audio) {
      repair_.audio_frames += t.samples;
      if (t.codec == fourcc("mp4a")) repair_.audio_codec = "aac";
    }
  }

  const ByteSource &source_;
  Repair repair_;
  Tracks tracks_;
  std::optional<Fragment> pending_;  // a moof whose mdat must follow
  bool has_unlisted_data_ = false;   // an mdat whose moof or moov must follow
  std::uint64_t at_ = 0;
};

}  // namespace

Result<Repair> plan_mp4_repair(const ByteSource &source) { return Mp4Scan(source).run(); }

}  // namespace rec
