// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gst/gst.h>

// What the recorders have in common logs here: GST_DEBUG=recorder:5.
GST_DEBUG_CATEGORY(rec_recorder_debug);
