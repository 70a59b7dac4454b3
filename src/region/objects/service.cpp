#include "region/objects/service.hpp"

#include "base/random.hpp"
#include "io/clock.hpp"
#include "io/log.hpp"
#include "region/log/source.hpp"
#include "region/objects/access.hpp"
#include "region/objects/collector.hpp"
#include "region/objects/content_source.hpp"
#include "region/objects/cors_headers.hpp"
#include "region/objects/following.hpp"
#include "region/objects/lifecycle.hpp"
#include "region/objects/metrics_page.hpp"
#include "region/objects/operation.hpp"
#include "region/objects/repairs.hpp"
#include "region/objects/replicator.hpp"
#include "region/objects/request_kind.hpp"
#include "region/objects/rewrapper.hpp"
#include "region/objects/scrubber.hpp"
#include "region/objects/website.hpp"
#include "region/program/behind.hpp"
#include "region/program/peers.hpp"
#include "region/program/request_metrics.hpp"
#include "wire/s3/date.hpp"
#include "wire/s3/error_document.hpp"
#include "wire/s3/errors.hpp"
#include "wire/s3/operation.hpp"
#include "wire/s3/target.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <random>
#include <span>

namespace cloudshelf::objects {
namespace {

namespace errors = s3::errors;

constexpr std::size_t body_bytes_max = 4 << 20;  // of documents (10,000 parts, 1,000 keys); objects are streamed
constexpr std::size_t connections_max = 4096;
constexpr std::size_t working_threads = 8;  // most of the time they wait for the disk

/// What is ours and no bucket's: no bucket has a name this short.
constexpr std::string_view own_paths = "/-/";

/// Where the host's name is a bucket's, every path is a key's.
bool is_own(const io::HttpRequest& request, std::span<const std::string> domains) {
    if (!request.path().starts_with(own_paths)) return false;
    const auto target = s3::parse_target(request.header("Host"), request.target, domains);
    return target && target->style == s3::TargetStyle::path;
}

std::int64_t system_wall_ms() {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
}

/// The header whose condition did not hold: of several, the one that the others give way to (RFC 9110, section 13.2.2).
/// A copy's conditions have headers of their own, and are not told.
std::string_view failed_condition(const io::HttpRequest& request) {
    if (!request.header("x-amz-copy-source").empty()) return {};
    for (const std::string_view name : {"If-Match", "If-Unmodified-Since", "If-None-Match"}) {
        if (!request.header(name).empty()) return name;
    }
    return {};
}

/// What a client is told of an error of ours: the log's and the disk's are not S3's.
Error outward(const Error& error) {
    if (!error.code.contains('.') || error.code.starts_with("KMS.")) return error;
    if (error.code == "log.disk-full" || error.code == "contents.disk-full")
        return errors::named("ServiceUnavailable", "The disk is full: writes are refused until there is space.");
    if (error.code == "contents.no-key") return errors::named("KMS.NotFoundException", error.message);
    io::log(io::Level::error, "objects.failed", {{"code", error.code}, {"message", error.message}});
    return errors::named("InternalError");
}

/// The region's keys; made at the first start. Never beside contents: those were encrypted with others.
Result<contents::KeyFile> open_keys(const std::filesystem::path& path, const std::filesystem::path& contents) {
    std::error_code unknown;
    if (std::filesystem::exists(path, unknown) || unknown) return contents::KeyFile::read(path);
    const auto used = contents::Store::has_contents(contents);
    if (!used) return fail(used.error());
    if (!*used) return contents::KeyFile::create(path, {"default"});
    return fail(
        "contents.keys",
        fmt::format(
            "{}: there is no such key file, and only its keys can open what is in {}: put a copy of it there, or name "
            "its place with --keys; where it is lost for good, move the data folder away and let the other regions "
            "fill this one again",
            path.native(),
            contents.native()
        )
    );
}

/// The same, for metrics: S3's names only.
std::string outward_code(const Error& error) {
    if (!error.code.contains('.') || error.code.starts_with("KMS.")) return error.code;
    return error.code.ends_with(".disk-full") ? "ServiceUnavailable" : "InternalError";
}

}  // namespace

struct Service::Impl {
    Impl(Service* made_for, io::Executor made_on, ServiceOptions given)
        : self(made_for),
          executor(std::move(made_on)),
          options(std::move(given)),
          site(program::site_number(options.region)),
          accounts(options.keyring),
          access(options.keyring, accounts, options.region.value()),
          behind(executor) {}

