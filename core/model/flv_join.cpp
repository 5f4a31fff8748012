// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/flv_join.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

#include "core/model/byte_reader.h"
#include "core/model/flv_metadata.h"
#include "core/model/flv_tag.h"

namespace rec {
namespace {

constexpr std::uint64_t kFirstTag = 13;  // header, and the size of no tag
constexpr std::size_t kMetadataBytes = std::size_t{64} << 10;
constexpr std::size_t kConfigBytes = std::size_t{64} << 10;
constexpr std::size_t kBlockBytes = std::size_t{256} << 10;
constexpr std::int64_t kLatestMs = std::numeric_limits<std::int32_t>::max();
using Role = FlvTagKind::Role;

struct Tag : FlvTagKind {
  std::uint64_t at = 0;  // bytes from the beginning of the part
  std::uint8_t type = 0;
  std::uint64_t data_bytes = 0;
  std::int64_t ms = 0;
  std::uint64_t bytes() const { return kFlvTagHeaderBytes + data_bytes + kFlvTrailerBytes; }
};

// The tags of one part, read in blocks.
class TagReader {
 public:
  explicit TagReader(const ByteSource &source) : source_(source) {}

  // Nothing at the end, or where no whole tag is.
  std::optional<Tag> next() {
    const std::uint64_t left = source_.size - std::min(source_.size, at_);
    const std::size_t looked = std::min<std::uint64_t>(left, kFlvTagHeaderBytes + kFlvTagLookedAt);
    const auto head = looked > kFlvTagHeaderBytes ? bytes(at_, looked) : std::nullopt;
    if (!head) return std::nullopt;
    const std::span<const std::uint8_t> h = *head;
    Tag tag;
    tag.at = at_;
    tag.type = h[0];
    tag.data_bytes = be24(h.subspan(1));
    tag.ms = be24(h.subspan(4)) | (std::uint32_t{h[7]} << 24);
    const std::size_t told = std::min<std::uint64_t>(tag.data_bytes, h.size() - kFlvTagHeaderBytes);
    const auto data = h.subspan(kFlvTagHeaderBytes, told);
    if (tag.type == kFlvScript) tag.role = Role::script;
    if (tag.type == kFlvVideo && !data.empty()) static_cast<FlvTagKind &>(tag) = flv_video_kind(data);
    if (tag.type == kFlvAudio && !data.empty()) static_cast<FlvTagKind &>(tag) = flv_audio_kind(data);
    if (tag.type != kFlvAudio && tag.type != kFlvVideo && tag.type != kFlvScript) return std::nullopt;
    if (tag.bytes() > left) return std::nullopt;
    const auto trailer = bytes(at_ + tag.bytes() - kFlvTrailerBytes, kFlvTrailerBytes);
    if (!trailer || be32(*trailer) != tag.bytes() - kFlvTrailerBytes) return std::nullopt;
    at_ += tag.bytes();
    return tag;
  }
  bool at_end() const { return at_ == source_.size; }

  // Valid until the next call of anything here; nothing when they cannot be read. At most a block.
  std::optional<std::span<const std::uint8_t>> bytes(std::uint64_t at, std::size_t size) {
    if (at < block_at_ || at + size > block_at_ + block_.size()) {
      if (at > source_.size || size > source_.size - at) return std::nullopt;
      block_.resize(std::min<std::uint64_t>(kBlockBytes, source_.size - at));
      block_at_ = at;
      if (!source_.read(at, block_)) return std::nullopt;
    }
    return std::span(block_).subspan(at - block_at_, size);
  }
  std::optional<std::string> data_of(const Tag &tag) {
    if (tag.data_bytes > kBlockBytes) return std::nullopt;
    const auto data = bytes(tag.at + kFlvTagHeaderBytes, tag.data_bytes);
    if (!data) return std::nullopt;
    return std::string(reinterpret_cast<const char *>(data->data()), data->size());
  }

