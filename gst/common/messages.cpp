// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/common/messages.h"

namespace rec {
namespace {

void post(gpointer element, GstMessageType type, const char *summary, const Error &error) {
  if (error.code == Errc::cancelled) return;
  gst_element_message_full(GST_ELEMENT(element), type, GST_RESOURCE_ERROR, resource_error(error.code),
                           g_strdup_printf("%s: %s.", summary, error.message.c_str()), nullptr, __FILE__,
                           G_STRFUNC, __LINE__);
}

}  // namespace

MessageBuilder &MessageBuilder::spread(const MediaSpread &v) {
  field("keyframes", static_cast<guint64>(v.keyframes));
  field("longest-gop", static_cast<guint64>(v.longest_gop.count()));
  if (v.audio_start) offset("audio-start-offset", *v.audio_start);
  if (v.audio_end) offset("audio-end-offset", *v.audio_end);
  return *this;
}

GstResourceError resource_error(Errc code) {
  switch (code) {
    case Errc::invalid_argument:
      return GST_RESOURCE_ERROR_SETTINGS;
    case Errc::not_found:
      return GST_RESOURCE_ERROR_NOT_FOUND;
    case Errc::denied:
      return GST_RESOURCE_ERROR_NOT_AUTHORIZED;
    case Errc::exists:
      return GST_RESOURCE_ERROR_OPEN_WRITE;
    case Errc::unavailable:
      return GST_RESOURCE_ERROR_WRITE;
    case Errc::corrupt:
      return GST_RESOURCE_ERROR_READ;
    case Errc::cancelled:
      break;
  }
  return GST_RESOURCE_ERROR_FAILED;
}

void post_error(gpointer element, const Error &error) {
  post(element, GST_MESSAGE_ERROR, "Recording failed", error);
}

void post_warning(gpointer element, const Error &error) {
  post(element, GST_MESSAGE_WARNING, "Recording is incomplete", error);
}

}  // namespace rec
