#pragma once

#include "io/http.hpp"

#include <span>
#include <string>

namespace cloudshelf::objects {

/// Whether a request's body is the bytes of an object or a part, or a form with such, which are taken as they come.
/// Everything else that has a body is a document.
bool streams_body(const io::HttpRequest& head, std::span<const std::string> domains);

}  // namespace cloudshelf::objects
