// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <gio/gio.h>

#include "core/base/glib_ptr.h"
#include "core/base/result.h"
#include "core/io/http.h"

REC_COUNTED(GInputStream, g_object_ref, g_object_unref);

namespace rec {

// The stretch of a file that is a request's body, as a stream that can begin again and tells
// HttpRequest::before_bytes. `request` outlives it. Errors: not_found, unavailable.
Result<Ref<GInputStream>> open_body(const HttpRequest &request);

}  // namespace rec
