// SPDX-License-Identifier: LGPL-2.1-or-later
// The element around a gate, and what its pads know.

#include <utility>

#include "ext/rulebin/media_gate_track.h"
#include "gst/common/barrier.h"

typedef struct {
  GstElement parent;
  rec::MediaGate *impl;
} RecMediaGate;
typedef struct {
  GstElementClass parent;
} RecMediaGateClass;

static GType rec_media_gate_get_type(void);
G_DEFINE_TYPE(RecMediaGate, rec_media_gate, GST_TYPE_ELEMENT)

static rec::MediaGate *&impl_of(gpointer object) { return static_cast<RecMediaGate *>(object)->impl; }

static void rec_media_gate_init(RecMediaGate *) {}

static GstStateChangeReturn change_state(GstElement *e, GstStateChange transition) {
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) rec::barrier(e, [&] { impl_of(e)->stop(); });
  return GST_ELEMENT_CLASS(rec_media_gate_parent_class)->change_state(e, transition);
}

static void rec_media_gate_class_init(RecMediaGateClass *klass) {
  G_OBJECT_CLASS(klass)->finalize = [](GObject *o) {
    const rec::MediaGate *impl = impl_of(o);
    G_OBJECT_CLASS(rec_media_gate_parent_class)->finalize(o);
    delete impl;
  };
  GST_ELEMENT_CLASS(klass)->change_state = change_state;
  gst_element_class_set_static_metadata(GST_ELEMENT_CLASS(klass), "Gate of a branch", "Generic",
                                        "Lets media through, drops them or holds them",
                                        "The gst-recording authors <gst-recording@example.org>");
}

