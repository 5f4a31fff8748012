// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <gst/gst.h>

#include "gst/common/barrier.h"
#include "gst/common/recorder_bin.h"
#include "gst/common/track_input.h"

namespace rec {

// A read-only GstStructure property "stats".
void install_stats_property(GObjectClass *klass, guint id, const char *blurb);

// The pad templates of a recorder: `video` and `audio_%u`, on request.
void add_recorder_pad_templates(GstElementClass *klass);
// `audio` beside them: what elements with one audio pad call it.
void add_single_audio_pad_template(GstElementClass *klass);

// Forwards what GStreamer asks a recorder element to its RecorderBin, through the exception barrier. `ImplOf`
// finds it; call from class_init of a GstBin subclass, with the parent class variable that G_DEFINE_TYPE
// made.
template <auto ImplOf>
struct RecorderVfuncs {
  static inline gpointer *parent_class = nullptr;

  static GstElementClass *parent_element() { return GST_ELEMENT_CLASS(*parent_class); }

  static GstPad *request_new_pad(GstElement *e, GstPadTemplate *t, const gchar *name, const GstCaps *) {
    return barrier(e, static_cast<GstPad *>(nullptr), [&] { return ImplOf(e).request_pad(t, name); });
  }
  static void release_pad(GstElement *e, GstPad *pad) {
    barrier(e, [&] { ImplOf(e).release_pad(pad); });
  }
  static GstStateChangeReturn change_state(GstElement *e, GstStateChange transition) {
    return barrier(e, GST_STATE_CHANGE_FAILURE, [&] {
      return ImplOf(e).change_state(transition,
                                    [&] { return parent_element()->change_state(e, transition); });
    });
  }
  static gboolean send_event(GstElement *e, GstEvent *event) {
    if (GST_EVENT_TYPE(event) != GST_EVENT_EOS) return parent_element()->send_event(e, event);
    barrier(e, [&] { ImplOf(e).end_all(gst_event_get_seqnum(event)); });
    gst_event_unref(event);
    return TRUE;
  }
  static void handle_message(GstBin *bin, GstMessage *message) {
    barrier(bin, [&] { ImplOf(bin).handle_child_message(message); });
  }
};

template <auto ImplOf>
void install_recorder_vfuncs(gpointer klass, gpointer *parent_class) {
  using Vfuncs = RecorderVfuncs<ImplOf>;
  Vfuncs::parent_class = parent_class;
  auto *element_class = GST_ELEMENT_CLASS(klass);
  element_class->request_new_pad = Vfuncs::request_new_pad;
  element_class->release_pad = Vfuncs::release_pad;
  element_class->change_state = Vfuncs::change_state;
  element_class->send_event = Vfuncs::send_event;
  GST_BIN_CLASS(klass)->handle_message = Vfuncs::handle_message;
  add_recorder_pad_templates(element_class);
}

}  // namespace rec
