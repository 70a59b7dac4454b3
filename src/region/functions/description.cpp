#include "region/functions/description.hpp"

#include "base/base64.hpp"
#include "base/digest.hpp"
#include "region/functions/bootstrap.hpp"
#include "wire/lambda/date.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <charconv>
#include <string_view>

namespace cloudshelf::functions {
namespace {

/// From hexadecimal digits.
std::string bytes_of(std::string_view digits) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
        unsigned value = 0;
        std::from_chars(digits.data() + i, digits.data() + i + 2, value, 16);
        bytes += static_cast<char>(value);
    }
    return bytes;
}

}  // namespace

std::string code_sha256(const Code& code) {
    return base64(bytes_of(code.digest));
}

boost::json::object describe(const Function& function, const Version& version, const std::string& arn, Update update) {
    boost::json::object told;
    lambda::print(version.configuration, told);
    // For whoever compares regions: the same configuration has the same digest everywhere.
    const auto configuration_digest = sha256_hex(boost::json::serialize(told));
    told["FunctionName"] = function.name;
    told["FunctionArn"] = arn;
    told["CodeSize"] = version.code.bytes;
    told["CodeSha256"] = code_sha256(version.code);
    told["ConfigSha256"] = base64(bytes_of(configuration_digest));
    told["LastModified"] = lambda::timestamp(version.modified_ms);
    told["Version"] = version.number;
    told["RevisionId"] = version.revision;
    told["State"] = "Active";
    told["LastUpdateStatus"] = update == Update::in_progress ? "InProgress" : "Successful";
    told["PackageType"] = "Zip";
    told["Architectures"] = boost::json::array{host_architecture()};
    told["SnapStart"] = boost::json::object{{"ApplyOn", "None"}, {"OptimizationStatus", "Off"}};
    told["LoggingConfig"] = boost::json::object{{"LogFormat", "Text"}, {"LogGroup", "/aws/lambda/" + function.name}};
    return told;
}

}  // namespace cloudshelf::functions
