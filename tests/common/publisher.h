// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "gst/common/gst_ptr.h"

namespace rec::test {

// Encoded media in memory, to be sent with whatever timestamps a test wants.
struct MediaUnit {
  Ref<GstBuffer> buffer;
  Nanoseconds pts;
  Nanoseconds dts;
  Nanoseconds duration;
  bool keyframe;
};
struct Media {
  Ref<GstCaps> caps;
  std::vector<MediaUnit> units;  // in decoding order, from 0

  Nanoseconds end() const;
  // Units whose DTS is in [from, to), moved so that the first one's DTS is `at`.
  Media part(Nanoseconds from, Nanoseconds to, Nanoseconds at) const;
  Media moved(Nanoseconds by) const;
};

struct VideoSpec {
  std::string codec = "h264";  // or "h265", "mpeg4"
  unsigned width = 160;
  unsigned height = 120;
  unsigned fps = 25;
  unsigned frames = 150;
  unsigned gop = 25;
  unsigned bframes = 0;  // H.264 only
  std::string options;   // of the encoder element: "ref=3 cabac=false"
  std::string profile;   // asked of the encoder: "baseline"
};
// Each frame differs from all others. Encoded once per process and spec.
const Media &video(const VideoSpec &spec = {});

struct AudioSpec {
  unsigned rate = 48000;
  unsigned channels = 1;
  unsigned frames = 282;      // of 1024 samples
  bool is_silent = false;     // all frames but the first ones have one size
  std::string codec = "aac";  // or "mp3", "opus" (48 kHz, frames of 960 samples)
};
const Media &audio(const AudioSpec &spec = {});

// One element in a pipeline of its own, fed through its request pads from the calling thread only, as a
// demuxer without queues would: media of all tracks in one order of DTS.
class Publisher {
 public:
  // `launch`: gst_parse_launch text of the element ("recsink formats=flv location=..."). Goes to PLAYING.
  explicit Publisher(const std::string &launch);
  explicit Publisher(Ref<GstElement> element);
  ~Publisher();  // NULL

  GstElement *pipeline() const { return pipeline_.get(); }
  GstElement *element() const { return element_.get(); }

  // Requests the pad and links it; nothing is sent yet.
  void connect(const std::string &pad);
  void disconnect(const std::string &pad);
  // Stream start, caps and a time segment from 0.
  void begin(const std::string &pad, const Ref<GstCaps> &caps);
  void caps(const std::string &pad, const Ref<GstCaps> &caps);
  // Sends the media of every pad, interleaved by DTS. Pads that were not begun are begun. `edit` may change
  // each buffer before it is sent; false leaves it out.
  using Edit = std::function<bool(const std::string &pad, GstBuffer *buffer)>;
  void send(const std::map<std::string, Media> &media, const Edit &edit = nullptr);
  void send_list(const std::string &pad, const Media &media);  // as one buffer list; begins the pad
  void event(const std::string &pad, GstEvent *event);
  void end(const std::string &pad);  // EOS
  void end_all();
  void resume();  // media goes on after a flush of the end: no pad is begun again

  bool may_be_stopped = false;  // another thread sets the pipeline to NULL while send() is at work

 private:
  void begin_for(const std::string &pad, const Media &media);
  struct Pad {
    Ref<GstPad> source;
    bool begun = false;
    Ref<GstCaps> caps;
  };
  Ref<GstElement> pipeline_;
  Ref<GstElement> element_;
  std::map<std::string, Pad> pads_;
};

}  // namespace rec::test
