// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <string>

#include "core/service/sink_session.h"
#include "ext/vodupload/upload_session.h"

namespace rec {

// What the recordings of the sinks inside have in common, all but the owner. Fails (invalid_argument) where a
// property names a template, store or callback that the configuration has not.
Result<SinkSession::Facts> sink_facts(const VodUploadSettings &settings, const std::string &element_name);

}  // namespace rec
