#include "region/objects/object_reader.hpp"

#include <algorithm>

namespace cloudshelf::objects {

ObjectReader::ObjectReader(contents::Store& store, const Version& version, std::uint64_t offset, std::uint64_t length)
    : store_(store), pieces_(version.pieces), at_(offset), left_(length) {
    while (piece_ < pieces_.size() && at_ >= pieces_[piece_].length) at_ -= pieces_[piece_++].length;
}

Result<std::string> ObjectReader::next(std::size_t bytes_max) {
    if (left_ == 0 || piece_ == pieces_.size()) return std::string();
    if (!pinned_) pin_rest();
    const Piece& piece = pieces_[piece_];
    if (!open_) {
        auto opened = store_.open(piece.content);
        if (!opened) return fail(opened.error());
        open_.emplace(std::move(*opened));
    }
    const auto wanted = std::min({std::uint64_t{bytes_max}, left_, piece.length - at_});
    auto bytes = open_->read(at_, wanted);
    if (!bytes) open_.reset();
    if (!bytes) return bytes;
    if (bytes->empty()) return fail("contents.corrupt", "a content is shorter than its object says");
    at_ += bytes->size();
    left_ -= bytes->size();
    if (left_ == 0) pins_.clear();
    if (at_ == piece.length) {
        ++piece_;
        at_ = 0;
        open_.reset();
    }
    return bytes;
}

/// What comes behind the first piece, which is read from the file that is opened now. A piece that cannot be pinned is
/// reported when its turn comes.
void ObjectReader::pin_rest() {
    pinned_ = true;
    std::uint64_t reached = pieces_[piece_].length - at_;
    for (std::size_t i = piece_ + 1; i < pieces_.size() && reached < left_; ++i) {
        reached += pieces_[i].length;
        if (auto pin = store_.pin(pieces_[i].content)) pins_.push_back(std::move(*pin));
    }
}

}  // namespace cloudshelf::objects
