// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/model/push.h"

namespace rec {

// What people ask of a stream's recordings while it is pushed (spec 2.4).
enum class CommandVerb { start, stop, restart, cancel_delay };

inline constexpr CommandVerb kAllCommandVerbs[] = {CommandVerb::start, CommandVerb::stop,
                                                   CommandVerb::restart, CommandVerb::cancel_delay};

std::string_view name_of(CommandVerb verb);  // "start", "stop", "restart", "cancel-delay"
std::optional<CommandVerb> command_named(std::string_view name);

// One command to one process that receives the stream.
struct RecordingCommand {
  std::int64_t id = 0;
  CommandVerb verb = CommandVerb::start;
  PushIdentity stream;  // without stream_param
};

enum class CommandState {
  asked,  // nobody has seen it
  taken,  // it is being obeyed
  done,
  refused,    // `error` says why
  withdrawn,  // by who asked, before anybody had seen it
};

struct CommandAnswer {
  CommandState state = CommandState::asked;
  std::string error;
};

}  // namespace rec
