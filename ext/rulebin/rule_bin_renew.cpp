// SPDX-License-Identifier: LGPL-2.1-or-later
// What makes a rulebin decide anew while it runs: a changed configuration, or upstream saying who is pushing.
#include <algorithm>
#include <utility>

#include "ext/rulebin/push_event.h"
#include "ext/rulebin/rule_bin.h"
#include "gst/common/messages.h"

namespace rec {

// The first push after a start has been decided about; one that may continue what is held keeps what that was
// begun with.
void RuleBin::push_is_about_to_begin() {
  if (!idle_) return;
  renewal_.wait([this] { later([this] { renew(); }); });
}

bool RuleBin::push_is_open() {
  const auto all = all_inputs();
  return std::any_of(all.begin(), all.end(), [](PushInputs *inputs) { return inputs->push_is_open(); });
}

void RuleBin::renew() {
  const std::string config = settings.copy().config;
  if (!push_is_open() && shared_configuration(config)->sample()->change != told_change_) decide_anew();
  renewal_.done();
}

void RuleBin::take_push_event(GstEvent *event) {
  const RuleBinSettings now = settings.copy();
  const PushIdentity by_properties{now.domain, now.app, now.stream, now.stream_param};
  const auto push = read_push_event(event, by_properties);
  if (!push) {
    const std::string problem = push.error().message;
    return later([this, problem] {
      post_warning(bin_, {Errc::invalid_argument, std::string(kPushEventName) + ": " + problem});
    });
  }
  const bool same = identity_.with([&](std::optional<PushIdentity> &known) {
    const PushIdentity before = known.value_or(by_properties);
    known = *push;
    return before == *push;
  });
  if (same) return;
  renewal_.wait([this] {
    later([this] {
      decide_anew();
      renewal_.done();
    });
  });
}

// Stops and starts in place, counting on; pads and what they bring stay.
void RuleBin::decide_anew() {
  for (const auto &branch : branches()) branch->media_interrupted();
  Numbers before = numbers_.copy();
  const auto old = branches();
  stop();
  for (const auto &branch : old) before.gone = sum_of(before.gone, branch->counts());
  in_place_ = true;
  const Status started = start();
  in_place_ = false;
  numbers_.with([&](Numbers &n) {
    n.pushes = before.pushes;
    n.gone = sum_of(before.gone, n.gone);
  });
  if (!started) {
    post_error(bin_, started.error());
    return stop();
  }
  for (const auto &branch : branches()) branch->follow();
  if (!push_is_open()) return;
  (void)post([this](CatalogueDesk &at) {
    at_desk_.push_is_open = push_is_open();
    note_unrecorded_push(at);
  });
}

}  // namespace rec
