// SPDX-License-Identifier: LGPL-2.1-or-later
// What tests of recsink on a bad disk have in common.
#pragma once
#include <gtest/gtest.h>

#include <algorithm>

#include "core/model/container_repair.h"
#include "core/model/mp4_boxes.h"
#include "tests/common/bus.h"
#include "tests/common/disk_faults.h"
#include "tests/common/ffprobe.h"
#include "tests/common/publisher.h"
#include "tests/common/temp_dir.h"

namespace rec::test {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Messages = std::vector<Ref<GstMessage>>;

template <typename Condition>
inline bool comes_true(Condition condition, milliseconds deadline = kDeadline) {
  const auto until = std::chrono::steady_clock::now() + deadline;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    g_thread_yield();
  }
  return true;
}

template <typename F>
inline milliseconds time_of(F f) {
  const auto begin = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begin);
}

// What recsink says, as it says it.
class Listener {
 public:
  explicit Listener(const Publisher &publisher)
      : bus_(Ref<GstBus>::adopt(gst_element_get_bus(publisher.pipeline()))) {}

  // Takes messages until one of that name came, or with EOS and NULL those types; false at the deadline.
  bool wait_for(const std::string &name, milliseconds deadline = kDeadline) {
    return comes_true(
        [&] {
          while (auto message = Ref<GstMessage>::adopt(gst_bus_pop(bus_.get()))) {
            EXPECT_NE(GST_MESSAGE_TYPE(message.get()), GST_MESSAGE_ERROR) << "the pipeline must go on";
            messages_.push_back(message);
            const bool is_eos = name == "EOS" && GST_MESSAGE_TYPE(message.get()) == GST_MESSAGE_EOS;
            if (is_eos || (gst_message_get_structure(message.get()) &&
                           gst_message_has_name(message.get(), name.c_str())))
              return true;
          }
          return false;
        },
        deadline);
  }
  std::vector<const GstStructure *> named(const std::string &name) const {
    Messages elements;
    for (const auto &message : messages_)
      if (gst_message_get_structure(message.get())) elements.push_back(message);
    return structures_named(elements, name);
  }
  std::vector<std::string> warnings() const {
    std::vector<std::string> texts;
    for (const auto &message : messages_) {
      if (GST_MESSAGE_TYPE(message.get()) != GST_MESSAGE_WARNING) continue;
      ErrorOut e;
      gst_message_parse_warning(message.get(), e.out(), nullptr);
      texts.emplace_back(e->message);
    }
    return texts;
  }

 private:
  Ref<GstBus> bus_;
  Messages messages_;
};

inline std::vector<std::string> closed_files(const Listener &listener, const std::string &format) {
  std::vector<std::string> files;
  for (const GstStructure *s : listener.named("recsink-file-closed"))
    if (string_field(s, "format") == format) files.push_back(string_field(s, "location"));
  return files;
}

// A file as it is at the moment.
class RandomAccess {
 public:
  explicit RandomAccess(const std::string &path)
      : bytes_(std::filesystem::exists(path) ? read_file(path) : "") {}
  ByteSource source() const {
    return {.size = bytes_.size(), .read = [this](std::uint64_t offset, std::span<std::uint8_t> out) {
              if (offset + out.size() > bytes_.size()) return false;
              std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
              return true;
            }};
  }

 private:
  std::string bytes_;
};

// ingested = stored + pending + dropped
inline void expect_every_frame_accounted_for(GstElement *element, const char *format) {
  GstStructure *raw = nullptr;
  g_object_get(element, "stats", &raw, nullptr);
  const StructurePtr stats(raw);
  GstStructure *frames_raw = nullptr;
  ASSERT_TRUE(gst_structure_get(stats.get(), format, GST_TYPE_STRUCTURE, &frames_raw, nullptr));
  const StructurePtr frames(frames_raw);
  guint64 sum = 0;
  for (int i = 0; i < gst_structure_n_fields(frames.get()); ++i) {
    const char *name = gst_structure_nth_field_name(frames.get(), static_cast<guint>(i));
    if (std::string(name) != "ingested") sum += uint64_field(frames.get(), name);
  }
  EXPECT_EQ(sum, uint64_field(frames.get(), "ingested")) << gst_structure_to_string(frames.get());
}

inline guint64 dropped_by_failure(GstElement *element, const char *format) {
  GstStructure *raw = nullptr;
  g_object_get(element, "stats", &raw, nullptr);
  const StructurePtr stats(raw);
  GstStructure *frames_raw = nullptr;
  EXPECT_TRUE(gst_structure_get(stats.get(), format, GST_TYPE_STRUCTURE, &frames_raw, nullptr));
  const StructurePtr frames(frames_raw);
  return uint64_field(frames.get(), "dropped-file-failed");
}

inline VideoSpec video_of(unsigned frames) {
  VideoSpec spec;
  spec.frames = frames;
  return spec;
}
inline AudioSpec audio_of(unsigned frames) {
  AudioSpec spec;
  spec.frames = frames;
  return spec;
}

inline std::map<std::string, Media> stretch(seconds from, seconds to) {
  return {{"video", video(video_of(1000)).part(from, to, from)},
          {"audio_0", audio(audio_of(1875)).part(from, to, from)}};
}

}  // namespace rec::test
