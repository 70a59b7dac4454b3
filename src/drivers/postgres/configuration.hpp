#pragma once

#include "base/result.hpp"
#include "drivers/postgres/access.hpp"
#include "drivers/postgres/options.hpp"

#include <optional>
#include <string>

namespace cloudshelf::postgres {

/// What the server reads when it starts or is told to: the files in `<pgconf>` (their texts: settings).
/// Errors of all calls: "postgres.files", those of io::replace_file.
class Configuration {
public:
    explicit Configuration(const ClusterOptions& options) : options_(options) {}

    /// Everything. `primary`: whom to follow as a standby. A commit waits for nobody until `write_synchronous`.
    /// Errors: those of `copy_certificates`, too.
    Result<void> write(const std::optional<Address>& primary) const;
    Result<void> write_synchronous(const std::string& names) const;
    /// Brings the server's copies of the certificate, its key and the CA up to date. Errors: "io.no-file",
    /// "io.certificate" (they do not belong together yet).
    Result<void> copy_certificates() const;
    /// Makes the data folder's own configuration refuse a start by hand.
    Result<void> refuse_start_by_hand() const;

private:
    const ClusterOptions& options_;
};

}  // namespace cloudshelf::postgres
