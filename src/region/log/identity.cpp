#include "region/log/identity.hpp"

#include "region/log/bytes.hpp"

#include <fmt/format.h>

#include <random>

namespace cloudshelf::changelog {

std::string Followed::encode() const {
    ByteWriter to;
    return to.text<std::uint8_t>(id.value()).number(position.value()).number(checksum).take();
}

Result<Followed> Followed::decode(std::string_view bytes) {
    ByteReader from(bytes);
    Followed followed;
    followed.id = LogId(std::string(from.text<std::uint8_t>()));
    followed.position = Position(from.number<std::uint64_t>());
    followed.checksum = from.number<std::uint32_t>();
    if (!from.finished()) return fail("log.corrupt", "how far another log was followed cannot be read");
    return followed;
}

Result<Followed> where_to_follow(
    const std::optional<Followed>& before, const Identity& theirs, const Identity& own, Position own_last
) {
    if (before && before->id == theirs.id) return *before;
    if (theirs.parent == own.id && theirs.parent_position <= own_last) {
        // It began as a copy of ours: nothing in it up to there is new to us.
        return Followed{.id = theirs.id, .position = theirs.parent_position};
    }
    if (!before && theirs.parent.value().empty()) return Followed{.id = theirs.id};
    if (before && before->id == theirs.parent && before->position <= theirs.parent_position) {
        return Followed{.id = theirs.id, .position = before->position, .checksum = before->checksum};
    }
    if (!before) {
        return fail(
            "log.other-log",
            fmt::format("log {} began as a copy of another: take a snapshot of it first", theirs.id.value())
        );
    }
    return fail(
        "log.other-log",
        fmt::format(
            "log {} was followed up to {}, and there is log {} now, which agrees with log {} up to {} only: "
            "take a snapshot",
            before->id.value(),
            before->position.value(),
            theirs.id.value(),
            theirs.parent.value().empty() ? "none" : theirs.parent.value(),
            theirs.parent_position.value()
        )
    );
}

LogId draw_log_id() {
    std::random_device device;
    std::string digits;
    for (int i = 0; i < 4; ++i) digits += fmt::format("{:08x}", device());
    return LogId(digits);
}

}  // namespace cloudshelf::changelog
