// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <optional>
#include <string>

#include "gst/common/frame.h"
#include "gst/common/tags.h"

namespace rec {

// Parsed media of one pad. Running times are nanoseconds and may be negative (DTS of B-frame streams).
struct ParsedBuffer {
  Ref<GstBuffer> buffer;
  Ref<GstCaps> caps;
  std::optional<Nanoseconds> dts;  // running time
  std::optional<Nanoseconds> pts;  // running time
  std::optional<UtcTime> sent_at;  // by the sender's clock, where the stream carries it
  bool repeats = false;            // a frame that came with the timestamp of the one before
};

// What a TrackInput reports, always on the streaming thread of its pad.
class TrackListener {
 public:
  virtual ~TrackListener() = default;
  virtual void on_stream_start(std::size_t track) = 0;  // media comes, perhaps again after an EOS
  virtual void on_media(std::size_t track, ParsedBuffer media) = 0;
  virtual void on_tags(std::size_t track, Ref<GstTagList> tags) = 0;  // instead of those of the same scope
  virtual void on_gap(std::size_t track, Nanoseconds until) = 0;  // nothing comes before this running time
  // The source is not live: it can wait for the disk. Returns when it has, or when the pad is flushing.
  virtual void on_source_can_wait(GstPad *pad) = 0;
  virtual void on_eos(std::size_t track, guint32 seqnum) = 0;
  virtual void on_refused(std::size_t track,
                          const std::string &reason) = 0;      // nothing of this caps is recorded
  virtual void on_dropped(std::size_t track, bool empty) = 0;  // a buffer: without bytes, or refused
  virtual void on_flush(std::size_t track) = 0;                // what comes now does not follow what came
};

// Whole frames in the stream format that a family of containers wants.
enum class StreamFormat {
  packetized,   // H.264 avc, H.265 hvc1, AAC raw: FLV and MP4
  byte_stream,  // parameter sets in band before every keyframe, AAC ADTS: MPEG-TS
};

// A recorder's sink pad with the parser behind it: any framing of a known codec comes in, frames of one
// StreamFormat come out. A codec change exchanges the parser. The pad never blocks and never fails: what
// cannot be recorded is refused through the listener and dropped, so that nothing upstream stops.
//
// Created and destroyed with the pad by the element (application threads); everything else is the streaming
// thread's.
class TrackInput {
 public:
  // Adds the pad to `bin`. `listener` outlives this.
  TrackInput(GstBin *bin, GstPadTemplate *pad_template, const char *pad_name, MediaKind kind,
             std::size_t track, StreamFormat format, TrackListener &listener);
  ~TrackInput();  // takes parser and pad out of the bin
  TrackInput(const TrackInput &) = delete;
  TrackInput &operator=(const TrackInput &) = delete;

  // Forgets the stream, so that the pad can be used again. With the pad inactive or its streaming thread
  // stopped.
  void reset() { drop_parser(); }
  // What comes out from now on. With the pad inactive, after reset().
  void set_format(StreamFormat format) { format_ = format; }

  GstPad *pad() const { return pad_.get(); }
  std::size_t track() const { return track_; }
  MediaKind kind() const { return kind_; }

 private:
  void install_pad_functions();
  GstFlowReturn take(Ref<GstBuffer> buffer);
  bool take_event(Ref<GstEvent> event);
  void set_caps(GstCaps *caps);
  void take_segment(const GstSegment *segment);
  bool make_parser(const char *factory);
  void drop_parser();
  bool source_can_wait();
  void refuse(const std::string &reason);
  void take_parsed(Ref<GstBuffer> buffer);
  bool take_parsed_event(GstEvent *event);
  std::optional<Nanoseconds> running_time(GstClockTime time) const;
  void read_sender_clock(GstBuffer *buffer);
  std::optional<UtcTime> sent_at(GstClockTime pts) const;

  GstBin *bin_;  // borrowed: owns us
  const MediaKind kind_;
  const std::size_t track_;
  StreamFormat format_;
  TrackListener &listener_;
  Ref<GstPad> pad_;    // in the bin
  Ref<GstPad> feed_;   // ours, linked to the parser's sink pad
  Ref<GstPad> drain_;  // ours, linked from the parser's source pad
  Ref<GstElement> parser_;
  std::string codec_;                             // that the parser was made for
  std::string refused_;                           // last reason given, so that each is given once
  Ref<GstCaps> caps_;                             // of what the parser gives
  GstSegment segment_{};                          // of what the parser gives
  Ref<GstEvent> segment_event_;                   // for the parser
  bool has_time_ = true;                          // the segment is one that can be recorded
  bool ended_ = false;                            // EOS came; a new stream needs a fresh parser
  std::optional<bool> can_wait_;                  // the source; nullopt: not asked yet
  bool is_packetized_ = false;                    // what comes in is whole frames whose flags count
  GstClockTime last_time_ = GST_CLOCK_TIME_NONE;  // of the buffer that came
  bool repeats_ = false;                          // the buffer that is parsed came for the same
  bool is_delta_ = false;                         // the buffer that is being parsed
  // What the sender's clock showed at a timestamp: parsers do not keep it.
  struct SenderClock {
    GstClockTime pts;
    UtcTime time;
  };
  std::optional<SenderClock> sender_clock_;
};

// Pad template caps of everything that a TrackInput takes.
const char *video_input_caps();
const char *audio_input_caps();

}  // namespace rec
