// SPDX-License-Identifier: LGPL-2.1-or-later
// gst/common: what every element is built from.
#include <gtest/gtest.h>

#include <stdexcept>

#include "gst/common/barrier.h"
#include "gst/common/messages.h"
#include "gst/common/property_table.h"
#include "tests/common/bus.h"

namespace rec::test {
namespace {

// An element with a bus of its own, so that what it posts can be read.
class PostingElement {
 public:
  PostingElement()
      : element_(Ref<GstElement>::sink(gst_element_factory_make("identity", nullptr))),
        bus_(Ref<GstBus>::adopt(gst_bus_new())) {
    gst_element_set_bus(element_.get(), bus_.get());
  }
  ~PostingElement() { gst_element_set_bus(element_.get(), nullptr); }

  GstElement *get() const { return element_.get(); }
  Ref<GstMessage> pop() const { return Ref<GstMessage>::adopt(gst_bus_pop(bus_.get())); }
  // The next message's error, which must be of `type`.
  ErrorPtr pop_error(GstMessageType type) const {
    const auto message = pop();
    if (!message || GST_MESSAGE_TYPE(message.get()) != type) return nullptr;
    GError *error = nullptr;
    type == GST_MESSAGE_ERROR ? gst_message_parse_error(message.get(), &error, nullptr)
                              : gst_message_parse_warning(message.get(), &error, nullptr);
    return ErrorPtr(error);
  }

 private:
  Ref<GstElement> element_;
  Ref<GstBus> bus_;
};

TEST(Barrier, TurnsAnExceptionIntoAnElementError) {
  const PostingElement element;
  const auto flow = barrier(element.get(), GST_FLOW_ERROR,
                            []() -> GstFlowReturn { throw std::runtime_error("asked to fail"); });
  EXPECT_EQ(flow, GST_FLOW_ERROR);
  const auto message = element.pop();
  ASSERT_TRUE(message);
  ErrorOut error;
  gchar *debug = nullptr;
  gst_message_parse_error(message.get(), error.out(), &debug);
  const CString owned(debug);
  EXPECT_TRUE(g_error_matches(error.get(), GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_FAILED));
  EXPECT_NE(std::string(debug).find("asked to fail"), std::string::npos);
}

TEST(Barrier, StopsWhatIsNoStandardException) {
  const PostingElement element;
  barrier(element.get(), [] { throw 7; });
  EXPECT_TRUE(element.pop_error(GST_MESSAGE_ERROR));
}

TEST(Barrier, PassesTheBodysValueOn) {
  const PostingElement element;
  EXPECT_EQ(barrier(element.get(), 1, [] { return 2; }), 2);
  EXPECT_FALSE(element.pop());
}

TEST(Messages, KeepGStreamersTypes) {
  const PostingElement element;
  MessageBuilder("recording-test")
      .field("name", std::string("a"))
      .field("size", guint64{5})
      .field("id", 3u)
      .flag("last", true)
      .time("start-time", UtcTime(std::chrono::microseconds(-7)))
      .post(element.get());
  const auto message = element.pop();
  ASSERT_TRUE(message);
  const GstStructure *structure = gst_message_get_structure(message.get());
  EXPECT_STREQ(gst_structure_get_name(structure), "recording-test");
  EXPECT_EQ(string_field(structure, "name"), "a");
  EXPECT_EQ(uint64_field(structure, "size"), 5u);
  EXPECT_EQ(uint_field(structure, "id"), 3u);
  EXPECT_EQ(int64_field(structure, "start-time"), -7);
}

TEST(Messages, ErrorHasTheCodeThatApplicationsKnow) {
  const PostingElement element;
  post_error(element.get(), {Errc::denied, "no way in"});
  const auto error = element.pop_error(GST_MESSAGE_ERROR);
  ASSERT_TRUE(error);
  EXPECT_TRUE(g_error_matches(error.get(), GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_AUTHORIZED));
  EXPECT_NE(std::string(error->message).find("no way in"), std::string::npos);
}

TEST(Messages, WarningIsAWarning) {
  const PostingElement element;
  post_warning(element.get(), {Errc::unavailable, "later"});
  EXPECT_TRUE(element.pop_error(GST_MESSAGE_WARNING));
}

TEST(Messages, CancellationIsSilent) {
  const PostingElement element;
  post_error(element.get(), {Errc::cancelled, "stopped"});
  EXPECT_FALSE(element.pop());
}

struct Settings {
  std::string location = "a.flv";
  guint64 cycle = 5;
  bool fast = true;
  guint index = 2;
};

const PropertyTable<Settings> &table() {
  static const PropertyTable<Settings> rows = {
      property("location", "Where", &Settings::location),
      property("cycle", "How long (ns)", &Settings::cycle, 0, 100),
      property("fast", "Whether", &Settings::fast),
      property("index", "Which", &Settings::index, 0, 9),
  };
  return rows;
}

class Value {
 public:
  explicit Value(GType type) { g_value_init(&v_, type); }
  ~Value() { g_value_unset(&v_); }
  Value(const Value &) = delete;
  Value &operator=(const Value &) = delete;
  GValue *get() { return &v_; }

 private:
  GValue v_ = G_VALUE_INIT;
};

TEST(PropertyTable, ReadsWhatItWrote) {
  Settings settings;
  Value text(G_TYPE_STRING);
  g_value_set_static_string(text.get(), "b.flv");
  EXPECT_TRUE(table().set(settings, 1, text.get()));
  EXPECT_EQ(settings.location, "b.flv");
  Value number(G_TYPE_UINT64);
  EXPECT_TRUE(table().get(settings, 2, number.get()));
  EXPECT_EQ(g_value_get_uint64(number.get()), 5u);
}

TEST(PropertyTable, TakesANullStringAsEmpty) {
  Settings settings;
  Value text(G_TYPE_STRING);
  EXPECT_TRUE(table().set(settings, 1, text.get()));
  EXPECT_EQ(settings.location, "");
}

TEST(PropertyTable, RefusesIdsOfOthers) {
  Settings settings;
  Value text(G_TYPE_STRING);
  EXPECT_FALSE(table().set(settings, 0, text.get()));
  EXPECT_FALSE(table().set(settings, table().next_id(), text.get()));
}

}  // namespace
}  // namespace rec::test
