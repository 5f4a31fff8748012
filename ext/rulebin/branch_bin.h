// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <functional>

#include "gst/common/gst_ptr.h"

namespace rec {

// What a branch's bin asks its owner.
struct BranchBinVfuncs {
  // Application threads, and whoever attaches the branch.
  std::function<GstPad *(GstPadTemplate *pad_template, const char *name)> request_pad;
  std::function<void(GstPad *pad)> release_pad;
  // Any thread. True when the message was dealt with, and taken.
  std::function<bool(GstMessage *message)> handle_message;
};

// A bin of its own for one branch of a rulebin, so that what is in it comes, goes and fails without the
// others: its request pads are `video` and `audio_%u`, and it is a sink whatever it holds. What `vfuncs`
// refer to outlives the bin.
Ref<GstElement> make_branch_bin(const char *name, BranchBinVfuncs vfuncs);

}  // namespace rec
