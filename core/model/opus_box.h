// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <string>
#include <string_view>

namespace rec {

// mp4mux before 1.24 writes the numbers of an Opus track's header (dOps, "Encapsulation of Opus in ISO Base
// Media File Format" 4.3.2) in the byte order of Ogg: players then leave out the first 0.3 s.
//
// The same moov box with these numbers in network byte order. Where they are already, and in everything else,
// bytes come back unchanged; nothing moves.
std::string with_opus_in_network_order(std::string_view moov);

}  // namespace rec
