#pragma once

#include "base/result.hpp"
#include "region/contents/name.hpp"

#include <optional>
#include <string_view>

/// Which contents versions and parts refer to, as it is committed. Block; any thread.
namespace cloudshelf::objects {

class Service;

Result<bool> is_referenced(Service& service, const contents::ContentName& name);
/// A content with these bytes, under whichever key.
Result<std::optional<contents::ContentName>> find_referenced(Service& service, std::string_view sha256);
/// The first that is referred to, in order of names, behind `after`; nothing: that was the last.
Result<std::optional<contents::ContentName>> next_referenced(Service& service, const contents::ContentName& after);

}  // namespace cloudshelf::objects
