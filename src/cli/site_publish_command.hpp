#pragma once

#include <CLI/App.hpp>

namespace cloudshelf::cli {

/// `cloudshelf site publish`, below `cloudshelf site`.
void add_site_publish(CLI::App& site, int& status);

}  // namespace cloudshelf::cli
