// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <gst/gst.h>

G_BEGIN_DECLS
GType rec_splice_sink_get_type(void);
// What an application answers to splicesink::poll-hold.
typedef enum {
  REC_SPLICE_HOLD_WAIT = 0,    // the push may still come back
  REC_SPLICE_HOLD_FINISH = 1,  // finish the recording
  REC_SPLICE_HOLD_GONE = 2,    // it is continued or closed by somebody else
} RecSpliceHold;
GType rec_splice_hold_get_type(void);
GType rec_splice_segment_format_get_type(void);
GST_ELEMENT_REGISTER_DECLARE(splicesink)
G_END_DECLS
