#pragma once

#include "controller/look_counts.hpp"
#include "io/http.hpp"
#include "store/store.hpp"

#include <filesystem>
#include <string>

namespace cloudshelf::controller {

/// What a controller's applications share.
struct Services {
    io::Executor executor;
    store::Store& store;
    io::HttpClient& agents;    // and other controllers: certificates on both sides
    io::HttpClient& gateways;  // as customers call them: plain
    std::string site_token;
    std::filesystem::path data;
    LookCounts& looks;  // at regions: their agents and gateways
};

}  // namespace cloudshelf::controller
