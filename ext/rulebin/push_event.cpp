// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ext/rulebin/push_event.h"

#include <string>

#include "core/model/push_url.h"

namespace rec {
namespace {

Status read_field(const GstStructure *s, const char *name, std::string &to) {
  if (!gst_structure_has_field(s, name)) return ok();
  const char *text = gst_structure_get_string(s, name);
  if (!text) return Error{Errc::invalid_argument, std::string(name) + ": expected a string"};
  to = text;
  return ok();
}

}  // namespace

bool is_push_event(GstEvent *event) {
  return GST_EVENT_TYPE(event) == GST_EVENT_CUSTOM_DOWNSTREAM_STICKY &&
         gst_event_has_name(event, kPushEventName);
}

Result<PushIdentity> read_push_event(GstEvent *event, PushIdentity push) {
  const GstStructure *s = gst_event_get_structure(event);
  std::string uri;
  REC_CHECK(read_field(s, "uri", uri));
  if (!uri.empty()) {
    REC_TRY(push, parse_push_url(uri));
  }
  REC_CHECK(read_field(s, "domain", push.domain));
  REC_CHECK(read_field(s, "app", push.app));
  REC_CHECK(read_field(s, "stream", push.stream));
  REC_CHECK(read_field(s, "stream-param", push.stream_param));
  return push;
}

}  // namespace rec
