// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gst/gst.h>

#include "gst/recsink/recsink.h"
#include "gst/splicesink/splicesink.h"

static gboolean plugin_init(GstPlugin *plugin) {
  return GST_ELEMENT_REGISTER(recsink, plugin) && GST_ELEMENT_REGISTER(splicesink, plugin);
}

#define PACKAGE "gst-recording"
GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, recording,
                  "Records live streams into files and HLS as they are", plugin_init, REC_VERSION, "LGPL",
                  PACKAGE, "https://gst-recording.example.org/")
