// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ext/rulebin/push_inputs.h"

#include <gst/video/video-event.h>

#include <algorithm>
#include <condition_variable>
#include <memory>
#include <optional>
#include <utility>

#include "ext/rulebin/push_event.h"
#include "gst/common/barrier.h"

namespace rec {
namespace {

Ref<GstPad> pad_named(GstElement *element, const char *name) {
  return Ref<GstPad>::adopt(gst_element_get_static_pad(element, name));
}

// The consumer's pad for an input, made if there is none.
Ref<GstPad> need_pad(GstElement *consumer, const char *name) {
  auto pad = pad_named(consumer, name);
  return pad ? std::move(pad) : Ref<GstPad>::adopt(gst_element_request_pad_simple(consumer, name));
}

bool link(GstElement *tee, GstPad *to) {
  if (gst_pad_is_linked(to)) return true;
  const auto from = Ref<GstPad>::adopt(gst_element_request_pad_simple(tee, "src_%u"));
  return from && gst_pad_link_full(from.get(), to, GST_PAD_LINK_CHECK_NOTHING) == GST_PAD_LINK_OK;
}

void unlink(GstElement *tee, GstPad *to) {
  const auto from = Ref<GstPad>::adopt(gst_pad_get_peer(to));
  if (!from) return;
  gst_pad_unlink(from.get(), to);
  gst_element_release_request_pad(tee, from.get());
}

// What waits until a pad has nothing on its way; shared by who waits and the probe, which may come later.
struct Idle {
  Mutex mutex;
  std::condition_variable wake;
  bool is_idle REC_GUARDED_BY(mutex) = false;
};
using SharedIdle = std::shared_ptr<Idle>;

// The same when what is on its way has arrived. It takes as long as the other side takes for a buffer.
void unlink_when_idle(GstElement *tee, GstPad *to) {
  const auto from = Ref<GstPad>::adopt(gst_pad_get_peer(to));
  if (!from) return;
  const auto idle = std::make_shared<Idle>();
  const auto on_idle = +[](GstPad *pad, GstPadProbeInfo *, gpointer data) {
    const SharedIdle &waited_for = *static_cast<SharedIdle *>(data);
    if (const auto peer = Ref<GstPad>::adopt(gst_pad_get_peer(pad))) gst_pad_unlink(pad, peer.get());
    MutexLock lock(waited_for->mutex);
    waited_for->is_idle = true;
    waited_for->wake.notify_all();
    return GST_PAD_PROBE_REMOVE;
  };
  gst_pad_add_probe(from.get(), GST_PAD_PROBE_TYPE_IDLE, on_idle, new SharedIdle(idle),
                    [](gpointer data) { delete static_cast<SharedIdle *>(data); });
  {
    MutexLock lock(idle->mutex);
    lock.wait(idle->wake, [&]() REC_TSA(no_thread_safety_analysis) { return idle->is_idle; });
  }
  gst_element_release_request_pad(tee, from.get());
}

// Of the publisher's encoder, if there is one that listens.
void ask_for_keyframe(GstElement *consumer) {
  if (const auto video = pad_named(consumer, "video"))
    gst_pad_push_event(video.get(),
                       gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, TRUE, 0));
}

bool has_begun(GstPad *pad) {
  return static_cast<bool>(Ref<GstEvent>::adopt(gst_pad_get_sticky_event(pad, GST_EVENT_STREAM_START, 0)));
}

// Nothing: the event is another one.
std::optional<bool> standby_in(GstEvent *event) {
  gboolean active = FALSE;
  if (GST_EVENT_TYPE(event) != GST_EVENT_CUSTOM_DOWNSTREAM_STICKY ||
      !gst_event_has_name(event, "application/x-recording-standby") ||
      !gst_structure_get_boolean(gst_event_get_structure(event), "active", &active))
    return std::nullopt;
  return active;
}

bool begins_with_keyframe(GstPadProbeInfo *info) {
  GstBuffer *first = GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER_LIST
                         ? gst_buffer_list_get(GST_PAD_PROBE_INFO_BUFFER_LIST(info), 0)
                         : GST_PAD_PROBE_INFO_BUFFER(info);
  return first && !GST_BUFFER_FLAG_IS_SET(first, GST_BUFFER_FLAG_DELTA_UNIT);
}

}  // namespace