 private:
  const ByteSource &source_;
  std::uint64_t at_ = kFirstTag;
  std::vector<std::uint8_t> block_;
  std::uint64_t block_at_ = 0;
};

// Which tags of the parts are taken over; asked in the same order when it is planned and when it is written.
class Choice {
 public:
  bool takes(const Tag &tag, const FlvJoin::Window &window, TagReader &reader) {
    if (tag.role == Role::end_of_sequence) return false;
    if (tag.role == Role::frame && (tag.ms < window.first_ms || tag.ms >= window.behind_last_ms))
      return false;
    if (tag.role == Role::script) {
      const auto data = tag.data_bytes <= kMetadataBytes ? reader.data_of(tag) : std::nullopt;
      return !data || !FlvMetadata::parse(*data);
    }
    if (tag.role != Role::config || tag.data_bytes > kConfigBytes) return true;
    auto data = reader.data_of(tag);
    std::string &current = tag.type == kFlvVideo ? video_config_ : audio_config_;
    if (!data || *data == current) return false;
    current = *std::move(data);
    return true;
  }
  const std::string &video_config() const { return video_config_; }
  const std::string &audio_config() const { return audio_config_; }

 private:
  std::string video_config_;
  std::string audio_config_;
};

// The frames of one track in one part, times as they are there.
struct Track {
  std::uint64_t frames = 0;
  std::int64_t first_ms = std::numeric_limits<std::int64_t>::max();
  std::int64_t last_ms = 0;

  void add(std::int64_t ms) {
    ++frames;
    first_ms = std::min(first_ms, ms);
    last_ms = std::max(last_ms, ms);
  }
  // Microseconds; the last frame is taken to be as long as the others are on average.
  std::int64_t end_us() const {
    if (frames < 2) return (last_ms + 1) * 1000;
    const auto gaps = static_cast<std::int64_t>(frames - 1);
    return last_ms * 1000 + std::max<std::int64_t>(1000, (last_ms - first_ms) * 1000 / gaps);
  }
};

class Planner {
 public:
  Status add(const ByteSource &source) {
    window_ = {};
    return take_all(source, true);
  }
  Status add(const FlvRange &range) {
    REC_TRY(window_, window_of(range));
    return take_all(range.source, false);
  }

  Result<FlvJoin> finish() {
    FlvMetadata metadata = first_metadata_.value_or(FlvMetadata());
    for (const char *old : {"keyframes", "gstfiller", "lasttimestamp", "lastkeyframetimestamp",
                            "lastkeyframelocation", "datasize", "videosize", "audiosize"})
      metadata.remove(old);
    join_.media.duration = std::chrono::microseconds(end_us_);
    metadata.set_number("duration", static_cast<double>(end_us_) / 1e6);
    metadata.set_number("filesize", 0);
    auto points = (join_.media.video_frames > 0 ? video_points_ : audio_points_).all();
    const std::size_t head_bytes = head_with(metadata, points).size();
    for (auto &point : points) point.at += head_bytes;
    join_.media.size_bytes = head_bytes + body_bytes_;
    join_.media.parts = join_.shifts_ms.size();
    metadata.set_number("filesize", static_cast<double>(join_.media.size_bytes));
    join_.head = head_with(metadata, points);
    return std::move(join_);
  }

 private:
  struct Part {
    Track video;
    Track audio;
    std::uint64_t body_bytes = 0;
    std::optional<FlvMetadata> metadata;
  };

  Error corrupt(const char *what) const {
    return {Errc::corrupt, "part " + std::to_string(number()) + " is " + what};
  }
  Error misfit(const std::string &what) const {
    return {Errc::invalid_argument,
            "part " + std::to_string(number()) + " does not continue those before it: " + what};
  }
  std::size_t number() const { return join_.shifts_ms.size() + 1; }

