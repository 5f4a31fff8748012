// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ext/rulebin/recorders.h"

#include <algorithm>
#include <utility>

#include "ext/rulebin/branch_bin.h"

namespace rec {
namespace {

Ref<GstPad> pad_named(GstElement *element, const char *name) {
  return Ref<GstPad>::adopt(gst_element_get_static_pad(element, name));
}

// The tee behind the track of a pad.
Ref<GstElement> tee_of(GstElement *bin, GstPad *pad) {
  const std::string name = std::string("tee-") + GST_PAD_NAME(pad);
  return Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(bin), name.c_str()));
}

bool link(GstElement *tee, GstElement *recorder, const char *name) {
  const auto from = Ref<GstPad>::adopt(gst_element_request_pad_simple(tee, "src_%u"));
  const auto to = Ref<GstPad>::adopt(gst_element_request_pad_simple(recorder, name));
  return from && to && gst_pad_link_full(from.get(), to.get(), GST_PAD_LINK_CHECK_NOTHING) == GST_PAD_LINK_OK;
}

void unlink(GstElement *tee, GstElement *recorder, const char *name) {
  const auto to = pad_named(recorder, name);
  if (!to) return;
  if (const auto from = Ref<GstPad>::adopt(gst_pad_get_peer(to.get()))) {
    gst_pad_unlink(from.get(), to.get());
    gst_element_release_request_pad(tee, from.get());
  }
  gst_element_release_request_pad(recorder, to.get());
}

}  // namespace

Recorders::Recorders(const char *name, Listener listener, MediaGate::Listener gate_listener)
    : listener_(std::move(listener)),
      bin_(make_branch_bin(name, {.request_pad = [this](auto *t, auto *n) { return request_pad(t, n); },
                                  .release_pad = [this](auto *pad) { release_pad(pad); },
                                  .handle_message = [this](auto *m) { return handle_message(m); }})),
      gate_(make_media_gate(std::move(gate_listener))) {
  gst_bin_add(GST_BIN(bin_.get()), gate_.get());
}

bool Recorders::add(const Ref<GstElement> &recorder) {
  gst_bin_add(GST_BIN(bin_.get()), recorder.get());
  {
    MutexLock lock(mutex_);
    recorders_.push_back({recorder, false});
  }
  bool works = gst_element_set_state(recorder.get(), GST_STATE_PAUSED) != GST_STATE_CHANGE_FAILURE;
  for (const auto &pad : pads()) works = works && connect(pad.get(), recorder.get());
  if (works) return gst_element_sync_state_with_parent(recorder.get()) != FALSE;
  {
    MutexLock lock(mutex_);
    recorders_.pop_back();
  }
  for (const auto &pad : pads()) {
    const auto tee = tee_of(bin_.get(), pad.get());
    if (tee) unlink(tee.get(), recorder.get(), GST_PAD_NAME(pad.get()));
  }
  gst_element_set_state(recorder.get(), GST_STATE_NULL);
  gst_bin_remove(GST_BIN(bin_.get()), recorder.get());
  return false;
}

void Recorders::leave_video_out() {
  MutexLock lock(mutex_);
  video_left_out_ = true;
}

std::vector<Ref<GstPad>> Recorders::pads() {
  std::vector<Ref<GstPad>> list;
  GST_OBJECT_LOCK(bin_.get());
  for (const GList *pad = bin_.get()->sinkpads; pad; pad = pad->next)
    list.push_back(Ref<GstPad>::retain(GST_PAD_CAST(pad->data)));
  GST_OBJECT_UNLOCK(bin_.get());
  return list;
}

bool Recorders::connect(GstPad *pad, GstElement *recorder) {
  const std::string name = GST_PAD_NAME(pad);
  {
    MutexLock lock(mutex_);
    if (video_left_out_ && name.starts_with("video")) return true;
  }
  const auto tee = tee_of(bin_.get(), pad);
  return tee && link(tee.get(), recorder, name.c_str());
}

void Recorders::remove_all() {
  std::vector<Recorder> gone;
  {
    MutexLock lock(mutex_);
    gone.swap(recorders_);
  }
  for (const Recorder &recorder : gone) {
    gst_element_set_state(recorder.element.get(), GST_STATE_NULL);
    gst_bin_remove(GST_BIN(bin_.get()), recorder.element.get());
  }
}

