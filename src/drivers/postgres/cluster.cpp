#include "drivers/postgres/cluster.hpp"

#include "io/clock.hpp"
#include "io/file.hpp"
#include "io/process.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <csignal>
#include <cstring>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

namespace cloudshelf::postgres {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using namespace std::chrono_literals;

constexpr const char* stranded_slot = "cloudshelf_stranded";
constexpr const char* rewind_marker = "rejoin.begun";  // in `data`: the directory may be half rewound

std::string slot_of(const RegionName& region) {
    std::string name = "standby_" + region.value();
    for (char& c : name) c = c == '-' ? '_' : c;
    return name;
}

/// Gives a file or folder to the user that PostgreSQL runs as.
Result<void> give(const fs::path& path, const std::string& user) {
    if (user.empty()) return {};
    const auto found = io::User::find(user);
    if (!found) return fail(found.error());
    if (::chown(path.c_str(), found->uid, found->gid) == 0) return {};
    return fail(
        "postgres.files", fmt::format("{}: cannot be given to {}: {}", path.string(), user, std::strerror(errno))
    );
}

Result<void> private_folder(const fs::path& path, const std::string& user) {
    std::error_code failed;
    fs::create_directories(path, failed);
    if (!failed) fs::permissions(path, fs::perms::owner_all, failed);
    if (failed) return fail("postgres.files", fmt::format("{}: {}", path.string(), failed.message()));
    return give(path, user);
}

Result<void> write_for(const fs::path& path, const std::string& content, const std::string& user) {
    if (const auto written = io::replace_file(path, content, 0600); !written) return written;
    return give(path, user);
}

std::string field(const Answer& answer, std::size_t column) {
    return answer.rows.empty() ? "" : answer.rows[0].at(column).value_or("");
}

Lsn lsn_of(const std::string& text) {
    return core::parse_lsn(text).value_or(Lsn(0));
}

}  // namespace

bool Cluster::exists() const {
    return fs::exists(options_.pgdata / "PG_VERSION");
}
bool Cluster::is_standby() const {
    return fs::exists(options_.pgdata / "standby.signal");
}

std::string Cluster::password(const std::string& role) const {
    return io::read_file(options_.secrets / fmt::format("postgres-{}.password", role)).value_or("");
}

Result<void> Cluster::run(std::vector<std::string> argv, Duration limit) const {
    io::SpawnOptions options;
    const std::string program = argv[0];
    argv[0] = options_.programs / argv[0];
    options.argv = std::move(argv);
    options.clean_env = true;
    options.env = {{"PGPASSFILE", options_.pgconf / "pgpass"}, {"HOME", options_.pgconf}};
    options.directory = options_.pgconf;
    if (!options_.user.empty()) {
        auto user = io::User::find(options_.user);
        if (!user) return fail(user.error());
        options.run_as = std::move(*user);
    }
    const auto output = io::run(options, limit);
    if (!output) return fail(output.error());
    if (output->status == 0) return {};
    return fail("postgres.program", fmt::format("{} ended with status {}: {}", program, output->status, output->err));
}

