#pragma once

#include "base/result.hpp"
#include "region/contents/reader.hpp"
#include "region/contents/store.hpp"
#include "region/objects/version.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace cloudshelf::objects {

/// Reads an object's bytes in order, through all its pieces, which stay until they are read, also when the object is
/// deleted. Blocks; one thread at a time.
class ObjectReader {
public:
    /// The bytes from `offset`, `length` of them. Precondition: they are within the version's size.
    ObjectReader(contents::Store& store, const Version& version, std::uint64_t offset, std::uint64_t length);

    /// The next bytes, at most that many; empty: that was all. Errors: those of contents::Store::open and
    /// contents::Reader.
    Result<std::string> next(std::size_t bytes_max);
    /// What `next` reads from. After an error it may be repaired: `next` then goes on where it was. Precondition: there
    /// are bytes left.
    const contents::ContentName& content() const { return pieces_[piece_].content; }

private:
    void pin_rest();

    contents::Store& store_;
    std::vector<Piece> pieces_;
    std::vector<contents::Pin> pins_;
    bool pinned_ = false;
    std::size_t piece_ = 0;
    std::uint64_t at_ = 0;  // within the piece
    std::uint64_t left_ = 0;
    std::optional<contents::Reader> open_;
};

}  // namespace cloudshelf::objects
