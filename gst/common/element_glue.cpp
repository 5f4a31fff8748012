// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/common/element_glue.h"

GST_DEBUG_CATEGORY_EXTERN(rec_recorder_debug);

namespace rec {

void install_stats_property(GObjectClass *klass, guint id, const char *blurb) {
  g_object_class_install_property(
      klass, id,
      g_param_spec_boxed("stats", "stats", blurb, GST_TYPE_STRUCTURE,
                         static_cast<GParamFlags>(G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)));
}

namespace {

void add_template(GstElementClass *klass, const char *name, const char *caps_text) {
  const auto caps = Ref<GstCaps>::adopt(gst_caps_from_string(caps_text));
  gst_element_class_add_pad_template(klass,
                                     gst_pad_template_new(name, GST_PAD_SINK, GST_PAD_REQUEST, caps.get()));
}

}  // namespace

void add_recorder_pad_templates(GstElementClass *klass) {
  if (!rec_recorder_debug)
    GST_DEBUG_CATEGORY_INIT(rec_recorder_debug, "recorder", 0, "what recorders have in common");
  add_template(klass, "video", video_input_caps());
  add_template(klass, "audio_%u", audio_input_caps());
}

void add_single_audio_pad_template(GstElementClass *klass) {
  add_template(klass, "audio", audio_input_caps());
}

}  // namespace rec
