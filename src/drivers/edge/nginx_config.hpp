#pragma once

#include "drivers/edge/options.hpp"

#include <string>
#include <string_view>

namespace cloudshelf::edge {

/// The whole of nginx.conf (nginx 1.22). The same options give the same text; nothing is read.
///
/// Two levels in one process, joined by sockets in the folder. The outer one is what customers talk to: TLS, cache,
/// compression, headers, log. The inner one is the origin group: it asks the primary with the primary's Host header,
/// and the replica with the replica's where that fails; it caches nothing. The outer one so sees one origin that
/// answers or does not, and caches whatever the group said.
/// `refresh_file`: the file in the folder that has `refresh_map`.
std::string nginx_config(const EdgeOptions& options, std::string_view refresh_file = "refresh.map");

/// What the outer level shows when neither origin answers and there is no copy of the page.
std::string unavailable_page(const EdgeOptions& options);

/// The file that nginx compares the refresh header with; empty where nobody may refresh.
std::string refresh_map(std::string_view secret);

}  // namespace cloudshelf::edge