  Status take_all(const ByteSource &source, bool must_be_whole) {
    std::array<std::uint8_t, kFirstTag> header{};
    if (source.size < header.size() || !source.read(0, header) || header[0] != 'F' || header[1] != 'L' ||
        header[2] != 'V')
      return corrupt("no FLV");
    part_ = Part();
    const std::string video_config = choice_.video_config();
    const std::string audio_config = choice_.audio_config();
    TagReader reader(source);
    while (const auto tag = reader.next()) REC_CHECK(take(*tag, reader));
    if (must_be_whole && !reader.at_end()) return corrupt("no whole FLV");
    if (part_.video.frames + part_.audio.frames == 0)
      return must_be_whole ? corrupt("without a frame") : not_in_range();
    if (!audio_config.empty() && audio_config != choice_.audio_config())
      return misfit("another sound configuration");
    REC_CHECK(check_picture(video_config));
    return lay_out();
  }

  // From the last keyframe at or before `from`, or the first one; where there are no pictures, from there.
  Result<FlvJoin::Window> window_of(const FlvRange &range) const {
    FlvJoin::Window window;
    if (!range.from && !range.to) return window;
    const auto ms_of = [](Nanoseconds time) { return std::chrono::floor<Milliseconds>(time).count(); };
    std::optional<std::int64_t> first, key;
    bool has_video = false;
    TagReader reader(range.source);
    while (const auto tag = reader.next()) {
      if (tag->role != Role::frame) continue;
      first = std::min(first.value_or(tag->ms), tag->ms);
      has_video = has_video || tag->type == kFlvVideo;
      const bool is_key = tag->type == kFlvVideo && tag->is_keyframe;
      if (range.from && is_key && (!key || tag->ms <= *first + ms_of(*range.from))) key = tag->ms;
    }
    if (!first) return not_in_range();
    if (range.from)
      window.first_ms = has_video ? key.value_or(window.behind_last_ms) : *first + ms_of(*range.from);
    if (range.to) window.behind_last_ms = *first + ms_of(*range.to);
    if (window.first_ms >= window.behind_last_ms) return not_in_range();
    return window;
  }
  Error not_in_range() const {
    return {Errc::not_found, "part " + std::to_string(number()) + " has no frame in that range"};
  }

  Status take(const Tag &tag, TagReader &reader) {
    if (tag.role == Role::frame || tag.role == Role::config) {
      std::string &format = tag.type == kFlvVideo ? video_format_ : audio_format_;
      if (format.empty()) format = tag.format;
      if (format != tag.format) return misfit(tag.format + " instead of " + format);
    }
    if (tag.role == Role::script && !part_.metadata)
      if (const auto data = reader.data_of(tag)) part_.metadata = FlvMetadata::parse(*data);
    if (!choice_.takes(tag, window_, reader)) return ok();
    if (tag.role == Role::frame) {
      // Where it will be: this part's times are moved when they are all known.
      const std::uint64_t at = body_bytes_ + part_.body_bytes;
      (tag.type == kFlvVideo ? part_.video : part_.audio).add(tag.ms);
      if (tag.type == kFlvAudio) part_audio_points_.add(tag.ms, at);
      if (tag.type == kFlvVideo && tag.is_keyframe) part_video_points_.add(tag.ms, at);
    }
    part_.body_bytes += tag.bytes();
    return ok();
  }

  // A new configuration is fine for a picture of the same size; the container tells the size.
  Status check_picture(const std::string &config_before) {
    const auto size_of = [](const std::optional<FlvMetadata> &m, const char *name) {
      return m ? m->number(name).value_or(0) : 0;
    };
    if (!config_before.empty() && config_before != choice_.video_config())
      for (const char *side : {"width", "height"}) {
        const double before = size_of(first_metadata_, side);
        const double now = size_of(part_.metadata, side);
        if (before != now || now == 0) return misfit("another picture, or one of unknown size");
      }
    if (!first_metadata_) first_metadata_ = part_.metadata;
    return ok();
  }

