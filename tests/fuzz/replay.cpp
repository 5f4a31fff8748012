// SPDX-License-Identifier: LGPL-2.1-or-later
// replay DIRECTORY: a fuzz target without a fuzzer, for every compiler: each file of the corpus, and each of
// its beginnings, as a process that died would leave it. What the target finds wrong ends the program.
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size);

namespace {

constexpr std::size_t kMostBeginnings = 4096;  // per file

std::vector<char> read_all(const std::filesystem::path &path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void give(const std::vector<char> &bytes, std::size_t size) {
  const std::vector<std::uint8_t> exact(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

}  // namespace

int main(int argc, char **argv) {
  std::size_t files = 0;
  for (const auto &entry : std::filesystem::directory_iterator(argc > 1 ? argv[1] : "")) {
    const std::vector<char> bytes = read_all(entry.path());
    const std::size_t step = bytes.size() / kMostBeginnings + 1;
    for (std::size_t size = 0; size < bytes.size(); size += step) give(bytes, size);
    give(bytes, bytes.size());
    ++files;
  }
  std::cout << files << " files\n";
  return files > 0 ? 0 : 1;
}
