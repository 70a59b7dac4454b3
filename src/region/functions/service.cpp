#include "region/functions/service.hpp"

#include "base/digest.hpp"
#include "io/file.hpp"
#include "io/log.hpp"
#include "io/turns.hpp"
#include "region/functions/access.hpp"
#include "region/functions/body.hpp"
#include "region/functions/dispatcher.hpp"
#include "region/functions/ids.hpp"
#include "region/functions/mappings.hpp"
#include "region/functions/metrics_page.hpp"
#include "region/functions/objects_client.hpp"
#include "region/functions/operation.hpp"
#include "region/functions/poller.hpp"
#include "region/functions/streams_client.hpp"
#include "region/program/behind.hpp"
#include "region/program/peers.hpp"
#include "region/program/request_metrics.hpp"
#include "wire/lambda/arn.hpp"
#include "wire/lambda/headers.hpp"
#include "wire/lambda/operation.hpp"

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <set>
#include <utility>

namespace cloudshelf::functions {
namespace {

namespace errors = lambda::errors;

constexpr std::size_t connections_max = 4096;
constexpr std::size_t blocking_threads = 4;
constexpr int large_bodies_at_once = 2;
constexpr std::size_t digest_on_loop_bytes_max = 128 << 10;
constexpr Duration large_body_patience = std::chrono::seconds(60);
constexpr Duration collect_every = std::chrono::minutes(1);
constexpr std::string_view packages_path = "/-/packages/";

std::int64_t system_wall_ms() {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
}

/// What a client is told of an error of ours.
Error outward(const Error& error) {
    if (!error.code.contains('.')) return error;
    if (error.code == "functions.bad-package" || error.code == "objects.refused")
        return errors::invalid_parameter(error.message);
    io::log(io::Level::error, "functions.failed", {{"code", error.code}, {"message", error.message}});
    if (error.code == "log.disk-full" || error.code == "functions.disk-full")
        return errors::service("The disk is full: changes and events are refused until there is space.");
    if (error.code == "objects.unavailable" || error.code == "functions.no-package")
        return errors::service(error.message);
    return errors::service();
}

Result<boost::json::value> parse(std::string_view body) {
    boost::system::error_code problem;
    auto parsed = boost::json::parse(body, problem);
    if (problem || !parsed.is_object()) {
        return fail(errors::invalid_request_content(
            "Could not parse request body into json: " + (problem ? problem.message() : "it is no object")
        ));
    }
    return parsed;
}

/// What a request is about, for whoever is told that they may not.
std::string resource_of(const lambda::Target& target, const RegionName& region) {
    if (const auto name = target.label("FunctionName"); !name.empty()) {
        const auto reference = lambda::read_reference(name);
        return reference ? lambda::function_arn(region.value(), reference->name) : std::string(name);
    }
    const auto resource = target.label("Resource");
    return resource.empty() ? "*" : std::string(resource);
}

}  // namespace

struct Service::Impl {
    Impl(Service* made_for, io::Executor made_on, ServiceOptions given, MakeRunner made_by)
        : self(made_for),
          executor(std::move(made_on)),
          options(std::move(given)),
          make_runner(std::move(made_by)),
          access(options.keyring, options.region),
          behind(executor) {}

    Service* self;
    io::Executor executor;
    ServiceOptions options;
    MakeRunner make_runner;
    Operations operations = all_operations();
    Access access;
    program::RequestMetrics metrics{"cloudshelf_functions"};
    std::shared_ptr<io::Turns> large_bodies = std::make_shared<io::Turns>(large_bodies_at_once);

    std::unique_ptr<changelog::ChangeLog> log;
    Storage storage;
    std::unique_ptr<PackageStore> packages;
    std::unique_ptr<Catalogue> catalogue;
    std::unique_ptr<EventQueue> events;
    io::BlockingPool blocking{blocking_threads};  // ends before what it reads
    std::unique_ptr<Mappings> mappings;
    std::unique_ptr<ObjectsClient> objects;
    std::unique_ptr<StreamsClient> streams;
    RunnerInUse runner;
    std::unique_ptr<Runnables> runnables;
    std::unique_ptr<Dispatcher> dispatcher;
    std::set<std::string, std::less<>> changing;  // functions
    std::unique_ptr<io::HttpServer> server;
    program::Behind behind;
    bool open = false;

    changelog::ChangeLog::Options log_options() const {
        changelog::ChangeLog::Options made{.folder = options.data / "log", .region = options.region};
        made.site = program::site_number(options.region);
        made.families = Storage::names();
        made.sync = options.sync;
        made.wall_ms = options.wall_ms;
        return made;
    }

