// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/common/tags.h"

#include <cstring>

namespace rec {

Ref<GstTagList> without_long_strings(const Ref<GstTagList> &tags, std::size_t longest) {
  if (!tags || longest == 0) return tags;
  auto kept = Ref<GstTagList>::adopt(gst_tag_list_new_empty());
  gst_tag_list_set_scope(kept.get(), gst_tag_list_get_scope(tags.get()));
  for (gint i = 0; i < gst_tag_list_n_tags(tags.get()); ++i) {
    const gchar *name = gst_tag_list_nth_tag_name(tags.get(), i);
    for (guint value = 0; value < gst_tag_list_get_tag_size(tags.get(), name); ++value) {
      const GValue *v = gst_tag_list_get_value_index(tags.get(), name, value);
      const gchar *text = G_VALUE_HOLDS_STRING(v) ? g_value_get_string(v) : nullptr;
      if (!text || std::strlen(text) <= longest)
        gst_tag_list_add_value(kept.get(), GST_TAG_MERGE_APPEND, name, v);
    }
  }
  return kept;
}

}  // namespace rec
