#include "region/program/arguments.hpp"

#include "io/file.hpp"

#include <fmt/format.h>

#include <charconv>

namespace cloudshelf::program {
namespace {

constexpr std::size_t file_bytes_max = 1 << 20;

}  // namespace

Error bad_argument(std::string message) {
    return {.code = "program.bad-argument", .message = std::move(message)};
}

Result<void> read_pairs(std::span<const std::string> arguments, const TakeOption& take) {
    for (std::size_t i = 0; i < arguments.size(); i += 2) {
        if (i + 1 == arguments.size()) {
            return fail(bad_argument(fmt::format("\"{}\": a value is missing, or not known; see --help", arguments[i]))
            );
        }
        if (auto taken = take(arguments[i], arguments[i + 1]); !taken) return taken;
    }
    return {};
}

Result<Peer> read_peer(std::string_view text) {
    constexpr std::string_view scheme = "http://";
    const auto equals = text.find('=');
    const auto wrong = [text] {
        return fail(bad_argument(fmt::format("--peer {}: expected REGION=http://ADDRESS:PORT", text)));
    };
    if (equals == 0 || equals == std::string_view::npos) return wrong();
    auto url = text.substr(equals + 1);
    if (!url.starts_with(scheme)) return wrong();
    url.remove_prefix(scheme.size());
    if (url.ends_with('/')) url.remove_suffix(1);
    auto endpoint = io::Endpoint::parse(url);
    if (!endpoint) return wrong();
    return Peer{.region = RegionName(std::string(text.substr(0, equals))), .endpoint = std::move(*endpoint)};
}

Result<io::Endpoint> read_endpoint(std::string_view name, std::string_view text) {
    auto endpoint = io::Endpoint::parse(text);
    if (endpoint) return endpoint;
    return fail(bad_argument(fmt::format("{} {}", name, endpoint.error().message)));
}

Result<int> read_number(std::string_view name, std::string_view text) {
    int number = 0;
    const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (bad != std::errc() || end != text.data() + text.size() || number < 1)
        return fail(bad_argument(fmt::format("{} {}: expected a whole number from 1", name, text)));
    return number;
}

Result<bool> read_switch(std::string_view name, std::string_view text) {
    if (text != "on" && text != "off") return fail(bad_argument(fmt::format("{}: expected on or off", name)));
    return text == "on";
}

Result<sigv4::Keyring> read_keyring(const std::filesystem::path& file) {
    const auto text = io::read_file(file, file_bytes_max);
    if (!text) return fail(text.error());
    auto keyring = sigv4::read_credentials(*text);
    if (!keyring) return fail(bad_argument(fmt::format("{}: {}", file.string(), keyring.error().message)));
    return keyring;
}

Result<std::string> read_secret(const std::filesystem::path& file) {
    const auto text = io::read_file(file, file_bytes_max);
    if (!text) return fail(text.error());
    std::string secret = text->substr(0, text->find_first_of("\r\n"));
    if (secret.empty()) return fail(bad_argument(fmt::format("{}: its first line is empty", file.string())));
    return secret;
}

}  // namespace cloudshelf::program
