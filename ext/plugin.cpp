// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gst/gst.h>

#include "ext/rulebin/rulebin.h"
#include "ext/vodupload/vodupload.h"

static gboolean plugin_init(GstPlugin *plugin) {
  const gboolean rulebin = GST_ELEMENT_REGISTER(rulebin, plugin);
  return GST_ELEMENT_REGISTER(vodupload, plugin) && rulebin;
}

#define PACKAGE "gst-recording"
GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, recordingservice,
                  "Records live streams by rule, uploads the files and announces them", plugin_init,
                  REC_VERSION, "LGPL", PACKAGE, "https://gst-recording.example.org/")
