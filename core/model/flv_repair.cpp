// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <array>
#include <bit>
#include <optional>
#include <string_view>

#include "core/model/byte_reader.h"
#include "core/model/container_repair.h"
#include "core/model/flv_filler.h"
#include "core/model/flv_metadata.h"
#include "core/model/flv_tag.h"

// FLV (Adobe Video File Format 10.1, annex E): a 9-byte header, the size of no tag, then tags (flv_tag.h).
namespace rec {
namespace {

constexpr std::uint64_t kFileHeaderBytes = 9;
constexpr std::size_t kMetadataBytes = std::size_t{64} << 10;  // of onMetaData that are looked at

struct Track {
  std::uint64_t frames = 0;
  std::int64_t first_ms = 0;
  std::int64_t last_ms = 0;

  void add(std::int64_t ms) {
    if (frames++ == 0) first_ms = last_ms = ms;
    first_ms = std::min(first_ms, ms);
    last_ms = std::max(last_ms, ms);
  }
  // The last frame is taken to be as long as the others are on average.
  std::int64_t duration_us() const {
    if (frames < 2) return 0;
    return (last_ms - first_ms) * 1000 * static_cast<std::int64_t>(frames) /
           static_cast<std::int64_t>(frames - 1);
  }
};

class FlvScan {
 public:
  explicit FlvScan(const ByteSource &source) : source_(source) {}

  Result<Repair> run() {
    std::array<std::uint8_t, kFileHeaderBytes> header{};
    const std::uint64_t first_tag = kFileHeaderBytes + kFlvTrailerBytes;
    if (source_.size < first_tag || !source_.read(0, header) || header[0] != 'F' || header[1] != 'L' ||
        header[2] != 'V')
      return Error{Errc::corrupt, "no FLV header in it"};
    repair_.keep_bytes = first_tag;
    while (take_tag()) {
    }
    if (video_.frames == 0 && audio_.frames == 0)
      return Error{Errc::corrupt, "no whole FLV tag with media in it"};
    repair_.video_frames = video_.frames;
    repair_.audio_frames = audio_.frames;
    const std::int64_t duration_us = std::max(video_.duration_us(), audio_.duration_us());
    repair_.duration = std::chrono::microseconds(duration_us);
    patch(duration_at_, static_cast<double>(duration_us) / 1e6);
    patch(filesize_at_, static_cast<double>(repair_.keep_bytes));
    write_index();
    return std::move(repair_);
  }

 private:
  // Reads one tag at keep_bytes and moves behind it. False at the end or at what is no whole tag.
  bool take_tag() {
    const std::uint64_t at = repair_.keep_bytes;
    std::array<std::uint8_t, kFlvTagHeaderBytes + kFlvTagLookedAt> room{};
    const std::uint64_t left = source_.size - at;
    const std::span h = std::span(room).first(std::min<std::uint64_t>(room.size(), left));
    if (left < kFlvTagHeaderBytes + kFlvTrailerBytes || !source_.read(at, h)) return false;
    const std::uint64_t data_bytes = be24(h.subspan(1));
    const std::uint64_t tag_bytes = kFlvTagHeaderBytes + data_bytes;
    std::array<std::uint8_t, kFlvTrailerBytes> trailer{};
    if (tag_bytes + kFlvTrailerBytes > source_.size - at || !source_.read(at + tag_bytes, trailer) ||
        be32(trailer) != tag_bytes)
      return false;
    const std::int64_t ms = be24(std::span(h).subspan(4)) | (std::uint32_t{h[7]} << 24);
    const std::uint64_t told = std::min<std::uint64_t>(data_bytes, h.size() - kFlvTagHeaderBytes);
    const std::span<const std::uint8_t> data = h.subspan(kFlvTagHeaderBytes, told);
    switch (h[0]) {
      case kFlvAudio:
        if (!data.empty()) take_audio(flv_audio_kind(data), ms);
        break;
      case kFlvVideo:
        if (!data.empty()) take_video(flv_video_kind(data), ms);
        break;
      case kFlvScript:
        if (!duration_at_) take_metadata(at + kFlvTagHeaderBytes, data_bytes);
        break;
      default:
        return false;
    }
    repair_.keep_bytes = at + tag_bytes + kFlvTrailerBytes;
    return true;
  }

