// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ext/vodupload/end_of_stream.h"

#include "gst/common/gst_ptr.h"

namespace rec {
namespace {

// It plays, and keeps the EOS of this child to itself.
bool keeps_end_of(GstElement *bin, GstObject *child) {
  GST_OBJECT_LOCK(bin);
  bool keeps = false;
  if (GST_STATE(bin) == GST_STATE_PLAYING && GST_STATE_PENDING(bin) == GST_STATE_VOID_PENDING)
    for (const GList *m = GST_BIN(bin)->messages; m && !keeps; m = m->next)
      keeps = GST_MESSAGE_TYPE(m->data) == GST_MESSAGE_EOS && GST_MESSAGE_SRC(m->data) == child;
  GST_OBJECT_UNLOCK(bin);
  return keeps;
}

// A GstBin hands EOS on when it has posted that it plays. When the thread that tells of its preroll is
// overtaken by the one that sets it playing, it notes what it posted in the wrong order ("posted_playing" of
// gst_bin_post_message(), 1.0 to 1.28 at least), and keeps every EOS for ever. It looks again when it posts
// once more what is true.
void remind_of_playing(GstElement *bin) {
  gst_element_post_message(bin, gst_message_new_state_changed(GST_OBJECT(bin), GST_STATE_PLAYING,
                                                              GST_STATE_PLAYING, GST_STATE_VOID_PENDING));
}

}  // namespace

void post_end_of_stream(GstElement *element, std::optional<guint32> seqnum) {
  GstMessage *message = gst_message_new_eos(GST_OBJECT(element));
  if (seqnum) gst_message_set_seqnum(message, *seqnum);
  GST_ELEMENT_CLASS(g_type_class_peek(GST_TYPE_BIN))->post_message(element, message);
  auto child = Ref<GstObject>::retain(GST_OBJECT(element));
  while (const auto parent = Ref<GstObject>::adopt(gst_object_get_parent(child.get()))) {
    if (!GST_IS_BIN(parent.get())) return;
    if (keeps_end_of(GST_ELEMENT(parent.get()), child.get())) remind_of_playing(GST_ELEMENT(parent.get()));
    child = Ref<GstObject>::retain(parent.get());
  }
}

}  // namespace rec