Result<void> Cluster::configure(std::optional<Address> primary) {
    if (const auto made = private_folder(options_.pgconf, options_.user); !made) return made;
    if (const auto made = private_folder(options_.socket_dir, options_.user); !made) return made;
    std::error_code ignored;
    fs::create_directories(options_.data, ignored);
    const std::string settings = fmt::format(
        "# Written by the agent; changes are overwritten.\n"
        "listen_addresses = '{address}'\n"
        "port = {port}\n"
        "unix_socket_directories = '{sockets}'\n"
        "hba_file = '{conf}/pg_hba.conf'\n"
        "cluster_name = '{region}'\n"
        "max_connections = 200\n"
        "shared_buffers = 128MB\n"
        "wal_level = logical\n"
        "max_wal_senders = 10\n"
        "max_replication_slots = 10\n"
        "wal_keep_size = 512MB\n"
        "max_slot_wal_keep_size = 4GB\n"  // a lost region must not fill the writer's disk
        "hot_standby = on\n"
        "synchronous_commit = local\n"  // orders and payments ask for more, per transaction
        "wal_sender_timeout = 10s\n"
        "wal_receiver_timeout = 10s\n"
        "wal_receiver_status_interval = 1s\n"
        "wal_retrieve_retry_interval = 100ms\n"
        "max_standby_streaming_delay = 1s\n"
        "checkpoint_timeout = 5min\n"
        "max_wal_size = 2GB\n"
        "idle_in_transaction_session_timeout = 30s\n"
        "tcp_keepalives_idle = 5\n"
        "tcp_keepalives_interval = 1\n"
        "tcp_keepalives_count = 5\n"
        "log_line_prefix = '%m [%p] %u '\n"
        "include = 'synchronous.conf'\n"
        "include = 'replication.conf'\n",
        fmt::arg("address", options_.listen.host),
        fmt::arg("port", options_.listen.port),
        fmt::arg("sockets", options_.socket_dir.string()),
        fmt::arg("conf", options_.pgconf.string()),
        fmt::arg("region", options_.region.value())
    );
    const std::string access =
        "# type  database     user              address        method\n"
        "local   all          cloudshelf_admin                 scram-sha-256\n"
        "host    cloudshelf   bookstore         127.0.0.0/8    scram-sha-256\n"
        "host    replication  replicator        127.0.0.0/8    scram-sha-256\n"
        "host    postgres     replicator        127.0.0.0/8    scram-sha-256\n"
        "host    cloudshelf   replicator        127.0.0.0/8    scram-sha-256\n";
    std::string replication;
    if (primary) {
        replication = fmt::format(
            "primary_conninfo = 'host={} port={} user=replicator dbname=replication passfile={}/pgpass "
            "application_name={} connect_timeout=2'\n"
            "primary_slot_name = '{}'\n",
            primary->host,
            primary->port,
            options_.pgconf.string(),
            options_.region.value(),
            slot_of(options_.region)
        );
    }
    const std::vector<std::pair<const char*, std::string>> files = {
        {"postgresql.conf", settings},
        {"pg_hba.conf", access},
        {"synchronous.conf", "synchronous_standby_names = ''\n"},
        {"replication.conf", replication},
        {"pgpass", fmt::format("*:*:*:replicator:{}\n", password("replicator"))},
    };
    for (const auto& [name, content] : files) {
        if (const auto written = write_for(options_.pgconf / name, content, options_.user); !written) return written;
    }
    return {};
}

namespace {

/// A server started by hand, without the fencer, reads this and refuses.
constexpr const char* refusing_configuration =
    "# This server is started by its fencer only, which proves first that the region may write.\n"
    "only_the_fencer_starts_this_server = 'see docs/operations/postgresql.md'\n";

}  // namespace

Result<void> Cluster::initialize() {
    if (const auto made = private_folder(options_.pgdata, options_.user); !made) return made;
    if (const auto written = configure(std::nullopt); !written) return written;
    const fs::path secret = options_.pgconf / "admin.initial";
    if (const auto written = write_for(secret, password("admin") + "\n", options_.user); !written) return written;
    const auto made =
        run({"initdb",
             "-D",
             options_.pgdata,
             "-U",
             "cloudshelf_admin",
             "--pwfile",
             secret,
             "-A",
             "scram-sha-256",
             "--data-checksums",
             "-E",
             "UTF8",
             "--locale=C.UTF-8",
             "--no-instructions"},
            60s);
    std::error_code ignored;
    fs::remove(secret, ignored);
    if (!made) return made;
    return write_for(options_.pgdata / "postgresql.conf", refusing_configuration, options_.user);
}

Result<void> Cluster::clone_from(Address primary) {
    if (const auto written = configure(primary); !written) return written;
    std::error_code failed;
    fs::remove_all(options_.pgdata, failed);
    if (const auto made = private_folder(options_.pgdata, options_.user); !made) return made;
    const auto cloned =
        run({"pg_basebackup",
             "-D",
             options_.pgdata,
             "-h",
             primary.host,
             "-p",
             std::to_string(primary.port),
             "-U",
             "replicator",
             "-X",
             "stream",
             "--checkpoint=fast",
             "--no-password"},
            3600s);
    if (!cloned) {
        fs::remove_all(options_.pgdata, failed);
        return cloned;
    }
    return write_for(options_.pgdata / "standby.signal", "", options_.user);
}

