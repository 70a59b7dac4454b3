#include "wire/sigv4/chunks.hpp"

#include "base/digest.hpp"
#include "base/hex.hpp"
#include "wire/sigv4/errors.hpp"

#include <fmt/format.h>

#include <charconv>
#include <optional>

namespace cloudshelf::sigv4 {
namespace {

constexpr std::size_t chunk_bytes_max = std::size_t{64} << 20;
constexpr std::size_t line_bytes_max = 16 * 1024;

std::string chunk_signature(
    std::string_view data, std::string_view time, std::string_view scope, const Mac& key, std::string_view previous
) {
    const std::string to_sign = fmt::format(
        "AWS4-HMAC-SHA256-PAYLOAD\n{}\n{}\n{}\n{}\n{}", time, scope, previous, sha256_hex(""), sha256_hex(data)
    );
    const Mac mac = hmac({key.data(), key.size()}, to_sign);
    return hex({mac.data(), mac.size()});
}

std::unexpected<Error> no_chunk(std::string_view why) {
    return fail(errors::incomplete(fmt::format("The body is not of encoding aws-chunked: {}", why)));
}

std::unexpected<Error> altered() {
    return fail(errors::invalid(
        "The chunk signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
        "and signing method."
    ));
}

std::optional<std::size_t> hex_number(std::string_view text) {
    std::size_t number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number, 16);
    if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
    return number;
}

bool has_trailer(Payload payload) {
    return payload == Payload::signed_chunks_trailer || payload == Payload::unsigned_trailer;
}

}  // namespace

ChunkReader::ChunkReader(const Verified& verified, const Mac& signing_key)
    : payload_(verified.payload),
      time_(verified.time),
      scope_(verified.scope.text()),
      previous_(verified.signature),
      key_(signing_key) {}

std::string ChunkReader::signature_of_chunk(std::string_view data) const {
    return chunk_signature(data, time_, scope_, key_, previous_);
}

Result<void> ChunkReader::feed(std::string_view bytes, std::string& body) {
    waiting_ += bytes;
    for (;;) {
        if (finished_) {
            if (!waiting_.empty()) return no_chunk("something follows its end");
            return {};
        }
        const auto taken = in_trailer_ ? take_trailer() : take_chunk(body);
        if (!taken) return fail(taken.error());
        if (!*taken) return {};
    }
}

Result<bool> ChunkReader::take_chunk(std::string& body) {
    const std::string_view waiting = waiting_;
    const auto line_end = waiting.find("\r\n");
    if (line_end == std::string_view::npos) {
        if (waiting.size() > line_bytes_max) return no_chunk("its first line doesn't end");
        return false;
    }
    const std::string_view line = waiting.substr(0, line_end);
    const bool is_signed = payload_ != Payload::unsigned_trailer;
    constexpr std::string_view mark = ";chunk-signature=";
    const auto at = line.find(mark);
    const auto size = hex_number(line.substr(0, std::min(at, line.size())));
    if (!size || *size > chunk_bytes_max) return no_chunk("no size, or one above 64 MiB");
    if (is_signed == (at == std::string_view::npos)) return no_chunk("signed or not, against what the request says");

    // The last chunk has no data. Where a trailer follows, no empty line stands between.
    const bool last = *size == 0;
    const std::size_t data_at = line_end + 2;
    const bool ends_with_line = !(last && has_trailer(payload_));
    if (waiting.size() < data_at + *size + (ends_with_line ? 2 : 0)) return false;
    const std::string_view data = waiting.substr(data_at, *size);
    if (ends_with_line && waiting.substr(data_at + *size, 2) != "\r\n")
        return no_chunk("its data doesn't end where it should");
    if (is_signed) {
        std::string signature = signature_of_chunk(data);
        if (!equal_in_constant_time(signature, line.substr(at + mark.size()))) return altered();
        previous_ = std::move(signature);
    }
    body += data;
    waiting_.erase(0, data_at + *size + (ends_with_line ? 2 : 0));
    if (last) (has_trailer(payload_) ? in_trailer_ : finished_) = true;
    return true;
}

Result<bool> ChunkReader::take_trailer() {
    if (waiting_.size() > line_bytes_max) return no_chunk("the trailer doesn't end");
    const bool is_empty = waiting_.starts_with("\r\n");
    const auto end = waiting_.find("\r\n\r\n");
    if (!is_empty && end == std::string::npos) return false;
    std::string_view rest(waiting_.data(), is_empty ? 0 : end + 2);
    std::string to_hash;
    std::string signature;
    while (!rest.empty()) {
        const auto line_end = rest.find("\r\n");
        const std::string_view line = rest.substr(0, line_end);
        rest.remove_prefix(line_end + 2);
        const auto colon = line.find(':');
        if (colon == std::string_view::npos) return no_chunk("a line of the trailer is no header");
        std::string name(line.substr(0, colon));
        for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        const std::string_view value = line.substr(colon + 1);
        if (name == "x-amz-trailer-signature") {
            signature = value;
        } else {
            to_hash.append(name).append(1, ':').append(value).append(1, '\n');
            trailer_.emplace_back(std::move(name), std::string(value));
        }
    }
    if (payload_ == Payload::signed_chunks_trailer) {
        const std::string to_sign =
            fmt::format("AWS4-HMAC-SHA256-TRAILER\n{}\n{}\n{}\n{}", time_, scope_, previous_, sha256_hex(to_hash));
        const Mac mac = hmac({key_.data(), key_.size()}, to_sign);
        if (!equal_in_constant_time(hex({mac.data(), mac.size()}), signature)) return altered();
    }
    waiting_.erase(0, is_empty ? 2 : end + 4);
    finished_ = true;
    return true;
}

std::string signed_chunk(
    std::string_view data, std::string_view time, const Scope& scope, const Mac& signing_key, std::string& previous
) {
    previous = chunk_signature(data, time, scope.text(), signing_key, previous);
    return fmt::format("{:x};chunk-signature={}\r\n{}\r\n", data.size(), previous, data);
}

}  // namespace cloudshelf::sigv4
