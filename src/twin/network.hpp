#pragma once

#include "base/result.hpp"
#include "io/relay.hpp"
#include "twin/layout.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <filesystem>
#include <string>

namespace cloudshelf::twin {

/// What `run_network` reads: for each ordered pair of linked sites the ports that one reaches the other at.
boost::json::object network_config(const Layout& layout);

/// The network between the sites, in the foreground: one relay for each port of each link. It belongs to no site and
/// outlives them all. `GET /v1/links` shows each way's weather and what passed; `PUT /v1/links` changes one way.
/// Answers the exit status.
int run_network(const std::filesystem::path& config);

/// Changes the weather of the way from one site to another. Errors: "twin.no-region", the call's.
Result<void> set_weather(
    const Layout& layout, const std::string& from, const std::string& to, const io::LinkWeather& weather
);

/// Every way: `[{"from", "to", "cut", "delay_ms", "jitter_ms", "bytes_passed", "bytes_held"}]`.
Result<boost::json::value> links(const Layout& layout);

}  // namespace cloudshelf::twin
