#pragma once

#include "base/ids.hpp"
#include "base/result.hpp"
#include "io/http.hpp"
#include "wire/sigv4/credentials.hpp"

#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>

/// Command lines of the regional services. Errors of all: "program.bad-argument", those of io::read_file.
namespace cloudshelf::program {

/// Another region that runs the same service.
struct Peer {
    RegionName region;
    io::Endpoint endpoint;
};

Error bad_argument(std::string message);

/// `--name value` pairs, one after the other.
using TakeOption = std::function<Result<void>(std::string_view name, const std::string& value)>;
Result<void> read_pairs(std::span<const std::string> arguments, const TakeOption& take);

/// "us-west-2=http://127.2.0.1:9000"
Result<Peer> read_peer(std::string_view text);
/// "127.1.0.1:9000". `name`: for the error.
Result<io::Endpoint> read_endpoint(std::string_view name, std::string_view text);
/// A whole number of at least 1. `name`: for the error.
Result<int> read_number(std::string_view name, std::string_view text);
/// "on" or "off".
Result<bool> read_switch(std::string_view name, std::string_view text);
Result<sigv4::Keyring> read_keyring(const std::filesystem::path& file);
/// A file's first line.
Result<std::string> read_secret(const std::filesystem::path& file);

}  // namespace cloudshelf::program
