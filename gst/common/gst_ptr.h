// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <gst/gst.h>

#include "core/base/glib_ptr.h"

REC_COUNTED(GstElement, gst_object_ref, gst_object_unref);
REC_COUNTED(GstClock, gst_object_ref, gst_object_unref);
REC_COUNTED(GstPad, gst_object_ref, gst_object_unref);
REC_COUNTED(GstBus, gst_object_ref, gst_object_unref);
REC_COUNTED(GstObject, gst_object_ref, gst_object_unref);
REC_COUNTED(GstCaps, gst_caps_ref, gst_caps_unref);
REC_COUNTED(GstBuffer, gst_buffer_ref, gst_buffer_unref);
REC_COUNTED(GstBufferList, gst_buffer_list_ref, gst_buffer_list_unref);
REC_COUNTED(GstEvent, gst_event_ref, gst_event_unref);
REC_COUNTED(GstMessage, gst_message_ref, gst_message_unref);
REC_COUNTED(GstSample, gst_sample_ref, gst_sample_unref);

namespace rec {

using StructurePtr = std::unique_ptr<GstStructure, Freer<gst_structure_free>>;

// A buffer's bytes, mapped for reading while this lives.
class MappedBuffer {
 public:
  explicit MappedBuffer(GstBuffer *buffer)
      : buffer_(buffer), ok_(gst_buffer_map(buffer, &map_, GST_MAP_READ)) {}
  ~MappedBuffer() {
    if (ok_) gst_buffer_unmap(buffer_, &map_);
  }
  MappedBuffer(const MappedBuffer &) = delete;
  MappedBuffer &operator=(const MappedBuffer &) = delete;

  explicit operator bool() const { return ok_; }
  const guint8 *data() const { return map_.data; }
  gsize size() const { return map_.size; }

 private:
  GstBuffer *buffer_;  // borrowed: outlives us
  GstMapInfo map_ = GST_MAP_INFO_INIT;
  bool ok_;
};

}  // namespace rec
