// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/common/in_band_sets.h"

#include <optional>
#include <string>

#include "core/model/parameter_sets.h"

namespace rec {
namespace {

struct Framing {
  NalCodec codec;
  const char *parser;
  const char *media_type;
  const char *stream_format;  // of the packetized framing
};
constexpr Framing kFramings[] = {{NalCodec::h264, "h264parse", "video/x-h264", "avc"},
                                 {NalCodec::h265, "h265parse", "video/x-h265", "hvc1"}};

const Framing *framing_of(const GstStructure *s) {
  for (const Framing &framing : kFramings)
    if (gst_structure_has_name(s, framing.media_type) &&
        g_strcmp0(gst_structure_get_string(s, "stream-format"), framing.stream_format) == 0)
      return &framing;
  return nullptr;
}

std::span<const std::uint8_t> bytes_of(const MappedBuffer &map) { return {map.data(), map.size()}; }

// A parser of its own, between two pads of ours. What it says of one frame.
class Probe {
 public:
  explicit Probe(const Framing &framing)
      : parser_(Ref<GstElement>::sink(gst_element_factory_make(framing.parser, nullptr))),
        wanted_(Ref<GstCaps>::adopt(gst_caps_new_simple(framing.media_type, "stream-format", G_TYPE_STRING,
                                                        framing.stream_format, "alignment", G_TYPE_STRING,
                                                        "au", nullptr))),
        feed_(Ref<GstPad>::sink(gst_pad_new(nullptr, GST_PAD_SRC))),
        drain_(Ref<GstPad>::sink(gst_pad_new(nullptr, GST_PAD_SINK))) {
    gst_pad_set_element_private(drain_.get(), this);
    gst_pad_set_chain_function(drain_.get(), [](GstPad *, GstObject *, GstBuffer *buffer) {
      gst_buffer_unref(buffer);
      return GST_FLOW_OK;
    });
    gst_pad_set_query_function(drain_.get(), [](GstPad *pad, GstObject *parent, GstQuery *query) -> gboolean {
      if (GST_QUERY_TYPE(query) != GST_QUERY_CAPS) return gst_pad_query_default(pad, parent, query);
      gst_query_set_caps_result(query, static_cast<Probe *>(gst_pad_get_element_private(pad))->wanted_.get());
      return TRUE;
    });
  }
  ~Probe() {
    if (parser_) gst_element_set_state(parser_.get(), GST_STATE_NULL);
    for (GstPad *pad : {feed_.get(), drain_.get()}) {
      if (const auto peer = Ref<GstPad>::adopt(gst_pad_get_peer(pad)))
        pad == feed_.get() ? gst_pad_unlink(pad, peer.get()) : gst_pad_unlink(peer.get(), pad);
      gst_pad_set_active(pad, FALSE);
    }
  }
  Probe(const Probe &) = delete;
  Probe &operator=(const Probe &) = delete;

  Ref<GstCaps> describe(const Framing &framing, const std::string &bytes) {
    if (!parser_) return {};
    const auto sink = Ref<GstPad>::adopt(gst_element_get_static_pad(parser_.get(), "sink"));
    const auto source = Ref<GstPad>::adopt(gst_element_get_static_pad(parser_.get(), "src"));
    gst_pad_set_active(feed_.get(), TRUE);
    gst_pad_set_active(drain_.get(), TRUE);
    gst_pad_link(feed_.get(), sink.get());
    gst_pad_link(source.get(), drain_.get());
    gst_element_set_state(parser_.get(), GST_STATE_PLAYING);
    const auto caps =
        Ref<GstCaps>::adopt(gst_caps_new_simple(framing.media_type, "stream-format", G_TYPE_STRING,
                                                "byte-stream", "alignment", G_TYPE_STRING, "au", nullptr));
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    gst_pad_push_event(feed_.get(), gst_event_new_stream_start("probe"));
    gst_pad_push_event(feed_.get(), gst_event_new_caps(caps.get()));
    gst_pad_push_event(feed_.get(), gst_event_new_segment(&segment));
    gst_pad_push(feed_.get(), gst_buffer_new_memdup(bytes.data(), bytes.size()));
    gst_pad_push_event(feed_.get(), gst_event_new_eos());
    return Ref<GstCaps>::adopt(gst_pad_get_current_caps(drain_.get()));
  }

 private:
  Ref<GstElement> parser_;
  Ref<GstCaps> wanted_;
  Ref<GstPad> feed_;
  Ref<GstPad> drain_;
};

}  // namespace

Ref<GstCaps> caps_with_sets_of(GstBuffer *frame, const Ref<GstCaps> &caps) {
  const GstStructure *s = caps ? gst_caps_get_structure(caps.get(), 0) : nullptr;
  const Framing *framing = s ? framing_of(s) : nullptr;
  const GValue *config = framing ? gst_structure_get_value(s, "codec_data") : nullptr;
  if (!config || !GST_VALUE_HOLDS_BUFFER(config)) return caps;
  const MappedBuffer config_map(gst_value_get_buffer(config));
  const MappedBuffer frame_map(frame);
  if (!config_map || !frame_map) return caps;
  if (!brings_foreign_sets(framing->codec, bytes_of(frame_map), bytes_of(config_map))) return caps;

  const auto described = Probe(*framing).describe(
      *framing, with_start_codes(framing->codec, bytes_of(frame_map), bytes_of(config_map)));
  if (!described) return caps;
  auto changed = Ref<GstCaps>::adopt(gst_caps_copy(caps.get()));
  const GstStructure *own = gst_caps_get_structure(described.get(), 0);
  for (const char *field : {"codec_data", "width", "height", "profile", "level", "tier", "chroma-format",
                            "bit-depth-luma", "bit-depth-chroma"})
    if (const GValue *value = gst_structure_get_value(own, field))
      gst_caps_set_value(changed.get(), field, value);
  return changed;
}

}  // namespace rec
