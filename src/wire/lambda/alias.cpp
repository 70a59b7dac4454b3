#include "wire/lambda/alias.hpp"

#include "wire/lambda/arn.hpp"
#include "wire/lambda/errors.hpp"
#include "wire/lambda/fields.hpp"

#include <boost/json/value.hpp>
#include <fmt/format.h>

namespace cloudshelf::lambda {
namespace {

void read_version(Fields& fields, Alias& to) {
    const auto version = fields.text("FunctionVersion", 1024);
    if (!version) return;
    if (*version != latest && !is_version_number(*version)) {
        return fields.complain(errors::validation(
            *version, "FunctionVersion", "Member must satisfy regular expression pattern: (\\$LATEST|[0-9]+)"
        ));
    }
    to.version = *version;
}

void read_weights(Fields& fields, Alias& to) {
    const auto* routing = fields.object("RoutingConfig");
    if (routing == nullptr) return;
    to.additional_weights.clear();
    Fields inside(*routing);
    const auto* weights = inside.object("AdditionalVersionWeights");
    if (auto read = inside.done(); !read) return fields.complain(read.error());
    if (weights == nullptr) return;
    for (const auto& member : *weights) {
        boost::system::error_code problem;
        const auto weight = member.value().is_number() ? member.value().to_number<double>(problem) : -1;
        if (!is_version_number(member.key()) || problem || !(weight >= 0 && weight <= 1)) {
            return fields.complain(errors::validation(
                member.key(),
                "RoutingConfig.AdditionalVersionWeights",
                "Map keys must satisfy regular expression pattern: [0-9]+, map values must be between 0.0 and 1.0"
            ));
        }
        to.additional_weights[std::string(member.key())] = weight;
    }
}

Result<void> check_routing(const Alias& alias) {
    if (alias.additional_weights.empty()) return {};
    if (alias.additional_weights.size() > 1)
        return fail(errors::invalid_parameter("Number of items in AdditionalVersionWeights cannot be greater than 1"));
    if (alias.version == latest)
        return fail(errors::invalid_parameter("$LATEST is not supported for an alias pointing to more than 1 version"));
    if (alias.additional_weights.contains(alias.version)) {
        return fail(errors::invalid_parameter(fmt::format(
            "Invalid function version {}. Function version {} is already included in routing configuration.",
            alias.version,
            alias.version
        )));
    }
    return {};
}

}  // namespace

Result<Alias> change_alias(Alias from, const boost::json::object& request) {
    Alias made = std::move(from);
    Fields fields(request);
    read_version(fields, made);
    if (auto text = fields.text("Description", 256)) made.description = std::move(*text);
    read_weights(fields, made);
    if (auto read = fields.done(); !read) return fail(read.error());
    if (auto good = check_routing(made); !good) return fail(good.error());
    return made;
}

Result<Alias> read_alias(const boost::json::object& request) {
    Fields fields(request);
    Alias made;
    made.name = fields.need_text("Name", 128);
    if (auto read = fields.done(); !read) return fail(read.error());
    if (!is_alias_name(made.name)) {
        return fail(errors::validation(
            made.name, "Name", "Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)"
        ));
    }
    auto changed = change_alias(std::move(made), request);
    if (changed && changed->version.empty()) return fail(errors::missing_member("FunctionVersion"));
    return changed;
}

boost::json::object print(const Alias& alias) {
    boost::json::object to{
        {"Name", alias.name}, {"FunctionVersion", alias.version}, {"Description", alias.description}
    };
    if (!alias.additional_weights.empty()) {
        boost::json::object weights;
        for (const auto& [version, weight] : alias.additional_weights) weights[version] = weight;
        to["RoutingConfig"] = boost::json::object{{"AdditionalVersionWeights", std::move(weights)}};
    }
    to["RevisionId"] = alias.revision;
    return to;
}

std::string_view pick_version(const Alias& alias, double drawn) {
    for (const auto& [version, weight] : alias.additional_weights) {
        if (drawn < weight) return version;
        drawn -= weight;
    }
    return alias.version;
}

}  // namespace cloudshelf::lambda
