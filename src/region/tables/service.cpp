#include "region/tables/service.hpp"

#include "base/random.hpp"
#include "io/log.hpp"
#include "region/program/behind.hpp"
#include "region/program/peers.hpp"
#include "region/program/request_metrics.hpp"
#include "region/tables/access.hpp"
#include "region/tables/backup_operations.hpp"
#include "region/tables/compression.hpp"
#include "region/tables/continuous_backups.hpp"
#include "region/tables/delete_table.hpp"
#include "region/tables/dropped.hpp"
#include "region/tables/expiry_filler.hpp"
#include "region/tables/following.hpp"
#include "region/tables/housekeeping.hpp"
#include "region/tables/metrics_page.hpp"
#include "region/tables/replica_updates.hpp"
#include "region/tables/sweeper.hpp"
#include "region/tables/update_table.hpp"
#include "wire/dynamodb/errors.hpp"
#include "wire/dynamodb/json.hpp"

#include <boost/json/monotonic_resource.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <random>

namespace cloudshelf::tables {
namespace {

namespace errors = dynamodb::errors;

constexpr std::size_t body_bytes_max = 16 << 20;
constexpr std::size_t connections_max = 4096;
constexpr std::size_t reading_threads = 2;
constexpr std::size_t gzip_bytes_min = 2048;  // below that it costs more than it saves
constexpr std::array<std::string_view, 4> stream_operations{
    "DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"
};
constexpr std::array<std::string_view, 1> own_operations{"ListConflicts"};

/// What stands before an operation's name in X-Amz-Target: which API it belongs to.
std::string_view api_of(std::string_view operation) {
    const auto among = [operation](const auto& names) { return std::ranges::find(names, operation) != names.end(); };
    if (among(stream_operations)) return "DynamoDBStreams_20120810.";
    return among(own_operations) ? "CloudShelf_20261123." : "DynamoDB_20120810.";
}

std::int64_t system_wall_ms() {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
}

/// What a client is told of an error of ours: the log's and the disk's are not DynamoDB's.
Error outward(const Error& error) {
    if (!error.code.contains('.')) return error;
    if (error.code == "log.disk-full") {
        return errors::service_unavailable(
            "The disk is full: writes are refused until there is space. " + error.message
        );
    }
    io::log(io::Level::error, "tables.failed", {{"code", error.code}, {"message", error.message}});
    return errors::internal();
}

/// Whether a header that lists codings names gzip, and does not refuse it.
bool accepts_gzip(std::string_view header) {
    const auto at = header.find("gzip");
    if (at == std::string_view::npos) return false;
    const auto rest = header.substr(at + 4, header.substr(at + 4).find(','));
    return !rest.contains("q=0") || rest.contains("q=0.");
}

bool is_json(std::string_view content_type) {
    const auto kind = content_type.substr(0, content_type.find(';'));
    return kind == "application/x-amz-json-1.0" || kind == "application/json" || kind == "application/x-amz-json-1.1";
}

io::HttpResponse not_ours() {
    return {.status = 404, .headers = {}, .body = "<UnknownOperationException/>\n"};
}

}  // namespace

struct Service::Impl {
    Impl(Service* made_for, io::Executor made_on, ServiceOptions given)
        : self(made_for),
          executor(std::move(made_on)),
          options(std::move(given)),
          site(program::site_number(options.region)),
          access(options.keyring, options.region),
          behind(executor) {}

    Service* self;
    io::Executor executor;
    ServiceOptions options;
    std::uint16_t site;
    Operations operations = all_operations();
    Access access;
    program::RequestMetrics metrics{"cloudshelf_tables"};
    Random ids{std::random_device{}() * 0x1'0000'0000ull + std::random_device{}()};

    std::unique_ptr<changelog::ChangeLog> log;
    Storage storage;
    std::unique_ptr<Catalogue> catalogue;
    std::unique_ptr<changelog::Source> source;
    std::map<RegionName, Following> followings;
    io::BlockingPool reading{reading_threads};
    std::mutex snapshots;
    std::unique_ptr<io::HttpServer> server;

    program::Behind behind;

