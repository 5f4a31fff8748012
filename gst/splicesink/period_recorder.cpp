// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/splicesink/period_recorder.h"

#include <algorithm>
#include <span>
#include <utility>

#include "gst/common/containers.h"
#include "gst/common/encoding.h"
#include "gst/splicesink/cmaf_output.h"

namespace rec {
namespace {

constexpr Nanoseconds kRetryAfter = std::chrono::seconds(2);
constexpr Nanoseconds kSilence = std::chrono::milliseconds(200);  // between GAP events for a silent track

Nanoseconds order_of(const Frame &frame) { return frame.kind == MediaKind::video ? frame.dts : frame.pts; }

TrailFrame trail_frame_of(const Frame &frame) {
  TrailFrame t;
  t.kind = frame.kind;
  t.keyframe = frame.keyframe;
  t.time = frame.source_pts;
  t.duration = frame.duration;
  if (const MappedBuffer map(frame.buffer.get()); map) {
    const std::span<const std::uint8_t> bytes(map.data(), map.size());
    t.digest = frame_digest(frame.kind == MediaKind::video ? last_slice(bytes) : bytes);
  }
  return t;
}

PeriodFacts facts_of(const std::vector<Writer::Track> &tracks, UtcTime start) {
  PeriodFacts facts;
  facts.start = start;
  std::string encodings;
  for (const Writer::Track &track : tracks) {
    encodings += std::to_string(encoding_digest(track.caps)) + " ";
    if (track.kind == MediaKind::audio) {
      facts.audio_codec = codec_name(track.caps);
      continue;
    }
    facts.video_codec = codec_name(track.caps);
    const PictureSize size = picture_size(track.caps);
    facts.width = size.width;
    facts.height = size.height;
  }
  facts.encoding = frame_digest({reinterpret_cast<const std::uint8_t *>(encodings.data()), encodings.size()});
  return facts;
}

}  // namespace

PeriodRecorder::PeriodRecorder(Host host)
    : host_(std::move(host)),
      format_(host_.keeper->settings().hls.segment_format),
      holdings_(container_of(format_)),
      target_(host_.keeper->settings().hls.target_duration) {}

bool PeriodRecorder::record(const Frame &frame, const TrackStates &states) {
  const bool holds = container_holds(frame);
  const bool video_leads = states.alive(MediaKind::video) && !refused_;
  const bool leads = frame.kind == MediaKind::video || !video_leads;
  const bool may_begin = leads && frame.keyframe;
  if (holds && may_begin && !period_ && !knows_past_) return false;
  ++ledger_.ingested;
  must_leave_ = must_leave_ || frame.breaks;
  if (!holds) {
    ++ledger_.not_supported;
    return true;
  }
  must_leave_ = must_leave_ || (period_ && must_leave(frame, states));
  if (frame.breaks) filter_.arm(trail_);
  if (drop_repeated(frame, leads)) return true;
  if (period_ && !must_leave_ && frame.kind == MediaKind::audio && frame.pts < period_->first_sound) {
    ++ledger_.before_keyframe;
    return true;
  }
  if (may_begin && (!period_ || must_leave_)) {
    begin_period(frame, states);
  } else if (period_ && fits(frame) && !after_repeats_) {
    if (period_->has_video && frame.kind == MediaKind::video)
      if (frame.keyframe && frame.pts + frame.duration / 2 - period_->segment_begin >= target_)
        cut_before(frame);
    store(frame);
    keep_silent_tracks_moving(frame, states);
  } else if (frame.kind == MediaKind::audio) {
    hold(frame);
  } else {
    ++ledger_.before_keyframe;
  }
  return true;
}

void PeriodRecorder::know_past(Trail past) {
  knows_past_ = true;
  trail_ = std::move(past);
  filter_.arm(trail_);
}

bool PeriodRecorder::drop_repeated(const Frame &frame, bool leads) {
  if (!filter_.may_find(trail_) || !filter_.is_repeat(trail_, trail_frame_of(frame), leads)) return false;
  if (host_.keep_repeated) return false;
  ++ledger_.repeated;
  ++repeated_.frames;
  if (!leads) return true;  // sound may have been recorded beyond the picture that is new
  repeated_.media += frame.duration;
  after_repeats_ = must_leave_ = true;
  return true;
}

void PeriodRecorder::report_repeated() {
  if (repeated_.frames > 0) host_.report_repeated(repeated_.frames, repeated_.media);
  repeated_ = {};
  after_repeats_ = false;
}

bool PeriodRecorder::container_holds(const Frame &frame) {
  const bool holds = holdings_.holds(frame.kind, frame.caps);
  bool &refused = frame.kind == MediaKind::video ? refused_ : audio_refused_;
  if (!holds && !refused)
    host_.warn({Errc::invalid_argument, cannot_hold(container_of(format_), frame.kind, frame.caps)});
  refused = !holds;
  return holds;
}

bool PeriodRecorder::fits(const Frame &frame) const {
  return std::any_of(period_->tracks.begin(), period_->tracks.end(), [&](const Writer::Track &track) {
    return track.track == frame.track && same_encoding(track.caps, frame.caps);
  });
}

bool PeriodRecorder::must_leave(const Frame &frame, const TrackStates &states) const {
  if (!fits(frame)) return true;
  return period_->has_video && !states.alive(MediaKind::video) &&
         frame.pts - period_->segment_begin >= target_ * 3 / 2;
}

// Audio that no period can take yet.
void PeriodRecorder::hold(const Frame &frame) {
  while (held_.is_full()) {
    held_.pop_front();
    ++ledger_.before_keyframe;
  }
  held_.push(frame);
}

// Audio before the first picture would come before the tables, and the picture would come late. Where
// segments are fragmented MP4 a picture that is shown later than the first audio frame is heard makes hls.js
// and Chromium stall, also when only its reordering is the reason.
Nanoseconds PeriodRecorder::first_sound(const Frame &first) const {
  if (first.kind != MediaKind::video) return Nanoseconds::min();
  return format_ == SegmentFormat::cmaf ? first.pts : first.dts;
}

void PeriodRecorder::begin_period(const Frame &frame, const TrackStates &states) {
  while (!held_.empty() && held_.front().pts < first_sound(frame)) {
    held_.pop_front();
    ++ledger_.before_keyframe;
  }
  if (period_) period_->writer->finish();
  period_.reset();
  const std::deque<Frame> waiting = held_.take();
  if (order_of(frame) < retry_at_) {
    ledger_.write_failed += waiting.size() + 1;
    return;
  }
  must_leave_ = false;
  report_repeated();
  const Nanoseconds base = waiting.empty() ? order_of(frame) : std::min(order_of(frame), waiting.front().pts);
  period_ = open_period(frame, states, base);
  if (!period_) retry_at_ = order_of(frame) + kRetryAfter;
  if (period_ && period_->has_video) host_.request_keyframe(frame.source_pts + target_);
  for (const Frame &earlier : waiting) store(earlier);
  store(frame);
}

std::optional<PeriodRecorder::Period> PeriodRecorder::open_period(const Frame &frame,
                                                                  const TrackStates &states,
                                                                  Nanoseconds base) {
  Period period;
  period.base = base;
  period.first = period.segment_begin = frame.pts;
  period.first_sound = format_ == SegmentFormat::cmaf ? first_sound(frame) : Nanoseconds::min();
  for (std::size_t track = 0; track < states.tracks.size(); ++track) {
    const MediaKind kind = states.tracks[track].kind;
    const Ref<GstCaps> &caps = track == frame.track ? frame.caps : states.tracks[track].caps;
    const bool alive = track == frame.track || !states.tracks[track].silent;
    if (!alive || !holdings_.holds(kind, caps)) continue;
    period.tracks.push_back({track, kind, caps});
    period.has_video = period.has_video || kind == MediaKind::video;
  }
  // mpegtsmux puts the clock on the first track, and the tables before that one's packets only.
  std::stable_partition(period.tracks.begin(), period.tracks.end(),
                        [](const Writer::Track &t) { return t.kind == MediaKind::video; });
  if (!period.has_video) period.first = period.segment_begin = base;
  period.fed.assign(period.tracks.size(), base);
  period.progress = std::make_shared<Guarded<PeriodProgress>>();
  PeriodFacts facts = facts_of(period.tracks, host_.wall_clock(period.first));
  facts.first = frame.source_pts;
  // What the output's zero is: of fragmented MP4 the first frame's time of presentation.
  const Nanoseconds zero = format_ == SegmentFormat::cmaf ? period.first : base;
  facts.zero = zero - (frame.pts - frame.source_pts);
  auto init = format_ == SegmentFormat::cmaf ? cmaf_init_of(period.tracks) : std::string();
  if (!init) {
    host_.warn(std::move(init).error());
    return std::nullopt;
  }
  facts.init = *std::move(init);
  auto writer = Writer::create(host_.writers, container_of(format_), "period-" + std::to_string(next_id_++),
                               period.tracks, make_output(period, std::move(facts)));
  if (!writer) {
    host_.warn(std::move(writer).error());
    return std::nullopt;
  }
  period.writer = *std::move(writer);
  return period;
}

std::unique_ptr<PeriodOutput> PeriodRecorder::make_output(const Period &period, PeriodFacts facts) const {
  if (format_ == SegmentFormat::ts)
    return std::make_unique<SegmentOutput>(host_.keeper, std::move(facts), period.progress);
  std::vector<bool> is_video;
  for (const Writer::Track &track : period.tracks) is_video.push_back(track.kind == MediaKind::video);
  return std::make_unique<CmafOutput>(host_.keeper, std::move(facts), period.progress, std::move(is_video),
                                      period.first - period.base);
}

void PeriodRecorder::cut_before(const Frame &frame) {
  period_->progress->with([&](PeriodProgress &p) {
    p.cuts.push_back(frame.pts - period_->first);
    ++p.segment;
    p.spreads.emplace_back();
  });
  period_->writer->cut(period_->cuts++, frame.pts, period_->base);
  period_->segment_begin = frame.pts;
  host_.request_keyframe(frame.source_pts + target_);
}

void PeriodRecorder::store(const Frame &frame) {
  if (!period_ || !period_->writer->push(frame, period_->base)) {  // its output says why
    ++ledger_.write_failed;
    if (period_) retry_at_ = order_of(frame) + kRetryAfter;
    period_.reset();
    trail_.clear();  // it is not known what is on the disk
    return;
  }
  ++ledger_.stored;
  for (std::size_t i = 0; i < period_->tracks.size(); ++i)
    if (period_->tracks[i].track == frame.track) period_->fed[i] = frame.end();
  TrailFrame known = trail_frame_of(frame);
  if (filter_.begins_line() && (frame.kind == MediaKind::video || !period_->has_video)) {
    known.begins = true;
    filter_.recorded();
  }
  trail_.add(known);
  period_->progress->with([&](PeriodProgress &p) {
    p.end = std::max(p.end, frame.end() - period_->first);
    known.segment = p.segment;
    p.frames.push_back(known);
    if (period_->has_video && !p.spreads.empty())
      p.spreads.back().add(frame.kind, frame.keyframe, frame.pts, frame.duration);
  });
}

// The muxer waits for every track that it was promised; a dead one must not keep the others from the disk.
void PeriodRecorder::keep_silent_tracks_moving(const Frame &frame, const TrackStates &states) {
  if (!period_) return;
  for (std::size_t i = 0; i < period_->tracks.size(); ++i) {
    const std::size_t track = period_->tracks[i].track;
    if (!states.tracks[track].silent || order_of(frame) - period_->fed[i] < kSilence) continue;
    period_->writer->gap(track, period_->fed[i], order_of(frame), period_->base);
    period_->fed[i] = order_of(frame);
  }
}

void PeriodRecorder::finish() {
  if (period_) period_->writer->finish();
  period_.reset();
  ledger_.before_keyframe += held_.size();
  held_.take();
  must_leave_ = knows_past_ = false;
  report_repeated();
}

}  // namespace rec
