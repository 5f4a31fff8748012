// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <string>

namespace rec::test {

// Judges every version of every playlist (`*.m3u8`) that stands on disk while a test runs, at the instant in
// which it appears: link playlist_watch.cpp in. The program's own pwritev(), rename() and renameat2() stand
// before the C library's; what breaks a rule of tests/common/hls_lint.h, alone or against the version before
// it, fails the test.

// This test makes a playlist break the rules whose complaints contain this text.
void expect_lint_complaint(const std::string &about);
// Versions that this test has seen.
unsigned watched_playlist_versions();

}  // namespace rec::test