GstPad *Recorders::request_pad(GstPadTemplate *pad_template, const char *name) {
  if (!name) name = GST_PAD_TEMPLATE_NAME_TEMPLATE(pad_template);
  const auto tee =
      Ref<GstElement>::sink(gst_element_factory_make("tee", (std::string("tee-") + name).c_str()));
  if (!tee) return nullptr;
  g_object_set(tee.get(), "allow-not-linked", TRUE, nullptr);
  gst_bin_add(GST_BIN(bin_.get()), tee.get());  // before it has links: adding takes them away
  gst_element_sync_state_with_parent(tee.get());
  const auto behind = pad_named(tee.get(), "sink");
  const MediaGate::Pads track = gate().add_track(name);
  gst_pad_link_full(track.out, behind.get(), GST_PAD_LINK_CHECK_NOTHING);
  GstPad *pad = gst_ghost_pad_new_from_template(name, track.in, pad_template);
  if (GST_STATE_TARGET(bin_.get()) > GST_STATE_READY) gst_pad_set_active(pad, TRUE);
  gst_element_add_pad(bin_.get(), pad);
  bool works = true;
  for (const auto &recorder : list()) works = connect(pad, recorder.get()) && works;
  if (works) return pad;
  release_pad(pad);
  return nullptr;
}

void Recorders::release_pad(GstPad *pad) {
  const auto kept = Ref<GstPad>::retain(pad);
  const auto tee = tee_of(bin_.get(), pad);
  const auto track = Ref<GstPad>::adopt(gst_ghost_pad_get_target(GST_GHOST_PAD(pad)));
  gst_pad_set_active(pad, FALSE);
  if (track) gate().remove_track(track.get());
  for (const auto &recorder : list()) unlink(tee.get(), recorder.get(), GST_PAD_NAME(pad));
  gst_element_remove_pad(bin_.get(), pad);
  gst_element_set_state(tee.get(), GST_STATE_NULL);
  gst_bin_remove(GST_BIN(bin_.get()), tee.get());
}

std::vector<Ref<GstElement>> Recorders::list() {
  MutexLock lock(mutex_);
  std::vector<Ref<GstElement>> elements;
  for (const Recorder &recorder : recorders_) elements.push_back(recorder.element);
  return elements;
}

bool Recorders::empty() {
  MutexLock lock(mutex_);
  return recorders_.empty();
}

bool Recorders::is_recorder(GstObject *object) {
  MutexLock lock(mutex_);
  return std::any_of(recorders_.begin(), recorders_.end(),
                     [&](const Recorder &r) { return GST_OBJECT(r.element.get()) == object; });
}

bool Recorders::handle_message(GstMessage *message) {
  if (!is_recorder(GST_MESSAGE_SRC(message))) return false;
  switch (GST_MESSAGE_TYPE(message)) {
    case GST_MESSAGE_ERROR:  // it fails alone: neither the pipeline nor the other recorders stop
      listener_.on_error(message);
      [[fallthrough]];
    case GST_MESSAGE_EOS:
      recorder_done(GST_MESSAGE_SRC(message));
      gst_message_unref(message);
      return true;
    case GST_MESSAGE_ELEMENT:
      return listener_.on_report(message);
    default:
      return false;
  }
}

void Recorders::media_began() {
  MutexLock lock(mutex_);
  media_ = Media::coming;
  for (Recorder &recorder : recorders_) recorder.done = false;
}

void Recorders::media_ended() {
  {
    MutexLock lock(mutex_);
    media_ = Media::ended;
  }
  look_whether_done();
}

void Recorders::nothing_came() {
  {
    MutexLock lock(mutex_);
    for (Recorder &recorder : recorders_) recorder.done = true;
  }
  look_whether_done();
}

void Recorders::recorder_done(GstObject *recorder) {
  {
    MutexLock lock(mutex_);
    if (media_ == Media::coming) return;  // it speaks of what came before
    for (Recorder &r : recorders_)
      if (GST_OBJECT(r.element.get()) == recorder) r.done = true;
  }
  look_whether_done();
}

void Recorders::look_whether_done() {
  {
    MutexLock lock(mutex_);
    const bool done =
        std::all_of(recorders_.begin(), recorders_.end(), [](const Recorder &r) { return r.done; });
    if (media_ != Media::ended || !done) return;
    media_ = Media::done;
  }
  listener_.all_done();
}

}  // namespace rec