bool PushInputs::has_input(const std::string &name) {
  return std::any_of(inputs_.begin(), inputs_.end(), [&](const Input &i) { return i.name == name; });
}

// What consumers call it; "" when it is taken.
std::string PushInputs::free_name(GstPadTemplate *pad_template, const char *name) {
  const bool video = std::string_view(GST_PAD_TEMPLATE_NAME_TEMPLATE(pad_template)).starts_with("video");
  MutexLock lock(mutex_);
  if (!label_.empty()) name = "audio_0";
  if (video || name) return has_input(video ? "video" : name) ? "" : (video ? "video" : name);
  unsigned number = 0;
  while (has_input("audio_" + std::to_string(number))) ++number;
  return "audio_" + std::to_string(number);
}

std::string PushInputs::pad_name(const std::string &input_name) const {
  return label_.empty() ? input_name : (input_name == "video" ? "video_" : "audio_") + label_;
}

PushInputs::Input PushInputs::make_input(GstPadTemplate *pad_template, const std::string &name) {
  const std::string ours = pad_name(name);
  auto tee = Ref<GstElement>::sink(gst_element_factory_make("tee", ("tee-" + ours).c_str()));
  if (!tee) return {};
  g_object_set(tee.get(), "allow-not-linked", TRUE, nullptr);
  gst_bin_add(bin_, tee.get());  // before it has links: adding takes them away
  const auto target = pad_named(tee.get(), "sink");
  auto pad = Ref<GstPad>::sink(gst_ghost_pad_new_from_template(ours.c_str(), target.get(), pad_template));
  gst_pad_add_probe(pad.get(), GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, on_event, this, nullptr);
  g_signal_connect(pad.get(), "linked", G_CALLBACK(on_linked), this);
  return {std::move(pad), std::move(tee), name};
}

GstPad *PushInputs::request_pad(GstPadTemplate *pad_template, const char *name) {
  const std::string free = free_name(pad_template, name);
  if (free.empty()) return nullptr;
  const Input input = make_input(pad_template, free);
  if (!input.pad) {
    GST_ELEMENT_ERROR(bin_, CORE, MISSING_PLUGIN, ("The element 'tee' is missing."), (nullptr));
    return nullptr;
  }
  gst_element_sync_state_with_parent(input.tee.get());
  {
    MutexLock lock(mutex_);
    inputs_.push_back(input);
  }
  if (GST_STATE_TARGET(bin_) > GST_STATE_READY) gst_pad_set_active(input.pad.get(), TRUE);
  gst_element_add_pad(GST_ELEMENT(bin_), input.pad.get());
  return input.pad.get();
}

void PushInputs::on_linked(GstPad *pad, GstPad *, gpointer self) {
  auto *inputs = static_cast<PushInputs *>(self);
  barrier(inputs->bin_, [&] { inputs->pad_linked(pad); });
}

void PushInputs::pad_linked(GstPad *pad) {
  Input linked;
  {
    MutexLock lock(mutex_);
    for (Input &input : inputs_)
      if (input.pad.get() == pad && !std::exchange(input.connected, true)) linked = input;
  }
  if (!linked.tee) return;
  for (const auto &consumer : consumers())
    if (const auto to = need_pad(consumer.get(), linked.name.c_str())) link(linked.tee.get(), to.get());
}

