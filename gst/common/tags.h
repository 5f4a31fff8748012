// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <array>
#include <cstddef>

#include "gst/common/gst_ptr.h"

REC_COUNTED(GstTagList, gst_tag_list_ref, gst_tag_list_unref);

namespace rec {

// A track's tags by scope (GST_TAG_SCOPE_STREAM, GST_TAG_SCOPE_GLOBAL): title, artist... None is empty.
using TrackTags = std::array<Ref<GstTagList>, 2>;

// A list without the strings that are longer than `longest` bytes (0: nothing is left out).
Ref<GstTagList> without_long_strings(const Ref<GstTagList> &tags, std::size_t longest);

}  // namespace rec
