#include "region/tables/compression.hpp"

#include <algorithm>
#include <zlib.h>

namespace cloudshelf::tables {
namespace {

constexpr int gzip_window = 15 + 16;  // the largest; + 16: with gzip's header

z_stream reading(std::string_view bytes) {
    z_stream stream{};
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    return stream;
}

}  // namespace

std::uint32_t crc32(std::string_view bytes) {
    return static_cast<std::uint32_t>(::crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

std::string gzip(std::string_view bytes) {
    z_stream stream = reading(bytes);
    ::deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY);
    std::string packed(::deflateBound(&stream, bytes.size()), '\0');
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    ::deflate(&stream, Z_FINISH);  // deflateBound said that it fits
    packed.resize(stream.total_out);
    ::deflateEnd(&stream);
    return packed;
}

Result<std::string> gunzip(std::string_view bytes, std::size_t bytes_max) {
    z_stream stream = reading(bytes);
    ::inflateInit2(&stream, gzip_window);
    std::string unpacked;
    std::size_t used = 0;
    int status = Z_OK;
    while (status == Z_OK || (status == Z_STREAM_END && stream.avail_in > 0)) {
        if (status == Z_STREAM_END) ::inflateReset(&stream);
        if (used > bytes_max) break;
        unpacked.resize(std::min(std::max(used * 2, std::max<std::size_t>(bytes.size() * 4, 4096)), bytes_max + 1));
        stream.next_out = reinterpret_cast<Bytef*>(unpacked.data()) + used;
        stream.avail_out = static_cast<uInt>(unpacked.size() - used);
        status = ::inflate(&stream, Z_NO_FLUSH);
        used = unpacked.size() - stream.avail_out;
    }
    ::inflateEnd(&stream);
    if (used > bytes_max) return fail("tables.too-large", "the body is too large when it is unpacked");
    if (status != Z_STREAM_END) return fail("tables.bad-gzip", "the body is not gzip, or ends early");
    unpacked.resize(used);
    return unpacked;
}

}  // namespace cloudshelf::tables