    Service* self;
    io::Executor executor;
    ServiceOptions options;
    std::uint16_t site;
    Accounts accounts;
    Operations operations = all_operations();
    Access access;
    Random ids{std::random_device{}() * 0x1'0000'0000ull + std::random_device{}()};

    std::unique_ptr<changelog::ChangeLog> log;
    Storage storage;
    std::unique_ptr<Buckets> buckets;
    std::unique_ptr<contents::Store> contents;
    std::unique_ptr<changelog::Source> source;
    std::unique_ptr<Collector> collector;
    std::unique_ptr<Repairs> repairs;
    std::unique_ptr<Replicator> replicator;
    std::unique_ptr<Scrubber> scrubber;
    std::unique_ptr<Rewrapper> rewrapper;
    program::RequestMetrics requests{"cloudshelf_objects"};
    std::map<RegionName, Following> followings;
    io::BlockingPool working{working_threads};
    std::unique_ptr<io::HttpServer> server;
    std::unique_ptr<io::HttpServer> tls_server;

    program::Behind behind;

    changelog::ChangeLog::Options log_options() const {
        changelog::ChangeLog::Options made{.folder = options.data / "log", .region = options.region, .site = site};
        made.families = Storage::names();
        made.sync = options.sync;
        for (const auto& peer : options.peers) made.replicas.push_back(peer.region);
        made.wall_ms = options.wall_ms;
        return made;
    }

    Result<void> open() {
        std::error_code problem;
        std::filesystem::create_directories(options.data, problem);
        if (problem) return fail("log.io", fmt::format("{}: {}", options.data.string(), problem.message()));
        auto keys = open_keys(options.keys, options.data / "contents");
        if (!keys) return fail(keys.error());
        for (const auto& name : options.kms_keys) {
            if (keys->newest(name).key != nullptr) continue;
            keys = contents::KeyFile::rotate(options.keys, name);
            if (!keys) return fail(keys.error());
        }
        const auto shared_keys = std::make_shared<const contents::KeyFile>(std::move(*keys));
        const bool durable = options.sync == changelog::Sync::on;
        auto files = contents::Store::open(
            {.folder = options.data / "contents",
             .keys = shared_keys,
             .sync = durable ? contents::Sync::on : contents::Sync::off}
        );
        if (!files) return fail(files.error());
        auto opened = changelog::ChangeLog::open(log_options(), executor);
        if (!opened) return fail(opened.error());
        const auto families = Storage::of(**opened);
        if (!families) return fail(families.error());
        auto known = std::make_unique<Buckets>(opened->get(), *families);
        if (auto loaded = known->load(); !loaded) return loaded;
        contents = std::move(*files);
        log = std::move(*opened);
        storage = *families;
        buckets = std::move(known);
        collector = std::make_unique<Collector>(*self);
        repairs = std::make_unique<Repairs>(*self);
        replicator = std::make_unique<Replicator>(*self);
        scrubber = std::make_unique<Scrubber>(*self, *repairs);
        rewrapper = std::make_unique<Rewrapper>(*self, shared_keys);
        changelog::Source::Options serving{.secret = options.log_secret, .snapshots = options.data / "snapshots"};
        serving.refill = [this](RegionName region) { return replicator->refill(std::move(region)); };
        source = std::make_unique<changelog::Source>(log.get(), std::move(serving));
        return {};
    }

