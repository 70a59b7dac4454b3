#include "drivers/postgres/promotion.hpp"

#include "drivers/postgres/queries.hpp"
#include "io/clock.hpp"

#include <fmt/format.h>

#include <thread>

namespace cloudshelf::postgres {

using namespace std::chrono_literals;

Result<void> promote(const Access& access, Duration limit) {
    const auto deadline = io::Deadline::after(limit);
    auto server = access.admin("postgres", limit);
    while (!server && !deadline.passed()) {  // it may just be starting
        std::this_thread::sleep_for(5ms);
        server = access.admin("postgres", deadline.remaining());
    }
    if (!server) return fail(server.error());
    // A paused replay would queue the promotion until somebody resumes it (reliability.md R12).
    const auto resumed = tell(
        *server, "SELECT CASE WHEN pg_is_in_recovery() AND pg_is_wal_replay_paused() THEN pg_wal_replay_resume() END"
    );
    if (!resumed && resumed.error().certainty == Certainty::unknown) return resumed;
    // pg_promote() that waits polls every 100 ms; without waiting it is the same file and signal, and we poll faster.
    const auto asked = tell(*server, "SELECT CASE WHEN pg_is_in_recovery() THEN pg_promote(false) END");
    if (!asked && asked.error().certainty == Certainty::unknown) return asked;
    while (!deadline.passed()) {
        const auto answer = server->execute("SELECT pg_is_in_recovery()");
        if (!answer) return fail(answer.error());
        // A transaction that had to be written.
        if (field(*answer, 0) == "f") return tell(*server, "SELECT pg_current_xact_id()");
        std::this_thread::sleep_for(1ms);
    }
    return fail("postgres.promote-timeout", fmt::format("still in recovery after {} ms", limit / 1ms));
}

}  // namespace cloudshelf::postgres
