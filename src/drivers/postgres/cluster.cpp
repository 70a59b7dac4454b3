#include "drivers/postgres/cluster.hpp"

#include "drivers/postgres/stranded.hpp"
#include "io/certificates.hpp"
#include "io/clock.hpp"
#include "io/file.hpp"
#include "io/process.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <csignal>
#include <cstring>
#include <mutex>
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
constexpr const char* rejoin_journal = "rejoin.json";  // in pgconf, where the fencer sees it: an unfinished rejoin

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

/// The control file learns of a new timeline at the first checkpoint only; the log's own position knows at once.
const std::string current_timeline =
    "SELECT ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int";

Lsn lsn_of(const std::string& text) {
    return core::parse_lsn(text).value_or(Lsn(0));
}

}  // namespace

bool Cluster::exists() const {
    return fs::exists(options_.pgdata / "PG_VERSION");
}
bool Cluster::is_whole() const {
    return exists() && startable().has_value();
}
bool Cluster::is_standby() const {
    return fs::exists(options_.pgdata / "standby.signal");
}

std::string Cluster::password(const std::string& role) const {
    std::string text = io::read_file(options_.secrets / fmt::format("postgres-{}.password", role)).value_or("");
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
    return text;
}

Result<void> Cluster::run(std::vector<std::string> argv, Duration limit) const {
    io::SpawnOptions options;
    const std::string program = argv[0];
    argv[0] = options_.programs / argv[0];
    options.argv = std::move(argv);
    options.clean_env = true;
    options.env = {{"PGPASSFILE", options_.pgconf / "pgpass"}, {"HOME", options_.pgconf}};
    options.directory = options_.pgconf;
    options.death_signal = SIGKILL;  // whoever goes on after us must not meet a copy that is still under way
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

namespace {

constexpr const char* certificate_copy = "server.crt";
constexpr const char* key_copy = "server.key";
constexpr const char* authority_copy = "ca.crt";

std::string tls_settings(bool tls, const fs::path& conf) {
    if (!tls) return "ssl = off\n";
    return fmt::format(
        "ssl = on\n"
        "ssl_min_protocol_version = 'TLSv1.3'\n"
        "ssl_cert_file = '{0}/{1}'\n"
        "ssl_key_file = '{0}/{2}'\n"
        "ssl_ca_file = '{0}/{3}'\n",
        conf.string(),
        certificate_copy,
        key_copy,
        authority_copy
    );
}

/// Who may come, and how (PostgreSQL 15, 21.1). The gateway beside the server may speak plainly to it; whoever comes
/// from elsewhere uses TLS, and the other region's server, which gets everything, shows a certificate too.
std::string access_rules(bool tls) {
    const std::string shop = tls ? "host    cloudshelf   bookstore         samehost       scram-sha-256\n"
                                   "hostssl cloudshelf   bookstore         127.0.0.0/8    scram-sha-256\n"
                                 : "host    cloudshelf   bookstore         127.0.0.0/8    scram-sha-256\n";
    std::string text =
        "# type  database     user              address        method\n"
        "local   all          cloudshelf_admin                 scram-sha-256\n" +
        shop;
    for (const char* database : {"replication", "postgres", "cloudshelf"}) {
        text += fmt::format(
            "{} {:<12} replicator        127.0.0.0/8    scram-sha-256{}\n",
            tls ? "hostssl" : "host   ",
            database,
            tls ? " clientcert=verify-ca" : ""
        );
    }
    return text;
}

}  // namespace

Result<void> Cluster::copy_certificates() const {
    if (!options_.tls) return {};
    static std::mutex one_at_a_time;  // of two who write the same file, each would find half of the other's
    const std::scoped_lock lock(one_at_a_time);
    const auto certificate = io::read_file(options_.tls->certificate_file);
    const auto key = io::read_file(options_.tls->key_file);
    const auto authority = io::read_file(options_.tls->ca_file);
    for (const auto* text : {&certificate, &key, &authority}) {
        if (!*text) return fail(text->error());
    }
    // While they are being replaced, the key may be newer than the certificate.
    if (const auto pair = io::check_pair(*certificate, *key); !pair) return pair;
    for (const auto& [name, text] :
         {std::pair{key_copy, &*key}, {certificate_copy, &*certificate}, {authority_copy, &*authority}}) {
        if (io::read_file(options_.pgconf / name).value_or("") == *text) continue;
        if (const auto done = write_for(options_.pgconf / name, *text, options_.user); !done) return done;
    }
    return {};
}

Result<void> Cluster::take_certificates() {
    if (const auto copied = copy_certificates(); !copied) return copied;
    if (!is_running()) return {};
    auto server = admin(5s);
    if (!server) return fail(server.error());
    const auto told = server->execute("SELECT pg_reload_conf()");
    if (!told) return fail(told.error());
    return {};
}

Result<void> Cluster::configure(std::optional<Address> primary) {
    if (const auto made = private_folder(options_.pgconf, options_.user); !made) return made;
    if (const auto made = private_folder(options_.socket_dir, options_.user); !made) return made;
    std::error_code ignored;
    fs::create_directories(options_.data, ignored);
    if (const auto copied = copy_certificates(); !copied) return copied;
    std::string settings = fmt::format(
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
        "dynamic_shared_memory_type = mmap\n"  // inside pgdata: a killed server leaves nothing in /dev/shm
        "synchronous_commit = local\n"         // orders and payments ask for more, per transaction
        "wal_sender_timeout = 3s\n"
        "wal_receiver_timeout = 3s\n"
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
    settings += tls_settings(options_.tls.has_value(), options_.pgconf);
    const std::string access = access_rules(options_.tls.has_value());
    std::string replication;
    if (primary) {
        replication = fmt::format(
            "primary_conninfo = '{} dbname=replication application_name={} connect_timeout=2'\n"
            "primary_slot_name = '{}'\n",
            conninfo(*primary),
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

Result<void> Cluster::note(const Journal& journal) const {
    const json::object line{
        {"phase", journal.phase},
        {"at", io::utc_now()},
        {"stranded_writes", journal.stranded},
        {"detail", journal.detail}
    };
    return write_for(options_.pgconf / rejoin_journal, json::serialize(line) + "\n", options_.user);
}

std::optional<Cluster::Journal> Cluster::unfinished() const {
    const auto text = io::read_file(options_.pgconf / rejoin_journal);
    if (!text && text.error().code == "io.no-file") return std::nullopt;
    // A journal that cannot be read may mean anything: the safe reading is that the directory is half done.
    Journal journal{.phase = "clone"};
    boost::system::error_code bad;
    const json::value value = text ? json::parse(*text, bad) : json::value();
    if (bad || !value.is_object()) return journal;
    const auto& fields = value.as_object();
    const auto* phase = fields.if_contains("phase");
    const auto* stranded = fields.if_contains("stranded_writes");
    const auto* detail = fields.if_contains("detail");
    if (phase && phase->is_string()) journal.phase = phase->as_string().c_str();
    if (stranded && stranded->is_number()) journal.stranded = json::value_to<std::uint64_t>(*stranded);
    if (detail && detail->is_string()) journal.detail = detail->as_string().c_str();
    return journal;
}

void Cluster::finished() const {
    std::error_code ignored;
    fs::remove(options_.pgconf / rejoin_journal, ignored);
}

Result<void> Cluster::startable() const {
    const auto journal = unfinished();
    if (!journal || journal->phase == "export") return {};
    return fail(
        "postgres.half-done",
        fmt::format(
            "{}: its {} did not end; it is cloned anew before it starts", options_.pgdata.string(), journal->phase
        )
    );
}

Result<void> Cluster::clone_from(Address primary) {
    if (const auto written = configure(primary); !written) return written;
    const Journal before = unfinished().value_or(Journal{});
    if (const auto noted = note({.phase = "clone", .stranded = before.stranded, .detail = before.detail}); !noted)
        return noted;
    std::error_code failed;
    fs::remove_all(options_.pgdata, failed);
    if (failed) return fail("postgres.files", fmt::format("{}: {}", options_.pgdata.string(), failed.message()));
    if (const auto made = private_folder(options_.pgdata, options_.user); !made) return made;
    const auto cloned =
        run({"pg_basebackup",
             "-D",
             options_.pgdata,
             "-d",
             conninfo(primary),
             "-X",
             "stream",
             "--checkpoint=fast",
             "--no-password"},
            3600s);
    if (!cloned) {
        fs::remove_all(options_.pgdata, failed);
        return cloned;
    }
    if (const auto written = write_for(options_.pgdata / "standby.signal", "", options_.user); !written) return written;
    finished();
    return {};
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
    auto parameters = way_to(server);
    parameters["password"] = password("replicator");
    parameters["dbname"] = "postgres";
    return Connection::open(std::move(parameters), limit);
}

std::map<std::string, std::string> Cluster::way_to(const Address& server) const {
    std::map<std::string, std::string> way{
        {"host", server.host}, {"port", std::to_string(server.port)}, {"user", "replicator"}
    };
    if (!options_.tls) return way;
    // The name is who must answer, the address is where: nobody looks the name up.
    way["host"] = server.name;
    way["hostaddr"] = server.host;
    way["sslmode"] = "verify-full";
    way["ssl_min_protocol_version"] = "TLSv1.3";
    way["sslrootcert"] = options_.pgconf / authority_copy;
    way["sslcert"] = options_.pgconf / certificate_copy;
    way["sslkey"] = options_.pgconf / key_copy;
    return way;
}

std::string Cluster::conninfo(const Address& server) const {
    std::string text = fmt::format("passfile={}/pgpass", options_.pgconf.string());
    for (const auto& [word, value] : way_to(server)) text += fmt::format(" {}={}", word, value);
    return text;
}

Result<void> Cluster::provision() {
    auto server = admin(5s);
    if (!server) return fail(server.error());
    // A statement that fails is logged with its text, and these hold passwords.
    const auto quiet = server->execute("SET log_min_error_statement = panic; SET log_statement = none");
    if (!quiet) return fail(quiet.error());
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
    // Before a rewind the writer needs a checkpoint on its own timeline.
    const auto checkpoints = server->execute("GRANT pg_checkpoint TO replicator");
    if (!checkpoints) return fail(checkpoints.error());
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
    if (const auto whole = startable(); !whole) return whole;
    const auto answer = fencer("start-standby", 10s);
    if (!answer) return fail(answer.error());
    return {};
}

Result<void> Cluster::start_primary() {
    if (const auto whole = startable(); !whole) return whole;
    const bool was_standby = is_standby();
    std::error_code ignored;
    fs::remove(options_.pgdata / "standby.signal", ignored);
    const auto answer = fencer("start-primary", 10s);
    if (answer) return {};
    // Refused: what was a standby stays one, or the next start would take it for an old writer.
    if (was_standby) {
        if (const auto written = write_for(options_.pgdata / "standby.signal", "", options_.user); !written)
            return written;
    }
    return fail(answer.error());
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
    while (!server && !deadline.passed()) {  // it may just be starting
        std::this_thread::sleep_for(5ms);
        server = admin(deadline.remaining());
    }
    if (!server) return fail(server.error());
    // A paused replay would queue the promotion until somebody resumes it (reliability.md R12).
    const auto resumed = server->execute(
        "SELECT CASE WHEN pg_is_in_recovery() AND pg_is_wal_replay_paused() THEN pg_wal_replay_resume() END"
    );
    if (!resumed && resumed.error().certainty == Certainty::unknown) return fail(resumed.error());
    // pg_promote() that waits polls every 100 ms; without waiting it is the same file and signal, and we poll faster.
    const auto asked = server->execute("SELECT CASE WHEN pg_is_in_recovery() THEN pg_promote(false) END");
    if (!asked && asked.error().certainty == Certainty::unknown) return fail(asked.error());
    while (!deadline.passed()) {
        const auto answer = server->execute("SELECT pg_is_in_recovery()");
        if (!answer) return fail(answer.error());
        if (field(*answer, 0) == "f") {
            const auto writes = server->execute("SELECT pg_current_xact_id()");  // a transaction that had to be written
            if (!writes) return fail(writes.error());
            return {};
        }
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
        " CASE WHEN pg_is_in_recovery() THEN (SELECT timeline_id FROM pg_control_checkpoint())::text"
        " ELSE (" +
        current_timeline +
        ")::text END,"
        " CASE WHEN pg_is_in_recovery() THEN NULL ELSE pg_current_wal_lsn() END,"
        " pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn(),"
        " (SELECT status FROM pg_stat_wal_receiver), (SELECT received_tli FROM pg_stat_wal_receiver),"
        " (SELECT latest_end_lsn FROM pg_stat_wal_receiver),"
        " r.state, r.sync_state, r.flush_lsn,"
        " CASE WHEN to_regclass('cloudshelf.heartbeat') IS NULL THEN NULL ELSE 1 END"
        " FROM (SELECT 1) AS one LEFT JOIN pg_stat_replication r ON r.application_name = '" +
        options_.peer.value() + "' ORDER BY r.state = 'streaming' DESC NULLS LAST, r.backend_start DESC LIMIT 1"
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
    // A slot whose log was given up stays lost for ever (reliability.md R11): make it again for when the standby, which
    // needs a new clone now, comes back.
    for (const auto& [slot, create] :
         {std::pair{
              slot_of(options_.peer),
              fmt::format("pg_create_physical_replication_slot('{}', true)", slot_of(options_.peer))
          },
          {std::string(stranded_slot),
           fmt::format("pg_create_logical_replication_slot('{}', 'test_decoding')", stranded_slot)}}) {
        const auto lost = shop->execute(
            "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = $1 AND wal_status "
            "= "
            "'lost' AND NOT active",
            {slot}
        );
        if (!lost) return fail(lost.error());
        if (lost->rows.empty()) continue;
        const auto again = shop->execute("SELECT " + create);
        if (!again) return fail(again.error());
    }
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

namespace {

/// The same for every attempt at one rejoin, so that a second attempt replaces and does not repeat.
std::string stranded_name(std::uint32_t timeline, Lsn fork) {
    return fmt::format("tl{}-{:X}-{:08X}", timeline, fork.value() >> 32, fork.value() & 0xffffffff);
}

}  // namespace

Result<Cluster::Lineage> Cluster::lineage(Address primary, std::uint32_t our_timeline) const {
    auto server = at(primary, 5s);
    if (!server) return fail("postgres.no-writer", "cannot connect to the writer: " + server.error().message);
    const auto seen = server->execute(
        "SELECT (SELECT system_identifier FROM pg_control_system()), pg_is_in_recovery(), CASE WHEN "
        "pg_is_in_recovery() THEN NULL ELSE (" +
        current_timeline + ") END, CASE WHEN pg_is_in_recovery() THEN NULL ELSE pg_current_wal_flush_lsn() END"
    );
    if (!seen) return fail("postgres.no-writer", "cannot connect to the writer: " + seen.error().message);
    if (field(*seen, 1) != "f")
        return fail("postgres.no-writer", "cannot connect to the writer: the server there is still a standby");
    Lineage found{.system_id = field(*seen, 0)};
    const auto newest = static_cast<std::uint32_t>(std::strtoul(field(*seen, 2).c_str(), nullptr, 10));
    if (newest < our_timeline) return found;  // ours is a later one: promoted on both sides
    std::string theirs;
    if (newest > 1) {
        const auto history = server->execute(fmt::format("SELECT pg_read_file('pg_wal/{:08X}.history')", newest));
        if (!history)
            return fail("postgres.no-writer", "cannot connect to the writer's history: " + history.error().message);
        theirs = field(*history, 0);
    }
    // Two promotions can choose the same number: the timelines are the same only if they forked at the same places.
    const auto forks = [](const std::string& text) {
        std::vector<std::pair<std::uint32_t, Lsn>> out;
        std::istringstream lines(text);
        for (std::string line; std::getline(lines, line);) {
            std::istringstream words(line);
            std::uint32_t parent = 0;
            std::string position;
            if (words >> parent >> position) out.emplace_back(parent, lsn_of(position));
        }
        return out;
    };
    const auto their_forks = forks(theirs);
    std::vector<std::pair<std::uint32_t, Lsn>> our_forks;
    if (our_timeline > 1) {
        const auto ours = io::read_file(options_.pgdata / "pg_wal" / fmt::format("{:08X}.history", our_timeline));
        if (!ours) return fail("postgres.history", ours.error().message);
        our_forks = forks(*ours);
    }
    if (our_forks.size() > their_forks.size() || !std::equal(our_forks.begin(), our_forks.end(), their_forks.begin()))
        return found;
    if (newest == our_timeline) {
        found.common = our_forks.size() == their_forks.size();
        found.fork = lsn_of(field(*seen, 3));
        return found;
    }
    for (const auto& [parent, position] : their_forks) {
        if (parent != our_timeline) continue;
        found.common = true;
        found.fork = position;
    }
    return found;
}

/// Single-user mode is as isolated as a server can be: no socket, no other session. It finishes crash recovery, runs
/// the statements, and ends with the clean shutdown that pg_rewind wants.
Result<void> Cluster::recover_alone(const std::vector<std::string>& statements) const {
    const fs::path script = options_.pgconf / "rejoin.sql";
    std::string text;
    for (const auto& statement : statements) text += statement + "\n";
    if (const auto written = write_for(script, text, options_.user); !written) return written;
    io::SpawnOptions options;
    options.argv = {
        "/bin/sh",
        "-c",
        R"(exec "$0" --single -D "$1" -c config_file="$2" -c synchronous_standby_names= cloudshelf < "$3")",
        options_.programs / "postgres",
        options_.pgdata,
        options_.pgconf / "postgresql.conf",
        script
    };
    options.clean_env = true;
    options.directory = options_.pgconf;
    options.death_signal = SIGKILL;
    if (!options_.user.empty()) {
        auto user = io::User::find(options_.user);
        if (!user) return fail(user.error());
        options.run_as = std::move(*user);
    }
    const auto output = io::run(options, 1800s);
    std::error_code ignored;
    fs::remove(script, ignored);
    if (!output) return fail(output.error());
    if (output->status == 0) return {};
    return fail(
        "postgres.recovery", fmt::format("the old server cannot be recovered: {}", output->err.substr(0, 2000))
    );
}

Result<std::uint64_t> Cluster::export_stranded(const Lineage& lineage, std::uint32_t our_timeline) const {
    const fs::path changes = options_.pgconf / "stranded.changes";
    const fs::path keys = options_.pgconf / "stranded.keys";
    const fs::path slot = options_.pgconf / "stranded.slot";
    std::error_code ignored;
    for (const auto& path : {changes, keys, slot}) fs::remove(path, ignored);
    // Peek, not get: whatever is killed from here on, the next attempt reads the same.
    const auto read = recover_alone({
        fmt::format(
            "COPY (SELECT confirmed_flush_lsn, coalesce(wal_status, '') FROM pg_replication_slots WHERE slot_name = "
            "'{}') "
            "TO '{}'",
            stranded_slot,
            slot.string()
        ),
        fmt::format(
            "COPY (SELECT format('%I.%I', n.nspname, c.relname), a.attname FROM pg_index i "
            "JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
            "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey) "
            "WHERE i.indisprimary AND n.nspname NOT IN ('pg_catalog', 'pg_toast')) TO '{}'",
            keys.string()
        ),
        fmt::format(
            "COPY (SELECT lsn::text, data FROM pg_logical_slot_peek_changes('{}', NULL, NULL, 'skip-empty-xacts', '1') "
            "UNION ALL SELECT '', 'END') TO '{}'",
            stranded_slot,
            changes.string()
        ),
    });
    if (!read) return fail(read.error());
    const auto position = io::read_file(slot);
    if (!position || position->empty())
        return fail("postgres.stranded", fmt::format("the slot {} is not there", stranded_slot));
    const auto confirmed = copy_fields(*position)[0];
    const auto text = io::read_file(changes, 1u << 30);
    const auto key_text = io::read_file(keys);
    if (!text || !key_text) return fail("postgres.stranded", fmt::format("the slot {} cannot be read", stranded_slot));
    const Lsn fork = lineage.common ? lineage.fork : Lsn(0);
    const auto found = stranded_changes(*text, *key_text, fork);
    if (!found) return fail(found.error());
    if (found->count > 0) {
        const fs::path file = options_.data / "stranded" / (stranded_name(our_timeline, fork) + ".jsonl");
        fs::create_directories(file.parent_path(), ignored);
        if (const auto written = io::replace_file(file, found->lines, 0600); !written) return fail(written.error());
    }
    for (const auto& path : {changes, keys, slot}) fs::remove(path, ignored);
    if (lineage.common && lsn_of(confirmed) > fork) {
        // The slot is younger than the fork: what was committed in between is in the log alone.
        if (const auto kept = keep_log(our_timeline); !kept) return fail(kept.error());
    }
    return found->count;
}

/// Never destroy the only copy: the log itself stays, for a person to read (pg_waldump).
Result<void> Cluster::keep_log(std::uint32_t our_timeline) const {
    const fs::path target = options_.data / "stranded" / fmt::format("tl{}.pg_wal", our_timeline);
    const fs::path half = target.string() + ".half";
    std::error_code failed;
    fs::remove_all(half, failed);
    fs::remove_all(target, failed);
    fs::create_directories(target.parent_path(), failed);
    fs::copy(options_.pgdata / "pg_wal", half, fs::copy_options::recursive, failed);
    if (!failed) fs::rename(half, target, failed);
    if (failed) return fail("postgres.files", fmt::format("{}: {}", target.string(), failed.message()));
    return {};
}

Result<void> Cluster::make_standby() const {
    const std::vector<std::pair<const char*, std::string>> files = {
        {"postgresql.conf", refusing_configuration}, {"standby.signal", ""}
    };
    for (const auto& [name, content] : files) {
        if (const auto written = write_for(options_.pgdata / name, content, options_.user); !written) return written;
    }
    // A slot of the time when this was the writer would keep its log for ever.
    std::error_code ignored;
    for (const auto& slot : fs::directory_iterator(options_.pgdata / "pg_replslot", ignored))
        fs::remove_all(slot, ignored);
    fs::remove(options_.pgdata / "postmaster.pid", ignored);
    return {};
}

Result<void> Cluster::rewind(Address primary) const {
    auto server = at(primary, 5s);
    if (!server) return fail(server.error());
    // pg_rewind reads the source's control file, which learns of a promotion at the next checkpoint.
    const auto checkpointed = server->execute("CHECKPOINT");
    if (!checkpointed) return fail(checkpointed.error());
    const std::string source = conninfo(primary) + " dbname=postgres connect_timeout=5";
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
    const auto quarantine = [&](const Error& error) {
        report.how = Rejoined::quarantined;
        report.again = error.code == "postgres.no-writer";
        report.detail = error.message;
        return report;
    };
    const auto clone = [&](const std::string& why) {
        progress(why + ": cloning anew");
        auto server = at(primary, 5s);
        if (!server) {
            return quarantine({"postgres.no-writer", "cannot connect to the writer: " + server.error().message});
        }
        if (const auto cloned = clone_from(primary); !cloned) {
            // Half a clone stays noted as such, and the next attempt begins it again.
            const bool writer_is_there = at(primary, 5s).has_value();
            return quarantine(
                {writer_is_there ? "postgres.clone" : "postgres.no-writer",
                 (writer_is_there ? "the clone failed: " : "cannot connect to the writer for a clone: ") +
                     cloned.error().message}
            );
        }
        report.how = Rejoined::cloned;
        if (report.detail.empty()) report.detail = why;
        return report;
    };
    if (is_running()) return quarantine({"postgres.running", "the server still runs: stop it before it rejoins"});
    if (const auto written = configure(primary); !written) return quarantine(written.error());
    if (const auto before = unfinished(); before && before->phase != "export") {
        report.stranded_writes = before->stranded;
        report.detail = before->detail;
        return clone("an earlier " + before->phase + " did not end");
    }
    if (!exists()) return clone("there is no data here");

    auto control = control_data();
    if (!control) return quarantine(control.error());
    auto line = lineage(primary, control->timeline);
    if (!line) return quarantine(line.error());
    if (line->system_id != control->system_id) {
        return quarantine(
            {"postgres.other-database",
             fmt::format(
                 "{} holds database {}, the writer's is {}: move it away if it is not needed",
                 options_.pgdata.string(),
                 control->system_id,
                 line->system_id
             )}
        );
    }
    // Stopped cleanly before the fork, or a standby since ever: nothing of ours is missing there, so it may follow.
    const bool nothing_of_its_own = is_standby() || (control->state == "shut down" && control->checkpoint < line->fork);
    if (line->common && nothing_of_its_own) {
        if (const auto made = make_standby(); !made) return quarantine(made.error());
        finished();
        report.how = Rejoined::rewound;
        report.detail = "follows without a rewind";
        return report;
    }

    progress("exporting what was committed here and never replicated");
    if (const auto noted = note({.phase = "export"}); !noted) return quarantine(noted.error());
    if (control->state != "shut down") {
        // The timeline in the control file is right only after recovery: a crash may have come before the first
        // checkpoint of a promotion.
        if (const auto recovered = recover_alone({}); !recovered) progress(recovered.error().message);
        control = control_data();
        if (!control) return quarantine(control.error());
        line = lineage(primary, control->timeline);
        if (!line) return quarantine(line.error());
    }
    const auto stranded = export_stranded(*line, control->timeline);
    if (stranded) {
        report.stranded_writes = *stranded;
    } else {
        if (const auto kept = keep_log(control->timeline); !kept) return quarantine(kept.error());
        report.detail = stranded.error().message + "; the log was kept in " + (options_.data / "stranded").string();
        progress(report.detail);
    }
    const Journal journal{.phase = "rewind", .stranded = report.stranded_writes, .detail = report.detail};
    if (!line->common) return clone("the writer's history does not contain ours");
    progress("rewinding");
    if (const auto noted = note(journal); !noted) return quarantine(noted.error());
    if (const auto rewound = rewind(primary); !rewound) return clone("the rewind failed: " + rewound.error().message);
    if (const auto made = make_standby(); !made) return quarantine(made.error());
    const auto after = control_data();
    if (!after || after->system_id != line->system_id) return clone("the rewound directory could not be verified");
    finished();
    report.how = Rejoined::rewound;
    return report;
}

}  // namespace cloudshelf::postgres