  // Puts the part behind what there is.
  Status lay_out() {
    const std::int64_t first = std::min(part_.video.first_ms, part_.audio.first_ms);
    const std::int64_t shift = (end_us_ + 999) / 1000 - first;
    const std::int64_t last = std::max(part_.video.last_ms, part_.audio.last_ms);
    if (last + shift > kLatestMs) return misfit("FLV cannot tell times after 24 days");
    const std::int64_t end = std::max(part_.video.frames > 0 ? part_.video.end_us() : 0,
                                      part_.audio.frames > 0 ? part_.audio.end_us() : 0);
    end_us_ = end + shift * 1000;
    join_.shifts_ms.push_back(shift);
    join_.windows.push_back(window_);
    join_.media.video_frames += part_.video.frames;
    join_.media.audio_frames += part_.audio.frames;
    body_bytes_ += part_.body_bytes;
    for (const auto &point : part_video_points_.all()) video_points_.add(point.ms + shift, point.at);
    for (const auto &point : part_audio_points_.all()) audio_points_.add(point.ms + shift, point.at);
    part_video_points_ = part_audio_points_ = FlvSeekPoints();
    return ok();
  }

  std::string head_with(const FlvMetadata &metadata, const std::vector<FlvSeekPoints::Point> &points) const {
    const auto number = [](std::uint64_t v, int bytes) {
      std::string text;
      for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) text += static_cast<char>(v >> shift);
      return text;
    };
    const unsigned flags =
        (join_.media.video_frames > 0 ? 1U : 0U) | (join_.media.audio_frames > 0 ? 4U : 0U);
    const std::string data = metadata.write(points.empty() ? "" : flv_keyframes_property(points));
    std::string head = "FLV\x01" + number(flags, 1) + number(9, 4) + number(0, 4);
    head += number(kFlvScript, 1) + number(data.size(), 3) + number(0, 7) + data;
    return head + number(kFlvTagHeaderBytes + data.size(), 4);
  }

  FlvJoin join_;
  FlvJoin::Window window_;  // of the part that is being added
  Part part_;
  Choice choice_;
  std::string video_format_;
  std::string audio_format_;
  std::optional<FlvMetadata> first_metadata_;
  std::uint64_t body_bytes_ = 0;
  std::int64_t end_us_ = 0;
  FlvSeekPoints video_points_;
  FlvSeekPoints audio_points_;
  FlvSeekPoints part_video_points_;
  FlvSeekPoints part_audio_points_;
};

// One tag with its time moved.
Status write_tag(const Tag &tag, std::int64_t shift_ms, TagReader &reader, const WriteBytes &write) {
  const Error changed{Errc::corrupt, "a part cannot be read any more"};
  std::uint64_t at = tag.at;
  std::uint64_t left = tag.bytes();
  while (left > 0) {
    const std::size_t size = std::min<std::uint64_t>(left, kBlockBytes / 2);
    const auto bytes = reader.bytes(at, size);
    if (!bytes) return changed;
    std::string text(reinterpret_cast<const char *>(bytes->data()), bytes->size());
    if (at == tag.at) {
      const std::int64_t moved = std::max<std::int64_t>(0, tag.ms + shift_ms);  // a script may be earlier
      const auto ms = static_cast<std::uint32_t>(moved);
      for (std::size_t i = 0; i < 3; ++i) text[4 + i] = static_cast<char>(ms >> (16 - 8 * i));
      text[7] = static_cast<char>(ms >> 24);
    }
    REC_CHECK(write(text));
    at += size;
    left -= size;
  }
  return ok();
}

}  // namespace

Result<FlvJoin> plan_flv_join(std::span<const ByteSource> parts) { return plan_join(Planner(), parts); }

Result<FlvJoin> plan_flv_join(std::span<const FlvRange> parts) { return plan_join(Planner(), parts); }

Status write_flv_join(const FlvJoin &join, std::span<const ByteSource> parts, const WriteBytes &write) {
  Choice choice;
  std::uint64_t written = join.head.size();
  for (std::size_t i = 0; i < join.shifts_ms.size(); ++i) {
    TagReader reader(parts[i]);
    while (const auto tag = reader.next()) {
      if (!choice.takes(*tag, join.windows[i], reader)) continue;
      REC_CHECK(write_tag(*tag, join.shifts_ms[i], reader, write));
      written += tag->bytes();
    }
  }
  if (written != join.media.size_bytes) return Error{Errc::corrupt, "a part was changed while it was joined"};
  return ok();
}

}  // namespace rec
