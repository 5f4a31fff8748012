// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ext/rulebin/recorder_elements.h"

#include <string>

namespace rec {

Ref<GstElement> make_file_recorder(const FileGroup &files, const RecordingTemplate &recording_template,
                                   const RecordingNames &names) {
  const std::string formats = join_formats(files.formats);
  auto element = Ref<GstElement>::sink(gst_element_factory_make("recsink", formats.c_str()));
  if (!element) return element;
  g_object_set(element.get(), "formats", formats.c_str(), "cycle", static_cast<guint64>(files.cycle.count()),
               "time-zone", recording_template.time_zone.c_str(), "recover", FALSE,  // the catalogue's task
               nullptr);
  for (const Format format : files.formats) {
    const std::string property = std::string(name_of(format)) + "::location";
    gst_child_proxy_set(GST_CHILD_PROXY(element.get()), property.c_str(), names.files.at(format).c_str(),
                        nullptr);
  }
  return element;
}

Ref<GstElement> make_hls_recorder(const RecordingTemplate &recording_template, const RecordingNames &names) {
  auto element = Ref<GstElement>::sink(gst_element_factory_make("splicesink", "hls"));
  if (!element) return element;
  const HlsFormat &hls = *recording_template.hls;
  // The recording is all formats', so that no recorder may end it while the others go on.
  g_object_set(element.get(), "idle-timeout", static_cast<guint64>(0), "segment-format",
               static_cast<int>(hls.segment_format), "playlist-location", names.playlist.c_str(),
               "target-duration", static_cast<guint>(hls.segment.count()), "splice-timeout",
               static_cast<guint64>(hls.splice_timeout.count()), "time-zone",
               recording_template.time_zone.c_str(), "cycle", static_cast<guint64>(hls.cycle.count()),
               nullptr);
  if (!names.segments.empty()) g_object_set(element.get(), "location", names.segments.c_str(), nullptr);
  return element;
}

}  // namespace rec
