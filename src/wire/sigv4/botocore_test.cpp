#include "base/digest.hpp"
#include "wire/sigv4/verify.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <random>
#include <string>

namespace cloudshelf::sigv4 {
namespace {

/// What a command writes; empty where it fails.
std::string output_of(const std::string& command) {
    std::FILE* pipe = popen(command.c_str(), "r");
    if (!pipe) return {};
    std::string text;
    char buffer[4096];
    for (std::size_t got; (got = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) text.append(buffer, got);
    return pclose(pipe) == 0 ? text : std::string();
}

std::string text(const boost::json::value& json) {
    return std::string(json.as_string().data(), json.as_string().size());
}

// Goal: what AWS's own client library signs is accepted, for paths and queries of any characters. Method: random
// requests signed by botocore, where it is installed.
TEST(Botocore, IsUnderstood) {
    if (output_of("python3 -c 'import botocore; print(1)' 2>/dev/null").empty()) {
        GTEST_SKIP() << "python3 has no botocore (Debian: python3-botocore)";
    }
    const unsigned seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    const std::string lines =
        output_of(fmt::format("python3 {}/src/wire/sigv4/botocore_oracle.py {} 300", SOURCE_ROOT, seed));
    ASSERT_FALSE(lines.empty());

    const auto now = std::chrono::time_point_cast<std::chrono::seconds>(std::chrono::system_clock::now());
    SigningKeys keys;
    for (std::size_t from = 0; from < lines.size();) {
        const auto end = lines.find('\n', from);
        const std::string line = lines.substr(from, end - from);
        from = end + 1;
        const boost::json::object sent = boost::json::parse(line).as_object();
        const std::string method = text(sent.at("method")), target = text(sent.at("target"));
        std::string digest = sha256_hex(text(sent.at("body")));
        Headers headers;
        for (const auto& each : sent.at("headers").as_array()) headers.emplace_back(text(each.at(0)), text(each.at(1)));
        const Keyring keyring{{"AKIAORACLE", {"AKIAORACLE", "sec/ret+key", text(sent.at("token")), {}, {}}}};
        const bool s3 = sent.at("s3").as_bool();
        const Expected expected{
            .region = "us-east-1", .service = s3 ? "s3" : "dynamodb", .dialect = s3 ? Dialect::s3 : Dialect::plain
        };
        const Request request{method, target, headers, digest};
        const auto accepted = verify(request, keyring, expected, now, keys);
        ASSERT_TRUE(accepted) << line << "\n" << accepted.error().message;

        const std::string other = method + "X";
        const Request altered{other, target, headers, digest};
        ASSERT_FALSE(verify(altered, keyring, expected, now, keys)) << line;
    }
}

}  // namespace
}  // namespace cloudshelf::sigv4
