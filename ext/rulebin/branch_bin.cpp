// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ext/rulebin/branch_bin.h"

#include <utility>

#include "gst/common/barrier.h"
#include "gst/common/element_glue.h"

typedef struct {
  GstBin parent;
  rec::BranchBinVfuncs *vfuncs;
} RecRuleBranch;
typedef struct {
  GstBinClass parent;
} RecRuleBranchClass;

static GType rec_rule_branch_get_type(void);
G_DEFINE_TYPE(RecRuleBranch, rec_rule_branch, GST_TYPE_BIN)

static rec::BranchBinVfuncs &vfuncs_of(gpointer object) {
  return *static_cast<RecRuleBranch *>(object)->vfuncs;
}

static void rec_rule_branch_init(RecRuleBranch *self) {
  self->vfuncs = new rec::BranchBinVfuncs;
  gst_bin_set_suppressed_flags(GST_BIN(self),
                               static_cast<GstElementFlags>(GST_ELEMENT_FLAG_SINK | GST_ELEMENT_FLAG_SOURCE));
  GST_OBJECT_FLAG_SET(self, GST_ELEMENT_FLAG_SINK);
}

static GstPad *request_new_pad(GstElement *e, GstPadTemplate *t, const gchar *name, const GstCaps *) {
  return rec::barrier(e, static_cast<GstPad *>(nullptr), [&] { return vfuncs_of(e).request_pad(t, name); });
}

static void release_pad(GstElement *e, GstPad *pad) {
  rec::barrier(e, [&] { vfuncs_of(e).release_pad(pad); });
}

static void handle_message(GstBin *bin, GstMessage *message) {
  const bool taken = rec::barrier(bin, false, [&] { return vfuncs_of(bin).handle_message(message); });
  if (!taken) GST_BIN_CLASS(rec_rule_branch_parent_class)->handle_message(bin, message);
}

static void rec_rule_branch_class_init(RecRuleBranchClass *klass) {
  G_OBJECT_CLASS(klass)->finalize = [](GObject *o) {
    const rec::BranchBinVfuncs *vfuncs = &vfuncs_of(o);
    G_OBJECT_CLASS(rec_rule_branch_parent_class)->finalize(o);
    delete vfuncs;
  };
  auto *element_class = GST_ELEMENT_CLASS(klass);
  element_class->request_new_pad = request_new_pad;
  element_class->release_pad = release_pad;
  GST_BIN_CLASS(klass)->handle_message = handle_message;
  rec::add_recorder_pad_templates(element_class);
  gst_element_class_set_static_metadata(element_class, "Branch of a rulebin", "Sink/Muxer/Bin",
                                        "Records one content of a push by one template",
                                        "The gst-recording authors <gst-recording@example.org>");
}

namespace rec {

Ref<GstElement> make_branch_bin(const char *name, BranchBinVfuncs vfuncs) {
  auto bin =
      Ref<GstElement>::sink(GST_ELEMENT(g_object_new(rec_rule_branch_get_type(), "name", name, nullptr)));
  vfuncs_of(bin.get()) = std::move(vfuncs);
  return bin;
}

}  // namespace rec