    Result<void> open_data() {
        std::error_code problem;
        std::filesystem::create_directories(options.data, problem);
        if (problem) return fail("log.io", fmt::format("{}: {}", options.data.string(), problem.message()));
        auto opened = changelog::ChangeLog::open(log_options(), executor);
        if (!opened) return fail(opened.error());
        log = std::move(*opened);
        const auto families = Storage::of(*log);
        if (!families) return fail(families.error());
        storage = *families;
        auto store = PackageStore::open({.folder = options.data / "packages", .limits = options.package_limits});
        if (!store) return fail(store.error());
        packages = std::move(*store);
        catalogue = std::make_unique<Catalogue>(log.get(), storage);
        events = std::make_unique<EventQueue>(log.get(), storage);
        mappings = std::make_unique<Mappings>(log.get(), storage);
        if (auto counted = events->load(); !counted) return counted;
        if (auto known = mappings->load(); !known) return known;
        return catalogue->load();
    }

    Result<void> open_runner() {
        RunnerTerms terms{.executor = executor, .region = options.region, .folder = options.data / "environments"};
        terms.concurrency = options.concurrency;
        auto made = make_runner(std::move(terms));
        if (!made) return fail(made.error());
        runner = std::move(*made);
        runnables = std::make_unique<Runnables>(runner.runner.get(), packages.get());
        for (const auto& function : catalogue->all()) runnables->settle(nullptr, function.get());
        return {};
    }

    /// The services that are asked for packages and streams.
    Result<void> open_neighbours() {
        if (!options.objects && !options.tables) return {};
        const auto profile = std::ranges::find_if(options.keyring, [this](const auto& key) {
            return key.second.profile == options.profile;
        });
        if (profile == options.keyring.end())
            return fail("functions.no-profile", "there is no profile named \"" + options.profile + "\"");
        const auto& region = options.region.value();
        if (options.objects) {
            ObjectsClient::Options to{.endpoint = *options.objects, .region = region, .credentials = profile->second};
            objects = std::make_unique<ObjectsClient>(executor, std::move(to));
        }
        if (options.tables) {
            StreamsClient::Options to{.endpoint = *options.tables, .region = region, .credentials = profile->second};
            streams = std::make_unique<StreamsClient>(executor, std::move(to));
        }
        return {};
    }

    const Operation* operation_of(const std::optional<lambda::Target>& target) const {
        if (!target) return nullptr;
        const auto found = operations.find(target->operation);
        return found == operations.end() ? nullptr : &found->second;
    }

    /// Error texts of bodies that are too large are the operation's.
    Error too_large(const lambda::Target& target, const Operation& operation, const io::HttpRequest& request) const {
        if (operation.body == Body::json) return errors::request_too_large(target.operation, operation.body_bytes_max);
        const auto length = request.incoming->length().value_or(operation.body_bytes_max + 1);
        const auto type = request.header(lambda::headers::invocation_type);
        return errors::payload_too_large(length, type.empty() ? "RequestResponse" : type, operation.body_bytes_max);
    }

    /// The body of a request that was handed over before it: only of known keys, and only so many at a time. The turn
    /// is kept until the answer, for so long the body is in memory.
    using MaybeTurn = std::optional<io::Turns::Turn>;
    io::Task<Result<MaybeTurn>> take_body(
        io::HttpRequest* request, const lambda::Target* target, const Operation* operation
    ) {
        if (!request->incoming) co_return MaybeTurn();
        if (!access.names_known_key(*request))
            co_return fail(errors::access_denied("The request is not signed by us."));
        auto turn = co_await io::Turns::take(large_bodies, executor, io::Deadline::after(large_body_patience));
        if (!turn) co_return fail(errors::too_many_requests());
        auto body = co_await read_body(request->incoming, operation->body_bytes_max);
        if (!body && body.error().code == "functions.body-too-large")
            co_return fail(too_large(*target, *operation, *request));
        if (!body) co_return fail(errors::invalid_request_content(body.error().message));
        request->body = std::move(*body);
        co_return turn;
    }

    io::Task<std::string> digest_of(const std::string* body) {
        if (body->size() <= digest_on_loop_bytes_max) co_return sha256_hex(*body);
        auto work = [body] { return sha256_hex(*body); };
        co_return co_await blocking.run(std::move(work));
    }

    io::Task<Result<boost::json::value>> parse_body(const std::string* body) {
        if (body->empty()) co_return boost::json::object();
        if (body->size() <= digest_on_loop_bytes_max) co_return parse(*body);
        auto work = [body] { return parse(*body); };
        co_return co_await blocking.run(std::move(work));
    }

