// A function's code: with the function, or instead of what it had.
#include "base/base64.hpp"
#include "region/functions/body.hpp"
#include "region/functions/bootstrap.hpp"
#include "region/functions/catalogue.hpp"
#include "region/functions/description.hpp"
#include "region/functions/event.hpp"
#include "region/functions/ids.hpp"
#include "region/functions/objects_client.hpp"
#include "region/functions/operation.hpp"
#include "region/functions/package_store.hpp"
#include "region/functions/publish.hpp"
#include "region/functions/request.hpp"
#include "region/functions/service.hpp"
#include "region/functions/tags.hpp"
#include "wire/lambda/configuration.hpp"
#include "wire/lambda/fields.hpp"

namespace cloudshelf::functions {
namespace {

namespace errors = lambda::errors;

/// Where a request's package is.
struct CodeSource {
    const boost::json::string* zip = nullptr;  // base64; null: in an object
    ObjectName object;
};

Result<CodeSource> read_source(const boost::json::object& code) {
    CodeSource source;
    lambda::Fields fields(code);
    const bool image = fields.given("ImageUri");
    source.object.bucket = fields.text("S3Bucket", 63).value_or("");
    source.object.key = fields.text("S3Key", 1024).value_or("");
    source.object.version = fields.text("S3ObjectVersion", 1024).value_or("");
    if (auto read = fields.done(); !read) return fail(read.error());
    if (image) return fail(errors::invalid_parameter("ImageUri: this host runs Zip packages only"));
    if (const auto* zip = code.if_contains("ZipFile"); zip != nullptr && !zip->is_null()) {
        if (!zip->is_string()) return fail(errors::serialization());
        source.zip = &zip->get_string();
    }
    const bool object = !source.object.bucket.empty() || !source.object.key.empty();
    if (source.zip != nullptr && object) {
        return fail(
            errors::invalid_parameter("Please do not provide other FunctionCode parameters when providing a ZipFile.")
        );
    }
    if (source.zip == nullptr && (source.object.bucket.empty() || source.object.key.empty()))
        return fail(errors::invalid_parameter("Please provide a source for function code."));
    return source;
}

/// Puts the package on the disk, from wherever it is.
io::Task<Result<PackagePtr>> take_package(Service* service, CodeSource source) {
    if (source.zip != nullptr) {
        auto work = [service, text = std::string_view(*source.zip)]() -> Result<PackagePtr> {
            const auto zip = from_base64(text);
            if (!zip) return fail(errors::serialization());
            return service->packages().add(*zip);
        };
        co_return co_await service->blocking().run(std::move(work));
    }
    auto* objects = service->objects();
    if (objects == nullptr) {
        co_return fail(
            errors::invalid_parameter("S3Bucket: this host was started without --objects; send the package as ZipFile")
        );
    }
    auto zip = co_await objects->get(std::move(source.object));
    if (!zip) co_return fail(zip.error());
    auto work = [service, bytes = std::move(*zip)] { return service->packages().add(bytes); };
    co_return co_await service->blocking().run(std::move(work));
}

Code code_of(const Package& package) {
    return {.digest = package.digest, .bytes = package.zip_bytes};
}

boost::json::object describe_made(const Call& call, const Function& function, const std::string& number) {
    const auto* version = function.version(number);
    if (version == nullptr) version = &function.latest;
    const bool qualified = version->number != lambda::latest;
    const auto arn = lambda::function_arn(
        call.service.region().value(), function.name, qualified ? std::string_view(version->number) : ""
    );
    return describe(function, *version, arn, Update::done);
}

struct CreateRequest {
    std::string name;
    lambda::Configuration configuration;
    std::map<std::string, std::string> tags;
    CodeSource source;
    bool publish = false;
};

Result<CreateRequest> read_create(const Call& call) {
    CreateRequest request;
    lambda::Fields fields(call.body);
    const auto text = fields.need_text("FunctionName", 140);
    const auto* code = fields.object("Code");
    request.publish = fields.flag("Publish").value_or(false);
    auto tags = fields.texts_by_name("Tags");
    if (auto read = fields.done(); !read) return fail(read.error());
    auto name = named(call, text);
    if (!name) return fail(name.error());
    request.name = name->name;
    if (code == nullptr) return fail(errors::missing_member("Code"));
    auto configuration = lambda::read_configuration(call.body);
    if (!configuration) return fail(configuration.error());
    request.configuration = std::move(*configuration);
    if (auto built = lambda::check_architectures(call.body, host_architecture()); !built) return fail(built.error());
    const bool reachable = call.service.objects() != nullptr;
    const auto& region = call.service.region().value();
    if (auto good = check_destination(request.configuration.dead_letter_target, region, reachable); !good)
        return fail(good.error());
    if (tags) request.tags = std::move(*tags);
    if (auto good = check_tags(request.tags, {}); !good) return fail(good.error());
    auto source = read_source(*code);
    if (!source) return fail(source.error());
    request.source = std::move(*source);
    return request;
}

io::Task<Answer> create_function(Call call) {
    auto request = read_create(call);
    if (!request) co_return std::unexpected(request.error());
    if (call.service.catalogue().find(request->name)) co_return std::unexpected(errors::function_exists(request->name));
    const auto guard = call.service.begin_change(request->name);
    if (!guard) co_return std::unexpected(guard.error());
    const auto package = co_await take_package(&call.service, request->source);
    if (!package) co_return std::unexpected(package.error());
    const auto now_ms = call.service.wall_ms();
    std::string number(lambda::latest);
    Catalogue::Change change = [&](std::optional<Function>& function) -> Result<void> {
        if (function) return fail(errors::function_exists(request->name));
        function.emplace();
        function->name = request->name;
        function->tags = request->tags;
        function->latest.configuration = request->configuration;
        function->latest.code = code_of(**package);
        function->latest.revision = draw_uuid();
        function->latest.modified_ms = now_ms;
        if (request->publish) number = publish(*function, std::nullopt, now_ms);
        return {};
    };
    const auto changed = co_await call.service.change(request->name, std::move(change));
    if (!changed) co_return std::unexpected(changed.error());
    if (!changed->after) co_return std::unexpected(errors::function_not_found(request->name));
    co_return answer_json(201, describe_made(call, *changed->after, number));
}

io::Task<Answer> update_function_code(Call call) {
    const auto found = find_function(call);
    if (!found) co_return std::unexpected(found.error());
    const auto& named = found->named;
    lambda::Fields fields(call.body);
    const bool wants_version = fields.flag("Publish").value_or(false);
    const bool dry_run = fields.flag("DryRun").value_or(false);
    if (auto read = fields.done(); !read) co_return std::unexpected(read.error());
    if (auto built = lambda::check_architectures(call.body, host_architecture()); !built)
        co_return std::unexpected(built.error());
    if (auto same = check_revision(call.body, found->function->latest.revision); !same)
        co_return std::unexpected(same.error());
    auto source = read_source(call.body);
    if (!source) co_return std::unexpected(source.error());
    const auto guard = call.service.begin_change(named.name);
    if (!guard) co_return std::unexpected(guard.error());
    const auto package = co_await take_package(&call.service, std::move(*source));
    if (!package) co_return std::unexpected(package.error());

    const auto now_ms = call.service.wall_ms();
    std::string number(lambda::latest);
    Catalogue::Change change = [&](std::optional<Function>& function) -> Result<void> {
        if (!function) return fail(errors::function_not_found(named.arn));
        if (auto same = check_revision(call.body, function->latest.revision); !same) return same;
        function->latest.code = code_of(**package);
        function->latest.revision = draw_uuid();
        function->latest.modified_ms = now_ms;
        if (wants_version) number = publish(*function, std::nullopt, now_ms);
        return {};
    };
    if (dry_run) {
        std::optional<Function> would_be = *found->function;
        if (auto good = change(would_be); !good) co_return std::unexpected(good.error());
        co_return answer_json(200, describe_made(call, *would_be, number));
    }
    const auto changed = co_await call.service.change(named.name, std::move(change));
    if (!changed) co_return std::unexpected(changed.error());
    if (!changed->after) co_return std::unexpected(errors::function_not_found(named.arn));
    co_return answer_json(200, describe_made(call, *changed->after, number));
}

}  // namespace

void add_code_operations(Operations& to) {
    using sigv4::Permission;
    to["CreateFunction"] = {
        .permission = Permission::admin, .handler = create_function, .body_bytes_max = package_request_bytes_max
    };
    to["UpdateFunctionCode"] = {
        .permission = Permission::admin, .handler = update_function_code, .body_bytes_max = package_request_bytes_max
    };
}

}  // namespace cloudshelf::functions
