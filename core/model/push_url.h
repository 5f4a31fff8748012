// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <string_view>

#include "core/base/result.h"
#include "core/model/push.h"

namespace rec {

inline constexpr std::size_t kMaxPushUrl = 4096;  // bytes

// Reads `scheme://domain[:port]/app[/more]/stream[?param]`, the address to which an encoder pushes:
// "rtmp://push.example.org/live/cam1?txTime=5" is domain push.example.org, app live, stream cam1. With more
// than two parts the last is the stream and the others are the app. Nothing is percent-decoded: parts stay as
// pushed. Refused: user names and passwords, control characters, empty parts, longer than kMaxPushUrl. Errors
// name what is wrong and never repeat the address: its parameters are secrets.
Result<PushIdentity> parse_push_url(std::string_view url);

}  // namespace rec
