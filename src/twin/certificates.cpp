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

io::TlsIdentity identity_of(const Layout& layout, const std::string& name, const std::string& authority) {
    const auto files = files_of(layout, name);
    return {
        .certificate_file = files.certificate,
        .key_file = files.key,
        .ca_file = files_of(layout, authority).certificate,
    };
}

Result<void> make_authority(const Layout& layout, const std::string& name, const std::string& title) {
    const auto authority = files_of(layout, name);
    const auto known = io::read_certificate(authority.certificate);
    // What it issues must not outlive it.
    const auto needed_until = std::chrono::system_clock::now() + std::chrono::days(certificate_days + 1);
    if (known && known->until >= needed_until) return {};
    return io::make_authority(authority, title, io::Validity::days(authority_days));
}

}  // namespace

io::TlsIdentity identity_of(const Layout& layout, const std::string& name) {
    return identity_of(layout, name, "ca");
}

io::TlsIdentity state_identity_of(const Layout& layout, const std::string& site) {
    return identity_of(layout, "state-" + site, "state-ca");
}

io::CertificateFiles edge_certificate(const Layout& layout) {
    return files_of(layout, "edge");
}

std::vector<std::filesystem::path> certificate_files(const Layout& layout) {
    std::vector<std::filesystem::path> all{files_of(layout, "ca").certificate};
    for (const auto& site : layout.linked()) all.push_back(files_of(layout, site.name.value()).certificate);
    all.push_back(files_of(layout, operator_certificate).certificate);
    if (layout.plan.edge) all.push_back(edge_certificate(layout).certificate);
    all.push_back(files_of(layout, "state-ca").certificate);
    for (const auto& site : layout.linked()) all.push_back(files_of(layout, "state-" + site.name.value()).certificate);
    return all;
}

Result<void> make_certificates(const Layout& layout) {
    const std::string twin = layout.directory.filename().string();
    auto made = make_authority(layout, "ca", "CloudShelf twin " + twin);
    if (made) made = make_authority(layout, "state-ca", "CloudShelf state of twin " + twin);
    if (!made) return made;
    return issue_certificates(layout);
}

Result<void> issue_certificates(const Layout& layout) {
    const auto authority = files_of(layout, "ca");
    const auto validity = io::Validity::days(certificate_days);
    for (const auto& site : layout.linked()) {
        const std::string name = site.name.value();
        io::CertificateRequest request{
            .name = name, .dns_names = {io::site_host_name(name)}, .addresses = {site.address}, .validity = validity
        };
        auto issued = io::issue_certificate(authority, request, files_of(layout, name));
        if (!issued) return issued;
        // A member of etcd is believed by the others when it comes from an address in its certificate: relays come from
        // 127.0.0.1. It calls itself, at its own.
        request.addresses = {site.address, "127.0.0.1"};
        const auto state = files_of(layout, "state-ca");
        issued = io::issue_certificate(state, std::move(request), files_of(layout, "state-" + name));
        if (!issued) return issued;
    }
    if (layout.plan.edge) {
        io::CertificateRequest request{
            .name = layout.plan.edge->name,
            .dns_names = {layout.plan.edge->name},
            .addresses = {layout.world.address},
            .validity = validity,
        };
        auto issued = io::issue_certificate(authority, std::move(request), edge_certificate(layout));
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
