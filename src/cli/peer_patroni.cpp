#include "cli/peer_patroni.hpp"

#include "base/assert.hpp"
#include "cli/peer_writer.hpp"
#include "io/clock.hpp"
#include "io/file.hpp"
#include "io/process.hpp"
#include "twin/layout.hpp"
#include "twin/prepare.hpp"
#include "twin/site.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <array>
#include <sys/random.h>
#include <thread>
#include <unistd.h>

namespace cloudshelf::cli {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using namespace std::chrono_literals;

constexpr int postgres_port = 5432;
constexpr int rest_port = 8008;
constexpr int etcd_port = 2379;
constexpr int etcd_peer_port = 2380;

constexpr const char* packages =
    "`bench-failover --peer patroni` needs Debian's packages patroni, etcd-server and python3-etcd";

/// The last word of the first line of `program --version`: "patroni 3.0.2", "etcd Version: 3.4.23".
Result<std::string> version(const fs::path& program) {
    const auto said = io::run({.argv = {program, "--version"}}, 20s);
    if (!said || said->status != 0) {
        return fail("peer.not-installed", fmt::format("{} is missing or does not run; {}", program.string(), packages));
    }
    const std::string line = said->out.substr(0, said->out.find('\n'));
    return line.substr(line.rfind(' ') + 1);
}

std::string random_secret() {
    std::array<unsigned char, 16> bytes{};
    CLOUDSHELF_ASSERT(::getrandom(bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
    return fmt::format("{:02x}", fmt::join(bytes, ""));
}

/// A folder, or a file, that only PostgreSQL's user may read.
Result<void> give(const fs::path& path) {
    if (twin::postgres_user().empty()) return {};
    const auto user = io::User::find(twin::postgres_user());
    if (!user) return fail(user.error());
    if (::chown(path.c_str(), user->uid, user->gid) == 0) return {};
    return fail("io.write", fmt::format("{} cannot be given to {}", path.string(), user->name));
}

/// The three machines of a trial. They end with this object, however that is reached.
class Cluster {
public:
    explicit Cluster(const PatroniTrialOptions& options) : options_(options) {
        const auto address = [&](int number) { return fmt::format("127.{}.0.1", options.network_base + number); };
        const auto node = [&](const char* name, int number) {
            return PatroniNode{.name = name, .address = address(number), .directory = site(name) / "state"};
        };
        nodes_ = {node("one", 1), node("two", 2)};
        etcd_ = node("etcd", 4);
    }
    Cluster(const Cluster&) = delete;
    ~Cluster() { kill_all(); }

    Result<void> start();
    const std::array<PatroniNode, 2>& nodes() const { return nodes_; }
    /// libpq's parameters for the superuser, at whichever of the hosts takes writes.
    std::map<std::string, std::string> client(const std::string& hosts) const;
    /// Waits for something, looking every 20 ms. Errors: "trial.interrupted", "trial.too-long".
    template <class Done>
    Result<void> until(Duration limit, const std::string& what, Done done) const;
    Result<void> pass(Duration duration) const;

    /// Power loss: every process of the node at once. True when nothing of it is left.
    bool kill(const PatroniNode& node) { return twin::kill_site(site(node.name)); }
    bool kill_all() {
        bool gone = true;
        for (const auto& node : {nodes_[0], nodes_[1], etcd_}) gone = kill(node) && gone;
        return gone;
    }
    /// Who still holds one of the trial's ports.
    std::optional<std::string> taken() const;

private:
    fs::path site(const std::string& name) const { return options_.directory / name; }
    Result<void> prepare(const PatroniNode& node, const twin::Program& program);
    Result<void> boot(const PatroniNode& node);

    const PatroniTrialOptions& options_;
    std::array<PatroniNode, 2> nodes_;
    PatroniNode etcd_;
    PatroniSecrets secrets_{random_secret(), random_secret(), random_secret()};
};

template <class Done>
Result<void> Cluster::until(Duration limit, const std::string& what, Done done) const {
    for (const auto deadline = io::Deadline::after(limit); !deadline.passed(); std::this_thread::sleep_for(20ms)) {
        if (!options_.go_on()) return fail("trial.interrupted", "interrupted");
        if (done()) return {};
    }
    return fail(
        "trial.too-long",
        fmt::format("{}: not within {} s; the logs are in {}/*/log", what, limit / 1s, options_.directory.string())
    );
}

Result<void> Cluster::pass(Duration duration) const {
    const auto deadline = io::Deadline::after(duration);
    return until(duration + 1h, "waiting", [&] { return deadline.passed(); });
}

std::optional<std::string> Cluster::taken() const {
    std::vector<std::pair<std::string, int>> ports{{etcd_.address, etcd_port}, {etcd_.address, etcd_peer_port}};
    for (const auto& node : nodes_) {
        for (const int port : {postgres_port, rest_port}) ports.emplace_back(node.address, port);
    }
    for (const auto& [address, port] : ports) {
        if (const auto who = io::who_listens(address, port)) return fmt::format("{}:{} by {}", address, port, *who);
    }
    return std::nullopt;
}

std::map<std::string, std::string> Cluster::client(const std::string& hosts) const {
    return {
        {"host", hosts},
        {"port", std::to_string(postgres_port)},
        {"dbname", "postgres"},
        {"user", "postgres"},
        {"password", secrets_.superuser},
        {"target_session_attrs", "read-write"},
        {"application_name", "bench"},
        {"sslmode", "disable"},
    };
}

/// The machine's folder stays its owner's; the programs write into `state` alone.
Result<void> Cluster::prepare(const PatroniNode& node, const twin::Program& program) {
    std::error_code failed;
    fs::create_directories(node.directory, failed);
    fs::permissions(node.directory, fs::perms::owner_all, failed);
    if (failed) return fail("twin.directory", fmt::format("{}: {}", node.directory.string(), failed.message()));
    if (const auto given = give(node.directory); !given) return given;
    return twin::write_site(site(node.name), {program});
}

Result<void> Cluster::boot(const PatroniNode& node) {
    const auto started = twin::start_site(options_.cloudshelf, site(node.name));
    return started ? Result<void>() : fail(started.error());
}

Result<void> Cluster::start() {
    kill_all();  // of a trial that was itself killed
    std::error_code failed;
    fs::remove_all(options_.directory, failed);
    fs::create_directories(options_.directory, failed);
    if (failed) return fail("twin.directory", fmt::format("{}: {}", options_.directory.string(), failed.message()));
    if (const auto who = taken()) {
        return fail("twin.port-taken", *who + " is taken; end it, or choose other addresses with --network-base");
    }

    const std::string client_url = fmt::format("http://{}:{}", etcd_.address, etcd_port);
    const std::string peer_url = fmt::format("http://{}:{}", etcd_.address, etcd_peer_port);
    const auto etcd_prepared = prepare(
        etcd_,
        {.name = "etcd",
         .argv =
             {
                 "/usr/bin/etcd",
                 "--name=etcd",
                 "--data-dir=" + (etcd_.directory / "data").string(),
                 "--listen-client-urls=" + client_url,
                 "--advertise-client-urls=" + client_url,
                 "--listen-peer-urls=" + peer_url,
                 "--initial-advertise-peer-urls=" + peer_url,
                 "--initial-cluster=etcd=" + peer_url,
             },
         .user = twin::postgres_user()}
    );
    if (!etcd_prepared) return etcd_prepared;
    const std::string etcd = fmt::format("{}:{}", etcd_.address, etcd_port);
    for (const auto& node : nodes_) {
        const fs::path config = node.directory / "patroni.yml";
        const auto prepared = prepare(
            node,
            {.name = "patroni",
             .argv = {"/usr/bin/patroni", config.string()},
             .env = {{"HOME", node.directory.string()}},
             .user = twin::postgres_user()}
        );
        if (!prepared) return prepared;
        const auto written = io::replace_file(config, patroni_config(node, etcd, options_.timing, secrets_), 0600);
        if (!written) return written;
        if (const auto given = give(config); !given) return given;
    }

    if (const auto booted = boot(etcd_); !booted) return booted;
    const auto up = until(20s, "etcd listens", [&] { return io::who_listens(etcd_.address, etcd_port).has_value(); });
    if (!up) return up;
    for (const auto& node : nodes_) {
        if (const auto booted = boot(node); !booted) return booted;
    }
    const std::string hosts = nodes_[0].address + "," + nodes_[1].address;
    const auto writable = until(120s, "a primary takes writes", [&] {
        auto connection = postgres::Connection::open(client(hosts), 2s);
        return connection && connection->execute("create table if not exists writes (number bigint primary key)");
    });
    if (!writable) return writable;
    auto primary = postgres::Connection::open(client(hosts), 2s);
    if (!primary) return fail(primary.error());
    return until(180s, "the replica streams", [&] {
        // By name, which Patroni gives it: while the replica is made, pg_basebackup streams too.
        const auto streams = primary->execute(
            "select from pg_stat_replication where state = 'streaming' and application_name in ($1, $2)",
            {nodes_[0].name, nodes_[1].name}
        );
        return streams && streams->rows.size() == 1;
    });
}

Result<std::vector<std::uint64_t>> read_back(const std::map<std::string, std::string>& parameters) {
    auto connection = postgres::Connection::open(parameters, 10s);
    if (!connection) return fail(connection.error());
    const auto answer = connection->execute("select number from writes order by number");
    if (!answer) return fail(answer.error());
    std::vector<std::uint64_t> found;
    for (const auto& row : answer->rows) found.push_back(std::stoull(row.at(0).value()));
    return found;
}

Result<PatroniTrial> lose_the_primary(Cluster& cluster, const PatroniTrialOptions& options) {
    if (const auto started = cluster.start(); !started) return fail(started.error());
    const auto& [one, two] = cluster.nodes();
    NumberedWriter writer(cluster.client(one.address + "," + two.address));
    const auto writing = cluster.until(20s, "the first write", [&] { return !writer.server().empty(); });
    if (!writing) return fail(writing.error());
    if (const auto passed = cluster.pass(options.before); !passed) return fail(passed.error());

    const bool first = writer.server() == one.address;
    const auto& lost = first ? one : two;
    const auto& other = first ? two : one;
    if (writer.first_from(other.address)) return fail("trial.moved", "Patroni moved the primary before its loss");
    PatroniTrial trial;
    trial.writes_per_second =
        static_cast<double>(writer.acknowledged().size()) / std::chrono::duration<double>(options.before).count();
    const TimePoint at = io::now();
    if (!cluster.kill(lost)) return fail("trial.left-over", lost.name + " does not end");
    const auto recovered =
        cluster.until(180s, "a write at the other node", [&] { return writer.first_from(other.address).has_value(); });
    if (!recovered) return fail(recovered.error());
    trial.recovery = *writer.first_from(other.address) - at;
    if (const auto who = io::who_listens(lost.address, postgres_port)) {
        return fail("trial.left-over", fmt::format("{}:{} outlived its node: {}", lost.address, postgres_port, *who));
    }
    if (const auto passed = cluster.pass(1s); !passed) return fail(passed.error());

    writer.stop();
    const auto acknowledged = writer.acknowledged();
    const auto found = read_back(cluster.client(other.address));
    if (!found) return fail(found.error());
    trial.acknowledged = acknowledged.size();
    trial.lost = count_lost(acknowledged, *found);
    return trial;
}

}  // namespace

Result<PatroniVersions> find_patroni(const fs::path& programs) {
    auto patroni = version(programs / "patroni");
    if (!patroni) return fail(patroni.error());
    auto etcd = version(programs / "etcd");
    if (!etcd) return fail(etcd.error());
    const auto client = io::run({.argv = {"/usr/bin/python3", "-c", "import etcd"}}, 20s);
    if (!client || client->status != 0) {
        return fail("peer.not-installed", fmt::format("Python's etcd client is missing; {}", packages));
    }
    const fs::path postgres = fs::path(twin::postgres_programs) / "postgres";
    if (!fs::exists(postgres)) {
        return fail("twin.no-postgres", postgres.string() + " is missing: `make setup` installs PostgreSQL 15");
    }
    return PatroniVersions{.patroni = std::move(*patroni), .etcd = std::move(*etcd)};
}

std::string patroni_config(
    const PatroniNode& node, const std::string& etcd, const PatroniTiming& timing, const PatroniSecrets& secrets
) {
    const std::string rest = fmt::format("{}:{}", node.address, rest_port);
    const std::string postgres = fmt::format("{}:{}", node.address, postgres_port);
    const auto login = [](const char* name, const std::string& password) {
        return json::object{{"username", name}, {"password", password}};
    };
    const json::object config{
        {"scope", "bench"},
        {"name", node.name},
        {"restapi",
         {{"listen", rest}, {"connect_address", rest}, {"authentication", login("patroni", secrets.rest_api)}}},
        {"etcd3", {{"host", etcd}}},
        {"bootstrap",
         {{"dcs",
           {{"ttl", timing.ttl},
            {"loop_wait", timing.loop_wait},
            {"retry_timeout", timing.retry_timeout},
            {"postgresql", {{"use_pg_rewind", true}}}}},
          {"initdb", json::array{json::object{{"encoding", "UTF8"}}, "data-checksums"}}}},
        {"postgresql",
         {{"listen", postgres},
          {"connect_address", postgres},
          {"data_dir", (node.directory / "data").string()},
          {"bin_dir", twin::postgres_programs},
          {"pgpass", (node.directory / "pgpass").string()},
          {"authentication",
           {{"superuser", login("postgres", secrets.superuser)},
            {"replication", login("replicator", secrets.replication)}}},
          {"pg_hba", {"host all all 127.0.0.0/8 scram-sha-256", "host replication replicator 127.0.0.0/8 scram-sha-256"}
          },
          // Addresses alone: a socket's path may be no longer than 107 bytes, and the folder's name is not ours.
          {"parameters", {{"unix_socket_directories", ""}}}}},
    };
    return json::serialize(config);
}

Result<PatroniTrial> run_patroni_trial(const PatroniTrialOptions& options) {
    if (options.network_base < 0 || options.network_base > 250) {
        return fail("twin.bad-network-base", fmt::format("--network-base {}: expected 0 to 250", options.network_base));
    }
    auto reachable = twin::reachable_directory(options.directory.parent_path());
    if (!reachable) return fail(reachable.error());
    PatroniTrialOptions there = options;
    there.directory = *reachable / options.directory.filename();
    Cluster cluster(there);
    auto trial = lose_the_primary(cluster, there);
    const bool gone = cluster.kill_all();
    const bool interrupted_by_person = !trial && trial.error().code == "trial.interrupted";
    if (!trial && !interrupted_by_person) return trial;  // the logs stay
    // A killed process of many threads may hold its sockets a moment longer than its main thread lives.
    auto who = cluster.taken();
    for (const auto deadline = io::Deadline::after(5s); who && !deadline.passed(); who = cluster.taken()) {
        std::this_thread::sleep_for(5ms);
    }
    if (!gone || who) return fail("trial.left-over", "a process did not end: " + who.value_or("not one that listens"));
    std::error_code ignored;
    fs::remove_all(there.directory, ignored);
    return trial;
}

}  // namespace cloudshelf::cli
