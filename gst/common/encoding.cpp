// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/common/encoding.h"

#include <algorithm>

#include "core/base/glib_ptr.h"
#include "core/model/aac_config.h"
#include "core/model/trail.h"

namespace rec {
namespace {

const GstStructure *structure_of(const Ref<GstCaps> &caps) { return gst_caps_get_structure(caps.get(), 0); }

constexpr const char *kEncodingFields[] = {"codec_data", "streamheader", "width",       "height",
                                           "rate",       "channels",     "mpegversion", "layer"};

unsigned number(const GstStructure *s, const char *field) {
  gint value = 0;
  gst_structure_get_int(s, field, &value);
  return static_cast<unsigned>(std::max(value, 0));
}

}  // namespace

bool same_encoding(const Ref<GstCaps> &a, const Ref<GstCaps> &b) {
  if (a.get() == b.get()) return true;
  const GstStructure *x = structure_of(a);
  const GstStructure *y = structure_of(b);
  if (!gst_structure_has_name(y, gst_structure_get_name(x))) return false;
  for (const char *field : kEncodingFields) {
    const GValue *u = gst_structure_get_value(x, field);
    const GValue *v = gst_structure_get_value(y, field);
    if ((u == nullptr) != (v == nullptr)) return false;
    if (u && gst_value_compare(u, v) != GST_VALUE_EQUAL) return false;
  }
  return true;
}

std::uint64_t encoding_digest(const Ref<GstCaps> &caps) {
  std::string text = gst_structure_get_name(structure_of(caps));
  for (const char *field : kEncodingFields) {
    const GValue *value = gst_structure_get_value(structure_of(caps), field);
    const CString is(value ? gst_value_serialize(value) : nullptr);
    text += std::string(" ") + (is ? is.get() : "-");
  }
  return frame_digest({reinterpret_cast<const std::uint8_t *>(text.data()), text.size()});
}

std::string codec_name(const Ref<GstCaps> &caps) {
  const GstStructure *s = structure_of(caps);
  if (gst_structure_has_name(s, "video/x-h264")) return "h264";
  if (gst_structure_has_name(s, "video/x-h265")) return "h265";
  if (gst_structure_has_name(s, "video/mpeg")) return "mpeg4";
  if (gst_structure_has_name(s, "audio/x-opus")) return "opus";
  return number(s, "mpegversion") == 1 ? "mp3" : "aac";
}

Ref<GstCaps> adts_source(const Ref<GstCaps> &caps) {
  const GValue *config = gst_structure_get_value(structure_of(caps), "codec_data");
  if (!gst_structure_has_name(structure_of(caps), "audio/mpeg") || !config || !GST_VALUE_HOLDS_BUFFER(config))
    return caps;
  const MappedBuffer map(gst_value_get_buffer(config));
  const auto core = map ? aac_core_config({map.data(), map.size()}) : std::nullopt;
  if (!core) return caps;
  const auto buffer = Ref<GstBuffer>::adopt(gst_buffer_new_memdup(core->data(), core->size()));
  auto adts = Ref<GstCaps>::adopt(gst_caps_copy(caps.get()));
  GstStructure *s = gst_caps_get_structure(adts.get(), 0);
  gst_structure_set(s, "codec_data", GST_TYPE_BUFFER, buffer.get(), nullptr);
  gst_structure_remove_fields(s, "rate", "channels", "profile", "base-profile", "level", nullptr);
  return adts;
}

bool may_reorder(const Ref<GstCaps> &caps) {
  const char *profile = gst_structure_get_string(gst_caps_get_structure(caps.get(), 0), "profile");
  for (const char *plain : {"baseline", "constrained-baseline", "simple"})
    if (g_strcmp0(profile, plain) == 0) return false;
  return true;
}

PictureSize picture_size(const Ref<GstCaps> &caps) {
  const GstStructure *s = structure_of(caps);
  return {number(s, "width"), number(s, "height")};
}

}  // namespace rec
