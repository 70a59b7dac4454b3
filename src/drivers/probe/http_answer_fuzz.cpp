#include "base/assert.hpp"
#include "drivers/probe/http_answer.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>

/// Any bytes as an answer, once whole and once in pieces: both readings agree, and stay within their limits. The first
/// byte says how large the pieces are, the second how much of the body is wanted.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using cloudshelf::probe::HttpAnswer;
    if (size < 2) return 0;
    const std::size_t piece = data[0] % 16 + 1;
    const std::size_t wanted = data[1] * std::size_t{64};
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
    const auto whole = std::make_unique<HttpAnswer>();
    const auto pieces = std::make_unique<HttpAnswer>();
    whole->reset(wanted);
    pieces->reset(wanted);
    auto progress = whole->feed(bytes);
    auto again = HttpAnswer::Progress::more;
    for (std::size_t at = 0; at < bytes.size() && again == HttpAnswer::Progress::more; at += piece)
        again = pieces->feed(bytes.substr(at, piece));
    CLOUDSHELF_ASSERT(progress == again);
    if (progress == HttpAnswer::Progress::more) {
        progress = whole->end();
        again = pieces->end();
        CLOUDSHELF_ASSERT(progress == again);
        CLOUDSHELF_ASSERT(!whole->reusable());
    }
    if (progress == HttpAnswer::Progress::done) {
        CLOUDSHELF_ASSERT(whole->status() == pieces->status());
        CLOUDSHELF_ASSERT(whole->status() >= 200 && whole->status() <= 599);
        CLOUDSHELF_ASSERT(whole->body().substr(0, pieces->body().size()) == pieces->body());
        CLOUDSHELF_ASSERT(whole->body().size() <= cloudshelf::core::search_bytes_max);
    }
    return 0;
}
