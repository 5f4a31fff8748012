// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <gst/gst.h>

#include <memory>
#include <string>

#include "core/base/sync.h"
#include "core/model/format.h"

namespace rec {

// What one format has for itself; what is not set is the element's.
struct FormatSettings {
  std::string location;        // "": the element's
  gint64 cycle = -1;           // ns; -1: the element's
  gint64 max_size_bytes = -1;  // -1: the element's
};
using SharedFormatSettings = std::shared_ptr<Guarded<FormatSettings>>;  // of the child and the recorder

// A child of recsink, named like the format, through which GstChildProxy reaches these settings
// ("mp4::cycle=60000000000"). The caller owns the (sunk) reference.
GstObject *new_format_child(Format format, GstObject *parent, SharedFormatSettings settings);

}  // namespace rec

G_BEGIN_DECLS
GType rec_rec_sink_format_get_type(void);
G_END_DECLS
