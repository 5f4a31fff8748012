// SPDX-License-Identifier: LGPL-2.1-or-later
// The contents of a push: which of them a template records, and where they come in.
#include <algorithm>
#include <utility>

#include "ext/rulebin/rule_bin.h"
#include "gst/common/messages.h"

namespace rec {
namespace {

bool share_a_name(const RecordingNames &a, const RecordingNames &b) {
  if (!a.playlist.empty() && a.playlist == b.playlist) return true;
  return std::any_of(a.files.begin(), a.files.end(), [&](const auto &file) {
    const auto other = b.files.find(file.first);
    return other != b.files.end() && other->second == file.second;
  });
}

RecordingTemplate with_suffix(RecordingTemplate named, const std::string &suffix) {
  const auto add = [&](std::string &pattern) {
    if (!pattern.empty()) pattern += suffix;
  };
  add(named.pattern);
  for (FileFormat &file : named.files) add(file.options.pattern);
  if (named.hls) add(named.hls->options.pattern);
  return named;
}

// The names of one content's files, which are not those of another one.
Result<RecordingNames> names_of(const RecordingTemplate &wanted, const Content &content,
                                const std::string &directory, NameFacts facts,
                                const std::vector<RecordingNames> &taken) {
  facts.record_source = record_source_of(content);
  REC_TRY(RecordingNames names, bind_names(wanted, directory, facts));
  const bool collides = std::any_of(taken.begin(), taken.end(),
                                    [&](const RecordingNames &other) { return share_a_name(names, other); });
  if (!collides) return names;
  return bind_names(with_suffix(wanted, "_" + label_of(content)), directory, facts);
}

}  // namespace

GstPad *RuleBin::request_pad(GstPadTemplate *pad_template, const char *name) {
  if (const auto content = VariantInputs::content_of_pad(name))
    return variants_.of(*content).request_pad(pad_template, name);
  const std::string_view any = GST_PAD_TEMPLATE_NAME_TEMPLATE(pad_template);
  return any.ends_with("%s") ? nullptr : inputs_.request_pad(pad_template, name);  // no such content
}

void RuleBin::release_pad(GstPad *pad) {
  for (PushInputs *inputs : all_inputs()) inputs->release_pad(pad);  // whose it is
}

std::vector<PushInputs *> RuleBin::all_inputs() {
  std::vector<PushInputs *> all = variants_.all();
  all.insert(all.begin(), &inputs_);
  return all;
}

PushInputs &RuleBin::inputs_of(const Branch &branch) {
  MutexLock lock(mutex_);
  const auto found = inputs_of_.find(&branch);
  return found == inputs_of_.end() ? inputs_ : *found->second;
}

bool RuleBin::is_over() {
  const auto all = all_inputs();
  return std::all_of(all.begin(), all.end(), [](PushInputs *inputs) { return inputs->is_over(); });
}

bool RuleBin::ask_for(const Content &content) {
  gboolean comes = FALSE;
  g_signal_emit_by_name(bin_, "request-content", name_of(content).c_str(), &comes);
  return comes;
}

std::vector<Content> RuleBin::contents_there(const RecordingTemplate &wanted) {
  std::vector<Content> there = variants_.linked();
  bool falls_back = false;
  for (const Content &content : contents_missing(wanted.content, there))
    if (ask_for(content))
      there.push_back(content);
    else
      falls_back = falls_back || content.kind == Content::Kind::transcoded;
  const Content watermarked{Content::Kind::watermarked, ""};
  const auto is_new = [&](const std::vector<Content> &list) {
    return std::find(list.begin(), list.end(), watermarked) == list.end();
  };
  if (falls_back && is_new(there) && is_new(wanted.content) && ask_for(watermarked))
    there.push_back(watermarked);
  for (const Content &content : variants_.linked())  // what was built for more than one request
    if (std::find(there.begin(), there.end(), content) == there.end()) there.push_back(content);
  return there;
}

Status RuleBin::add_template_branches(const Plan &plan, const NameFacts &facts) {
  const RecordingTemplate &wanted = plan.recording_template;
  std::vector<RecordingNames> taken;
  for (const Content &content : contents_to_record(wanted.content, contents_there(wanted))) {
    REC_TRY(const RecordingNames names, names_of(wanted, content, directory_, facts, taken));
    taken.push_back(names);
    const auto branch =
        add_branch({.name = label_of(content),
                    .session = {.push = push_,
                                .owner = "",
                                .session_id = taken.size() == 1 ? facts.record_id : random_decimal_id(),
                                .directory = directory_,
                                .recording_template = wanted,
                                .task = "",
                                .content = name_of(content)},
                    .names = names,
                    .trigger = plan.trigger,
                    .audio_only = plan.audio_only});
    const bool is_origin = content.kind == Content::Kind::origin;
    PushInputs &inputs = is_origin ? inputs_ : variants_.of(content);
    inputs.let_standby_in(wanted.standby);
    if (!is_origin) {
      MutexLock lock(mutex_);
      inputs_of_[branch.get()] = &inputs;
    }
    branch->attach(inputs);
  }
  return ok();
}

}  // namespace rec
