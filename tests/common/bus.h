// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <gst/gst.h>

#include <chrono>
#include <string>
#include <vector>

#include "gst/common/gst_ptr.h"

namespace rec::test {

inline constexpr std::chrono::seconds kDeadline{20};  // generous: sanitizer builds on two busy cores

bool has_element(const char *factory);  // of GStreamer as it is here

// gst_parse_launch; a test failure and an empty Ref when the line is wrong.
Ref<GstElement> parse_pipeline(const std::string &description);

// Waits for the first message of these types on the pipeline's bus and takes it, dropping those before it.
// An ERROR that was not asked for is a test failure with its text; so is the deadline. Empty in both cases.
Ref<GstMessage> wait_for_message(GstElement *pipeline, GstMessageType types,
                                 std::chrono::milliseconds deadline = kDeadline);
// The same for the element message of that name ("recsink-file-closed").
Ref<GstMessage> wait_for_element_message(GstElement *pipeline, const std::string &name,
                                         std::chrono::milliseconds deadline = kDeadline);

// PLAYING until EOS, then NULL. Returns every element message that came, in order. Any ERROR or WARNING
// message is a test failure.
std::vector<Ref<GstMessage>> run_to_eos(GstElement *pipeline, std::chrono::milliseconds deadline = kDeadline);

// The structures among `messages` that have this name; borrowed from the messages.
std::vector<const GstStructure *> structures_named(const std::vector<Ref<GstMessage>> &messages,
                                                   const std::string &name);

// Fields of a message's structure; a test failure and a zero value when absent or of another type.
std::string string_field(const GstStructure *structure, const char *name);
guint64 uint64_field(const GstStructure *structure, const char *name);
gint64 int64_field(const GstStructure *structure, const char *name);
guint uint_field(const GstStructure *structure, const char *name);

}  // namespace rec::test
