#pragma once

#include "base/ids.hpp"
#include "base/result.hpp"
#include "core/lease.hpp"

#include <filesystem>

namespace cloudshelf::region {

/// The newest epochs that this region knows, on disk before anything relies on them (`<data>/epoch.json`), and what it
/// promises to the writer of the newest (core::PromiseBook).
class Promises {
public:
    Promises(core::LeaseTerms terms, std::filesystem::path data);

    Epoch known() const { return book_.known(); }
    const core::KnownEpochs& epochs() const { return book_.epochs(); }
    /// From now on nothing older is promised, whatever happens to us. Errors: those of io::replace_file; then nothing
    /// was learnt.
    Result<void> learn(Epoch epoch, core::Whose whose);
    /// Asked by the writer of `epoch`. `terms`: the lease's, tightened by what is known of the sites' clocks.
    bool grant(Epoch epoch, const core::LeaseTerms& terms);
    /// Until when a promise to a writer that was fenced like this may bind us.
    TimePoint binding_until(const core::FenceRecord& fence) const { return book_.binding_until(fence); }

private:
    std::filesystem::path file_;
    core::PromiseBook book_;
};

}  // namespace cloudshelf::region