  void take_audio(const FlvTagKind &kind, std::int64_t ms) {
    if (!kind.codec.empty()) repair_.audio_codec = kind.codec;
    if (kind.role != FlvTagKind::Role::frame) return;
    audio_.add(ms);
    audio_points_.add(ms, repair_.keep_bytes);
  }

  void take_video(const FlvTagKind &kind, std::int64_t ms) {
    if (!kind.codec.empty()) repair_.video_codec = kind.codec;
    if (kind.role != FlvTagKind::Role::frame) return;
    video_.add(ms);
    if (kind.is_keyframe) video_points_.add(ms, repair_.keep_bytes);
  }

  void take_metadata(std::uint64_t at, std::uint64_t data_bytes) {
    std::string data(std::min<std::uint64_t>(data_bytes, kMetadataBytes), '\0');
    if (!source_.read(at, {reinterpret_cast<std::uint8_t *>(data.data()), data.size()})) return;
    const auto place = [&](std::string_view name) { return number_after(data, name); };
    const auto value = [&](std::size_t offset) {
      const auto *bytes = reinterpret_cast<const std::uint8_t *>(data.data());
      return std::bit_cast<double>(be64({bytes + offset, 8}));
    };
    if (const auto p = place("duration")) duration_at_ = at + *p;
    if (const auto p = place("filesize")) filesize_at_ = at + *p;
    const auto pixels = [&](std::string_view name) -> std::uint32_t {
      const auto p = place(name);
      const double v = p ? value(*p) : 0;
      return v >= 1 && v <= 65535 ? static_cast<std::uint32_t>(v) : 0;
    };
    repair_.width = pixels("width");
    repair_.height = pixels("height");
    const FlvFiller filler = find_flv_filler(data);
    filler_at_ = at + filler.at;
    filler_bytes_ = filler.size;
  }

  // Into the room that was reserved for it; what is left of that stays reserved.
  void write_index() {
    constexpr std::size_t kBytesPerPoint = 18;
    const std::size_t head_bytes = flv_keyframes_property({}).size();
    if (filler_bytes_ < head_bytes + kBytesPerPoint + kLeastFlvFiller) return;
    const std::size_t most = (filler_bytes_ - head_bytes - kLeastFlvFiller) / kBytesPerPoint;
    const auto points = (video_.frames > 0 ? video_points_ : audio_points_).some(most);
    if (points.empty() || filler_at_ + filler_bytes_ > repair_.keep_bytes) return;
    std::string text = flv_keyframes_property(points);
    text += flv_filler(filler_bytes_ - text.size());
    repair_.patches.push_back({filler_at_, std::move(text)});
  }

  // AMF0: 16-bit length, name, marker 0, double. Returns where the double is.
  static std::optional<std::size_t> number_after(std::string_view data, std::string_view name) {
    const std::string needle = std::string{'\0', static_cast<char>(name.size())} + std::string(name) + '\0';
    const std::size_t p = data.find(needle);
    if (p == std::string_view::npos || data.size() - p < needle.size() + 8) return std::nullopt;
    return p + needle.size();
  }

  void patch(std::optional<std::uint64_t> at, double v) {
    if (!at || *at + 8 > repair_.keep_bytes) return;
    repair_.patches.push_back({*at, amf_double(v)});
  }

  const ByteSource &source_;
  Repair repair_;
  Track video_;
  Track audio_;
  std::optional<std::uint64_t> duration_at_;
  std::optional<std::uint64_t> filesize_at_;
  std::uint64_t filler_at_ = 0;
  std::uint64_t filler_bytes_ = 0;  // 0: nothing was reserved
  FlvSeekPoints video_points_;
  FlvSeekPoints audio_points_;
};

}  // namespace

Result<Repair> plan_flv_repair(const ByteSource &source) { return FlvScan(source).run(); }

}  // namespace rec
