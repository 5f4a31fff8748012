// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/recording_command.h"

namespace rec {

std::string_view name_of(CommandVerb verb) {
  switch (verb) {
    case CommandVerb::start:
      return "start";
    case CommandVerb::stop:
      return "stop";
    case CommandVerb::restart:
      return "restart";
    case CommandVerb::cancel_delay:
      break;
  }
  return "cancel-delay";
}

std::optional<CommandVerb> command_named(std::string_view name) {
  for (const CommandVerb verb : kAllCommandVerbs)
    if (name == name_of(verb)) return verb;
  return std::nullopt;
}

}  // namespace rec
