// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/splicesink/segment_output.h"

#include <utility>

#include "core/model/ts_scan.h"

namespace rec {
namespace {

// Whether the buffer opens the program association table: the place where a player can begin.
bool opens_tables(GstBuffer *buffer) {
  guint8 head[4];
  return gst_buffer_extract(buffer, 0, head, sizeof head) == sizeof head && head[0] == 0x47 &&
         (head[1] & 0x5f) == 0x40 && head[2] == 0;
}

Nanoseconds pts_of(GstBuffer *buffer) { return Nanoseconds(static_cast<gint64>(GST_BUFFER_PTS(buffer))); }

}  // namespace

Status SegmentOutput::begin_with(GstBuffer *first) {
  if (GST_BUFFER_PTS_IS_VALID(first)) zero_ = pts_of(first);
  REC_TRY(PeriodPlace place, begin());
  shift_ = to_ts_ticks(place.time);
  if (place.continues) counters_.emplace(std::move(place.counters));
  return ok();
}

Result<Ref<GstBuffer>> SegmentOutput::placed(Ref<GstBuffer> buffer) {
  if (shift_ == 0) return buffer;
  buffer = Ref<GstBuffer>::adopt(gst_buffer_make_writable(buffer.release()));
  GstMapInfo map;
  if (!gst_buffer_map(buffer.get(), &map, GST_MAP_READWRITE))
    return Error{Errc::unavailable, "the muxer's output cannot be mapped"};
  shift_ts({map.data, map.size}, shift_);
  if (counters_) counters_->apply({map.data, map.size});
  gst_buffer_unmap(buffer.get(), &map);
  return buffer;
}

Status SegmentOutput::cut_audio(GstBuffer *buffer) {
  if (!GST_BUFFER_PTS_IS_VALID(buffer) || !opens_tables(buffer)) return ok();
  const Nanoseconds at = pts_of(buffer) - zero_;
  if (at - segment_begin_ < keeper().settings().hls.target_duration) return ok();
  return keeper().next_segment(at - std::exchange(segment_begin_, at), std::nullopt);
}

Status SegmentOutput::write(Ref<GstBuffer> buffer) {
  REC_CHECK(std::exchange(cut_status_, ok()));
  if (!begun()) REC_CHECK(begin_with(buffer.get()));
  if (!facts().has_video()) REC_CHECK(cut_audio(buffer.get()));
  note_frames();
  REC_TRY(buffer, placed(std::move(buffer)));
  return keeper().append(std::move(buffer));
}

void SegmentOutput::cut(unsigned) {
  const auto at = progress().with([](PeriodProgress &p) {
    const Nanoseconds next = p.cuts.front();
    p.cuts.pop_front();
    return next;
  });
  cut_status_ = keeper().next_segment(at - std::exchange(segment_begin_, at), take_spread());
}

Status SegmentOutput::complete() {
  REC_CHECK(std::exchange(cut_status_, ok()));
  note_frames();
  return keeper().end_period(progress().copy().end - segment_begin_, take_spread());
}

}  // namespace rec
