// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <gst/gst.h>

#include <string>
#include <utility>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/model/media_spread.h"

namespace rec {

// Builds the GstStructure of an element message; fields keep GStreamer's types.
// Wall-clock instants are int64 microseconds since the epoch, stream times are uint64 nanoseconds.
class MessageBuilder {
 public:
  explicit MessageBuilder(const char *name) : s_(gst_structure_new_empty(name)) {}
  MessageBuilder(const MessageBuilder &) = delete;
  MessageBuilder &operator=(const MessageBuilder &) = delete;
  ~MessageBuilder() {
    if (s_) gst_structure_free(s_);
  }

  MessageBuilder &field(const char *key, const std::string &v) {
    gst_structure_set(s_, key, G_TYPE_STRING, v.c_str(), nullptr);
    return *this;
  }
  MessageBuilder &field(const char *key, guint64 v) {
    gst_structure_set(s_, key, G_TYPE_UINT64, v, nullptr);
    return *this;
  }
  MessageBuilder &field(const char *key, guint v) {
    gst_structure_set(s_, key, G_TYPE_UINT, v, nullptr);
    return *this;
  }
  MessageBuilder &number(const char *key, gint v) {
    gst_structure_set(s_, key, G_TYPE_INT, v, nullptr);
    return *this;
  }
  // A difference of stream times, gint64 nanoseconds.
  MessageBuilder &offset(const char *key, Nanoseconds v) {
    gst_structure_set(s_, key, G_TYPE_INT64, static_cast<gint64>(v.count()), nullptr);
    return *this;
  }
  // Fields `keyframes`, `longest-gop` and, with audio beside video, `audio-start-offset` and
  // `audio-end-offset`.
  MessageBuilder &spread(const MediaSpread &v);
  MessageBuilder &flag(const char *key, bool v) {
    gst_structure_set(s_, key, G_TYPE_BOOLEAN, static_cast<gboolean>(v), nullptr);
    return *this;
  }
  MessageBuilder &time(const char *key, UtcTime v) {
    gst_structure_set(s_, key, G_TYPE_INT64, static_cast<gint64>(v.time_since_epoch().count()), nullptr);
    return *this;
  }

  // Posts and gives up the structure. Hold no lock.
  void post(gpointer element) {
    gst_element_post_message(GST_ELEMENT(element),
                             gst_message_new_element(GST_OBJECT(element), std::exchange(s_, nullptr)));
  }

 private:
  GstStructure *s_;
};

// The GStreamer resource error that applications already handle for such a failure.
GstResourceError resource_error(Errc code);

// Posts `error` as an ERROR (the pipeline is to stop) or a WARNING (recording goes on, something is missing)
// of the resource domain. Cancellation is silent. Hold no lock.
void post_error(gpointer element, const Error &error);
void post_warning(gpointer element, const Error &error);

}  // namespace rec
