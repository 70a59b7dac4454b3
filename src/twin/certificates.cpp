#include "twin/certificates.hpp"

#include "io/certificates.hpp"

#include <fmt/format.h>

#include <chrono>

namespace cloudshelf::twin {
namespace {

constexpr int authority_days = 3650;
constexpr int certificate_days = 365;

io::CertificateFiles files_of(const Layout& layout, const std::string& name) {
    return {.certificate = layout.secrets() / (name + ".crt"), .key = layout.secrets() / (name + ".key")};
}

}  // namespace

io::TlsIdentity identity_of(const Layout& layout, const std::string& name) {
    const auto files = files_of(layout, name);
    return {
        .certificate_file = files.certificate,
        .key_file = files.key,
        .ca_file = files_of(layout, "ca").certificate,
    };
}

std::vector<std::filesystem::path> certificate_files(const Layout& layout) {
    std::vector<std::filesystem::path> all{files_of(layout, "ca").certificate};
    for (const auto& site : {layout.primary, layout.standby, layout.witness})
        all.push_back(files_of(layout, site.name.value()).certificate);
    all.push_back(files_of(layout, operator_certificate).certificate);
    return all;
}

Result<void> make_certificates(const Layout& layout) {
    const auto authority = files_of(layout, "ca");
    const auto known = io::read_certificate(authority.certificate);
    // What it issues must not outlive it.
    const auto needed_until = std::chrono::system_clock::now() + std::chrono::days(certificate_days + 1);
    if (!known || known->until < needed_until) {
        const std::string name = fmt::format("CloudShelf twin {}", layout.directory.filename().string());
        const auto made = io::make_authority(authority, name, io::Validity::days(authority_days));
        if (!made) return made;
    }
    return issue_certificates(layout);
}

Result<void> issue_certificates(const Layout& layout) {
    const auto authority = files_of(layout, "ca");
    const auto validity = io::Validity::days(certificate_days);
    for (const auto& site : {layout.primary, layout.standby, layout.witness}) {
        const std::string name = site.name.value();
        io::CertificateRequest request{
            .name = name, .dns_names = {io::site_host_name(name)}, .addresses = {site.address}, .validity = validity
        };
        const auto issued = io::issue_certificate(authority, std::move(request), files_of(layout, name));
        if (!issued) return issued;
    }
    io::CertificateRequest request{
        .name = operator_certificate,
        .dns_names = {io::site_host_name(operator_certificate)},
        .validity = validity,
        .use = io::CertificateUse::person,
    };
    return io::issue_certificate(authority, std::move(request), files_of(layout, operator_certificate));
}

}  // namespace cloudshelf::twin
