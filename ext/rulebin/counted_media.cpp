// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ext/rulebin/counted_media.h"

#include <algorithm>
#include <string>
#include <string_view>

namespace rec {
namespace {

std::uint64_t count_in(const GstStructure *s, const char *field) {
  guint64 count = 0;
  gst_structure_get_uint64(s, field, &count);
  return count;
}

const GstStructure *structure_in(const GstStructure *s, const char *field) {
  const GValue *value = gst_structure_get_value(s, field);
  return value && GST_VALUE_HOLDS_STRUCTURE(value) ? gst_value_get_structure(value) : nullptr;
}

// Its fields `dropped-...`.
void read_drops(const GstStructure *s, const std::string &format, MediaCounts::Drops &drops) {
  constexpr std::string_view kDropped = "dropped-";
  for (gint i = 0; i < gst_structure_n_fields(s); ++i) {
    const std::string_view field = gst_structure_nth_field_name(s, static_cast<guint>(i));
    if (!field.starts_with(kDropped) || field == "dropped-not-recording") continue;
    const std::uint64_t frames = count_in(s, field.data());
    if (frames > 0) drops[{format, std::string(field.substr(kDropped.size()))}] += frames;
  }
}

}  // namespace

CountedMedia read_counted_media(const GstStructure *stats) {
  CountedMedia counted;
  read_drops(stats, "hls", counted.counts.drops);  // recsink has them by format
  for (const char *format : {"flv", "mp4", "aac", "mp3"})
    if (const GstStructure *own = structure_in(stats, format)) read_drops(own, format, counted.counts.drops);
  const GstStructure *intake = structure_in(stats, "intake");
  if (!intake) return counted;
  read_drops(intake, "", counted.counts.drops);
  counted.counts.video_frames = count_in(intake, "video-frames");
  counted.counts.audio_frames = count_in(intake, "audio-frames");
  counted.counts.bytes = count_in(intake, "bytes");
  if (gst_structure_has_field(intake, "silent-for"))
    counted.silent_for = Nanoseconds(static_cast<gint64>(count_in(intake, "silent-for")));
  return counted;
}

CountedMedia count_media(const std::vector<Ref<GstElement>> &recorders) {
  CountedMedia all;
  for (const auto &recorder : recorders) {
    GstStructure *raw = nullptr;
    g_object_get(recorder.get(), "stats", &raw, nullptr);
    const StructurePtr stats(raw);
    if (!stats) continue;
    const CountedMedia one = read_counted_media(stats.get());
    all.counts = side_by_side(std::move(all.counts), one.counts);
    if (one.silent_for) all.silent_for = std::min(all.silent_for.value_or(*one.silent_for), *one.silent_for);
  }
  return all;
}

}  // namespace rec
