// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/recsink/header_polish.h"

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <string_view>

#include "core/model/byte_reader.h"
#include "core/model/flv_filler.h"
#include "core/model/opus_box.h"

namespace rec {
namespace {

// A header, so it may be copied.
template <typename Rewrite>
Ref<GstBuffer> rewritten(Ref<GstBuffer> buffer, Rewrite rewrite) {
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

constexpr guint32 kMdat = 0x6d646174;
constexpr guint32 kMoov = 0x6d6f6f76;

// Whether the buffer is one whole box of this type.
bool is_mp4_box(GstBuffer *buffer, guint32 type) {
  std::array<guint8, 8> header{};
  if (gst_buffer_extract(buffer, 0, header.data(), header.size()) != header.size()) return false;
  return be32(header) == gst_buffer_get_size(buffer) && be32(std::span(header).subspan(4)) == type;
}

}  // namespace

// mp4mux writes the header of an mdat in a buffer of its own.
void HeaderPolish::follow_fragments(GstBuffer *buffer) {
  const std::uint64_t size = gst_buffer_get_size(buffer);
  std::array<guint8, 16> header{};
  if (media_bytes_left_ > 0) {
    media_bytes_left_ -= std::min(media_bytes_left_, size);
    ends_fragment_ = media_bytes_left_ == 0;
    return;
  }
  ends_fragment_ = false;
  const gsize bytes = gst_buffer_extract(buffer, 0, header.data(), header.size());
  if (bytes < 8 || be32(std::span(header).subspan(4)) != kMdat) return;
  std::uint64_t box_size = be32(header);
  if (box_size == 1 && bytes == header.size()) box_size = be64(std::span(header).subspan(8));
  media_bytes_left_ = box_size - std::min(box_size, size);
}

Ref<GstBuffer> HeaderPolish::polish(Ref<GstBuffer> buffer) {
  if (format_ == Format::mp4) follow_fragments(buffer.get());
  if (format_ == Format::mp4 && is_mp4_box(buffer.get(), kMoov))
    return rewritten(std::move(buffer), [&](std::string_view moov) {
      return with_edit_lists(with_opus_in_network_order(moov), starts_());
    });
  in_flv_header_ = in_flv_header_ && format_ == Format::flv && !is_flv_media(buffer.get());
  return in_flv_header_ ? rewritten(std::move(buffer), with_short_flv_filler) : buffer;
}

}  // namespace rec