    /// The answer of one operation, signature and permission checked.
    io::Task<Answer> carry_out(
        const lambda::Target* target,
        const Operation* operation,
        io::HttpRequest* request,
        const std::string* request_id
    ) {
        const auto taken = co_await take_body(request, target, operation);
        if (!taken) co_return std::unexpected(taken.error());
        const auto digest = co_await digest_of(&request->body);
        const auto caller = access.caller_of(*request, digest, self->wall_ms());
        if (!caller) co_return std::unexpected(caller.error());
        const auto permitted =
            access.permit(**caller, target->operation, operation->permission, resource_of(*target, options.region));
        if (!permitted) co_return std::unexpected(permitted.error());
        if (!open) co_return std::unexpected(errors::service("The data is being opened"));
        boost::json::value body = boost::json::object();
        if (operation->body == Body::json) {
            auto parsed = co_await parse_body(&request->body);
            if (!parsed) co_return std::unexpected(parsed.error());
            body = std::move(*parsed);
        }
        const Call call{
            .service = *self,
            .target = *target,
            .request = *request,
            .body = body.get_object(),
            .caller = **caller,
            .request_id = *request_id,
        };
        auto answer = co_await operation->handler(call);
        if (!answer) answer.error().error = outward(answer.error().error);
        co_return answer;
    }

    io::Task<io::HttpResponse> answer_api(io::HttpRequest request) {
        const auto began = io::now();
        const auto target = lambda::read_target(request.method, request.target);
        const auto* operation = operation_of(target);
        const auto request_id = draw_uuid();
        Answer answer = std::unexpected(errors::unknown_operation());
        if (operation != nullptr) answer = co_await carry_out(&*target, operation, &request, &request_id);
        auto response = answer ? std::move(*answer) : refuse(answer.error());
        response.headers.emplace_back(lambda::headers::request_id, request_id);
        metrics.count(
            operation != nullptr ? std::string_view(target->operation) : "unknown",
            answer ? std::string_view() : answer.error().error.code,
            io::now() - began
        );
        co_return response;
    }

    static io::HttpResponse refuse(const Refusal& refusal) {
        auto response = io::HttpResponse::json(
            lambda::status_of(refusal.error.code), lambda::error_body(refusal.error, refusal.throttled)
        );
        response.headers.emplace_back(lambda::headers::error_type, refusal.error.code);
        if (refusal.throttled != lambda::Throttled::not_at_all) response.headers.emplace_back("Retry-After", "1");
        return response;
    }

    /// A package, for whoever has one of our links.
    io::Task<io::HttpResponse> answer_package(io::HttpRequest request) {
        const auto caller = access.caller_of(request, sha256_hex(""), self->wall_ms());
        if (!caller) co_return refuse(Refusal(caller.error()));
        auto package = packages ? packages->find(std::string(request.path().substr(packages_path.size()))) : nullptr;
        if (!package) co_return refuse(Refusal(errors::resource_not_found("There is no such package")));
        auto work = [package] { return io::read_file(package->zip); };
        auto zip = co_await blocking.run(std::move(work));
        if (!zip) co_return refuse(Refusal(outward(zip.error())));
        io::HttpResponse response{.status = 200, .headers = {}, .body = std::move(*zip)};
        response.headers.emplace_back("Content-Type", "application/zip");
        co_return response;
    }

    io::Task<io::HttpResponse> metrics_page() {
        std::string page;
        metrics.append(page);
        if (!open) co_return io::HttpResponse::text(200, std::move(page));
        append_log_metrics(page, log->metrics());
        append_catalogue_metrics(page, *catalogue);
        append_provisioned_metrics(page, *catalogue, *runner.runner);
        append_event_metrics(page, events->size(), dispatcher->ended(), self->wall_ms());
        if (runner.append_metrics) runner.append_metrics(page);
        co_return io::HttpResponse::text(200, std::move(page));
    }

