// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/common/recorder_bin.h"

#include <gst/video/video-event.h>

#include <algorithm>
#include <utility>

#include "gst/common/messages.h"

GST_DEBUG_CATEGORY_EXTERN(rec_recorder_debug);
#define GST_CAT_DEFAULT rec_recorder_debug

namespace rec {
namespace {

constexpr Nanoseconds kLongestClose = std::chrono::seconds(10);

std::string text_of(GstMessage *message) {
  ErrorOut e;
  CString debug;
  gchar *raw_debug = nullptr;
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR)
    gst_message_parse_error(message, e.out(), &raw_debug);
  else
    gst_message_parse_warning(message, e.out(), &raw_debug);
  debug.reset(raw_debug);
  return std::string(GST_MESSAGE_SRC_NAME(message)) + ": " + (e ? e->message : "failed") +
         (debug ? std::string(" (") + debug.get() + ")" : "");
}

}  // namespace

RecorderBin::Section::Section(RecorderBin &bin) : bin_(bin) { bin_.mutex_.lock(); }

RecorderBin::Section::~Section() {
  const std::vector<std::function<void()>> calls = std::exchange(bin_.later_, {});
  std::vector<ExceptionReport> reports;
  if (!bin_.eos_seqnum_) reports = bin_.exceptions_.due(bin_.intake_.line_end());  // else post_eos() does
  bin_.mutex_.unlock();
  if (!reports.empty()) bin_.post_exceptions(reports);
  for (const auto &call : calls) call();
}

RecorderBin::RecorderBin(GstBin *bin, StreamFormat format, IntakeSettings settings)
    : bin_(bin),
      format_(format),
      writers_(std::make_shared<WriterGroup>(bin)),
      intake_(settings, [this](ExceptionType type, const std::string &track, std::string text)
                            REC_TSA(no_thread_safety_analysis) { report(type, track, std::move(text)); }),
      record_([this](const Frame &frame) REC_TSA(no_thread_safety_analysis) { record(frame); }) {
  // What is inside comes and goes; that this is a sink does not.
  gst_bin_set_suppressed_flags(bin,
                               static_cast<GstElementFlags>(GST_ELEMENT_FLAG_SINK | GST_ELEMENT_FLAG_SOURCE));
  GST_OBJECT_FLAG_SET(bin, GST_ELEMENT_FLAG_SINK);
}

RecorderBin::~RecorderBin() = default;

bool RecorderBin::pad_is_taken(const std::string &name) {
  for (const auto &input : inputs_)
    if (name == GST_PAD_NAME(input->pad())) return true;
  return false;
}

GstPad *RecorderBin::request_pad(GstPadTemplate *pad_template, const char *name) {
  const std::string template_name = GST_PAD_TEMPLATE_NAME_TEMPLATE(pad_template);
  const bool video = template_name == "video";
  const bool numbered = template_name == "audio_%u";
  std::string pad_name = !numbered ? template_name : name ? name : "audio_0";
  std::size_t track = 0;
  StreamFormat format{};
  {
    MutexLock lock(mutex_);
    format = format_;
    for (unsigned i = 1; numbered && !name && pad_is_taken(pad_name); ++i)
      pad_name = "audio_" + std::to_string(i);
    if (pad_is_taken(pad_name)) return nullptr;
    track = intake_.add_track(video ? MediaKind::video : MediaKind::audio, pad_name);
  }
  std::unique_ptr<TrackInput> input(new TrackInput(bin_, pad_template, pad_name.c_str(),
                                                   video ? MediaKind::video : MediaKind::audio, track, format,
                                                   *this));
  GstPad *pad = input->pad();
  MutexLock lock(mutex_);
  inputs_.push_back(std::move(input));
  return pad;
}

void RecorderBin::release_pad(GstPad *pad) {
  std::unique_ptr<TrackInput> gone;  // destroyed without the lock: waits for the pad's streaming thread
  Section section(*this);
  for (auto it = inputs_.begin(); it != inputs_.end(); ++it) {
    if ((*it)->pad() != pad) continue;
    gone = std::move(*it);
    inputs_.erase(it);
    intake_.remove_track(gone->track());
    if (!in_session_) return;
    if (!inputs_.empty()) return end_push_if_all_ended();
    intake_.drain(record_);
    intake_.end_push();
    return pads_gone();
  }
}

void RecorderBin::set_stream_format(StreamFormat format) {
  format_ = format;
  for (const auto &input : inputs_) input->set_format(format);
}

Status RecorderBin::begin_session() {
  Section section(*this);
  intake_.reset();
  exceptions_ = ExceptionLog();
  eos_seqnum_.reset();
  REC_CHECK(start());
  in_session_ = true;
  return ok();
}

void RecorderBin::end_session() {
  {
    Section section(*this);  // the pads are inactive: no streaming thread is here
    intake_.drain(record_);
    stop();
    in_session_ = false;
    for (const auto &input : inputs_) input->reset();
    later([this, reports = exceptions_.drain()] { post_exceptions(reports); });
  }
  if (!writers_->wait_empty(kLongestClose))
    GST_ELEMENT_WARNING(bin_, RESOURCE, WRITE,
                        ("The disk is too slow: a recording is still being completed."), (nullptr));
}

