// SPDX-License-Identifier: LGPL-2.1-or-later
// A recording by recsink, and the comparison of what was sent with what all its files together hold.
#pragma once
#include <gtest/gtest.h>

#include <sstream>

#include "tests/common/bus.h"
#include "tests/common/command.h"
#include "tests/common/ffprobe.h"
#include "tests/common/publisher.h"
#include "tests/common/temp_dir.h"

namespace rec::test {

// Everything that came on the bus until the recorder's EOS, which all tracks are ended for.
inline std::vector<Ref<GstMessage>> finish_recording(Publisher &publisher) {
  publisher.end_all();
  std::vector<Ref<GstMessage>> messages;
  const auto bus = Ref<GstBus>::adopt(gst_element_get_bus(publisher.pipeline()));
  for (;;) {
    auto message = Ref<GstMessage>::adopt(gst_bus_timed_pop_filtered(
        bus.get(), static_cast<GstClockTime>(std::chrono::nanoseconds(kDeadline).count()), GST_MESSAGE_ANY));
    if (!message) {
      ADD_FAILURE() << "no EOS";
      return messages;
    }
    const GstMessageType type = GST_MESSAGE_TYPE(message.get());
    EXPECT_NE(type, GST_MESSAGE_ERROR);
    if (type == GST_MESSAGE_EOS) return messages;
    messages.push_back(std::move(message));
  }
}

// Texts of the WARNING messages, joined.
inline std::string warnings_in(const std::vector<Ref<GstMessage>> &messages) {
  std::string text;
  for (const auto &message : messages) {
    if (GST_MESSAGE_TYPE(message.get()) != GST_MESSAGE_WARNING) continue;
    ErrorOut e;
    gst_message_parse_warning(message.get(), e.out(), nullptr);
    text += std::string(e->message) + "\n";
  }
  return text;
}

// Final names of the files of one format, in the order in which they were begun.
inline std::vector<std::string> files_of(const std::vector<Ref<GstMessage>> &messages,
                                         const std::string &format) {
  std::map<guint, std::string> by_id;
  for (const GstStructure *s : structures_named(messages, "recsink-file-closed"))
    if (string_field(s, "format") == format)
      by_id[uint_field(s, "fragment-id")] = string_field(s, "location");
  std::vector<std::string> files;
  for (const auto &[id, path] : by_id) files.push_back(path);
  return files;
}

using Hashes = std::vector<std::string>;  // of frames, in order

// As ffprobe writes them for packets.
inline Hashes hashes_sent(const std::vector<Media> &parts) {
  Hashes hashes;
  for (const Media &part : parts)
    for (const MediaUnit &unit : part.units) {
      const MappedBuffer map(unit.buffer.get());
      const CString sum(g_compute_checksum_for_data(G_CHECKSUM_MD5, map.data(), map.size()));
      hashes.push_back(std::string("MD5:") + sum.get());
    }
  return hashes;
}

inline Hashes hashes_stored(const std::vector<std::string> &files, const std::string &kind) {
  Hashes hashes;
  for (const std::string &file : files) {
    Packets packets = packets_of(file);
    for (const Packet &packet : packets[kind]) hashes.push_back(packet.hash);
  }
  return hashes;
}

// Packets and decoded frames of one stream.
struct Decoded {
  std::string codec;
  unsigned long packets = 0;
  unsigned long frames = 0;
};
// All streams of a file by kind; decodes everything. A test failure when the decoder says anything.
inline std::map<std::string, Decoded> decoded(const std::string &file) {
  std::map<std::string, Decoded> streams;
  const CommandResult result = run_command(
      {"ffprobe", "-v", "warning", "-count_frames", "-count_packets", "-show_entries",
       "stream=codec_name,codec_type,nb_read_frames,nb_read_packets", "-of", "compact=p=0:nk=1", file});
  EXPECT_EQ(result.exit_code, 0) << file;
  std::string complaints;
  std::istringstream err(result.err);
  for (std::string line; std::getline(err, line);)
    if (line.find("Estimating duration from bitrate") == std::string::npos) complaints += line + "\n";
  EXPECT_EQ(complaints, "") << file;
  std::istringstream out(result.out);
  for (std::string line; std::getline(out, line);) {
    char codec[32] = "";
    char kind[32] = "";
    Decoded stream;
    if (std::sscanf(line.c_str(), "%31[^|]|%31[^|]|%lu|%lu", codec, kind, &stream.frames, &stream.packets) !=
        4)
      continue;
    stream.codec = codec;
    Decoded &known = streams[kind];
    known.codec += (known.codec.empty() ? "" : "+") + stream.codec;
    known.frames += stream.frames;
    known.packets += stream.packets;
  }
  return streams;
}

}  // namespace rec::test
