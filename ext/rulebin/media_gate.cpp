// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ext/rulebin/media_gate.h"

#include <algorithm>
#include <utility>

#include "ext/rulebin/media_gate_track.h"
#include "gst/common/barrier.h"

namespace rec {
namespace {

constexpr Nanoseconds kPatience = Seconds(2);          // with a track that brings nothing
constexpr std::uint64_t kMostQueued = 64 << 20;        // bytes behind what was held
constexpr Nanoseconds kNotTimed = Nanoseconds::min();  // of an event that belongs to no moment

Ref<GstEvent> new_eos() { return Ref<GstEvent>::adopt(gst_event_new_eos()); }

bool is_sticky(const Ref<GstEvent> &event) { return event && has_flag(event.get(), GST_EVENT_TYPE_STICKY); }

bool is_a(const Ref<GstEvent> &event, GstEventType type) {
  return event && GST_EVENT_TYPE(event.get()) == type;
}

}  // namespace

// ---- What happens when

bool MediaGate::begins(const Track &track, bool key, Nanoseconds time) {
  if (track.video) return key;
  const auto is_video = [](const auto &t) { return t->video; };
  if (std::none_of(tracks_.begin(), tracks_.end(), is_video)) return true;
  if (std::any_of(tracks_.begin(), tracks_.end(), [](const auto &t) { return t->video && t->came; }))
    return false;
  if (!alone_since_) alone_since_ = time;
  return time - *alone_since_ >= kPatience;
}

MediaGate::Way MediaGate::way_of(Track &track, Nanoseconds time) {
  const Way out = pumping_ ? Way::queued : Way::through;
  switch (mode_) {
    case Mode::closed:
    case Mode::waiting:
      return Way::nowhere;
    case Mode::holding:
      return Way::held;
    case Mode::open:
    case Mode::cutting:
      return out;
    case Mode::cut:
      break;
  }
  if (!track.cut && time >= cut_at_) cut_track(track);
  for (const auto &other : tracks_)  // silence is not waited for
    if (!other->cut && time > cut_at_ + kPatience) cut_track(*other);
  if (track.cut) return Way::held;
  return pumping_ ? Way::queued : Way::through;
}

void MediaGate::cut_track(Track &track) {
  track.cut = true;
  track.base = sticky_copies(track.in.get());
  queue({track.shared_from_this(), {}, new_eos()});
}

GstFlowReturn MediaGate::chain(Track &track, GstBuffer *taken) {
  Item item{track.shared_from_this(), Ref<GstBuffer>::adopt(taken), {}};
  const bool key = !GST_BUFFER_FLAG_IS_SET(taken, GST_BUFFER_FLAG_DELTA_UNIT);
  bool cut_now = false;
  bool held_now = false;
  bool begin = false;
  Nanoseconds time{0};
  {
    MutexLock lock(mutex_);
    const Nanoseconds shown = track.time_of(GST_BUFFER_PTS(taken));
    time = track.time_of(GST_BUFFER_DTS_OR_PTS(taken));
    track.came = came_ = true;
    begin = begins(track, key, time);
    cut_now = begin && mode_ == Mode::cutting;
    held_now = begin && mode_ == Mode::holding && !std::exchange(told_, true);
    if (begin && mode_ == Mode::waiting) mode_ = Mode::open;
    if (cut_now) {
      mode_ = Mode::cut;
      cut_at_ = std::min(shown, time);
      begin_hold(limits_);
    }
  }
  // Before the EOS leaves, so that it is clear what the recorders' EOS is about.
  if (cut_now) listener_.cut();
  if (held_now) tell_video(track);
  if (!place(item, time, begin)) return GST_FLOW_OK;
  const GstFlowReturn result = push(std::move(item));
  MutexLock lock(mutex_);
  track.under_way = false;
  wake_.notify_all();
  return result;
}

gboolean MediaGate::event(Track &track, GstEvent *taken) {
  Item item{track.shared_from_this(), {}, Ref<GstEvent>::adopt(taken)};
  Nanoseconds time = kNotTimed;
  bool ended_unasked = false;
  {
    MutexLock lock(mutex_);
    if (is_a(item.event, GST_EVENT_SEGMENT)) gst_event_copy_segment(taken, &track.segment);
    if (is_a(item.event, GST_EVENT_STREAM_START)) track.came = false;
    if (is_a(item.event, GST_EVENT_GAP)) {
      GstClockTime stamp = GST_CLOCK_TIME_NONE;
      gst_event_parse_gap(taken, &stamp, nullptr);
      time = track.time_of(stamp);
    }
    ended_unasked = is_a(item.event, GST_EVENT_EOS) && mode_ == Mode::holding && !std::exchange(told_, true);
  }
  if (ended_unasked) tell_video(track);  // nothing will come with which a file could begin
  if (!place(item, time, false)) return TRUE;
  (void)push(std::move(item));
  MutexLock lock(mutex_);
  track.under_way = false;
  wake_.notify_all();
  return TRUE;
}

// True when the caller is to push the item; else it is dealt with.
bool MediaGate::place(const Item &item, Nanoseconds time, bool begins) {
  Way way = Way::nowhere;
  {
    MutexLock lock(mutex_);
    way = way_of(*item.track, time);
    if (way == Way::nowhere && item.buffer) ++counts_.dropped;
    if (way == Way::held) keep(item, item.track->last, begins);
    if (way == Way::queued) queue(item);
    if (way == Way::through) item.track->under_way = true;
    // It ends what was before the cut by itself.
    if (mode_ == Mode::cut && is_a(item.event, GST_EVENT_EOS)) item.track->cut = true;
  }
  start_pump();
  if (way == Way::queued) wait_for_room();
  return way == Way::through;
}

void MediaGate::tell_video(Track &track) {
  Ref<GstPad> pad = track.in;
  {
    MutexLock lock(mutex_);
    for (const auto &other : tracks_)
      if (other->video) pad = other->in;
  }
  listener_.media_held(video_of(pad.get()));
}

// ---- What is held

void MediaGate::begin_hold(Limits limits) {
  held_.emplace(PreRoll<Item>::Limits{limits.time, limits.bytes});
  held_any_ = false;
}

void MediaGate::keep(Item item, Nanoseconds time, bool begins) {
  const std::uint64_t bytes = item.bytes();
  const bool first = !std::exchange(held_any_, true);  // what comes before a keyframe belongs to the push too
  held_->push(time, begins || first, bytes, std::move(item),
              [&](const Item &gone) REC_TSA(no_thread_safety_analysis) { forget(gone); });
}

void MediaGate::forget(const Item &item) {
  if (item.buffer) ++counts_.overflowed;
  if (is_sticky(item.event)) replace_sticky(item.track->base, item.event);
}

void MediaGate::drop_held() {
  if (held_)
    held_->clear([&](const Item &item) REC_TSA(no_thread_safety_analysis) {
      if (item.buffer) ++counts_.dropped;
    });
  held_.reset();
}

// What is held leaves. False when there is nothing.
bool MediaGate::take_held() {
  for (const auto &track : tracks_) {
    track->cut = false;
    if (track->base.empty() || !is_a(track->base.back(), GST_EVENT_EOS)) continue;
    track->base.pop_back();  // it ended in what was forgotten
    queue({track, {}, new_eos()});
  }
  const bool any = held_ && held_->size() > 0;
  if (held_) held_->clear([&](Item item) REC_TSA(no_thread_safety_analysis) { queue(std::move(item)); });
  held_.reset();
  return any;
}

// ---- What others say

void MediaGate::open() {
  {
    MutexLock lock(mutex_);
    take_held();
    mode_ = Mode::open;
  }
  start_pump();
}

void MediaGate::open_at_keyframe() {
  {
    MutexLock lock(mutex_);
    const bool nothing_yet = mode_ == Mode::holding && !came_;
    mode_ = take_held() || nothing_yet ? Mode::open : Mode::waiting;
    alone_since_.reset();
  }
  start_pump();
}

void MediaGate::hold(Limits limits) {
  MutexLock lock(mutex_);
  drop_held();
  begin_hold(limits);
  mode_ = Mode::holding;
  told_ = came_ = false;
  alone_since_.reset();
  for (const auto &track : tracks_) track->base = sticky_copies(track->in.get());
}

void MediaGate::close() {
  MutexLock lock(mutex_);
  drop_held();
  mode_ = Mode::closed;
}

bool MediaGate::end() {
  bool any = false;
  {
    MutexLock lock(mutex_);
    drop_held();
    any = !outbox_.empty() ||
          std::any_of(tracks_.begin(), tracks_.end(), [](const auto &t) { return t->begun; });
    for (const auto &track : tracks_) {
      if (any && !track->ended) queue({track, {}, new_eos()});
      track->cut = false;
    }
    mode_ = Mode::closed;
  }
  start_pump();
  return any;
}

bool MediaGate::cut(Limits limits) {
  MutexLock lock(mutex_);
  if (mode_ != Mode::open) return false;
  mode_ = Mode::cutting;
  limits_ = limits;
  alone_since_.reset();
  return true;
}

bool MediaGate::cancel_cut() {
  MutexLock lock(mutex_);
  if (mode_ == Mode::cut) return false;
  if (mode_ == Mode::cutting) mode_ = Mode::open;
  return true;
}

bool MediaGate::cancel_open() {
  MutexLock lock(mutex_);
  if (mode_ != Mode::waiting) return false;
  mode_ = Mode::closed;
  return true;
}

void MediaGate::end_held() {
  MutexLock lock(mutex_);
  if (!held_) return;
  for (const auto &track : tracks_) keep({track, {}, new_eos()}, track->last, false);
}

MediaGate::Counts MediaGate::counts() {
  MutexLock lock(mutex_);
  return counts_;
}

void MediaGate::stop() {
  MutexLock lock(mutex_);
  stopped_ = true;
  mode_ = Mode::closed;
  drop_held();
  outbox_.clear();
  outbox_bytes_ = 0;
  wake_.notify_all();
}

// ---- The way out

void MediaGate::queue(Item item) {
  outbox_bytes_ += item.bytes();
  outbox_.push_back(std::move(item));
  if (!std::exchange(pumping_, true)) pump_due_ = true;
}

void MediaGate::start_pump() {
  {
    MutexLock lock(mutex_);
    if (!std::exchange(pump_due_, false)) return;
  }
  gst_element_call_async(
      element_, [](GstElement *e, gpointer) { barrier(e, [&] { media_gate_of(e).pump(); }); }, nullptr,
      nullptr);
}

void MediaGate::wait_for_room() {
  MutexLock lock(mutex_);
  lock.wait(wake_, [this]() REC_TSA(no_thread_safety_analysis) {
    return stopped_ || !pumping_ || outbox_bytes_ <= kMostQueued;
  });
}

void MediaGate::pump() {
  for (;;) {
    Item item;
    {
      MutexLock lock(mutex_);
      if (!outbox_.empty()) {
        item = std::move(outbox_.front());
        outbox_.pop_front();
        outbox_bytes_ -= item.bytes();
        // What its streaming thread began to push before there was a pump goes first.
        lock.wait(wake_, [&]() REC_TSA(no_thread_safety_analysis) { return !item.track->under_way; });
      } else {
        pumping_ = false;
      }
      wake_.notify_all();
    }
    if (!item.track) return;
    (void)push(std::move(item));
  }
}

GstFlowReturn MediaGate::push(Item item) {
  Track &track = *item.track;
  std::vector<Ref<GstEvent>> first;
  {
    MutexLock lock(mutex_);
    const bool starts = is_a(item.event, GST_EVENT_STREAM_START);
    const bool ends = is_a(item.event, GST_EVENT_EOS);
    if (!track.begun && !starts && item.event && !ends) {  // the sticky ones come with the first buffer
      if (is_sticky(item.event) && !track.base.empty()) replace_sticky(track.base, item.event);
      return GST_FLOW_OK;
    }
    if (starts) track.base.clear();
    if (!track.begun && !starts)
      first = track.base.empty() ? sticky_copies(track.in.get()) : std::exchange(track.base, {});
    track.begun = !ends;
    track.ended = ends;
  }
  for (Ref<GstEvent> &event : first) gst_pad_push_event(track.out.get(), event.release());
  if (item.buffer) return gst_pad_push(track.out.get(), item.buffer.release());
  gst_pad_push_event(track.out.get(), item.event.release());
  return GST_FLOW_OK;
}

}  // namespace rec
