// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include "core/model/recording_names.h"
#include "core/model/recording_template.h"
#include "gst/common/gst_ptr.h"

namespace rec {

// The recorders of a template; null when the element is not installed.
Ref<GstElement> make_file_recorder(const FileGroup &files, const RecordingTemplate &recording_template,
                                   const RecordingNames &names);
Ref<GstElement> make_hls_recorder(const RecordingTemplate &recording_template, const RecordingNames &names);

}  // namespace rec