void PushInputs::release_pad(GstPad *pad) {
  Input gone;
  {
    MutexLock lock(mutex_);
    const auto found =
        std::find_if(inputs_.begin(), inputs_.end(), [&](const Input &i) { return i.pad.get() == pad; });
    if (found == inputs_.end()) return;
    gone = std::move(*found);
    inputs_.erase(found);
  }
  gst_pad_set_active(pad, FALSE);
  for (const auto &consumer : consumers()) {
    const auto to = pad_named(consumer.get(), gone.name.c_str());
    if (!to) continue;
    unlink(gone.tee.get(), to.get());
    gst_element_release_request_pad(consumer.get(), to.get());
  }
  gst_element_remove_pad(GST_ELEMENT(bin_), pad);
  gst_element_set_state(gone.tee.get(), GST_STATE_NULL);
  gst_bin_remove(bin_, gone.tee.get());
  look_whether_ended(false);
}

bool PushInputs::attach(const Ref<GstElement> &consumer) {
  {
    MutexLock lock(mutex_);
    consumers_.push_back(consumer);
  }
  bool works = true;
  const std::vector<Input> all = inputs();
  for (const Input &input : all)
    if (input.connected) works = need_pad(consumer.get(), input.name.c_str()) && works;
  for (const Input &input : all)
    if (const auto to = pad_named(consumer.get(), input.name.c_str()); works && to)
      works = link(input.tee.get(), to.get());
  if (!works) detach(consumer.get(), gst_util_seqnum_next());
  if (works && push_is_open()) ask_for_keyframe(consumer.get());
  return works;
}

bool PushInputs::detach(GstElement *consumer, guint32 seqnum) {
  {
    MutexLock lock(mutex_);
    consumers_.erase(std::remove_if(consumers_.begin(), consumers_.end(),
                                    [&](const auto &c) { return c.get() == consumer; }),
                     consumers_.end());
  }
  std::vector<Ref<GstPad>> begun;
  for (const Input &input : inputs()) {
    auto to = pad_named(consumer, input.name.c_str());
    if (!to) continue;
    unlink_when_idle(input.tee.get(), to.get());
    if (has_begun(to.get()))
      begun.push_back(std::move(to));
    else  // and nothing waits for an EOS on it
      gst_element_release_request_pad(consumer, to.get());
  }
  for (const auto &pad : begun) {
    GstEvent *eos = gst_event_new_eos();
    gst_event_set_seqnum(eos, seqnum);
    gst_pad_send_event(pad.get(), eos);
  }
  for (const auto &pad : begun) gst_element_release_request_pad(consumer, pad.get());
  return !begun.empty();
}

std::vector<PushInputs::Input> PushInputs::inputs() {
  MutexLock lock(mutex_);
  return inputs_;
}

std::vector<Ref<GstElement>> PushInputs::consumers() {
  MutexLock lock(mutex_);
  return consumers_;
}

bool PushInputs::push_is_open() {
  MutexLock lock(mutex_);
  return push_ == Push::open;
}

bool PushInputs::is_linked() {
  MutexLock lock(mutex_);
  return std::any_of(inputs_.begin(), inputs_.end(),
                     [](const Input &input) { return gst_pad_is_linked(input.pad.get()); });
}

bool PushInputs::is_over() {
  {
    MutexLock lock(mutex_);
    if (push_ != Push::none) return push_ == Push::ended;
  }
  return !is_linked();
}

void PushInputs::reset() {
  MutexLock lock(mutex_);
  for (Input &input : inputs_) input.ended = false;
  push_ = Push::none;
}

GstPadProbeReturn PushInputs::on_event(GstPad *pad, GstPadProbeInfo *info, gpointer self) {
  auto *inputs = static_cast<PushInputs *>(self);
  GstEvent *event = GST_PAD_PROBE_INFO_EVENT(info);
  barrier(inputs->bin_, [&] {
    if (const auto standby = standby_in(event)) inputs->standby_changed(pad, *standby);
    if (GST_EVENT_TYPE(event) == GST_EVENT_STREAM_START) {
      inputs->standby_changed(pad, false);  // what is still so is said again
      inputs->stream_started(pad);
    }
    if (is_push_event(event) && inputs->listener_.identified) inputs->listener_.identified(event);
    if (GST_EVENT_TYPE(event) == GST_EVENT_EOS) inputs->stream_ended(pad, gst_event_get_seqnum(event));
  });
  return GST_PAD_PROBE_OK;
}

