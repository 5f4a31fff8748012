// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ext/rulebin/variant_inputs.h"

namespace rec {

std::optional<Content> VariantInputs::content_of_pad(const char *name) {
  const std::string_view text = name ? name : "";
  for (const std::string_view kind : {"video_", "audio_"}) {
    if (!text.starts_with(kind)) continue;
    auto content = content_labelled(text.substr(kind.size()));
    if (content && content->kind != Content::Kind::origin) return content;
  }
  return std::nullopt;
}

PushInputs &VariantInputs::of(const Content &content) {
  const std::string label = label_of(content);
  MutexLock lock(mutex_);
  auto &inputs = inputs_[label];
  if (!inputs) inputs = std::make_unique<PushInputs>(bin_, listener_, label);
  return *inputs;
}

std::vector<PushInputs *> VariantInputs::all() {
  MutexLock lock(mutex_);
  std::vector<PushInputs *> list;
  for (const auto &[label, inputs] : inputs_) list.push_back(inputs.get());
  return list;
}

std::vector<Content> VariantInputs::linked() {
  MutexLock lock(mutex_);
  std::vector<Content> contents;
  for (const auto &[label, inputs] : inputs_)
    if (const auto content = content_labelled(label); content && inputs->is_linked())
      contents.push_back(*content);
  return contents;
}

}  // namespace rec
