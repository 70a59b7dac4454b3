#include "wire/lambda/configuration.hpp"

#include "wire/lambda/errors.hpp"
#include "wire/lambda/fields.hpp"

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace cloudshelf::lambda {
namespace {

constexpr std::size_t variables_bytes_max = 4096;
constexpr std::array<std::string_view, 3> runtimes{"provided.al2023", "provided.al2", "provided"};
/// What Lambda has and this host does not: refused, so that nobody believes it is there.
constexpr std::array<std::string_view, 9> unsupported{
    "Layers",
    "FileSystemConfigs",
    "ImageConfig",
    "CodeSigningConfigArn",
    "KMSKeyArn",
    "CapacityProviderConfig",
    "DurableConfig",
    "TenancyConfig",
    "PublishTo",
};
/// Set by the host (Lambda developer guide, "Defined runtime environment variables"). The keys of a role, which Lambda
/// reserves too, are not among them: there are no roles here, so that functions are given keys as variables.
constexpr std::array<std::string_view, 14> reserved{
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "LAMBDA_TASK_ROOT",
    "LAMBDA_RUNTIME_DIR",
};

/// [a-zA-Z]([a-zA-Z0-9_])+
bool is_variable_name(std::string_view name) {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    return name.size() >= 2 && letter(name[0]) &&
           std::ranges::all_of(name, [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '_'; });
}

Result<void> check_variables(const std::map<std::string, std::string>& variables) {
    std::size_t bytes = 0;
    for (const auto& [name, value] : variables) {
        if (std::ranges::find(reserved, name) != reserved.end()) {
            return fail(errors::invalid_parameter(fmt::format(
                "Lambda was unable to configure your environment variables because the environment variables you have "
                "provided contains reserved keys that are currently not supported for modification. Reserved keys used "
                "in this request: {}",
                name
            )));
        }
        if (!is_variable_name(name)) {
            return fail(errors::validation(
                name,
                "Environment.Variables",
                "Map keys must satisfy constraint: [Member must satisfy regular "
                "expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]"
            ));
        }
        if (value.contains('\0')) {
            return fail(errors::invalid_parameter(fmt::format("The variable {} contains a zero byte", name)));
        }
        bytes += name.size() + value.size();
    }
    if (bytes > variables_bytes_max) {
        return fail(errors::invalid_parameter(fmt::format(
            "Lambda was unable to configure your environment variables because the environment variables you have "
            "provided exceeded the 4KB limit. They have {} bytes",
            bytes
        )));
    }
    return {};
}

void read_environment(Fields& fields, Configuration& to) {
    const auto* environment = fields.object("Environment");
    if (environment == nullptr) return;
    Fields inside(*environment);
    auto variables = inside.texts_by_name("Variables");
    if (auto read = inside.done(); !read) return fields.complain(read.error());
    if (!variables) return;
    if (auto good = check_variables(*variables); !good) return fields.complain(good.error());
    to.variables = std::move(*variables);
}

void read_runtime(Fields& fields, Configuration& to) {
    const auto runtime = fields.text("Runtime", 128);
    if (!runtime) return;
    if (std::ranges::find(runtimes, *runtime) == runtimes.end()) {
        return fields.complain(errors::invalid_parameter(fmt::format(
            "Value {} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: "
            "[provided.al2023, provided.al2, provided]: this host runs executables named bootstrap",
            *runtime
        )));
    }
    to.runtime = *runtime;
}

void read_handler(Fields& fields, Configuration& to) {
    const auto handler = fields.text("Handler", 128);
    if (!handler) return;
    const auto is_space = [](unsigned char c) { return std::isspace(c) != 0; };
    if (std::ranges::any_of(*handler, is_space)) {
        return fields.complain(
            errors::validation(*handler, "Handler", "Member must satisfy regular expression pattern: [^\\s]+")
        );
    }
    to.handler = *handler;
}

void read_role(Fields& fields, Configuration& to) {
    const auto role = fields.text("Role", 2048);
    if (!role) return;
    if (!role->starts_with("arn:aws") || !role->contains(":iam::") || !role->contains(":role/")) {
        return fields.complain(errors::validation(
            *role,
            "Role",
            "Member must satisfy regular expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?"
            "[a-zA-Z_0-9+=,.@\\-_/]+"
        ));
    }
    to.role = *role;
}

/// An ARN inside an object inside the request: DeadLetterConfig.TargetArn, TracingConfig.Mode, …
std::optional<std::string> text_inside(Fields& fields, std::string_view object, std::string_view member) {
    const auto* found = fields.object(object);
    if (found == nullptr) return std::nullopt;
    Fields inside(*found);
    auto text = inside.text(member, 2048);
    if (auto read = inside.done(); !read) fields.complain(read.error());
    return text;
}

void refuse_unsupported(Fields& fields) {
    for (const auto name : unsupported) {
        if (fields.given(name))
            fields.complain(errors::invalid_parameter(fmt::format("{} is not supported here", name)));
    }
    if (const auto* vpc = fields.object("VpcConfig"); vpc != nullptr && Fields(*vpc).given("SubnetIds"))
        fields.complain(errors::invalid_parameter("VpcConfig is not supported here"));
    if (text_inside(fields, "SnapStart", "ApplyOn").value_or("None") != "None")
        fields.complain(errors::invalid_parameter("SnapStart is not supported here"));
    if (text_inside(fields, "LoggingConfig", "LogFormat").value_or("Text") != "Text")
        fields.complain(errors::invalid_parameter("LoggingConfig: this host logs as Text only"));
    if (fields.text("PackageType", 16).value_or("Zip") != "Zip")
        fields.complain(errors::invalid_parameter("PackageType: this host runs Zip packages only"));
}

void read_tracing(Fields& fields, Configuration& to) {
    const auto mode = text_inside(fields, "TracingConfig", "Mode");
    if (!mode) return;
    if (*mode != "Active" && *mode != "PassThrough") {
        return fields.complain(
            errors::validation(*mode, "TracingConfig.Mode", "Member must satisfy enum value set: [Active, PassThrough]")
        );
    }
    to.tracing_mode = *mode;
}

void read_ephemeral_storage(Fields& fields, Configuration& to) {
    const auto* storage = fields.object("EphemeralStorage");
    if (storage == nullptr) return;
    Fields inside(*storage);
    to.ephemeral_mib = inside.number("Size", 512, 10240).value_or(to.ephemeral_mib);
    if (auto read = inside.done(); !read) fields.complain(read.error());
}

}  // namespace

Result<Configuration> change_configuration(Configuration from, const boost::json::object& request) {
    Configuration made = std::move(from);
    Fields fields(request);
    refuse_unsupported(fields);
    if (auto text = fields.text("Description", 256)) made.description = std::move(*text);
    read_runtime(fields, made);
    read_handler(fields, made);
    read_role(fields, made);
    made.timeout_seconds = fields.number("Timeout", 1, 900).value_or(made.timeout_seconds);
    made.memory_mib = fields.number("MemorySize", 128, 10240).value_or(made.memory_mib);
    read_ephemeral_storage(fields, made);
    read_environment(fields, made);
    read_tracing(fields, made);
    if (auto target = text_inside(fields, "DeadLetterConfig", "TargetArn"))
        made.dead_letter_target = std::move(*target);
    if (auto read = fields.done(); !read) return fail(read.error());
    return made;
}

Result<Configuration> read_configuration(const boost::json::object& request) {
    auto made = change_configuration({}, request);
    if (!made) return made;
    if (made->role.empty()) return fail(errors::missing_member("Role"));
    if (made->runtime.empty() || made->handler.empty()) {
        return fail(errors::invalid_parameter(
            "Runtime and Handler are mandatory parameters for functions created with deployment packages."
        ));
    }
    return made;
}

void print(const Configuration& configuration, boost::json::object& to) {
    to["Runtime"] = configuration.runtime;
    to["Role"] = configuration.role;
    to["Handler"] = configuration.handler;
    to["Description"] = configuration.description;
    to["Timeout"] = configuration.timeout_seconds;
    to["MemorySize"] = configuration.memory_mib;
    if (configuration.variables) {
        boost::json::object variables;
        for (const auto& [name, value] : *configuration.variables) variables[name] = value;
        to["Environment"] = boost::json::object{{"Variables", std::move(variables)}};
    }
    if (!configuration.dead_letter_target.empty())
        to["DeadLetterConfig"] = boost::json::object{{"TargetArn", configuration.dead_letter_target}};
    to["TracingConfig"] = boost::json::object{{"Mode", configuration.tracing_mode}};
    to["EphemeralStorage"] = boost::json::object{{"Size", configuration.ephemeral_mib}};
}

Result<void> check_architectures(const boost::json::object& request, std::string_view of_host) {
    Fields fields(request);
    const auto* architectures = fields.array("Architectures");
    if (auto read = fields.done(); !read) return read;
    if (architectures == nullptr || architectures->empty()) return {};
    const auto is_of_host = [of_host](const boost::json::value& each) {
        return each.is_string() && each.get_string() == of_host;
    };
    if (architectures->size() == 1 && is_of_host(architectures->at(0))) return {};
    return fail(errors::invalid_parameter(fmt::format("Architectures: this host runs functions for {} only", of_host)));
}

}  // namespace cloudshelf::lambda
