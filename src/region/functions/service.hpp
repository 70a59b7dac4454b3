#pragma once

#include "base/ids.hpp"
#include "base/result.hpp"
#include "io/blocking.hpp"
#include "io/http.hpp"
#include "region/functions/catalogue.hpp"
#include "region/functions/event_queue.hpp"
#include "region/functions/package_store.hpp"
#include "region/functions/runnables.hpp"
#include "region/functions/runner_factory.hpp"
#include "region/log/change_log.hpp"
#include "wire/sigv4/credentials.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace cloudshelf::functions {

class Dispatcher;
class Mappings;
class ObjectsClient;
class StreamsClient;

struct ServiceOptions {
    io::Endpoint listen;
    RegionName region;
    std::filesystem::path data;
    sigv4::Keyring keyring;
    std::optional<io::Endpoint> objects;  // a service with S3's API: packages from it, records to it
    std::optional<io::Endpoint> tables;   // a service with DynamoDB's API: streams of it
    std::string profile;                  // of the keyring: who we are to those services
    std::size_t concurrency = 100;        // environments at work at once, of all functions
    Duration retry = std::chrono::minutes(1);
    Duration poll = std::chrono::seconds(1);  // how often streams are looked at, and tried after a failure
    PackageLimits package_limits;
    changelog::Sync sync = changelog::Sync::on;
    std::function<std::int64_t()> wall_ms;  // milliseconds since 1970; null: the system's clock. Any thread
};

/// While it lives, nobody else changes the function.
class ChangeGuard {
public:
    explicit ChangeGuard(std::function<void()> end) : end_(std::move(end)) {}
    ChangeGuard(ChangeGuard&& other) noexcept : end_(std::exchange(other.end_, nullptr)) {}
    ChangeGuard& operator=(ChangeGuard&&) = delete;
    ~ChangeGuard() {
        if (end_) end_();
    }

private:
    std::function<void()> end_;
};

/// Functions in one region: Lambda's API, their packages and records, and the events that wait for them. Functions run
/// behind the port Runner. Lives on one executor.
class Service {
public:
    Service(io::Executor executor, ServiceOptions options, MakeRunner make_runner);
    ~Service();

    /// Opens the folder and listens. Errors: those of ChangeLog::open, PackageStore::open, HttpServer::start and of the
    /// runner's making.
    io::Task<Result<void>> start();
    io::Task<void> stop(io::Deadline deadline);
    std::uint16_t port() const;
    /// A commit failed, so that every write is refused, and there is space again: to be stopped and started anew.
    bool wants_to_start_anew() const;

    /// One request of HTTP, whoever brings it.
    io::Task<io::HttpResponse> answer(io::HttpRequest request);

    // What operations stand on, from `start` to the end.
    Catalogue& catalogue();
    PackageStore& packages();
    Runnables& runnables();
    EventQueue& events();
    Dispatcher& dispatcher();
    ObjectsClient* objects();  // null: there is none
    StreamsClient* streams();  // null: there is none
    Mappings& mappings();
    /// For what waits for the disk or takes long: off the loop.
    io::BlockingPool& blocking();
    const ServiceOptions& options() const;
    const RegionName& region() const { return options().region; }
    const io::Executor& executor() const;
    std::int64_t wall_ms() const;

    /// As Catalogue::change, and tells the runner.
    io::Task<Result<Catalogue::Changed>> change(std::string name, Catalogue::Change change);
    /// Errors: ResourceConflictException where somebody else changes the function.
    Result<ChangeGuard> begin_change(const std::string& name);
    bool is_changing(const std::string& name) const;
    /// A link of ours to a package, good for ten minutes.
    std::string link_to_package(const std::string& digest, std::string_view host, const sigv4::Credentials& by) const;
    /// Removes packages that no version is made of. Answers how many.
    io::Task<std::size_t> collect_packages();

    // For what goes on behind requests.
    void run_behind(io::Task<void> task);
    bool stopping() const;
    /// Waits on the loop, until `stop` at the longest.
    io::Task<void> pause(Duration duration);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace cloudshelf::functions