Result<Connection> Cluster::admin(Duration limit) const {
    return Connection::open(
        {{"host", options_.socket_dir},
         {"port", std::to_string(options_.listen.port)},
         {"user", "cloudshelf_admin"},
         {"password", password("admin")},
         {"dbname", "postgres"}},
        limit
    );
}

Result<Connection> Cluster::at(Address server, Duration limit) const {
    return Connection::open(
        {{"host", server.host},
         {"port", std::to_string(server.port)},
         {"user", "replicator"},
         {"password", password("replicator")},
         {"dbname", "postgres"}},
        limit
    );
}

Result<void> Cluster::provision() {
    auto server = admin(5s);
    if (!server) return fail(server.error());
    const auto role = [&](const char* name, const char* attributes) -> Result<void> {
        const auto known = server->execute("SELECT 1 FROM pg_roles WHERE rolname = $1", {name});
        if (!known) return fail(known.error());
        if (!known->rows.empty()) return {};
        // A statement of this kind takes no parameters; the password is hexadecimal, made by us.
        const auto made =
            server->execute(fmt::format("CREATE ROLE {} LOGIN {} PASSWORD '{}'", name, attributes, password(name)));
        if (!made) return fail(made.error());
        return {};
    };
    if (const auto made = role("replicator", "REPLICATION"); !made) return made;
    if (const auto made = role("bookstore", "NOSUPERUSER"); !made) return made;
    // What pg_rewind reads its source with (pg_rewind, "Notes").
    for (const char* function :
         {"pg_ls_dir(text, boolean, boolean)",
          "pg_stat_file(text, boolean)",
          "pg_read_binary_file(text)",
          "pg_read_binary_file(text, bigint, bigint, boolean)",
          "pg_read_file(text)"}) {
        const auto granted =
            server->execute(fmt::format("GRANT EXECUTE ON FUNCTION pg_catalog.{} TO replicator", function));
        if (!granted) return fail(granted.error());
    }
    const auto database = server->execute("SELECT 1 FROM pg_database WHERE datname = 'cloudshelf'");
    if (!database) return fail(database.error());
    if (database->rows.empty()) {
        const auto made = server->execute("CREATE DATABASE cloudshelf OWNER bookstore");
        if (!made) return fail(made.error());
    }
    auto shop = Connection::open(
        {{"host", options_.socket_dir},
         {"port", std::to_string(options_.listen.port)},
         {"user", "cloudshelf_admin"},
         {"password", password("admin")},
         {"dbname", "cloudshelf"}},
        5s
    );
    if (!shop) return fail(shop.error());
    const auto heartbeat = shop->execute(
        "CREATE SCHEMA IF NOT EXISTS cloudshelf;"
        "CREATE TABLE IF NOT EXISTS cloudshelf.heartbeat (id int PRIMARY KEY, at timestamptz NOT NULL);"
        "GRANT USAGE ON SCHEMA cloudshelf TO replicator; GRANT SELECT ON cloudshelf.heartbeat TO replicator"
    );
    if (!heartbeat) return fail(heartbeat.error());
    const auto slots = shop->execute(fmt::format(
        "SELECT pg_create_physical_replication_slot('{0}', true) WHERE NOT EXISTS "
        "(SELECT 1 FROM pg_replication_slots WHERE slot_name = '{0}')",
        slot_of(options_.peer)
    ));
    if (!slots) return fail(slots.error());
    const auto stranded = shop->execute(fmt::format(
        "SELECT pg_create_logical_replication_slot('{0}', 'test_decoding') WHERE NOT EXISTS "
        "(SELECT 1 FROM pg_replication_slots WHERE slot_name = '{0}')",
        stranded_slot
    ));
    if (!stranded) return fail(stranded.error());
    return {};
}

