#include "drivers/postgres/creation.hpp"

#include "drivers/postgres/access.hpp"
#include "drivers/postgres/configuration.hpp"
#include "drivers/postgres/private_files.hpp"
#include "drivers/postgres/programs.hpp"
#include "drivers/postgres/rejoin_journal.hpp"

#include <fmt/format.h>

namespace cloudshelf::postgres {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

Result<void> initialize(const ClusterOptions& options) {
    if (const auto made = make_private_folder(options.pgdata, options.user); !made) return made;
    const Configuration configuration(options);
    if (const auto written = configuration.write(std::nullopt); !written) return written;
    const fs::path secret = options.pgconf / "admin.initial";
    const std::string password = Access(options).password("admin");
    if (const auto written = write_private_file(secret, password + "\n", options.user); !written) return written;
    const auto made = run_program(
        options,
        {"initdb",
         "-D",
         options.pgdata,
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
        60s
    );
    std::error_code ignored;
    fs::remove(secret, ignored);
    if (!made) return made;
    return configuration.refuse_start_by_hand();
}

Result<void> clone(const ClusterOptions& options, const Address& writer) {
    if (const auto written = Configuration(options).write(writer); !written) return written;
    const RejoinJournal journal(options);
    const auto before = journal.unfinished().value_or(RejoinJournal::Entry{});
    const auto noted = journal.note({.phase = "clone", .stranded = before.stranded, .detail = before.detail});
    if (!noted) return noted;
    std::error_code failed;
    fs::remove_all(options.pgdata, failed);
    if (failed) return fail("postgres.files", fmt::format("{}: {}", options.pgdata.string(), failed.message()));
    if (const auto made = make_private_folder(options.pgdata, options.user); !made) return made;
    const auto cloned = run_program(
        options,
        {"pg_basebackup",
         "-D",
         options.pgdata,
         "-d",
         Access(options).conninfo(writer),
         "-X",
         "stream",
         "--checkpoint=fast",
         "--no-password"},
        3600s
    );
    if (!cloned) {
        fs::remove_all(options.pgdata, failed);
        return cloned;
    }
    const auto standby = write_private_file(options.pgdata / "standby.signal", "", options.user);
    if (!standby) return standby;
    journal.finished();
    return {};
}

}  // namespace cloudshelf::postgres
