#pragma once

#include "base/result.hpp"
#include "io/http.hpp"
#include "io/task.hpp"

#include <cstddef>
#include <memory>
#include <string>

namespace cloudshelf::functions {

/// Requests that are larger than this, or do not say how large they are, are read only when it is known what they are
/// for: packages come in JSON, as base64.
inline constexpr std::size_t small_body_bytes_max = 8 << 20;
/// What Lambda takes as a whole request with a package in it.
inline constexpr std::size_t package_request_bytes_max = 70'167'211;

/// Whether a request is to be handed over before its body is there.
bool is_large(const io::HttpRequest& head);

/// Reads what is left to be read. Errors: "functions.body-too-large", those of BodyReader::next.
io::Task<Result<std::string>> read_body(std::shared_ptr<io::BodyReader> incoming, std::size_t bytes_max);

}  // namespace cloudshelf::functions
