#include "drivers/postgres/settings.hpp"

#include "drivers/postgres/slots.hpp"

#include <fmt/format.h>

namespace cloudshelf::postgres {
namespace {

std::string tls_settings(bool tls, const std::filesystem::path& conf) {
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

}  // namespace

std::string server_settings(const ClusterOptions& options) {
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
        fmt::arg("address", options.listen.host),
        fmt::arg("port", options.listen.port),
        fmt::arg("sockets", options.socket_dir.string()),
        fmt::arg("conf", options.pgconf.string()),
        fmt::arg("region", options.region.value())
    );
    return settings + tls_settings(options.tls.has_value(), options.pgconf);
}

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

std::string replication_settings(const RegionName& region, const std::string& conninfo) {
    return fmt::format(
        "primary_conninfo = '{} dbname=replication application_name={} connect_timeout=2'\n"
        "primary_slot_name = '{}'\n",
        conninfo,
        region.value(),
        standby_slot(region)
    );
}

std::string synchronous_settings(const std::string& names) {
    return fmt::format("synchronous_standby_names = '{}'\n", names);
}

}  // namespace cloudshelf::postgres