// ---- Standby material

struct PushInputs::Standby {
  PushInputs *inputs;
  bool is_video;
  bool over = false;  // of the pad's streaming thread
};

void PushInputs::let_standby_in(bool wanted) {
  MutexLock lock(mutex_);
  standby_comes_in_ = wanted;
}

void PushInputs::standby_changed(GstPad *pad, bool active) {
  std::shared_ptr<Standby> begun;
  {
    MutexLock lock(mutex_);
    for (Input &input : inputs_) {
      if (input.pad.get() != pad) continue;
      if (input.standby) input.standby->over = !active;
      if (input.standby || !active || standby_comes_in_) return;
      begun = input.standby = std::make_shared<Standby>(Standby{this, input.name == "video"});
    }
  }
  if (!begun) return;
  const auto media = static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST);
  gst_pad_add_probe(pad, media, on_standby_media, new std::shared_ptr<Standby>(begun),
                    [](gpointer data) { delete static_cast<std::shared_ptr<Standby> *>(data); });
}

GstPadProbeReturn PushInputs::on_standby_media(GstPad *pad, GstPadProbeInfo *info, gpointer data) {
  const std::shared_ptr<Standby> standby = *static_cast<std::shared_ptr<Standby> *>(data);
  if (!standby->over || (standby->is_video && !begins_with_keyframe(info))) {
    ++standby->inputs->standby_dropped_;
    return GST_PAD_PROBE_DROP;
  }
  standby->inputs->standby_over(pad);
  return GST_PAD_PROBE_REMOVE;
}

void PushInputs::standby_over(GstPad *pad) {
  MutexLock lock(mutex_);
  for (Input &input : inputs_)
    if (input.pad.get() == pad) input.standby.reset();
}

void PushInputs::stream_started(GstPad *pad) {
  if (listener_.push_is_about_to_begin && !push_is_open()) listener_.push_is_about_to_begin();
  bool began = false;
  {
    MutexLock lock(mutex_);
    for (Input &input : inputs_)
      if (input.pad.get() == pad) input.ended = false;
    began = std::exchange(push_, Push::open) != Push::open;
  }
  if (began) listener_.push_began(*this);
}

void PushInputs::stream_ended(GstPad *pad, guint32 seqnum) {
  {
    MutexLock lock(mutex_);
    for (Input &input : inputs_)
      if (input.pad.get() == pad) input.ended = true;
    seqnum_ = seqnum;
  }
  look_whether_ended(true);
}

void PushInputs::look_whether_ended(bool by_eos) {
  Push was = Push::none;
  guint32 seqnum = 0;
  std::vector<Input> left;  // without EOS: consumers must not wait for one
  {
    MutexLock lock(mutex_);
    if (inputs_.empty() || push_ == Push::ended || (push_ == Push::none && !by_eos)) return;
    for (const Input &input : inputs_)  // a pad that nothing is linked to brings nothing
      if (!input.ended && gst_pad_is_linked(input.pad.get())) return;
    for (Input &input : inputs_)
      if (!input.ended && std::exchange(input.connected, false)) left.push_back(input);
    was = std::exchange(push_, Push::ended);
    seqnum = seqnum_;
  }
  listener_.push_ended(*this, was == Push::open, seqnum);
  for (const Input &input : left)
    for (const auto &consumer : consumers())
      if (const auto to = pad_named(consumer.get(), input.name.c_str())) {
        unlink(input.tee.get(), to.get());
        gst_element_release_request_pad(consumer.get(), to.get());
      }
}

void PushInputs::end_all(guint32 seqnum) {
  Push was = Push::none;
  {
    MutexLock lock(mutex_);
    for (Input &input : inputs_) input.ended = true;
    was = std::exchange(push_, Push::ended);
    seqnum_ = seqnum;
  }
  if (was != Push::ended) listener_.push_ended(*this, was == Push::open, seqnum);
}

}  // namespace rec
