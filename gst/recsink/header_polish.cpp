// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/recsink/header_polish.h"

#include <array>
#include <string>
#include <string_view>

#include "core/model/byte_reader.h"
#include "core/model/flv_filler.h"
#include "core/model/mp4_fragment.h"
#include "core/model/opus_box.h"

namespace rec {
namespace {

// A header, so it may be copied.
Ref<GstBuffer> rewritten(Ref<GstBuffer> buffer, std::string (*rewrite)(std::string_view)) {
  const MappedBuffer map(buffer.get());
  if (!map) return buffer;
  const std::string text = rewrite({reinterpret_cast<const char *>(map.data()), map.size()});
  return Ref<GstBuffer>::adopt(gst_buffer_new_memdup(text.data(), text.size()));
}

bool is_flv_media(GstBuffer *buffer) {
  constexpr guint8 kAudioTag = 8;
  constexpr guint8 kVideoTag = 9;
  guint8 first = 0;
  return gst_buffer_extract(buffer, 0, &first, 1) == 1 && (first == kAudioTag || first == kVideoTag);
}

constexpr guint32 kMoof = 0x6d6f6f66;
constexpr guint32 kMoov = 0x6d6f6f76;

// Whether the buffer is one whole box of this type.
bool is_mp4_box(GstBuffer *buffer, guint32 type) {
  std::array<guint8, 8> header{};
  if (gst_buffer_extract(buffer, 0, header.data(), header.size()) != header.size()) return false;
  return be32(header) == gst_buffer_get_size(buffer) && be32(std::span(header).subspan(4)) == type;
}

}  // namespace

Ref<GstBuffer> HeaderPolish::polish(Ref<GstBuffer> buffer) {
  if (format_ == Format::mp4 && is_mp4_box(buffer.get(), kMoof))
    return rewritten(std::move(buffer), with_whole_runs);
  if (format_ == Format::mp4 && is_mp4_box(buffer.get(), kMoov))
    return rewritten(std::move(buffer), with_opus_in_network_order);
  in_flv_header_ = in_flv_header_ && format_ == Format::flv && !is_flv_media(buffer.get());
  return in_flv_header_ ? rewritten(std::move(buffer), with_short_flv_filler) : buffer;
}

}  // namespace rec