Result<std::string> Cluster::fencer(const std::string& command, Duration limit) const {
    const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{.sun_family = AF_UNIX};
    const std::string path = options_.fencer_socket;
    const auto problem = [&](const char* what) {
        auto failed = fail("postgres.fencer", fmt::format("fencer at {}: {}: {}", path, what, std::strerror(errno)));
        ::close(descriptor);
        return failed;
    };
    if (path.size() >= sizeof address.sun_path) return problem("its path is too long");
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    const timeval patience{.tv_sec = std::chrono::duration_cast<std::chrono::seconds>(limit).count() + 1};
    ::setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (::connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
        return problem("cannot be reached");
    const std::string line = command + "\n";
    if (::send(descriptor, line.data(), line.size(), MSG_NOSIGNAL) < 0) return problem("cannot be told");
    std::string answer;
    char buffer[1024];
    for (ssize_t count = 0; answer.find('\n') == std::string::npos;) {
        count = ::recv(descriptor, buffer, sizeof buffer, 0);
        if (count <= 0) return problem("gave no answer");
        answer.append(buffer, static_cast<std::size_t>(count));
    }
    ::close(descriptor);
    answer.pop_back();
    if (answer.starts_with("ok")) return answer.size() > 3 ? answer.substr(3) : "";
    return fail("postgres.fencer-refused", answer);
}

Result<void> Cluster::start_standby() {
    const auto answer = fencer("start-standby", 10s);
    if (!answer) return fail(answer.error());
    return {};
}

Result<void> Cluster::start_primary() {
    std::error_code ignored;
    fs::remove(options_.pgdata / "standby.signal", ignored);
    const auto answer = fencer("start-primary", 10s);
    if (!answer) return fail(answer.error());
    return {};
}

Result<void> Cluster::stop(Duration limit) {
    observer_.reset();
    const auto answer = fencer(fmt::format("stop-fast {}", limit / 1ms), limit + 2s);
    if (!answer) return fail(answer.error());
    return {};
}

Result<void> Cluster::kill() {
    observer_.reset();
    const auto answer = fencer("kill", 10s);
    if (!answer) return fail(answer.error());
    return {};
}

bool Cluster::is_running() const {
    const auto answer = fencer("status", 2s);
    return answer && answer->starts_with("running");
}

Result<core::PromotionToken> Cluster::stop_for_switchover(Duration limit) {
    if (const auto stopped = stop(limit); !stopped) return fail(stopped.error());
    const auto control = control_data();
    if (!control) return fail(control.error());
    if (control->state != "shut down") {
        return fail("postgres.unclean", fmt::format("the server ended as \"{}\", not \"shut down\"", control->state));
    }
    return core::PromotionToken{
        .system_id = control->system_id, .timeline = control->timeline, .lsn = control->checkpoint
    };
}

Result<ControlData> Cluster::control_data() const {
    io::SpawnOptions options;
    options.argv = {options_.programs / "pg_controldata", options_.pgdata};
    options.clean_env = true;
    options.env = {{"LC_ALL", "C"}};
    const auto output = io::run(options, 10s);
    if (!output) return fail(output.error());
    if (output->status != 0) return fail("postgres.control-data", output->err);
    ControlData data;
    std::istringstream lines(output->out);
    for (std::string line; std::getline(lines, line);) {
        const auto colon = line.find(':');
        const auto start = line.find_first_not_of(' ', colon + 1);
        if (colon == std::string::npos || start == std::string::npos) continue;
        const std::string name = line.substr(0, colon);
        const std::string value = line.substr(start);
        if (name == "Database system identifier") data.system_id = value;
        if (name == "Database cluster state") data.state = value;
        if (name == "Latest checkpoint's TimeLineID") data.timeline = static_cast<std::uint32_t>(std::stoul(value));
        if (name == "Latest checkpoint location") data.checkpoint = lsn_of(value);
    }
    return data;
}

Result<void> Cluster::promote(Duration limit) {
    const auto deadline = io::Deadline::after(limit);
    auto server = admin(limit);
    if (!server) return fail(server.error());
    // A paused replay would queue the promotion until somebody resumes it (reliability.md R12).
    const auto resumed = server->execute(
        "SELECT CASE WHEN pg_is_in_recovery() AND pg_is_wal_replay_paused() THEN pg_wal_replay_resume() END"
    );
    if (!resumed && resumed.error().certainty == Certainty::unknown) return fail(resumed.error());
    // pg_promote() polls every 100 ms; its own way, a file and a signal, is as safe and quicker.
    const auto pid = io::read_file(options_.pgdata / "postmaster.pid");
    if (!pid) return fail(pid.error());
    if (const auto written = write_for(options_.pgdata / "promote", "", options_.user); !written) return written;
    ::kill(static_cast<pid_t>(std::strtol(pid->c_str(), nullptr, 10)), SIGUSR1);
    while (!deadline.passed()) {
        const auto answer = server->execute("SELECT pg_is_in_recovery()");
        if (!answer) return fail(answer.error());
        if (field(*answer, 0) == "f") return {};
        std::this_thread::sleep_for(1ms);
    }
    return fail("postgres.promote-timeout", fmt::format("still in recovery after {} ms", limit / 1ms));
}

Result<void> Cluster::checkpoint() {
    auto server = admin(5s);
    if (!server) return fail(server.error());
    const auto done = server->execute("CHECKPOINT");
    if (!done) return fail(done.error());
    return {};
}

Result<void> Cluster::set_synchronous(bool wait_for_standby) {
    const std::string names = wait_for_standby ? fmt::format("\"{}\"", options_.peer.value()) : "";
    const auto written = write_for(
        options_.pgconf / "synchronous.conf", fmt::format("synchronous_standby_names = '{}'\n", names), options_.user
    );
    if (!written) return written;
    auto server = admin(5s);
    if (!server) return fail(server.error());
    const auto reloaded = server->execute("SELECT pg_reload_conf()");
    if (!reloaded) return fail(reloaded.error());
    for (const auto deadline = io::Deadline::after(5s); !deadline.passed(); std::this_thread::sleep_for(2ms)) {
        const auto now = server->execute("SHOW synchronous_standby_names");
        if (!now) return fail(now.error());
        if (field(*now, 0) == names) return {};
    }
    return fail("postgres.reload", "the server did not take the new setting within 5 s");
}

Result<Observation> Cluster::observe() {
    if (!observer_ || !observer_->is_open()) {
        auto opened = Connection::open(
            {{"host", options_.socket_dir},
             {"port", std::to_string(options_.listen.port)},
             {"user", "cloudshelf_admin"},
             {"password", password("admin")},
             {"dbname", "cloudshelf"},
             {"options", "-c statement_timeout=3000"}},
            2s
        );
        if (!opened) return fail(opened.error());
        observer_ = std::move(*opened);
    }
    const auto answer = observer_->execute(
        "SELECT pg_is_in_recovery(), (SELECT system_identifier FROM pg_control_system()),"
        " (SELECT timeline_id FROM pg_control_checkpoint()),"
        " CASE WHEN pg_is_in_recovery() THEN NULL ELSE pg_current_wal_lsn() END,"
        " pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn(),"
        " (SELECT status FROM pg_stat_wal_receiver), (SELECT received_tli FROM pg_stat_wal_receiver),"
        " (SELECT latest_end_lsn FROM pg_stat_wal_receiver),"
        " r.state, r.sync_state, r.flush_lsn,"
        " CASE WHEN to_regclass('cloudshelf.heartbeat') IS NULL THEN NULL ELSE 1 END"
        " FROM (SELECT 1) AS one LEFT JOIN pg_stat_replication r ON r.application_name = '" +
        options_.peer.value() + "'"
    );
    if (!answer) {
        observer_.reset();
        return fail(answer.error());
    }
    if (answer->rows.empty()) return fail("postgres.observe", "no answer to the observer's query");
    const Row& row = answer->rows[0];
    const auto text = [&](std::size_t column) { return row[column].value_or(""); };
    Observation seen;
    seen.running = true;
    seen.in_recovery = text(0) == "t";
    seen.system_id = text(1);
    seen.timeline =
        static_cast<std::uint32_t>(std::strtoul(text(seen.in_recovery && row[7] ? 7 : 2).c_str(), nullptr, 10));
    seen.lsn = lsn_of(text(3));
    seen.received = lsn_of(text(4));
    seen.replayed = lsn_of(text(5));
    if (seen.in_recovery) {
        seen.streaming = text(6) == "streaming";
        const Lsn sent = std::max(lsn_of(text(8)), seen.received);
        seen.lag_bytes = sent > seen.replayed ? sent.value() - seen.replayed.value() : 0;
    } else {
        seen.streaming = text(9) == "streaming";
        seen.standby_is_sync = text(10) == "sync";
        const Lsn flushed = lsn_of(text(11));
        seen.lag_bytes = seen.streaming && seen.lsn > flushed ? seen.lsn.value() - flushed.value() : 0;
    }
    if (row[12]) {
        const auto beat =
            observer_->execute("SELECT extract(epoch FROM clock_timestamp() - at) FROM cloudshelf.heartbeat");
        if (beat && !beat->rows.empty())
            seen.lag_seconds = std::max(0.0, std::strtod(field(*beat, 0).c_str(), nullptr) - 1.0);
    }
    return seen;
}

Result<void> Cluster::maintain() {
    auto shop = Connection::open(
        {{"host", options_.socket_dir},
         {"port", std::to_string(options_.listen.port)},
         {"user", "cloudshelf_admin"},
         {"password", password("admin")},
         {"dbname", "cloudshelf"},
         {"options", "-c statement_timeout=5000"}},
        2s
    );
    if (!shop) return fail(shop.error());
    const auto beat = shop->execute(
        "INSERT INTO cloudshelf.heartbeat VALUES (1, clock_timestamp()) ON CONFLICT (id) DO UPDATE SET at = excluded.at"
    );
    if (!beat) return fail(beat.error());
    const auto advanced = shop->execute(fmt::format(
        "SELECT pg_replication_slot_advance(s.slot_name, r.flush_lsn) FROM pg_replication_slots s, pg_stat_replication "
        "r "
        "WHERE s.slot_name = '{}' AND NOT s.active AND r.application_name = '{}' AND r.state = 'streaming' "
        "AND r.flush_lsn > s.confirmed_flush_lsn",
        stranded_slot,
        options_.peer.value()
    ));
    if (!advanced) return fail(advanced.error());
    return {};
}

// --- rejoining ---------------------------------------------------------------------------------------------------

Result<Lsn> Cluster::fork_of(Address primary, std::uint32_t our_timeline) const {
    auto server = at(primary, 5s);
    if (!server) return fail(server.error());
    const auto timeline = server->execute("SELECT timeline_id FROM pg_control_checkpoint()");
    if (!timeline) return fail(timeline.error());
    const auto newest = std::strtoul(field(*timeline, 0).c_str(), nullptr, 10);
    if (newest == our_timeline) return Lsn(UINT64_MAX);  // no fork: we are merely behind
    const auto history = server->execute(fmt::format("SELECT pg_read_file('pg_wal/{:08X}.history')", newest));
    if (!history) return fail(history.error());
    std::istringstream lines(field(*history, 0));
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::uint32_t parent = 0;
        std::string position;
        if (words >> parent >> position && parent == our_timeline) return core::parse_lsn(position);
    }
    return fail("postgres.no-fork", fmt::format("the writer's history does not contain our timeline {}", our_timeline));
}

