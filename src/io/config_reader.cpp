#include "io/config_reader.hpp"

namespace cloudshelf::io::config {

namespace json = boost::json;

namespace {

[[noreturn]] void complain(std::string_view key, std::string_view expected) {
    throw std::invalid_argument(fmt::format("{}: expected {}", key, expected));
}

}  // namespace

const json::value& member(const json::value& object, std::string_view key) {
    const auto* found = object.is_object() ? object.as_object().if_contains(key) : nullptr;
    if (found == nullptr) throw std::invalid_argument(fmt::format("{} is missing", key));
    return *found;
}

std::string text(const json::value& object, std::string_view key) {
    const auto& value = member(object, key);
    if (!value.is_string()) complain(key, "a text");
    return std::string(value.as_string());
}

std::vector<std::string> texts(const json::value& object, std::string_view key) {
    auto found = json::try_value_to<std::vector<std::string>>(member(object, key));
    if (!found) complain(key, "a list of texts");
    return std::move(*found);
}

bool flag(const json::value& object, std::string_view key) {
    const auto& value = member(object, key);
    if (!value.is_bool()) complain(key, "true or false");
    return value.as_bool();
}

const json::array& list(const json::value& object, std::string_view key) {
    const auto& value = member(object, key);
    if (!value.is_array()) complain(key, "a list");
    return value.as_array();
}

Duration ms(const json::value& object, std::string_view key) {
    return std::chrono::milliseconds(number<std::int64_t>(object, key));
}

Endpoint endpoint(const json::value& object, std::string_view key) {
    auto parsed = Endpoint::parse(text(object, key));
    if (!parsed) throw std::invalid_argument(fmt::format("{}: {}", key, parsed.error().message));
    return std::move(*parsed);
}

TlsIdentity identity(const json::value& object) {
    return {
        .certificate_file = text(object, "certificate_file"),
        .key_file = text(object, "key_file"),
        .ca_file = text(object, "ca_file"),
    };
}

std::string content(const std::filesystem::path& file) {
    auto read = read_file(file);
    if (!read) throw std::invalid_argument(read.error().message);
    while (!read->empty() && read->back() == '\n') read->pop_back();
    return std::move(*read);
}

std::shared_ptr<TlsContext> tls(const TlsIdentity& identity) {
    auto opened = TlsContext::open({.identity = identity});
    if (!opened) throw std::invalid_argument(opened.error().message);
    return std::move(*opened);
}

}  // namespace cloudshelf::io::config
