// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/recording_template.h"

namespace rec {

// A content in names of pads and files: "origin", "watermarked", "transcoded_ID".
std::string label_of(const Content &content);
std::optional<Content> content_labelled(std::string_view label);

// {RecordSource} (spec 4.2): the id of the transcoding template, "origin" for all else.
std::string record_source_of(const Content &content);

// What is recorded of what a template wants, given what there is beside the origin, which always is
// (spec 3.7, C15): a transcoded content that is not there is replaced by the watermarked one, and that by the
// origin. "transcoded:*" stands for every transcoded content that there is, or one that is not there. Each
// once, in the order of `wanted`.
std::vector<Content> contents_to_record(const std::vector<Content> &wanted,
                                        const std::vector<Content> &there);

// The contents to ask somebody for: wanted, named, not there, and not the origin.
std::vector<Content> contents_missing(const std::vector<Content> &wanted, const std::vector<Content> &there);

}  // namespace rec
