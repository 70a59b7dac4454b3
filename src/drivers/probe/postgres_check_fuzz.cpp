#include "base/assert.hpp"
#include "drivers/probe/postgres_check.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace {

using namespace cloudshelf::probe;

/// Says `bytes` in pieces until the verdict stands; Turn::secure goes on as if TLS stood.
Turn hear(PostgresConversation& conversation, std::string_view bytes, std::size_t piece) {
    Turn turn = Turn::listen;
    while (!bytes.empty() && turn != Turn::over) {
        const std::size_t size = std::min(piece, bytes.size());
        turn = conversation.heard(bytes.substr(0, size));
        bytes.remove_prefix(size);
    }
    return turn == Turn::secure ? Turn::listen : turn;
}

}  // namespace

/// Any bytes as a server's answer, in larger pieces and smaller ones: both readings agree. The first byte says how
/// large the pieces are.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    static const Script plain = postgres_script({}).value();
    static const Script secured = postgres_script({.secured = Secured::yes}).value();
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto whole = std::make_unique<PostgresConversation>();
    const auto pieces = std::make_unique<PostgresConversation>();
    whole->begin(plain);
    pieces->begin(plain);
    const Turn once = hear(*whole, bytes, std::max<std::size_t>(bytes.size(), 1));
    CLOUDSHELF_ASSERT(once == Turn::listen || once == Turn::over);
    // One that is too long is refused before the rest of it is read.
    if (bytes.size() <= PostgresConversation::all_bytes_max) {
        const Turn again = hear(*pieces, bytes, data[0] % 16 + 1);
        CLOUDSHELF_ASSERT(once == again && whole->verdict() == pieces->verdict());
    }
    whole->begin(secured);
    hear(*whole, bytes, data[0] % 16 + 1);
    return 0;
}
