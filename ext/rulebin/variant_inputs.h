// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/sync.h"
#include "core/model/content.h"
#include "ext/rulebin/push_inputs.h"

namespace rec {

// Where the contents of a push other than the origin come into a rulebin: request pads `video_LABEL` and
// `audio_LABEL`, LABEL being "watermarked" or "transcoded_ID", and PushInputs for each. What was made once
// stays.
class VariantInputs {
 public:
  // `listener`: what all of them tell, see PushInputs::Listener.
  VariantInputs(GstBin *bin, PushInputs::Listener listener) : bin_(bin), listener_(std::move(listener)) {}
  VariantInputs(const VariantInputs &) = delete;
  VariantInputs &operator=(const VariantInputs &) = delete;

  // The content that a pad of this name brings; nothing: the origin.
  static std::optional<Content> content_of_pad(const char *name);

  PushInputs &of(const Content &content) REC_EXCLUDES(mutex_);  // not of the origin
  std::vector<PushInputs *> all() REC_EXCLUDES(mutex_);         // live as long as this
  std::vector<Content> linked() REC_EXCLUDES(mutex_);           // something is linked to a pad of theirs

 private:
  GstBin *bin_;  // borrowed
  const PushInputs::Listener listener_;
  Mutex mutex_;
  std::map<std::string, std::unique_ptr<PushInputs>> inputs_ REC_GUARDED_BY(mutex_);  // by label
};

}  // namespace rec
