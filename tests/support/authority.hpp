#pragma once

#include "io/certificates.hpp"
#include "io/tls.hpp"
#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace cloudshelf::testing {

/// A CA for one test, in a folder that goes with it.
class Authority {
public:
    Authority() { expect(io::make_authority(files("ca"), "test CA", io::Validity::days(1))); }

    io::CertificateFiles files(const std::string& name) const {
        return {.certificate = folder / (name + ".crt"), .key = folder / (name + ".key")};
    }
    /// Issues `<name>.crt` for `<name>.cloudshelf.internal` and these addresses; again: with a new key.
    io::TlsIdentity issue(
        const std::string& name,
        std::vector<std::string> addresses = {},
        io::Validity validity = io::Validity::days(1),
        io::CertificateUse use = io::CertificateUse::site
    ) const {
        expect(io::issue_certificate(
            files("ca"),
            {.name = name,
             .dns_names = {io::site_host_name(name)},
             .addresses = std::move(addresses),
             .validity = validity,
             .use = use},
            files(name)
        ));
        return {
            .certificate_file = files(name).certificate,
            .key_file = files(name).key,
            .ca_file = files("ca").certificate,
        };
    }

    TemporaryFolder folder;

private:
    static void expect(const Result<void>& done) { EXPECT_TRUE(done) << (done ? "" : done.error().message); }
};

}  // namespace cloudshelf::testing
