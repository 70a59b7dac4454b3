#include "io/lease_page.hpp"

#include "io/clock.hpp"

#include <fmt/format.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace cloudshelf::io {

struct LeasePage::Mapped {
    static constexpr std::uint64_t expected_magic = 0x31'65'73'61'65'4c'53'43;  // "CSLease1"
    std::atomic<std::uint64_t> magic;
    std::atomic<std::uint64_t> sequence;  // odd while a write is under way
    std::atomic<std::uint64_t> state;
    std::atomic<std::uint64_t> epoch;
    std::atomic<std::int64_t> deadline_ns;
};

Result<LeasePage> LeasePage::open(const std::filesystem::path& path) {
    const auto problem = [&](const char* doing) {
        return fail("io.lease-page", fmt::format("{}: {}: {}", path.string(), doing, std::strerror(errno)));
    };
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (descriptor < 0) return problem("cannot be opened");
    if (::ftruncate(descriptor, sizeof(Mapped)) != 0) {
        auto failed = problem("cannot be sized");
        ::close(descriptor);
        return failed;
    }
    void* memory = ::mmap(nullptr, sizeof(Mapped), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    ::close(descriptor);
    if (memory == MAP_FAILED) return problem("cannot be mapped");
    auto* page = static_cast<Mapped*>(memory);
    std::uint64_t nothing = 0;
    page->magic.compare_exchange_strong(nothing, Mapped::expected_magic);
    if (page->magic != Mapped::expected_magic) {
        ::munmap(memory, sizeof(Mapped));
        return fail(
            "io.lease-page", fmt::format("{}: not a lease page; remove it while the site is down", path.string())
        );
    }
    return LeasePage(page);
}

LeasePage::LeasePage(Mapped* page) : page_(page) {}
LeasePage::LeasePage(LeasePage&& other) noexcept : page_(std::exchange(other.page_, nullptr)) {}
LeasePage& LeasePage::operator=(LeasePage&& other) noexcept {
    std::swap(page_, other.page_);
    return *this;
}
LeasePage::~LeasePage() {
    if (page_ != nullptr) ::munmap(page_, sizeof(Mapped));
}

LeaseView LeasePage::read() const {
    const TimePoint give_up = now() + std::chrono::milliseconds(1);
    for (;;) {
        const std::uint64_t before = page_->sequence.load(std::memory_order_acquire);
        if (before % 2 == 0) {
            const LeaseView view{
                .state = static_cast<WriteState>(page_->state.load(std::memory_order_acquire)),
                .epoch = Epoch(page_->epoch.load(std::memory_order_acquire)),
                .deadline = TimePoint(Duration(page_->deadline_ns.load(std::memory_order_acquire))),
            };
            if (page_->sequence.load(std::memory_order_acquire) == before) return view;
        }
        // A writer that was killed in the middle never finishes: nobody may write then.
        if (now() > give_up) return {};
    }
}

void LeasePage::write(LeaseView view) {
    // A sequence that a killed writer left odd is taken over as it is.
    const std::uint64_t odd = page_->sequence.load(std::memory_order_relaxed) | 1;
    page_->sequence.store(odd, std::memory_order_seq_cst);
    page_->state.store(static_cast<std::uint64_t>(view.state), std::memory_order_release);
    page_->epoch.store(view.epoch.value(), std::memory_order_release);
    page_->deadline_ns.store(view.deadline.time_since_epoch().count(), std::memory_order_release);
    page_->sequence.store(odd + 1, std::memory_order_seq_cst);
}

bool LeasePage::may_write(TimePoint at) const {
    const LeaseView view = read();
    return view.state == WriteState::writing && at < view.deadline;
}

}  // namespace cloudshelf::io
