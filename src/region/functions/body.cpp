#include "region/functions/body.hpp"

#include <charconv>
#include <cstdint>

namespace cloudshelf::functions {

bool is_large(const io::HttpRequest& head) {
    if (!head.header("Transfer-Encoding").empty()) return true;
    const auto text = head.header("Content-Length");
    std::uint64_t length = 0;
    std::from_chars(text.data(), text.data() + text.size(), length);
    return length > small_body_bytes_max;
}

io::Task<Result<std::string>> read_body(std::shared_ptr<io::BodyReader> incoming, std::size_t bytes_max) {
    std::string body;
    if (incoming->length().value_or(0) > bytes_max) co_return fail("functions.body-too-large", "the body is too large");
    while (true) {
        auto piece = co_await incoming->next();
        if (!piece) co_return fail(piece.error());
        if (piece->empty()) co_return body;
        if (body.size() + piece->size() > bytes_max)
            co_return fail("functions.body-too-large", "the body is too large");
        body += *piece;
    }
}

}  // namespace cloudshelf::functions
