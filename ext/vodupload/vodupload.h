// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <gst/gst.h>

G_BEGIN_DECLS
GType rec_vod_upload_get_type(void);
GST_ELEMENT_REGISTER_DECLARE(vodupload)
G_END_DECLS
