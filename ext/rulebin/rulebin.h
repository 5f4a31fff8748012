// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <gst/gst.h>

G_BEGIN_DECLS
GType rec_rule_bin_get_type(void);
GST_ELEMENT_REGISTER_DECLARE(rulebin)
G_END_DECLS