    Result<std::unique_ptr<io::HttpServer>> listen(io::Endpoint at, std::shared_ptr<io::TlsContext> tls) {
        io::HttpServer::Options serving{.listen = std::move(at)};
        serving.body_bytes_max = body_bytes_max;
        serving.connections_max = connections_max;
        serving.server_name = "AmazonS3";
        serving.tls = std::move(tls);
        serving.streams = [this](const io::HttpRequest& head) { return streams_body(head, options.domains); };
        const Connection connection{.secure = serving.tls != nullptr, .peer_address = {}};
        auto made = std::make_unique<io::HttpServer>(executor, serving, [this, connection](io::HttpRequest request) {
            return behind.answer(self->answer(std::move(request), connection));
        });
        if (auto listening = made->start(); !listening) return fail(listening.error());
        return made;
    }

    /// 16 characters, as S3's are.
    std::string draw_request_id() {
        constexpr std::string_view alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        std::string id(16, ' ');
        std::uint64_t bits = ids.next();
        for (char& letter : id) {
            letter = alphabet[bits & 15];
            bits >>= 4;
        }
        return id;
    }

    /// The answer of one operation, signature and permission checked.
    io::Task<Answer> carry_out(
        io::HttpRequest* request, const s3::Target* target, Connection connection, std::string* operation_name
    ) {
        // A preflight request may name a presigned URL, but its signature is for the request behind it.
        const bool preflight = request->method == "OPTIONS";
        const auto caller = preflight ? Caller{} : access.identify(*request, self->wall_ms());
        if (!caller) co_return std::unexpected(caller.error());
        const auto name = s3::operation_name(request->method, *target, request->headers);
        if (!name) co_return std::unexpected(name.error());
        const auto found = operations.find(*name);
        if (found != operations.end()) *operation_name = found->first;
        if (found == operations.end()) co_return std::unexpected(errors::not_implemented());
        if (!log) co_return std::unexpected(errors::named("ServiceUnavailable", "The data is being opened"));
        const Operation& operation = found->second;
        // Who may make a bucket is no question of one that is there: that its name is taken is the answer then.
        const bool of_bucket = !target->bucket.empty() && *name != "CreateBucket";
        const Call call{
            .service = *self,
            .request = *request,
            .target = *target,
            .caller = *caller,
            .bucket = of_bucket ? buckets->find(target->bucket) : nullptr,
            .connection = std::move(connection),
        };
        // Whether a bucket is there is no secret: S3 tells it to everybody.
        if (!call.bucket && of_bucket) co_return std::unexpected(errors::no_such_bucket());
        if (!operation.action.empty()) {
            const auto permitted = permit(call, operation.action, operation.permission, operation.on, target->key);
            if (!permitted) co_return std::unexpected(permitted.error());
        }
        auto answered = co_await operation.handler(call);
        co_return answered;
    }

    io::HttpResponse refuse(Refusal refusal, const io::HttpRequest& request, const s3::Target* target, std::string id) {
        const Error error = outward(refusal.error);
        io::HttpResponse response{.status = s3::http_status(error.code), .headers = std::move(refusal.headers)};
        if (response.status == 304) return response;
        s3::ErrorDocument document{
            .code = error.code,
            .message = error.message,
            .resource = std::string(request.path()),
            .request_id = std::move(id),
            .host_id = options.region.value(),
            .extras = std::move(refusal.details),
        };
        if (target != nullptr && error.code == "NoSuchBucket")
            document.extras.emplace_back("BucketName", target->bucket);
        if (target != nullptr && error.code == "NoSuchKey") document.extras.emplace_back("Key", target->key);
        if (const auto condition = failed_condition(request); error.code == "PreconditionFailed" && !condition.empty())
            document.extras.emplace_back("Condition", condition);
        if (error.code == "RequestTimeTooSkewed") {
            document.extras.emplace_back("RequestTime", request.header("x-amz-date"));
            document.extras.emplace_back("ServerTime", s3::print_timestamp(self->wall_ms()));
            document.extras.emplace_back("MaxAllowedSkewMilliseconds", "900000");
        }
        response.headers.emplace_back("Content-Type", "application/xml");
        response.body = s3::print(document);
        return response;
    }

