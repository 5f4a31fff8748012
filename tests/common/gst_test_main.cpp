// SPDX-License-Identifier: LGPL-2.1-or-later
// main() of the element and pipeline tests. Criticals and warnings abort; the leaks tracer, which the
// test environment turns on, warns at gst_deinit() about every object that is left.
#include <gst/gst.h>
#include <gtest/gtest.h>

#include <vector>

#include "tests/common/test_elements.h"

#define REC_TEST_DECLARE(name, get_type) extern "C" GType get_type(void);
REC_TEST_ELEMENTS(REC_TEST_DECLARE)

namespace {

struct Element {
  const char *name;
  GType (*get_type)();
};

#define REC_TEST_ROW(name, get_type) {name, get_type},
const std::vector<Element> kElements = {REC_TEST_ELEMENTS(REC_TEST_ROW)};

}  // namespace

int main(int argc, char **argv) {
  g_log_set_always_fatal(static_cast<GLogLevelFlags>(G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING));
  ::testing::InitGoogleTest(&argc, argv);
  gst_init(&argc, &argv);
  for (const Element &e : kElements)
    if (!gst_element_register(nullptr, e.name, GST_RANK_NONE, e.get_type()))
      g_error("cannot register %s", e.name);
  const int result = RUN_ALL_TESTS();
  gst_deinit();
  return result;
}