std::optional<std::string> stranded_line(const std::string& lsn, const std::string& decoded) {
    // "table public.ratings: INSERT: rating_id[bigint]:5 note[text]:'it''s'" (PostgreSQL 15, F.47 test_decoding)
    if (!decoded.starts_with("table ")) return std::nullopt;
    const auto first = decoded.find(": ");
    const auto second = first == std::string::npos ? first : decoded.find(": ", first + 2);
    if (second == std::string::npos) return std::nullopt;
    const std::string table = decoded.substr(6, first - 6);
    const std::string operation = decoded.substr(first + 2, second - first - 2);
    json::object row;
    std::size_t at = second + 2;
    while (at < decoded.size()) {
        const auto bracket = decoded.find('[', at);
        auto close = bracket == std::string::npos ? bracket : decoded.find("]:", bracket);
        // A type's own brackets, as in integer[]: the one before the colon ends it.
        if (close == std::string::npos) break;
        std::string column = decoded.substr(at, bracket - at);
        std::string value;
        std::size_t end = close + 2;
        if (end < decoded.size() && decoded[end] == '\'') {
            for (++end; end < decoded.size(); ++end) {
                if (decoded[end] != '\'') {
                    value += decoded[end];
                } else if (end + 1 < decoded.size() && decoded[end + 1] == '\'') {
                    value += '\'';
                    ++end;
                } else {
                    ++end;
                    break;
                }
            }
        } else {
            while (end < decoded.size() && decoded[end] != ' ') value += decoded[end++];
        }
        if (value == "null" && decoded[close + 2] != '\'') {
            row[column] = nullptr;
        } else {
            row[column] = value;
        }
        at = end + 1;
    }
    return json::serialize(
        json::object{{"table", table}, {"operation", operation}, {"lsn", lsn}, {"row", std::move(row)}}
    );
}

