#pragma once

#include "base/result.hpp"
#include "io/task.hpp"
#include "region/contents/writer.hpp"
#include "region/objects/service.hpp"
#include "region/objects/version.hpp"
#include "wire/s3/checksum.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// The bytes of a copy: shared with its source, or read and written anew.
namespace cloudshelf::objects {

/// Which bytes of a version.
struct Extent {
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
};

struct CopyWanted {
    Extent extent;
    /// Nothing: the bytes are only read, to be digested.
    std::optional<std::string> key;
    std::optional<s3::ChecksumAlgorithm> checksum;
};

struct CopiedContent {
    std::optional<contents::Stored> stored;  // its pin is to be held until the reference is committed
    std::string md5;                         // raw
    std::string checksum;                    // raw; empty: none was wanted
};

/// Reads a version's bytes, and writes them as one content. What is altered or lost of the source is brought back from
/// another region first, if that has it. Errors: those of contents::Store::open, Reader and Writer.
io::Task<Result<CopiedContent>> copy_content(Service& service, Version source, CopyWanted wanted);

/// Whether all of a version's bytes lie under that key.
bool lies_under(const Version& version, std::string_view key);

/// Pins all of a version's contents, so that another reference to them can be stored. What is missing is
/// brought back as above. Errors: those of
/// contents::Store::pin.
io::Task<Result<std::vector<contents::Pin>>> pin_pieces(Service& service, Version version);

}  // namespace cloudshelf::objects