GstStateChangeReturn RecorderBin::change_state(GstStateChange transition,
                                               const std::function<GstStateChangeReturn()> &chain_up) {
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED) {
    const Status started = begin_session();
    if (!started) {
      post_error(bin_, started.error());
      return GST_STATE_CHANGE_FAILURE;
    }
  }
  const GstStateChangeReturn result = chain_up();
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) end_session();
  return result;
}

void RecorderBin::end_all(guint32 seqnum) {
  Section section(*this);
  for (const auto &input : inputs_) intake_.end(input->track());
  eos_seqnum_ = seqnum;
  end_push_if_all_ended();
}

void RecorderBin::handle_child_message(GstMessage *message) {
  const auto owned = Ref<GstMessage>::adopt(message);
  switch (GST_MESSAGE_TYPE(message)) {
    case GST_MESSAGE_ERROR:  // one format or one track fails; the pipeline and the other recorders go on
    case GST_MESSAGE_WARNING:
      post_warning(bin_, {Errc::unavailable, text_of(message)});
      break;
    case GST_MESSAGE_ELEMENT:
      gst_element_post_message(GST_ELEMENT(bin_), gst_message_ref(message));
      break;
    default:  // states, latency, stream status of children that come and go concern nobody outside
      break;
  }
}

void RecorderBin::request_keyframe(std::optional<Nanoseconds> running_time) {
  const GstClockTime when = running_time
                                ? static_cast<GstClockTime>(std::max<gint64>(running_time->count(), 0))
                                : GST_CLOCK_TIME_NONE;
  for (const auto &input : inputs_) {
    if (input->kind() != MediaKind::video) continue;
    later([pad = Ref<GstPad>::retain(input->pad()), when] {
      gst_pad_push_event(pad.get(), gst_video_event_new_upstream_force_key_unit(when, TRUE, 0));
    });
  }
}

void RecorderBin::warn_later(Error error) {
  later([this, error = std::move(error)] { post_warning(bin_, error); });
}

void RecorderBin::report_now(ExceptionType type, const std::string &track, std::string description) {
  Section section(*this);
  report(type, track, std::move(description));
}

void RecorderBin::post_exceptions(const std::vector<ExceptionReport> &reports) {
  GstElementFactory *factory = gst_element_get_factory(element());
  const std::string name = std::string(factory ? GST_OBJECT_NAME(factory) : "recorder") + "-exception";
  for (const ExceptionReport &report : reports)
    MessageBuilder(name.c_str())
        .number("type", static_cast<gint>(report.type))
        .field("level", std::string(level_of(report.type)))
        .field("occurs", report.occurs)
        .field("track", report.track)
        .field("description", std::string(meaning_of(report.type)) + ": " + report.description)
        .post(bin_);
}

void RecorderBin::post_eos(std::optional<guint32> seqnum) {
  std::vector<ExceptionReport> reports;
  {
    MutexLock lock(mutex_);
    if (!eos_seqnum_ || (seqnum && seqnum != eos_seqnum_)) return;
    seqnum = std::exchange(eos_seqnum_, std::nullopt);
    reports = exceptions_.drain();
  }
  post_exceptions(reports);
  GstMessage *eos = gst_message_new_eos(GST_OBJECT(bin_));
  gst_message_set_seqnum(eos, *seqnum);
  gst_element_post_message(GST_ELEMENT(bin_), eos);
}

void RecorderBin::end_push_if_all_ended() {
  for (const auto &input : inputs_)  // a pad that nothing is linked to brings nothing
    if (!intake_.ended(input->track()) && gst_pad_is_linked(input->pad())) return;
  for (const auto &input : inputs_) intake_.end(input->track());
  intake_.drain(record_);
  if (!eos_seqnum_) eos_seqnum_ = gst_util_seqnum_next();
  push_ended();
}

void RecorderBin::on_stream_start(std::size_t track) {
  Section section(*this);
  intake_.begin(track);
}

void RecorderBin::on_media(std::size_t track, ParsedBuffer media) {
  Section section(*this);
  intake_.push(track, std::move(media), record_);
}

void RecorderBin::on_tags(std::size_t track, Ref<GstTagList> tags) {
  Section section(*this);
  intake_.set_tags(track, std::move(tags));
}

void RecorderBin::on_gap(std::size_t track, Nanoseconds until) {
  Section section(*this);
  intake_.gap(track, until, record_);
}

void RecorderBin::on_source_can_wait(GstPad *pad) {
  writers_->wait_for_room([pad] { return GST_PAD_IS_FLUSHING(pad); });
}

void RecorderBin::on_eos(std::size_t track, guint32 seqnum) {
  Section section(*this);
  if (intake_.ended(track)) return;  // end_all() was first
  intake_.end(track);
  eos_seqnum_ = seqnum;
  end_push_if_all_ended();
}

void RecorderBin::on_refused(std::size_t track, const std::string &reason) {
  Section section(*this);
  const char *kind = intake_.kind(track) == MediaKind::video ? "video" : "audio";
  warn_later({Errc::invalid_argument, std::string("the ") + kind + " track is not recorded: " + reason});
}

void RecorderBin::on_dropped(std::size_t track, bool empty) {
  Section section(*this);
  empty ? intake_.drop_empty(track) : intake_.drop_refused(track);
}

void RecorderBin::on_flush(std::size_t track) {
  Section section(*this);
  intake_.flush(track);
}

}  // namespace rec