    changelog::ChangeLog::Options log_options() const {
        changelog::ChangeLog::Options made{.folder = options.data / "log", .region = options.region, .site = site};
        made.families = Storage::names();
        made.sync = options.sync;
        for (const auto& peer : options.peers) made.replicas.push_back(peer.region);
        made.held = changelog::Position(0);  // until open_continuous_backups says what is needed
        made.wall_ms = options.wall_ms;
        return made;
    }

    Result<void> open() {
        std::error_code problem;
        std::filesystem::create_directories(options.data, problem);
        if (problem) return fail("log.io", fmt::format("{}: {}", options.data.string(), problem.message()));
        auto opened = changelog::ChangeLog::open(log_options(), executor);
        if (!opened) return fail(opened.error());
        const auto families = Storage::of(**opened);
        if (!families) return fail(families.error());
        auto tables = std::make_unique<Catalogue>(opened->get(), *families);
        if (auto loaded = tables->load(); !loaded) return loaded;
        log = std::move(*opened);
        storage = *families;
        catalogue = std::move(tables);
        changelog::Source::Options serving{.secret = options.log_secret, .snapshots = options.data / "snapshots"};
        serving.refill = [this](RegionName replica) { return refill_replica(*self, std::move(replica)); };
        source = std::make_unique<changelog::Source>(log.get(), std::move(serving));
        return {};
    }

    /// 52 characters of base 32, as AWS's are.
    std::string draw_request_id() {
        constexpr std::string_view alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUV";
        std::string id(52, ' ');
        std::uint64_t bits = 0;
        for (std::size_t i = 0; i < id.size(); ++i, bits >>= 5) {
            if (i % 12 == 0) bits = ids.next();
            id[i] = alphabet[bits & 31];
        }
        return id;
    }

    const Operations::value_type* operation_of(std::string_view target) const {
        const auto dot = target.find('.');
        if (dot == std::string_view::npos) return nullptr;
        const auto name = target.substr(dot + 1);
        if (target.substr(0, dot + 1) != api_of(name)) return nullptr;
        const auto found = operations.find(name);
        return found == operations.end() ? nullptr : &*found;
    }

    /// The answer of one operation, signature and permission checked.
    io::Task<Answer> carry_out(const Operations::value_type* operation, io::HttpRequest* request) {
        if (operation == nullptr) co_return std::unexpected(errors::unknown_operation());
        // Before the body is looked into: whoever has no key shall not make us work.
        const auto caller = access.caller_of(*request, self->wall_ms());
        if (!caller) co_return std::unexpected(caller.error());
        if (request->header("Content-Encoding") == "gzip") {
            auto unpacked = gunzip(request->body, body_bytes_max);
            if (!unpacked) co_return std::unexpected(errors::serialization(unpacked.error().message));
            request->body = std::move(*unpacked);
        }
        boost::json::monotonic_resource memory(std::max<std::size_t>(request->body.size() * 2, 1024));
        const auto body = dynamodb::parse_body(request->body, &memory);
        if (!body) co_return std::unexpected(body.error());
        if (!body->is_object()) co_return std::unexpected(errors::serialization());
        const auto permitted =
            access.permit(**caller, operation->first, operation->second.permission, body->get_object());
        if (!permitted) co_return std::unexpected(permitted.error());
        if (!log) co_return std::unexpected(errors::service_unavailable("The data is being opened"));
        const Call call{.service = *self, .body = body->get_object(), .caller = **caller};
        auto answer = co_await operation->second.handler(call);
        if (!answer) answer.error().error = outward(answer.error().error);
        co_return answer;
    }

    io::Task<io::HttpResponse> answer_api(io::HttpRequest request) {
        if (request.method != "POST") co_return not_ours();
        const auto content_type = request.header("Content-Type");
        if (!request.body.empty() && !is_json(content_type)) co_return not_ours();
        const auto began = io::now();
        const auto* operation = operation_of(request.header("X-Amz-Target"));
        auto answer = co_await carry_out(operation, &request);

        io::HttpResponse response;
        response.headers.reserve(4);
        if (answer) {
            response.body = std::move(*answer);
        } else {
            response.status = dynamodb::status_of(answer.error().error.code);
            response.body = answer.error().body();
        }
        if (response.body.size() >= gzip_bytes_min && accepts_gzip(request.header("Accept-Encoding"))) {
            response.body = gzip(response.body);
            response.headers.emplace_back("Content-Encoding", "gzip");
        }
        response.headers.emplace_back("x-amzn-RequestId", draw_request_id());
        response.headers.emplace_back("x-amz-crc32", std::to_string(crc32(response.body)));
        response.headers.emplace_back("Content-Type", "application/x-amz-json-1.0");
        metrics.count(
            operation != nullptr ? std::string_view(operation->first) : "unknown",
            answer ? std::string_view() : answer.error().error.code,
            io::now() - began
        );
        co_return response;
    }

