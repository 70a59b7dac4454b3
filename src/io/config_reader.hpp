#pragma once

#include "base/result.hpp"
#include "base/time.hpp"
#include "io/file.hpp"
#include "io/http.hpp"
#include "io/tls.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <concepts>
#include <exception>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

/// Reads a program's configuration, a JSON document. What is missing or of another kind throws std::invalid_argument,
/// which says so by name; `load` makes an Error of it.
namespace cloudshelf::io::config {

const boost::json::value& member(const boost::json::value& object, std::string_view key);
std::string text(const boost::json::value& object, std::string_view key);
std::vector<std::string> texts(const boost::json::value& object, std::string_view key);
bool flag(const boost::json::value& object, std::string_view key);
const boost::json::array& list(const boost::json::value& object, std::string_view key);
/// Milliseconds.
Duration ms(const boost::json::value& object, std::string_view key);
/// "127.1.0.1:7400"
Endpoint endpoint(const boost::json::value& object, std::string_view key);
/// `certificate_file`, `key_file` and `ca_file` of an object.
TlsIdentity identity(const boost::json::value& object);

template <class Number>
Number number(const boost::json::value& object, std::string_view key) {
    const auto& value = member(object, key);
    const auto found = boost::json::try_value_to<Number>(value);
    if (!found) throw std::invalid_argument(fmt::format("{}: expected a number", key));
    return *found;
}

/// The file without the line ends at its end: a token, a key.
std::string content(const std::filesystem::path& file);
std::shared_ptr<TlsContext> tls(const TlsIdentity& identity);

/// What `parse` makes of the document in a file. Errors: "io.no-file", "io.read"; `code` where the document is not as
/// it should be.
template <std::invocable<const boost::json::value&> Parse>
auto load(const std::filesystem::path& path, std::string code, Parse parse)
    -> Result<std::invoke_result_t<Parse, const boost::json::value&>> {
    const auto document = read_file(path);
    if (!document) return fail(document.error());
    try {
        return parse(boost::json::parse(*document));
    } catch (const std::exception& problem) {
        return fail(std::move(code), fmt::format("{}: {}", path.string(), problem.what()));
    }
}

}  // namespace cloudshelf::io::config