    /// What all answers carry.
    void finish(io::HttpResponse& response, const std::string& id) {
        response.headers.emplace_back("x-amz-request-id", id);
        response.headers.emplace_back("x-amz-id-2", options.region.value());
        const auto now = s3::Seconds(std::chrono::seconds(self->wall_ms() / 1000));
        response.headers.emplace_back("Date", s3::http_date(now));
    }

    io::Task<io::HttpResponse> answer_site(io::HttpRequest request, std::string bucket, Connection connection) {
        std::string id = draw_request_id();
        WebsiteCall call{*self, request, operations, std::move(bucket), std::move(connection), id};
        auto response = co_await answer_website(std::move(call));
        finish(response, id);
        co_return response;
    }

    io::Task<io::HttpResponse> answer_api(io::HttpRequest request, Connection connection) {
        const std::string id = draw_request_id();
        const auto target = s3::parse_target(request.header("Host"), request.target, options.domains);
        io::HttpResponse response;
        const TimePoint began = io::now();
        std::string operation = "unknown";
        std::string error = "InvalidURI";
        if (target) {
            auto answer = co_await carry_out(&request, &*target, std::move(connection), &operation);
            error = answer ? "" : outward_code(answer.error().error);
            response = answer ? std::move(*answer) : refuse(std::move(answer.error()), request, &*target, id);
        } else {
            response = refuse(target.error(), request, nullptr, id);
        }
        requests.count(operation, error, io::now() - began);
        const auto bucket = target && log ? buckets->find(target->bucket) : nullptr;
        if (bucket && request.method != "OPTIONS") append_cors_headers(response.headers, request, bucket->settings);
        finish(response, id);
        co_return response;
    }

    io::HttpResponse health() const {
        const bool writes = log && !log->metrics().needs_reopening && !log->metrics().disk_full;
        return io::HttpResponse::json(
            log ? 200 : 503,
            fmt::format(
                R"({{"status":"{}","region":"{}"}})",
                writes ? "ok" : (log ? "read-only" : "opening"),
                options.region.value()
            )
        );
    }

    io::Task<io::HttpResponse> retry_replication() {
        const auto retried = co_await replicator->retry_failed("");
        if (!retried) co_return io::HttpResponse::error(500, retried.error().code, retried.error().message);
        co_return io::HttpResponse::json(200, fmt::format(R"({{"versions":{}}})", *retried));
    }

    /// Answers the newest version of each key.
    io::Task<io::HttpResponse> reload_keys() {
        const auto keys = co_await rewrapper->take_keys();
        if (!keys) {
            const Error& error = keys.error();
            io::log(io::Level::error, "objects.keys-not-taken", {{"code", error.code}, {"why", error.message}});
            co_return io::HttpResponse::error(409, error.code, error.message);
        }
        std::vector<std::string> versions;
        for (const auto& name : (*keys)->names())
            versions.push_back(fmt::format(R"("{}":{})", name, (*keys)->newest(name).number));
        co_return io::HttpResponse::json(200, fmt::format(R"({{"keys":{{{}}}}})", fmt::join(versions, ",")));
    }