    io::Task<io::HttpResponse> metrics_page() {
        std::string page;
        metrics.append(page);
        if (!log) co_return io::HttpResponse::text(200, std::move(page));
        append_log_metrics(page, log->metrics());
        append_following_metrics(page, followings, self->wall_ms());
        auto read = [this, view = log->view()] {
            std::string items;
            append_item_metrics(items, view, storage, *catalogue);
            return items;
        };
        page += co_await reading.run(std::move(read));
        co_return io::HttpResponse::text(200, std::move(page));
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
};

Service::Service(io::Executor executor, ServiceOptions options)
    : impl_(std::make_unique<Impl>(this, std::move(executor), std::move(options))) {}
Service::~Service() = default;

io::Task<Result<void>> Service::start() {
    if (auto told_apart = program::check_site_numbers(region(), impl_->options.peers); !told_apart)
        co_return fail(told_apart.error());
    // The address first: where it is another's, nothing is made on the disk. Nobody is answered before this is done.
    io::HttpServer::Options serving{.listen = impl_->options.listen};
    serving.body_bytes_max = body_bytes_max;
    serving.connections_max = connections_max;
    impl_->server = std::make_unique<io::HttpServer>(impl_->executor, serving, [this](io::HttpRequest request) {
        return impl_->behind.answer(answer(std::move(request)));
    });
    if (auto listening = impl_->server->start(); !listening) co_return fail(listening.error());
    if (auto opened = impl_->open(); !opened) co_return fail(opened.error());
    if (auto collected = co_await collect_backups(*this); !collected) co_return fail(collected.error());
    if (auto kept = co_await open_continuous_backups(*this); !kept) co_return fail(kept.error());
    for (const auto& table : catalogue().all()) {
        fill_new_indexes(*this, *table);
        fill_new_replicas(*this, *table);
        if (table->status == TableStatus::deleting) run_behind(finish_deleting(*this, table));
    }
    for (const auto& peer : impl_->options.peers) run_behind(follow(*this, peer));
    run_behind(erase_dropped(*this));
    run_behind(fill_expiry(*this));
    run_behind(sweep_expired(*this));
    run_behind(keep_continuous_backups(*this));
    run_behind(keep_house(*this));
    co_return Result<void>();
}

io::Task<void> Service::stop(io::Deadline deadline) {
    impl_->behind.stop();
    if (impl_->server) co_await impl_->server->stop(deadline);
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
    if (path == "/log" || path.starts_with("/log/")) {
        if (!impl_->source)
            return [] -> io::Task<io::HttpResponse> {
                co_return io::HttpResponse::error(503, "log.away", "the data is being opened");
            }();
        return impl_->source->answer(std::move(request));
    }
    if (request.method == "GET" && path == "/metrics") return impl_->metrics_page();
    if (request.method == "GET" && path == "/health") {
        return [](Impl* impl) -> io::Task<io::HttpResponse> { co_return impl->health(); }(impl_.get());
    }
    if (request.method == "GET" && path == "/") {
        return [](Impl* impl) -> io::Task<io::HttpResponse> {
            co_return io::HttpResponse::text(
                200, fmt::format("healthy: dynamodb.{}.amazonaws.com ", impl->options.region.value())
            );
        }(impl_.get());
    }
    return impl_->answer_api(std::move(request));
}

changelog::ChangeLog& Service::log() {
    return *impl_->log;
}
const Storage& Service::storage() const {
    return impl_->storage;
}
Catalogue& Service::catalogue() {
    return *impl_->catalogue;
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
io::BlockingPool& Service::reading() {
    return impl_->reading;
}
std::mutex& Service::snapshots() {
    return impl_->snapshots;
}
std::int64_t Service::wall_ms() const {
    return impl_->options.wall_ms ? impl_->options.wall_ms() : system_wall_ms();
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

}  // namespace cloudshelf::tables
