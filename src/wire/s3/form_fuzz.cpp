#include "base/assert.hpp"
#include "wire/s3/form.hpp"
#include "wire/s3/post_policy.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

using namespace cloudshelf;

struct Read {
    bool good = true;
    bool finished = false;
    std::string file;
    std::size_t fields = 0;
};

/// In pieces of that size.
Read read(std::string_view body, std::size_t piece_bytes) {
    Read read;
    auto form = s3::FormReader::of("multipart/form-data; boundary=b").value();
    for (std::size_t at = 0; at < body.size() && read.good; at += piece_bytes)
        read.good = form.feed(body.substr(at, piece_bytes), read.file).has_value();
    read.finished = form.finished();
    read.fields = form.fields().size();
    return read;
}

}  // namespace

/// Any bytes as a form, as its content type, and as a policy. However a form is cut into pieces, it reads the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    static_cast<void>(s3::FormReader::of(input));
    if (const auto policy = s3::parse_post_policy(input)) static_cast<void>(s3::check_fields(*policy, {{"key", "a"}}));
    const Read whole = read(input, size + 1);
    const Read in_pieces = read(input, 7);
    CLOUDSHELF_ASSERT(whole.good == in_pieces.good && whole.finished == in_pieces.finished);
    if (whole.good) CLOUDSHELF_ASSERT(whole.file == in_pieces.file && whole.fields == in_pieces.fields);
    return 0;
}
