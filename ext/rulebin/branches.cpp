// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ext/rulebin/branches.h"

#include <algorithm>
#include <utility>

#include "gst/common/barrier.h"

namespace rec {
namespace {

Ref<GstPad> pad_named(GstElement *element, const char *name) {
  return Ref<GstPad>::adopt(gst_element_get_static_pad(element, name));
}

}  // namespace

bool Branches::has_pad(const std::string &name) {
  return std::any_of(inputs_.begin(), inputs_.end(),
                     [&](const Input &i) { return name == GST_PAD_NAME(i.pad.get()); });
}

std::string Branches::free_name(GstPadTemplate *pad_template, const char *name) {
  const bool video = std::string(GST_PAD_TEMPLATE_NAME_TEMPLATE(pad_template)) == "video";
  MutexLock lock(mutex_);
  if (video || name) return has_pad(video ? "video" : name) ? "" : (video ? "video" : name);
  unsigned number = 0;
  while (has_pad("audio_" + std::to_string(number))) ++number;
  return "audio_" + std::to_string(number);
}

Branches::Input Branches::make_input(GstPadTemplate *pad_template, const std::string &name) {
  auto tee = Ref<GstElement>::sink(gst_element_factory_make("tee", ("tee-" + name).c_str()));
  if (!tee) return {};
  g_object_set(tee.get(), "allow-not-linked", TRUE, nullptr);
  gst_bin_add(bin_, tee.get());  // before it has links: adding takes them away
  const auto target = pad_named(tee.get(), "sink");
  auto pad = Ref<GstPad>::sink(gst_ghost_pad_new_from_template(name.c_str(), target.get(), pad_template));
  gst_pad_add_probe(pad.get(), GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, on_event, this, nullptr);
  g_signal_connect(pad.get(), "linked", G_CALLBACK(on_linked), this);
  return {std::move(pad), std::move(tee)};
}

GstPad *Branches::request_pad(GstPadTemplate *pad_template, const char *name) {
  const std::string pad_name = free_name(pad_template, name);
  if (pad_name.empty()) return nullptr;
  const Input input = make_input(pad_template, pad_name);
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

void Branches::on_linked(GstPad *pad, GstPad *, gpointer self) {
  auto *branches = static_cast<Branches *>(self);
  barrier(branches->bin_, [&] { branches->pad_linked(pad); });
}

void Branches::pad_linked(GstPad *pad) {
  Input linked;
  {
    MutexLock lock(mutex_);
    for (Input &input : inputs_)
      if (input.pad.get() == pad && !std::exchange(input.connected, true)) linked = input;
  }
  if (!linked.pad) return;
  for (const auto &recorder : recorders()) link(linked, recorder.get());
}

void Branches::release_pad(GstPad *pad) {
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
  for (const auto &recorder : recorders()) unlink(gone, recorder.get());
  gst_element_remove_pad(GST_ELEMENT(bin_), pad);
  gst_element_set_state(gone.tee.get(), GST_STATE_NULL);
  gst_bin_remove(bin_, gone.tee.get());
  look_whether_ended();
}

bool Branches::link(const Input &input, GstElement *recorder) {
  const char *name = GST_PAD_NAME(input.pad.get());
  if (pad_named(recorder, name)) return true;
  const auto from = Ref<GstPad>::adopt(gst_element_request_pad_simple(input.tee.get(), "src_%u"));
  const auto to = Ref<GstPad>::adopt(gst_element_request_pad_simple(recorder, name));
  return from && to && gst_pad_link_full(from.get(), to.get(), GST_PAD_LINK_CHECK_NOTHING) == GST_PAD_LINK_OK;
}

void Branches::unlink(const Input &input, GstElement *recorder) {
  const auto to = pad_named(recorder, GST_PAD_NAME(input.pad.get()));
  if (!to) return;
  const auto from = Ref<GstPad>::adopt(gst_pad_get_peer(to.get()));
  if (from) {
    gst_pad_unlink(from.get(), to.get());
    gst_element_release_request_pad(input.tee.get(), from.get());
  }
  gst_element_release_request_pad(recorder, to.get());
}

bool Branches::add_recorder(Ref<GstElement> recorder) {
  gst_bin_add(bin_, recorder.get());
  {
    MutexLock lock(mutex_);
    recorders_.push_back({recorder, false});
  }
  bool works = true;
  for (const Input &input : inputs())
    if (input.connected) works = link(input, recorder.get()) && works;
  works = works && gst_element_set_state(recorder.get(), GST_STATE_PAUSED) != GST_STATE_CHANGE_FAILURE;
  if (works) return true;
  {
    MutexLock lock(mutex_);
    recorders_.erase(std::find_if(recorders_.begin(), recorders_.end(),
                                  [&](const Recorder &r) { return r.element.get() == recorder.get(); }));
  }
  for (const Input &input : inputs()) unlink(input, recorder.get());
  gst_element_set_state(recorder.get(), GST_STATE_NULL);
  gst_bin_remove(bin_, recorder.get());
  return false;
}

void Branches::remove_recorders() {
  std::vector<Recorder> gone;
  {
    MutexLock lock(mutex_);
    gone.swap(recorders_);
  }
  for (const Recorder &recorder : gone) {
    gst_element_set_state(recorder.element.get(), GST_STATE_NULL);
    for (const Input &input : inputs()) unlink(input, recorder.element.get());
    gst_bin_remove(bin_, recorder.element.get());
  }
}

std::vector<Branches::Input> Branches::inputs() {
  MutexLock lock(mutex_);
  return inputs_;
}

std::vector<Ref<GstElement>> Branches::recorders() {
  MutexLock lock(mutex_);
  std::vector<Ref<GstElement>> elements;
  for (const Recorder &recorder : recorders_) elements.push_back(recorder.element);
  return elements;
}

bool Branches::is_recorder(GstObject *object) {
  MutexLock lock(mutex_);
  return std::any_of(recorders_.begin(), recorders_.end(),
                     [&](const Recorder &r) { return GST_OBJECT(r.element.get()) == object; });
}

bool Branches::push_is_open() {
  MutexLock lock(mutex_);
  return open_;
}

void Branches::reset() {
  MutexLock lock(mutex_);
  for (Input &input : inputs_) input.ended = false;
  open_ = reported_ = ended_ = false;
}

GstPadProbeReturn Branches::on_event(GstPad *pad, GstPadProbeInfo *info, gpointer self) {
  auto *branches = static_cast<Branches *>(self);
  GstEvent *event = GST_PAD_PROBE_INFO_EVENT(info);
  barrier(branches->bin_, [&] {
    if (GST_EVENT_TYPE(event) == GST_EVENT_STREAM_START) branches->stream_started(pad);
    if (GST_EVENT_TYPE(event) == GST_EVENT_EOS) branches->stream_ended(pad, gst_event_get_seqnum(event));
  });
  return GST_PAD_PROBE_OK;
}

void Branches::stream_started(GstPad *pad) {
  bool began = false;
  {
    MutexLock lock(mutex_);
    for (Input &input : inputs_)
      if (input.pad.get() == pad) input.ended = false;
    began = !std::exchange(open_, true);
    ended_ = reported_ = false;
    if (began)
      for (Recorder &recorder : recorders_) recorder.done = false;
  }
  if (began) listener_.push_began();
}

void Branches::stream_ended(GstPad *pad, guint32 seqnum) {
  {
    MutexLock lock(mutex_);
    for (Input &input : inputs_)
      if (input.pad.get() == pad) input.ended = true;
    seqnum_ = seqnum;
  }
  look_whether_ended();
}

void Branches::look_whether_ended() {
  bool was_open = false;
  std::vector<Input> left;  // without EOS: recorders must not wait for one
  {
    MutexLock lock(mutex_);
    for (const Input &input : inputs_)  // a pad that nothing is linked to brings nothing
      if (!input.ended && gst_pad_is_linked(input.pad.get())) return;
    if (inputs_.empty()) return;
    for (Input &input : inputs_)
      if (!input.ended && std::exchange(input.connected, false)) left.push_back(input);
    ended_ = true;
    was_open = std::exchange(open_, false);
  }
  for (const Input &input : left)
    for (const auto &recorder : recorders()) unlink(input, recorder.get());
  if (was_open) listener_.push_ended();
  look_whether_done();
}

void Branches::recorder_done(GstObject *recorder, guint32 seqnum) {
  {
    MutexLock lock(mutex_);
    if (open_) return;  // it speaks of the push before this one
    for (Recorder &r : recorders_)
      if (GST_OBJECT(r.element.get()) == recorder) r.done = true;
    seqnum_ = seqnum;
  }
  look_whether_done();
}

void Branches::look_whether_done() {
  guint32 seqnum = 0;
  {
    MutexLock lock(mutex_);
    const bool done =
        std::all_of(recorders_.begin(), recorders_.end(), [](const Recorder &r) { return r.done; });
    if (!ended_ || !done || std::exchange(reported_, true)) return;
    seqnum = seqnum_;
  }
  listener_.all_done(seqnum);
}

void Branches::end_all(GstEvent *eos) {
  const auto event = Ref<GstEvent>::adopt(eos);
  bool was_open = false;
  {
    MutexLock lock(mutex_);
    for (Input &input : inputs_) input.ended = true;
    ended_ = true;
    was_open = std::exchange(open_, false);
    seqnum_ = gst_event_get_seqnum(eos);
  }
  if (was_open) listener_.push_ended();
  for (const auto &recorder : recorders()) gst_element_send_event(recorder.get(), gst_event_ref(eos));
  look_whether_done();
}

}  // namespace rec