    io::Task<io::HttpResponse> health() {
        const bool writes = open && !log->metrics().needs_reopening && !log->metrics().disk_full;
        co_return io::HttpResponse::json(
            open ? 200 : 503,
            fmt::format(
                R"({{"status":"{}","region":"{}"}})",
                writes ? "ok" : (open ? "read-only" : "opening"),
                options.region.value()
            )
        );
    }
};

Service::Service(io::Executor executor, ServiceOptions options, MakeRunner make_runner)
    : impl_(std::make_unique<Impl>(this, std::move(executor), std::move(options), std::move(make_runner))) {}
Service::~Service() = default;

namespace {

io::Task<void> keep_collecting(Service* service) {
    while (!service->stopping()) {
        co_await service->collect_packages();
        co_await service->pause(collect_every);
    }
}

}  // namespace

io::Task<Result<void>> Service::start() {
    // The address first: where it is another's, nothing is made on the disk. Nobody is answered before this is done.
    io::HttpServer::Options serving{.listen = impl_->options.listen};
    serving.body_bytes_max = small_body_bytes_max;
    serving.streamed_body_bytes_max = package_request_bytes_max + 1;
    serving.connections_max = connections_max;
    serving.streams = is_large;
    impl_->server = std::make_unique<io::HttpServer>(impl_->executor, serving, [this](io::HttpRequest request) {
        return impl_->behind.answer(answer(std::move(request)));
    });
    if (auto listening = impl_->server->start(); !listening) co_return fail(listening.error());
    if (auto opened = impl_->open_data(); !opened) co_return fail(opened.error());
    if (auto found = impl_->open_neighbours(); !found) co_return fail(found.error());
    if (auto made = impl_->open_runner(); !made) co_return fail(made.error());
    impl_->dispatcher = std::make_unique<Dispatcher>(*this);
    impl_->open = true;
    run_behind(Dispatcher::run(impl_->dispatcher.get()));
    if (streams() != nullptr) {
        for (const auto& mapping : mappings().all()) run_behind(poll_mapping(this, mapping->uuid));
    }
    run_behind(keep_collecting(this));
    co_return Result<void>();
}

io::Task<void> Service::stop(io::Deadline deadline) {
    impl_->behind.stop();
    if (impl_->dispatcher) impl_->dispatcher->wake();
    // Requests in progress first, as long as half of the time lasts; what is left then ends with its environment.
    if (impl_->server) co_await impl_->server->stop(deadline.sooner(deadline.remaining() / 2));
    if (impl_->runner.stop) co_await impl_->runner.stop(deadline);
    co_await impl_->behind.end();
}

std::uint16_t Service::port() const {
    return impl_->server->port();
}

bool Service::wants_to_start_anew() const {
    if (!impl_->log || !impl_->log->metrics().needs_reopening) return false;
    std::error_code unknown;
    const auto space = std::filesystem::space(options().data, unknown);
    return unknown || space.available >= impl_->log->options().free_bytes_min;
}

io::Task<io::HttpResponse> Service::answer(io::HttpRequest request) {
    const auto path = request.path();
    if (request.method == "GET" && path == "/-/metrics") return impl_->metrics_page();
    if (request.method == "GET" && path == "/-/health") return impl_->health();
    if (request.method == "GET" && path.starts_with(packages_path)) return impl_->answer_package(std::move(request));
    return impl_->answer_api(std::move(request));
}

Catalogue& Service::catalogue() {
    return *impl_->catalogue;
}
PackageStore& Service::packages() {
    return *impl_->packages;
}
Runnables& Service::runnables() {
    return *impl_->runnables;
}
EventQueue& Service::events() {
    return *impl_->events;
}
Dispatcher& Service::dispatcher() {
    return *impl_->dispatcher;
}
ObjectsClient* Service::objects() {
    return impl_->objects.get();
}
StreamsClient* Service::streams() {
    return impl_->streams.get();
}
Mappings& Service::mappings() {
    return *impl_->mappings;
}
io::BlockingPool& Service::blocking() {
    return impl_->blocking;
}
const ServiceOptions& Service::options() const {
    return impl_->options;
}
const io::Executor& Service::executor() const {
    return impl_->executor;
}
std::int64_t Service::wall_ms() const {
    return impl_->options.wall_ms ? impl_->options.wall_ms() : system_wall_ms();
}

io::Task<Result<Catalogue::Changed>> Service::change(std::string name, Catalogue::Change change) {
    auto changed = co_await impl_->catalogue->change(std::move(name), std::move(change));
    if (changed) impl_->runnables->settle(changed->before.get(), changed->after.get());
    co_return changed;
}

Result<ChangeGuard> Service::begin_change(const std::string& name) {
    if (!impl_->changing.insert(name).second)
        return fail(errors::update_in_progress(lambda::function_arn(region().value(), name)));
    return ChangeGuard([impl = impl_.get(), name] { impl->changing.erase(name); });
}

bool Service::is_changing(const std::string& name) const {
    return impl_->changing.contains(name);
}

std::string Service::link_to_package(const std::string& digest, std::string_view host, const sigv4::Credentials& by)
    const {
    const auto target = std::string(packages_path).append(digest);
    return fmt::format("http://{}{}", host, impl_->access.presign(target, host, by, wall_ms()));
}

io::Task<std::size_t> Service::collect_packages() {
    std::set<std::string, std::less<>> kept;
    for (const auto& function : impl_->catalogue->all()) add_digests(*function, kept);
    auto work = [this, kept = std::move(kept)] { return impl_->packages->collect(kept); };
    co_return co_await impl_->blocking.run(std::move(work));
}

void Service::run_behind(io::Task<void> task) {
    impl_->behind.run(std::move(task));
}

bool Service::stopping() const {
    return impl_->behind.stopping();
}

io::Task<void> Service::pause(Duration duration) {
    return impl_->behind.pause(duration);
}

}  // namespace cloudshelf::functions
