// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/splicesink/cmaf_output.h"

#include <algorithm>
#include <utility>

#include "core/model/cmaf_init.h"
#include "gst/common/encoding.h"

namespace rec {
namespace {

Nanoseconds time_of(GstClockTime time) { return Nanoseconds(static_cast<gint64>(time)); }

std::uint32_t number(const GstStructure *s, const char *field) {
  gint value = 0;
  gst_structure_get_int(s, field, &value);
  return static_cast<std::uint32_t>(std::max(value, 0));
}

std::optional<CmafTrack::Codec> codec_of(const Ref<GstCaps> &caps) {
  const std::string name = codec_name(caps);
  if (name == "h264") return CmafTrack::Codec::h264;
  if (name == "h265") return CmafTrack::Codec::h265;
  if (name == "aac") return CmafTrack::Codec::aac;
  if (name == "mp3") return CmafTrack::Codec::mp3;
  return std::nullopt;
}

Result<CmafTrack> cmaf_track_of(const Ref<GstCaps> &caps) {
  const CString text(gst_caps_to_string(caps.get()));
  const Error unfit{Errc::invalid_argument,
                    std::string("no segment can be written without codec_data: ") + text.get()};
  const auto codec = codec_of(caps);
  if (!codec) return unfit;
  CmafTrack track;
  track.codec = *codec;
  const GstStructure *s = gst_caps_get_structure(caps.get(), 0);
  track.width = number(s, "width");
  track.height = number(s, "height");
  track.rate = number(s, "rate");
  track.channels = number(s, "channels");
  if (track.codec == CmafTrack::Codec::mp3) return track;
  const GValue *config = gst_structure_get_value(s, "codec_data");
  if (!config || !GST_VALUE_HOLDS_BUFFER(config)) return unfit;
  const MappedBuffer map(gst_value_get_buffer(config));
  if (!map) return unfit;
  track.config.assign(reinterpret_cast<const char *>(map.data()), map.size());
  return track;
}

}  // namespace

Result<std::string> cmaf_init_of(const std::vector<Writer::Track> &tracks) {
  std::vector<CmafTrack> described;
  for (const Writer::Track &track : tracks) {
    REC_TRY(CmafTrack next, cmaf_track_of(track.caps));
    described.push_back(std::move(next));
  }
  return write_cmaf_init(described);
}

Status CmafOutput::append(std::string bytes) {
  GstBuffer *buffer = gst_buffer_new_memdup(bytes.data(), bytes.size());
  return keeper().append(Ref<GstBuffer>::adopt(buffer));
}

Status CmafOutput::write_fragment(Segmenter::Step step) {
  std::string head = std::exchange(in_segment_, true) ? "" : write_cmaf_segment_type();
  REC_CHECK(append(head + write_cmaf_fragment(++fragments_, step.runs)));
  for (Ref<GstBuffer> &media : step.media) REC_CHECK(keeper().append(std::move(media)));
  return ok();
}

Status CmafOutput::take(Segmenter::Steps steps) {
  for (Segmenter::Step &step : steps) {
    const auto ends = step.ends;
    if (!step.runs.empty()) REC_CHECK(write_fragment(std::move(step)));
    if (!ends) continue;
    REC_CHECK(keeper().next_segment(*ends, take_spread()));
    in_segment_ = false;
  }
  return ok();
}

Status CmafOutput::write(Ref<GstBuffer> buffer) {
  if (!begun()) {
    REC_TRY(const PeriodPlace place, begin());
    segmenter_.emplace(is_video_, begin_, place.time, keeper().settings().hls.target_duration);
  }
  if (!segmenter_) return ok();  // it could not begin, and that was said
  note_frames();
  GstBuffer *b = buffer.get();
  Segmenter::Frame frame;
  frame.track = static_cast<std::size_t>(GST_BUFFER_OFFSET(b));
  frame.pts = time_of(GST_BUFFER_PTS(b));
  frame.dts = GST_BUFFER_DTS_IS_VALID(b) ? time_of(GST_BUFFER_DTS(b)) : frame.pts;
  frame.duration = time_of(GST_BUFFER_DURATION(b));
  frame.keyframe = !GST_BUFFER_FLAG_IS_SET(b, GST_BUFFER_FLAG_DELTA_UNIT);
  frame.size = static_cast<std::uint32_t>(gst_buffer_get_size(b));
  frame.media = std::move(buffer);
  return take(segmenter_->push(std::move(frame)));
}

Status CmafOutput::tick() {
  if (is_open() && segmenter_) REC_CHECK(take(segmenter_->idle()));
  return PeriodOutput::tick();
}

Status CmafOutput::complete() {
  if (!segmenter_) return ok();
  note_frames();
  Segmenter::Steps steps = segmenter_->finish();
  Segmenter::Step last = std::move(steps.back());
  steps.pop_back();
  REC_CHECK(take(std::move(steps)));
  const Nanoseconds duration = *last.ends;
  if (!last.runs.empty()) REC_CHECK(write_fragment(std::move(last)));
  return keeper().end_period(duration, take_spread());
}

}  // namespace rec
