// SPDX-License-Identifier: LGPL-2.1-or-later
// How long a configuration with very many rules takes to load, and a push to find its rule.
// By hand: build-release/tests/bench/bench-rules [RULES]
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "core/service/configuration.h"

namespace rec {
namespace {

std::string text_with(unsigned rules) {
  std::string text = R"({"templates": {"t": {"formats": {"mp4": {}}}}, "rules": [)";
  for (unsigned i = 0; i < rules; ++i)
    text += (i > 0 ? ",\n" : "\n") + std::string(R"({"domain": "push)") + std::to_string(i % 100) +
            R"(.example.org", "app": "live", "stream": "cam)" + std::to_string(i) + R"(", "template": "t"})";
  return text + "]}";
}

// Of the processor: the machine may have more to do.
double seconds_since(std::clock_t start) {
  return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

int run(unsigned rules) {
  const std::string text = text_with(rules);
  std::clock_t start = std::clock();
  const LoadedConfiguration loaded = parse_configuration(text, "recording.json");
  std::printf("%u rules, %zu bytes: loaded in %.3f s\n", rules, text.size(), seconds_since(start));
  if (!loaded.configuration) return 1;
  std::size_t matched = 0;
  constexpr unsigned kMatches = 200000;
  start = std::clock();
  for (unsigned i = 0; i < kMatches; ++i) {
    const unsigned n = i * 7919 % (2 * rules);  // every second one has no rule
    const PushIdentity push{"PUSH" + std::to_string(n % 100) + ".example.org", "live",
                            "cam" + std::to_string(n), ""};
    matched += choose_template(*loaded.configuration, push).recording != nullptr;
  }
  std::printf("%zu of %u pushes have a rule, found in %.2f us each\n", matched, kMatches,
              seconds_since(start) * 1e6 / kMatches);
  return 0;
}

}  // namespace
}  // namespace rec

int main(int argc, char **argv) {
  const long rules = argc > 1 ? std::strtol(argv[1], nullptr, 10) : 100000;
  return rec::run(rules > 0 ? static_cast<unsigned>(rules) : 1);
}
