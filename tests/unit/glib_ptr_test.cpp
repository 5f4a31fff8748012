// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/base/glib_ptr.h"

#include <gtest/gtest.h>

REC_COUNTED(GObject, g_object_ref, g_object_unref);

namespace rec {
namespace {

GObject *new_object() { return G_OBJECT(g_object_new(G_TYPE_OBJECT, nullptr)); }
GObject *new_floating() { return G_OBJECT(g_object_new(G_TYPE_INITIALLY_UNOWNED, nullptr)); }

TEST(Ref, AdoptTakesTheCallersReference) {
  GObject *object = new_object();
  {
    const auto ref = Ref<GObject>::adopt(object);
    EXPECT_EQ(object->ref_count, 1u);
    g_object_add_weak_pointer(object, reinterpret_cast<gpointer *>(&object));
  }
  EXPECT_EQ(object, nullptr);
}

TEST(Ref, RetainAddsAReference) {
  const auto owner = Ref<GObject>::adopt(new_object());
  {
    const auto other = Ref<GObject>::retain(owner.get());
    EXPECT_EQ(owner.get()->ref_count, 2u);
  }
  EXPECT_EQ(owner.get()->ref_count, 1u);
}

TEST(Ref, SinkTakesTheFloatingReference) {
  const auto ref = Ref<GObject>::sink(new_floating());
  EXPECT_FALSE(g_object_is_floating(ref.get()));
  EXPECT_EQ(ref.get()->ref_count, 1u);
}

TEST(Ref, CopiesCountAndMovesDoNot) {
  auto a = Ref<GObject>::adopt(new_object());
  auto b = a;
  EXPECT_EQ(b.get()->ref_count, 2u);
  auto c = std::move(a);
  EXPECT_EQ(c.get()->ref_count, 2u);
  EXPECT_FALSE(a);  // NOLINT(bugprone-use-after-move): the moved-from state is what is tested
}

TEST(Ref, ReleaseHandsTheReferenceOn) {
  auto ref = Ref<GObject>::adopt(new_object());
  GObject *object = ref.release();
  EXPECT_FALSE(ref);
  EXPECT_EQ(object->ref_count, 1u);
  g_object_unref(object);
}

TEST(Ref, OfNullIsEmpty) {
  EXPECT_FALSE(Ref<GObject>::adopt(nullptr));
  EXPECT_FALSE(Ref<GObject>::retain(nullptr));
  EXPECT_FALSE(Ref<GObject>::sink(nullptr));
}

TEST(ErrorOut, CanBeUsedAgain) {
  ErrorOut error;
  EXPECT_FALSE(error);
  g_set_error_literal(error.out(), G_IO_ERROR, G_IO_ERROR_FAILED, "first");
  g_set_error_literal(error.out(), G_IO_ERROR, G_IO_ERROR_EXISTS, "second");
  ASSERT_TRUE(error);
  EXPECT_STREQ(error->message, "second");
}

}  // namespace
}  // namespace rec
