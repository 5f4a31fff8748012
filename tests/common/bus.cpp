// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/common/bus.h"

#include <gtest/gtest.h>

namespace rec::test {
namespace {

using Milliseconds = std::chrono::milliseconds;

class Deadline {
 public:
  explicit Deadline(Milliseconds time) : end_us_(g_get_monotonic_time() + time.count() * 1000) {}
  GstClockTime left() const {
    const gint64 left_us = end_us_ - g_get_monotonic_time();
    return left_us > 0 ? static_cast<GstClockTime>(left_us) * GST_USECOND : 0;
  }

 private:
  gint64 end_us_;
};

std::string complaint_in(GstMessage *message) {
  ErrorOut error;
  gchar *debug = nullptr;
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR)
    gst_message_parse_error(message, error.out(), &debug);
  else
    gst_message_parse_warning(message, error.out(), &debug);
  const CString owned(debug);
  return std::string(GST_MESSAGE_SRC_NAME(message)) + ": " + error->message +
         (debug ? std::string("\n") + debug : "");
}

Ref<GstMessage> pop(GstElement *pipeline, const Deadline &deadline, GstMessageType types) {
  const auto bus = Ref<GstBus>::adopt(gst_element_get_bus(pipeline));
  return Ref<GstMessage>::adopt(gst_bus_timed_pop_filtered(bus.get(), deadline.left(), types));
}

constexpr auto operator|(GstMessageType a, GstMessageType b) {
  return static_cast<GstMessageType>(static_cast<guint>(a) | static_cast<guint>(b));
}

}  // namespace

bool has_element(const char *factory) {
  return gst_registry_check_feature_version(gst_registry_get(), factory, 1, 0, 0);
}

Ref<GstElement> parse_pipeline(const std::string &description) {
  ErrorOut error;
  auto pipeline = Ref<GstElement>::sink(
      gst_parse_launch_full(description.c_str(), nullptr, GST_PARSE_FLAG_FATAL_ERRORS, error.out()));
  EXPECT_FALSE(error) << error->message << " in: " << description;
  return pipeline;
}

Ref<GstMessage> wait_for_message(GstElement *pipeline, GstMessageType types, Milliseconds time) {
  auto message = pop(pipeline, Deadline(time), types | GST_MESSAGE_ERROR);
  if (!message) {
    ADD_FAILURE() << "no message of type " << gst_message_type_get_name(types) << " within " << time.count()
                  << " ms";
  } else if ((GST_MESSAGE_TYPE(message.get()) & types) == 0) {
    ADD_FAILURE() << complaint_in(message.get());
    return {};
  }
  return message;
}

Ref<GstMessage> wait_for_element_message(GstElement *pipeline, const std::string &name, Milliseconds time) {
  const Deadline deadline(time);
  while (auto message = pop(pipeline, deadline, GST_MESSAGE_ELEMENT | GST_MESSAGE_ERROR)) {
    if (GST_MESSAGE_TYPE(message.get()) == GST_MESSAGE_ERROR) {
      ADD_FAILURE() << complaint_in(message.get());
      return {};
    }
    if (gst_message_has_name(message.get(), name.c_str())) return message;
  }
  ADD_FAILURE() << "no message '" << name << "' within " << time.count() << " ms";
  return {};
}

std::vector<Ref<GstMessage>> run_to_eos(GstElement *pipeline, Milliseconds time) {
  std::vector<Ref<GstMessage>> messages;
  EXPECT_NE(gst_element_set_state(pipeline, GST_STATE_PLAYING), GST_STATE_CHANGE_FAILURE);
  const Deadline deadline(time);
  bool ended = false;
  while (auto message =
             pop(pipeline, deadline,
                 GST_MESSAGE_ELEMENT | GST_MESSAGE_ERROR | GST_MESSAGE_WARNING | GST_MESSAGE_EOS)) {
    const GstMessageType type = GST_MESSAGE_TYPE(message.get());
    if (type == GST_MESSAGE_ELEMENT) {
      messages.push_back(std::move(message));
      continue;
    }
    if (type != GST_MESSAGE_EOS) ADD_FAILURE() << complaint_in(message.get());
    if (type == GST_MESSAGE_WARNING) continue;
    ended = true;
    break;
  }
  EXPECT_TRUE(ended) << "no EOS within " << time.count() << " ms";
  gst_element_set_state(pipeline, GST_STATE_NULL);
  return messages;
}

std::vector<const GstStructure *> structures_named(const std::vector<Ref<GstMessage>> &messages,
                                                   const std::string &name) {
  std::vector<const GstStructure *> found;
  for (const auto &message : messages)
    if (gst_message_has_name(message.get(), name.c_str()))
      found.push_back(gst_message_get_structure(message.get()));
  return found;
}

std::string string_field(const GstStructure *structure, const char *name) {
  const gchar *value = gst_structure_get_string(structure, name);
  EXPECT_NE(value, nullptr) << "no string '" << name << "' in " << gst_structure_get_name(structure);
  return value ? value : "";
}

guint64 uint64_field(const GstStructure *structure, const char *name) {
  guint64 value = 0;
  EXPECT_TRUE(gst_structure_get_uint64(structure, name, &value)) << "no uint64 '" << name << "'";
  return value;
}

gint64 int64_field(const GstStructure *structure, const char *name) {
  gint64 value = 0;
  EXPECT_TRUE(gst_structure_get_int64(structure, name, &value)) << "no int64 '" << name << "'";
  return value;
}

guint uint_field(const GstStructure *structure, const char *name) {
  guint value = 0;
  EXPECT_TRUE(gst_structure_get_uint(structure, name, &value)) << "no uint '" << name << "'";
  return value;
}

}  // namespace rec::test
