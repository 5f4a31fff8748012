// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/recsink/format_child.h"

#include <utility>

#include "gst/common/property_table.h"

namespace {

const rec::PropertyTable<rec::FormatSettings> &properties() {
  using S = rec::FormatSettings;
  static const rec::PropertyTable<S> table = {
      rec::property("location", "Pattern of this format's names (empty = the element's location)",
                    &S::location),
      rec::property("cycle", "Length of this format's files in ns (0 = never cut, -1 = the element's cycle)",
                    &S::cycle, -1, G_MAXINT64),
      rec::property("max-size-bytes", "Size of this format's files (0 = never cut, -1 = the element's)",
                    &S::max_size_bytes, -1, G_MAXINT64),
  };
  return table;
}

}  // namespace

typedef struct {
  GstObject parent;
  rec::SharedFormatSettings *settings;
} RecRecSinkFormat;
typedef struct {
  GstObjectClass parent;
} RecRecSinkFormatClass;

G_DEFINE_TYPE(RecRecSinkFormat, rec_rec_sink_format, GST_TYPE_OBJECT)

static rec::Guarded<rec::FormatSettings> &settings_of(GObject *object) {
  return **static_cast<RecRecSinkFormat *>(static_cast<gpointer>(object))->settings;
}

static void rec_rec_sink_format_init(RecRecSinkFormat *self) {
  self->settings = new rec::SharedFormatSettings(std::make_shared<rec::Guarded<rec::FormatSettings>>());
}

static void rec_rec_sink_format_class_init(RecRecSinkFormatClass *klass) {
  auto *object_class = G_OBJECT_CLASS(klass);
  object_class->set_property = [](GObject *o, guint id, const GValue *v, GParamSpec *p) {
    if (!settings_of(o).with([&](auto &s) { return properties().set(s, id, v); }))
      G_OBJECT_WARN_INVALID_PROPERTY_ID(o, id, p);
  };
  object_class->get_property = [](GObject *o, guint id, GValue *v, GParamSpec *p) {
    if (!settings_of(o).with([&](auto &s) { return properties().get(s, id, v); }))
      G_OBJECT_WARN_INVALID_PROPERTY_ID(o, id, p);
  };
  object_class->finalize = [](GObject *o) {
    delete static_cast<RecRecSinkFormat *>(static_cast<gpointer>(o))->settings;
    G_OBJECT_CLASS(rec_rec_sink_format_parent_class)->finalize(o);
  };
  properties().install(object_class);
}

namespace rec {

GstObject *new_format_child(Format format, GstObject *parent, SharedFormatSettings settings) {
  const std::string name(name_of(format));
  auto *child = static_cast<RecRecSinkFormat *>(
      g_object_new(rec_rec_sink_format_get_type(), "name", name.c_str(), nullptr));
  *child->settings = std::move(settings);
  auto *object = GST_OBJECT(child);
  gst_object_ref_sink(object);
  gst_object_set_parent(object, parent);
  return object;
}

}  // namespace rec