Result<std::uint64_t> Cluster::export_stranded(Lsn fork, const fs::path& file) const {
    // Single-user mode is as isolated as a server can be: no socket, no other session; it also finishes crash recovery
    // and ends with the clean shutdown that pg_rewind wants.
    const fs::path table = options_.pgconf / "stranded.tsv";
    std::error_code ignored;
    fs::remove(table, ignored);
    const std::string sql = fmt::format(
        "COPY (SELECT lsn, replace(data, E'\\n', ' ') FROM pg_logical_slot_get_changes('{}', NULL, NULL, "
        "'skip-empty-xacts', '1')) TO '{}'\n",
        stranded_slot,
        table.string()
    );
    const fs::path script = options_.pgconf / "stranded.sql";
    if (const auto written = write_for(script, sql, options_.user); !written) return fail(written.error());
    const std::string command = fmt::format(
        "exec \"$0\" --single -j -D \"$1\" -c config_file=\"$2\" -c synchronous_standby_names= cloudshelf < \"$3\""
    );
    io::SpawnOptions options;
    options.argv = {
        "/bin/sh",
        "-c",
        command,
        options_.programs / "postgres",
        options_.pgdata,
        options_.pgconf / "postgresql.conf",
        script
    };
    options.clean_env = true;
    options.directory = options_.pgconf;
    if (!options_.user.empty()) {
        auto user = io::User::find(options_.user);
        if (!user) return fail(user.error());
        options.run_as = std::move(*user);
    }
    const auto output = io::run(options, 300s);
    if (!output) return fail(output.error());
    const auto text = io::read_file(table, 1u << 30);
    if (output->status != 0 || !text) {
        return fail("postgres.stranded", fmt::format("the old server's changes cannot be read: {}", output->err));
    }
    std::string lines;
    std::uint64_t count = 0;
    std::istringstream rows(*text);
    for (std::string row; std::getline(rows, row);) {
        const auto tab = row.find('\t');
        if (tab == std::string::npos) continue;
        const std::string lsn = row.substr(0, tab);
        std::string decoded;
        for (std::size_t i = tab + 1; i < row.size(); ++i) {  // COPY's own escapes
            if (row[i] == '\\' && i + 1 < row.size()) {
                ++i;
                decoded += row[i] == 't' ? '\t' : row[i] == 'n' ? '\n' : row[i] == 'r' ? '\r' : row[i];
            } else {
                decoded += row[i];
            }
        }
        const auto line = stranded_line(lsn, decoded);
        if (!line || lsn_of(lsn) < fork || line->find("\"cloudshelf.heartbeat\"") != std::string::npos) continue;
        lines += *line + "\n";
        ++count;
    }
    fs::create_directories(file.parent_path(), ignored);
    if (const auto written = io::replace_file(file, lines, 0600); !written) return fail(written.error());
    fs::remove(table, ignored);
    fs::remove(script, ignored);
    return count;
}