namespace rec {
namespace {

MediaGate::Track &track_of(GstPad *pad) {
  return *static_cast<MediaGate::Track *>(gst_pad_get_element_private(pad));
}

GstFlowReturn on_chain(GstPad *pad, GstObject *parent, GstBuffer *buffer) {
  return barrier(parent, GST_FLOW_ERROR, [&] { return track_of(pad).gate->chain(track_of(pad), buffer); });
}

gboolean on_event(GstPad *pad, GstObject *parent, GstEvent *event) {
  if (!has_flag(event, GST_EVENT_TYPE_SERIALIZED) || GST_EVENT_TYPE(event) == GST_EVENT_FLUSH_STOP)
    return gst_pad_event_default(pad, parent, event);
  return barrier(parent, FALSE, [&] { return track_of(pad).gate->event(track_of(pad), event); });
}

GstIterator *on_internal_links(GstPad *pad, GstObject *) {
  const MediaGate::Track &track = track_of(pad);
  GstPad *other = track.in.get() == pad ? track.out.get() : track.in.get();
  GValue value = G_VALUE_INIT;
  g_value_init(&value, GST_TYPE_PAD);
  g_value_set_object(&value, other);
  GstIterator *links = gst_iterator_new_single(GST_TYPE_PAD, &value);
  g_value_unset(&value);
  return links;
}

Ref<GstPad> make_pad(GstElement *element, MediaGate::Track &track, const std::string &name,
                     GstPadDirection direction) {
  auto pad = Ref<GstPad>::sink(gst_pad_new(name.c_str(), direction));
  gst_pad_set_element_private(pad.get(), &track);
  gst_pad_set_iterate_internal_links_function(pad.get(), on_internal_links);
  GST_PAD_SET_PROXY_CAPS(pad.get());
  GST_PAD_SET_PROXY_ALLOCATION(pad.get());
  if (direction == GST_PAD_SINK) {
    gst_pad_set_chain_function(pad.get(), on_chain);
    gst_pad_set_event_function(pad.get(), on_event);
  }
  if (GST_STATE_TARGET(element) > GST_STATE_READY) gst_pad_set_active(pad.get(), TRUE);
  return pad;
}

}  // namespace

bool has_flag(GstEvent *event, GstEventTypeFlags flag) {
  return (gst_event_type_get_flags(GST_EVENT_TYPE(event)) & flag) != 0;
}

Ref<GstElement> make_media_gate(MediaGate::Listener listener) {
  auto element =
      Ref<GstElement>::sink(GST_ELEMENT(g_object_new(rec_media_gate_get_type(), "name", "gate", nullptr)));
  impl_of(element.get()) = new MediaGate(element.get(), std::move(listener));
  return element;
}

MediaGate &media_gate_of(GstElement *element) { return *impl_of(element); }

MediaGate::Pads MediaGate::add_track(const std::string &name) {
  const auto track = std::make_shared<Track>();
  track->gate = this;
  track->video = name.starts_with("video");
  gst_segment_init(&track->segment, GST_FORMAT_TIME);
  track->in = make_pad(element_, *track, name, GST_PAD_SINK);
  track->out = make_pad(element_, *track, name + "_out", GST_PAD_SRC);
  {
    MutexLock lock(mutex_);
    tracks_.push_back(track);
  }
  gst_element_add_pad(element_, track->out.get());
  gst_element_add_pad(element_, track->in.get());
  return {track->in.get(), track->out.get()};
}

void MediaGate::remove_track(GstPad *in) {
  const auto track = track_of(in).shared_from_this();
  gst_pad_set_active(track->in.get(), FALSE);  // its streaming thread is out of here
  gst_pad_set_active(track->out.get(), FALSE);
  {
    MutexLock lock(mutex_);
    std::erase(tracks_, track);
    std::erase_if(outbox_, [&](const Item &item) { return item.track == track; });
    outbox_bytes_ = 0;
    for (const Item &item : outbox_) outbox_bytes_ += item.bytes();
  }
  gst_element_remove_pad(element_, track->in.get());
  gst_element_remove_pad(element_, track->out.get());
}

Nanoseconds MediaGate::Track::time_of(GstClockTime stamp) {
  if (segment.format != GST_FORMAT_TIME || !GST_CLOCK_TIME_IS_VALID(stamp)) return last;
  guint64 time = 0;  // frames before the segment's begin have a negative one
  const int sign = gst_segment_to_running_time_full(&segment, GST_FORMAT_TIME, stamp, &time);
  if (sign != 0 && time <= G_MAXINT64) last = Nanoseconds(sign * static_cast<gint64>(time));
  return last;
}

std::vector<Ref<GstEvent>> sticky_copies(GstPad *pad) {
  std::vector<Ref<GstEvent>> events;
  const auto add = +[](GstPad *, GstEvent **event, gpointer list) -> gboolean {
    if (GST_EVENT_TYPE(*event) != GST_EVENT_EOS)
      static_cast<std::vector<Ref<GstEvent>> *>(list)->push_back(
          Ref<GstEvent>::adopt(gst_event_copy(*event)));
    return TRUE;
  };
  gst_pad_sticky_events_foreach(pad, add, &events);
  return events;
}

void replace_sticky(std::vector<Ref<GstEvent>> &events, Ref<GstEvent> event) {
  const auto same = [&](const Ref<GstEvent> &other) {
    return GST_EVENT_TYPE(other.get()) == GST_EVENT_TYPE(event.get()) &&
           (!has_flag(event.get(), GST_EVENT_TYPE_STICKY_MULTI) ||
            gst_event_has_name(other.get(), gst_structure_get_name(gst_event_get_structure(event.get()))));
  };
  for (Ref<GstEvent> &other : events) {
    if (!same(other)) continue;
    other = std::move(event);
    return;
  }
  auto place = events.begin();  // they are numbered in the order in which they have to come
  while (place != events.end() && GST_EVENT_TYPE(place->get()) <= GST_EVENT_TYPE(event.get())) ++place;
  events.insert(place, std::move(event));
}

MediaGate::Video video_of(GstPad *pad) {
  MediaGate::Video video;
  const auto caps = Ref<GstCaps>::adopt(gst_pad_get_current_caps(pad));
  const GstStructure *s =
      caps && gst_caps_get_size(caps.get()) > 0 ? gst_caps_get_structure(caps.get(), 0) : nullptr;
  if (s && gst_structure_has_name(s, "video/x-h264")) video.codec = "h264";
  if (s && gst_structure_has_name(s, "video/x-h265")) video.codec = "h265";
  for (guint i = 0;; ++i) {
    const auto event = Ref<GstEvent>::adopt(gst_pad_get_sticky_event(pad, GST_EVENT_TAG, i));
    if (!event) return video;
    GstTagList *tags = nullptr;
    gst_event_parse_tag(event.get(), &tags);
    guint rate = 0;
    if (gst_tag_list_get_uint(tags, GST_TAG_NOMINAL_BITRATE, &rate) ||
        gst_tag_list_get_uint(tags, GST_TAG_BITRATE, &rate))
      video.kbit_per_s = rate / 1000;
  }
}

}  // namespace rec
