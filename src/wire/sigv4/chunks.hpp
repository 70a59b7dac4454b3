#pragma once

#include "base/result.hpp"
#include "wire/sigv4/signing_key.hpp"
#include "wire/sigv4/verify.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cloudshelf::sigv4 {

/// Reads a body of content coding `aws-chunked` (S3, "Signature calculations … transferring payload in multiple
/// chunks"), checks each chunk's signature, and the trailer's. Feed it bytes as they come.
class ChunkReader {
public:
    /// `verified`: what `verify` made of the request.
    ChunkReader(const Verified& verified, const Mac& signing_key);

    /// Appends the body's own bytes, of whole chunks whose signature holds, to `body`. Errors:
    /// InvalidSignatureException for a chunk that somebody changed, IncompleteSignatureException for what is no chunk.
    Result<void> feed(std::string_view bytes, std::string& body);

    /// Whether the last chunk, and the trailer if there is to be one, came and were good.
    bool finished() const { return finished_; }

    /// The trailer's headers, e.g. x-amz-checksum-crc32c; names in lower case.
    const std::vector<std::pair<std::string, std::string>>& trailer() const { return trailer_; }

private:
    Result<bool> take_chunk(std::string& body);
    Result<bool> take_trailer();
    std::string signature_of_chunk(std::string_view data) const;

    Payload payload_;
    std::string time_;
    std::string scope_;
    std::string previous_;  // signature
    Mac key_;
    std::string waiting_;  // bytes not yet understood
    std::vector<std::pair<std::string, std::string>> trailer_;
    bool in_trailer_ = false;
    bool finished_ = false;
};

/// The opposite: one chunk, signed; `previous` is replaced by its signature. An empty chunk is the last.
std::string signed_chunk(
    std::string_view data, std::string_view time, const Scope& scope, const Mac& signing_key, std::string& previous
);

}  // namespace cloudshelf::sigv4