Result<void> Cluster::rewind(Address primary) const {
    auto server = at(primary, 5s);
    if (!server) return fail(server.error());
    // pg_rewind reads the source's control file: it must have had a checkpoint since its promotion.
    const auto ours = control_data();
    if (!ours) return fail(ours.error());
    for (const auto deadline = io::Deadline::after(30s);; std::this_thread::sleep_for(20ms)) {
        const auto timeline = server->execute("SELECT timeline_id, pg_is_in_recovery() FROM pg_control_checkpoint()");
        if (!timeline) return fail(timeline.error());
        if (std::strtoul(field(*timeline, 0).c_str(), nullptr, 10) > ours->timeline && field(*timeline, 1) == "f")
            break;
        if (deadline.passed())
            return fail("postgres.rewind", "the writer had no checkpoint on a newer timeline within 30 s");
    }
    const std::string source = fmt::format(
        "host={} port={} user=replicator dbname=postgres passfile={}/pgpass",
        primary.host,
        primary.port,
        options_.pgconf.string()
    );
    return run(
        {"pg_rewind",
         "-D",
         options_.pgdata,
         "--source-server",
         source,
         fmt::format("--config-file={}", (options_.pgconf / "postgresql.conf").string())},
        3600s
    );
}

RejoinReport Cluster::rejoin(Address primary, std::function<void(const std::string&)> progress) {
    RejoinReport report;
    std::error_code ignored;
    const fs::path marker = options_.data / rewind_marker;
    const auto quarantine = [&](const Error& error) {
        report.how = Rejoined::quarantined;
        report.detail = error.message;
        return report;
    };
    if (const auto written = configure(primary); !written) return quarantine(written.error());
    bool clone = !exists();
    if (!clone && fs::exists(marker)) {
        progress("an earlier rewind did not end: cloning anew");
        clone = true;
    }
    const auto before = clone ? Result<ControlData>(fail("postgres.none", "")) : control_data();
    if (!clone && !before) return quarantine(before.error());
    if (!clone) {
        const auto fork = fork_of(primary, before->timeline);
        if (!fork && fork.error().code != "postgres.no-fork") return quarantine(fork.error());
        const bool clean_standby = is_standby() || before->state == "shut down";
        const bool beyond = fork && before->checkpoint >= *fork && !is_standby();
        // Stopped cleanly at or before the fork: nothing of ours is missing there, so it may simply follow.
        if (fork && clean_standby && !beyond) {
            if (const auto written = write_for(options_.pgdata / "standby.signal", "", options_.user); !written)
                return quarantine(written.error());
            // A slot of the time when this was the writer would keep its log for ever.
            for (const auto& slot : fs::directory_iterator(options_.pgdata / "pg_replslot", ignored))
                fs::remove_all(slot, ignored);
            report.how = Rejoined::rewound;
            report.detail = "follows without a rewind";
            return report;
        }
        progress("exporting what was committed here and never replicated");
        const fs::path file = options_.data / "stranded" / (io::utc_now() + ".jsonl");
        const auto stranded = export_stranded(fork.value_or(Lsn(0)), file);
        if (stranded) {
            report.stranded_writes = *stranded;
        } else {
            // Never destroy the only copy: the log itself is kept for a person to read (pg_waldump).
            std::error_code failed;
            fs::create_directories(options_.data / "stranded", failed);
            fs::copy(
                options_.pgdata / "pg_wal",
                options_.data / "stranded" / (io::utc_now() + ".pg_wal"),
                fs::copy_options::recursive,
                failed
            );
            if (failed) return quarantine(stranded.error());
            report.detail = stranded.error().message + "; its log was kept beside";
        }
        if (const auto begun = io::replace_file(marker, io::utc_now()); !begun) return quarantine(begun.error());
        progress("rewinding");
        const auto rewound = rewind(primary);
        if (rewound) {
            if (const auto written = write_for(options_.pgdata / "standby.signal", "", options_.user); !written)
                return quarantine(written.error());
            fs::remove(options_.pgdata / "postmaster.pid", ignored);
            if (const auto refusing =
                    write_for(options_.pgdata / "postgresql.conf", refusing_configuration, options_.user);
                !refusing)
                return quarantine(refusing.error());
            fs::remove(marker, ignored);
            report.how = Rejoined::rewound;
            return report;
        }
        progress("the rewind failed, cloning anew: " + rewound.error().message);
    }
    if (const auto cloned = clone_from(primary); !cloned) return quarantine(cloned.error());
    fs::remove(marker, ignored);
    report.how = Rejoined::cloned;
    return report;
}

}  // namespace cloudshelf::postgres