    /// What is under own_paths: the log and the contents for other regions, metrics and health for whoever watches.
    io::Task<io::HttpResponse> answer_own(io::HttpRequest request) {
        if (!log) co_return health();
        request.target.erase(0, own_paths.size() - 1);
        const std::string path(request.path());
        if (path == "/health") co_return health();
        if (path == "/log" || path.starts_with("/log/")) {
            auto answered = co_await source->answer(std::move(request));
            co_return answered;
        }
        if (path == "/contents" || path.starts_with("/contents/")) {
            ContentSource contents_there(*self);
            auto answered = co_await contents_there.answer(std::move(request));
            co_return answered;
        }
        if (path == "/metrics" && request.method == "GET") {
            auto page = co_await metrics_page(*self, *replicator, *scrubber, *rewrapper, requests);
            co_return io::HttpResponse::text(200, std::move(page));
        }
        const bool retry = path == "/replication/retry", reload = path == "/keys/reload";
        if (request.method != "POST" || (!retry && !reload))
            co_return io::HttpResponse::error(404, "objects.no-such-call", path);
        if (!shows_secret(request, options.log_secret))
            co_return io::HttpResponse::error(401, "objects.not-authorized", "the secret is not ours");
        auto carried_out = retry ? retry_replication() : reload_keys();
        auto answered = co_await std::move(carried_out);
        co_return answered;
    }
};

Service::Service(io::Executor executor, ServiceOptions options)
    : impl_(std::make_unique<Impl>(this, std::move(executor), std::move(options))) {}
Service::~Service() = default;

io::Task<Result<void>> Service::start() {
    if (auto told_apart = program::check_site_numbers(region(), impl_->options.peers); !told_apart)
        co_return fail(told_apart.error());
    // The address first: where it is another's, nothing is made on the disk. Nobody is answered before this is done.
    auto server = impl_->listen(impl_->options.listen, nullptr);
    if (!server) co_return fail(server.error());
    impl_->server = std::move(*server);
    if (impl_->options.tls_listen) {
        auto secure = impl_->listen(*impl_->options.tls_listen, impl_->options.tls);
        if (!secure) co_return fail(secure.error());
        impl_->tls_server = std::move(*secure);
    }
    if (auto opened = impl_->open(); !opened) co_return fail(opened.error());
    run_behind(impl_->collector->run());
    run_behind(impl_->replicator->run());
    run_behind(impl_->scrubber->run());
    run_behind(impl_->rewrapper->run());
    for (const auto& peer : impl_->options.peers) run_behind(follow(*this, *impl_->replicator, peer));
    run_behind(run_lifecycle(*this));
    co_return Result<void>();
}

io::Task<void> Service::stop(io::Deadline deadline) {
    impl_->behind.stop();
    if (impl_->server) co_await impl_->server->stop(deadline);
    if (impl_->tls_server) co_await impl_->tls_server->stop(deadline);
    co_await impl_->behind.end();
}

std::uint16_t Service::port() const {
    return impl_->server->port();
}

std::uint16_t Service::tls_port() const {
    return impl_->tls_server ? impl_->tls_server->port() : 0;
}

bool Service::wants_to_start_anew() const {
    if (!impl_->log) return false;
    if (!impl_->log->metrics().needs_reopening && !impl_->contents->metrics().needs_reopening) return false;
    std::error_code unknown;
    const auto space = std::filesystem::space(options().data, unknown);
    return unknown || space.available >= impl_->log->options().free_bytes_min;
}

io::Task<io::HttpResponse> Service::answer(io::HttpRequest request, Connection connection) {
    auto site = website_bucket(request.header("Host"), impl_->options.domains, region().value());
    if (site && impl_->log) return impl_->answer_site(std::move(request), std::move(*site), std::move(connection));
    if (is_own(request, impl_->options.domains)) return impl_->answer_own(std::move(request));
    return impl_->answer_api(std::move(request), std::move(connection));
}

changelog::ChangeLog& Service::log() {
    return *impl_->log;
}
const Storage& Service::storage() const {
    return impl_->storage;
}
Buckets& Service::buckets() {
    return *impl_->buckets;
}
contents::Store& Service::contents() {
    return *impl_->contents;
}
const Accounts& Service::accounts() const {
    return impl_->accounts;
}
const ServiceOptions& Service::options() const {
    return impl_->options;
}
std::uint16_t Service::site() const {
    return impl_->site;
}
Following& Service::following(const RegionName& region) {
    return impl_->followings[region];
}
const std::map<RegionName, Following>& Service::followings() const {
    return impl_->followings;
}
Repairs& Service::repairs() {
    return *impl_->repairs;
}
const io::Executor& Service::executor() const {
    return impl_->executor;
}
io::BlockingPool& Service::working() {
    return impl_->working;
}
std::int64_t Service::wall_ms() const {
    return impl_->options.wall_ms ? impl_->options.wall_ms() : system_wall_ms();
}
void Service::collect(Freed freed) {
    impl_->collector->add(std::move(freed));
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

}  // namespace cloudshelf::objects
