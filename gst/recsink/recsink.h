// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <gst/gst.h>

G_BEGIN_DECLS
GType rec_rec_sink_get_type(void);
GType rec_cut_mode_get_type(void);
GType rec_durability_get_type(void);
GST_ELEMENT_REGISTER_DECLARE(recsink)
G_END_DECLS
