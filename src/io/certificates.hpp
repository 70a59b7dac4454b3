#pragma once

#include "base/result.hpp"

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace cloudshelf::io {

/// A certificate and its key, PEM: the key readable by its owner only.
struct CertificateFiles {
    std::filesystem::path certificate;
    std::filesystem::path key;
};

struct Validity {
    std::chrono::sys_seconds from;
    std::chrono::sys_seconds until;

    /// From an hour ago, since not every machine's clock is right, for that many days.
    static Validity days(int count);
};

/// What a certificate may be used for: a site serves and calls, a person only calls.
enum class CertificateUse { site, person };

struct CertificateRequest {
    std::string name;  // the common name: for people who read it, never checked
    std::vector<std::string> dns_names;
    std::vector<std::string> addresses;  // IPv4
    Validity validity;
    CertificateUse use = CertificateUse::site;
};

/// Makes a CA of its own: EC P-256, may sign certificates and no further CA. Replaces what was there.
/// Errors: "io.certificate", those of replace_file.
Result<void> make_authority(CertificateFiles files, std::string name, Validity validity);

/// Issues a certificate with a new key. The files are replaced one after the other, each at once (the key first).
/// Errors: "io.certificate", "io.no-file" (no authority), those of replace_file.
Result<void> issue_certificate(CertificateFiles authority, CertificateRequest request, CertificateFiles files);

struct CertificateInfo {
    std::string subject;  // the common name
    std::string issuer;
    std::string serial;  // hexadecimal
    std::chrono::sys_seconds from;
    std::chrono::sys_seconds until;
    std::vector<std::string> dns_names;
    std::vector<std::string> addresses;
};

/// Of the first certificate in a PEM file; for probes and alarms. Errors: "io.no-file", "io.certificate".
Result<CertificateInfo> read_certificate(const std::filesystem::path& file);

/// Whether these PEM texts belong together. Errors: "io.certificate": why they cannot be used.
Result<void> check_pair(std::string_view certificate, std::string_view key);

}  // namespace cloudshelf::io
