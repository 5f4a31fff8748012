// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/cmaf_init.h"

#include <algorithm>

#include "core/model/mp4_boxes.h"

namespace rec {
namespace {

constexpr std::uint32_t kUndetermined = 0x55c40000;  // language "und", ISO 639-2/T packed, and 16 bits
constexpr std::uint32_t kOne = 0x10000;              // 16.16
constexpr std::uint32_t kLowestMpeg1Rate = 32000;    // of layer III; below it MPEG-2

std::string box(std::string_view type, const std::string &payload) { return box_of(fourcc(type), payload); }

// A payload that is built of numbers.
class Payload {
 public:
  Payload &u8(std::uint32_t v) {
    text_ += static_cast<char>(v);
    return *this;
  }
  Payload &u16(std::uint32_t v) { return u8(v >> 8).u8(v & 0xff); }
  Payload &u32(std::uint32_t v) {
    put32(text_, v);
    return *this;
  }
  Payload &zeros(std::size_t n) {
    text_.append(n, '\0');
    return *this;
  }
  Payload &text(std::string_view t) {
    text_ += t;
    return *this;
  }
  std::string done() { return std::move(text_); }

 private:
  std::string text_;
};

// The 3x3 matrix that changes nothing, ISO/IEC 14496-12 8.3.2.
Payload &put_matrix(Payload &to) { return to.u32(kOne).zeros(12).u32(kOne).zeros(12).u32(0x40000000); }

// A descriptor with its size, ISO/IEC 14496-1 8.3.3; always four bytes of size, as most writers have it.
std::string descriptor(std::uint32_t tag, const std::string &payload) {
  Payload d;
  d.u8(tag);
  for (const unsigned shift : {21U, 14U, 7U})
    d.u8(0x80U | (static_cast<std::uint32_t>(payload.size() >> shift) & 0x7f));
  return d.u8(payload.size() & 0x7f).text(payload).done();
}

// ISO/IEC 14496-14 5.6, 14496-1 7.2.6.
std::string elementary_stream(const CmafTrack &track) {
  constexpr std::uint32_t kAac = 0x40, kMp3OfMpeg1 = 0x6b, kMp3OfMpeg2 = 0x69, kAudioStream = 0x15;
  const std::uint32_t mp3 = track.rate < kLowestMpeg1Rate ? kMp3OfMpeg2 : kMp3OfMpeg1;
  Payload config;
  config.u8(track.codec == CmafTrack::Codec::aac ? kAac : mp3).u8(kAudioStream);
  config.zeros(3 + 4 + 4);  // buffer size and bit rates are not known
  if (!track.config.empty()) config.text(descriptor(5, track.config));
  Payload stream;
  stream.u16(0).u8(0).text(descriptor(4, config.done())).text(descriptor(6, std::string(1, '\2')));
  return box("esds", Payload().u32(0).text(descriptor(3, stream.done())).done());
}

std::string sample_entry(const CmafTrack &track) {
  Payload entry;
  entry.zeros(6).u16(1);  // the data is in this file
  if (!track.is_video()) {
    entry.zeros(8).u16(track.channels).u16(16).zeros(4);
    entry.u16(track.rate <= 0xffff ? track.rate : 0).u16(0);
    return box("mp4a", entry.text(elementary_stream(track)).done());
  }
  constexpr std::uint32_t k72Dpi = 0x480000, kColour = 24;
  entry.zeros(16).u16(track.width).u16(track.height).u32(k72Dpi).u32(k72Dpi).zeros(4).u16(1).zeros(32);
  entry.u16(kColour).u16(0xffff);
  const bool is_h264 = track.codec == CmafTrack::Codec::h264;
  entry.text(box(is_h264 ? "avcC" : "hvcC", track.config));
  return box(is_h264 ? "avc1" : "hvc1", entry.done());
}

std::string sample_table(const CmafTrack &track) {
  const std::string none = Payload().zeros(8).done();
  return box("stbl", box("stsd", Payload().u32(0).u32(1).text(sample_entry(track)).done()) +
                         box("stts", none) + box("stsc", none) + box("stsz", Payload().zeros(12).done()) +
                         box("stco", none));
}

std::string media(const CmafTrack &track) {
  const std::string times = Payload().zeros(12).u32(kCmafTimescale).u32(0).u32(kUndetermined).done();
  const std::string handler = Payload()
                                  .zeros(8)
                                  .text(track.is_video() ? "vide" : "soun")
                                  .zeros(12)
                                  .text(track.is_video() ? "VideoHandler" : "SoundHandler")
                                  .zeros(1)
                                  .done();
  const std::string kind = track.is_video() ? box("vmhd", Payload().u32(1).zeros(8).done())
                                            : box("smhd", Payload().zeros(8).done());
  const std::string here = box("url ", Payload().u32(1).done());
  const std::string data = box("dinf", box("dref", Payload().u32(0).u32(1).text(here).done()));
  return box("mdia",
             box("mdhd", times) + box("hdlr", handler) + box("minf", kind + data + sample_table(track)));
}

std::string track_box(const CmafTrack &track, std::uint32_t id) {
  constexpr std::uint32_t kEnabledInMovieAndPreview = 7;
  Payload header;
  header.u32(kEnabledInMovieAndPreview).zeros(8).u32(id).zeros(4 + 4 + 8).zeros(4);
  header.u16(track.is_video() ? 0 : 0x100).u16(0);  // volume
  put_matrix(header).u32(track.width * kOne).u32(track.height * kOne);
  return box("trak", box("tkhd", header.done()) + media(track));
}

}  // namespace

std::string write_cmaf_init(const std::vector<CmafTrack> &tracks) {
  const auto ids = static_cast<std::uint32_t>(tracks.size());
  Payload movie;
  movie.zeros(12).u32(kCmafTimescale).u32(0).u32(kOne).u16(0x100).zeros(10);
  put_matrix(movie).zeros(24).u32(ids + 1);
  std::string moov = box("mvhd", movie.done());
  std::string defaults;
  for (std::uint32_t id = 1; id <= ids; ++id) {
    moov += track_box(tracks[id - 1], id);
    defaults += box("trex", Payload().u32(0).u32(id).u32(1).zeros(12).done());
  }
  moov += box("mvex", defaults);
  return box("ftyp", Payload().text("iso6").u32(0).text("iso6mp41").done()) + box("moov", moov);
}

}  // namespace rec
