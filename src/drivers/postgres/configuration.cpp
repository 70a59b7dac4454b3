#include "drivers/postgres/configuration.hpp"

#include "drivers/postgres/private_files.hpp"
#include "drivers/postgres/settings.hpp"
#include "io/certificates.hpp"
#include "io/file.hpp"

#include <fmt/format.h>

#include <mutex>
#include <utility>

namespace cloudshelf::postgres {

namespace fs = std::filesystem;

Result<void> Configuration::write(const std::optional<Address>& primary) const {
    if (const auto made = make_private_folder(options_.pgconf, options_.user); !made) return made;
    if (const auto made = make_private_folder(options_.socket_dir, options_.user); !made) return made;
    std::error_code ignored;
    fs::create_directories(options_.data, ignored);
    if (const auto copied = copy_certificates(); !copied) return copied;
    const Access access(options_);
    const std::pair<const char*, std::string> files[] = {
        {"postgresql.conf", server_settings(options_)},
        {"pg_hba.conf", access_rules(options_.tls.has_value())},
        {"synchronous.conf", synchronous_settings("")},
        {"replication.conf", primary ? replication_settings(options_.region, access.conninfo(*primary)) : ""},
        {"pgpass", fmt::format("*:*:*:replicator:{}\n", access.password("replicator"))},
    };
    for (const auto& [name, content] : files) {
        if (const auto done = write_private_file(options_.pgconf / name, content, options_.user); !done) return done;
    }
    return {};
}

Result<void> Configuration::write_synchronous(const std::string& names) const {
    return write_private_file(options_.pgconf / "synchronous.conf", synchronous_settings(names), options_.user);
}

Result<void> Configuration::copy_certificates() const {
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
        if (const auto done = write_private_file(options_.pgconf / name, *text, options_.user); !done) return done;
    }
    return {};
}

Result<void> Configuration::refuse_start_by_hand() const {
    return write_private_file(options_.pgdata / "postgresql.conf", refusing_configuration, options_.user);
}

}  // namespace cloudshelf::postgres
