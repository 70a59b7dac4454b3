#pragma once

#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>

namespace cloudshelf::io {

/// What a region may do with single-writer data, as its agent last knew.
enum class WriteState : std::uint32_t {
    fenced = 0,   // nothing may be written here
    writing = 1,  // writes are allowed strictly before the deadline
    paused = 2,   // a switchover is under way: hold writes, they will be possible again soon, here or there
    remote = 3,   // another region is the writer, and writes may be sent there
};

struct LeaseView {
    WriteState state = WriteState::fenced;
    Epoch epoch{0};
    TimePoint deadline{};  // by io::now()
};

/// The write lease of one region, in a shared memory page (a mapped file): written by its agent, read by the fencer,
/// which kills PostgreSQL when the deadline comes, and by the gateway, before each write. Nobody has to be told
/// anything, so a paused, swapped-out or crashed agent is fenced all the same (design §5, rule 3).
///
/// One writer, any number of readers, no locks (a sequence lock: readers retry while a write is under way; a writer
/// killed in the middle leaves an odd sequence, which reads as fenced after 1 ms).
class LeasePage {
public:
    /// Creates the file if need be (fenced, epoch 0). Errors: "io.lease-page".
    static Result<LeasePage> open(const std::filesystem::path& path);
    LeasePage(LeasePage&&) noexcept;
    LeasePage& operator=(LeasePage&&) noexcept;
    ~LeasePage();

    LeaseView read() const;
    void write(LeaseView view);
    /// Whether a write may begin now: writing, and the deadline has not come.
    bool may_write(TimePoint now) const;

private:
    struct Mapped;
    explicit LeasePage(Mapped* page);
    Mapped* page_ = nullptr;
};

}  // namespace cloudshelf::io
