// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <gst/gst.h>

#include <optional>

namespace rec {

// Posts the EOS of a bin that has sinks inside, past its class's own function for messages, and sees to it
// that the bins above hear of it. `seqnum`: that of the event. Any thread.
void post_end_of_stream(GstElement *element, std::optional<guint32> seqnum);

}  // namespace rec
