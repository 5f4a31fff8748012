// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/common/containers.h"

#include <algorithm>

#include "gst/common/encoding.h"

namespace rec {
namespace {

constexpr std::size_t kMostKnown = 8;  // caps in force at once: a few tracks

// The element that takes the pads stands first in its launch text.
std::string factory_of(const char *launch) {
  const std::string text = launch;
  return text.substr(0, text.find(' '));
}

bool intersects(const char *description, GstCaps *caps) {
  const auto known = Ref<GstCaps>::adopt(gst_caps_from_string(description));
  return gst_caps_can_intersect(caps, known.get());
}

// Whether the installed element has a pad of this name that takes the caps.
bool muxer_takes(const char *launch, const char *pad, GstCaps *caps) {
  const auto factory =
      Ref<GstObject>::adopt(GST_OBJECT_CAST(gst_element_factory_find(factory_of(launch).c_str())));
  if (!factory) return false;
  const GList *templates =
      gst_element_factory_get_static_pad_templates(GST_ELEMENT_FACTORY_CAST(factory.get()));
  for (; templates; templates = templates->next) {
    auto *known = static_cast<GstStaticPadTemplate *>(templates->data);
    if (known->direction != GST_PAD_SINK || g_strcmp0(known->name_template, pad) != 0) continue;
    const auto taken = Ref<GstCaps>::adopt(gst_static_pad_template_get_caps(known));
    if (gst_caps_can_intersect(caps, taken.get())) return true;
  }
  return false;
}

bool takes(const Container &container, const char *launch, MediaKind kind, GstCaps *caps) {
  return container.takes(kind) && intersects(container.caps_of(kind), caps) &&
         muxer_takes(launch, container.pad_of(kind), caps);
}

bool is_held(const Container &container, MediaKind kind, GstCaps *caps) {
  return std::any_of(container.muxers.begin(), container.muxers.end(),
                     [&](const char *launch) { return launch && takes(container, launch, kind, caps); });
}

}  // namespace

const char *muxer_for(const Container &container,
                      const std::vector<std::pair<MediaKind, Ref<GstCaps>>> &tracks) {
  for (const char *launch : container.muxers) {
    if (!launch) break;
    if (std::all_of(tracks.begin(), tracks.end(), [&](const auto &track) {
          return takes(container, launch, track.first, track.second.get());
        }))
      return launch;
  }
  return nullptr;
}

bool Holdings::holds(MediaKind kind, const Ref<GstCaps> &caps) {
  if (!caps) return false;
  for (const auto &[known, answer] : known_)
    if (known.get() == caps.get()) return answer;
  if (known_.size() == kMostKnown) known_.pop_front();
  known_.emplace_back(caps, is_held(*container_, kind, caps.get()));
  return known_.back().second;
}

std::string cannot_hold(const Container &container, MediaKind kind, const Ref<GstCaps> &caps) {
  std::string others;
  for (const Format format : kAllFormats) {
    const Container &other = container_of(format);
    if (&other != &container && is_held(other, kind, caps.get()))
      others += (others.empty() ? "" : ", ") + std::string(other.name);
  }
  const CString text(gst_caps_to_string(caps.get()));
  return std::string(container.name) + " cannot hold this " +
         (kind == MediaKind::video ? "video: " : "audio: ") + codec_name(caps) + ", which " +
         (others.empty() ? "no format holds as it comes" : others + " can hold") + ". " +
         (container.advice ? container.advice + std::string(" ") : "") + "The other formats go on. (" +
         text.get() + ")";
}

}  // namespace rec
