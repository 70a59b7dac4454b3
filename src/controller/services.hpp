#pragma once

#include "controller/look_counts.hpp"
#include "io/http.hpp"
#include "store/store.hpp"

#include <filesystem>
#include <string>

namespace cloudshelf::controller {

/// How closely a controller watches: whoever leads, or may lead soon, makes every look; the others leave some out.
struct Attention {
    bool close = true;
};

/// What a controller's applications share.
struct Services {
    io::Executor executor;
    store::Store& store;
    io::HttpClient& agents;    // and other controllers: certificates on both sides
    io::HttpClient& gateways;  // as customers call them: plain
    std::string site_token;
    std::filesystem::path data;
    LookCounts& looks;  // at regions: their agents and gateways
    const Attention& attention;
};

}  // namespace cloudshelf::controller
