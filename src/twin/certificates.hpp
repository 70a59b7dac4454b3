#pragma once

#include "base/result.hpp"
#include "io/certificates.hpp"
#include "io/tls.hpp"
#include "twin/layout.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace cloudshelf::twin {

/// Who has a certificate: the regions and the witness by their names, and the person at this machine.
inline constexpr const char* operator_certificate = "operator";

/// `<twin>/secrets/<name>.crt` and `.key`, with the twin's `ca.crt`.
io::TlsIdentity identity_of(const Layout& layout, const std::string& name);
/// The same for the state store, which has a CA of its own: whoever holds one of its certificates may change
/// everything.
io::TlsIdentity state_identity_of(const Layout& layout, const std::string& site);
/// The certificate files of the twin, the CA's first.
std::vector<std::filesystem::path> certificate_files(const Layout& layout);

/// Makes the twin's two CAs where there is none or it ends too soon, then issues all certificates. For a twin that is
/// down.
Result<void> make_certificates(const Layout& layout);

/// The certificate that the edge shows to customers.
io::CertificateFiles edge_certificate(const Layout& layout);

/// Issues all certificates anew, with new keys, in place; running processes take them at their next request.
/// Errors: "io.no-file" (no CA: no twin), "io.certificate".
Result<void> issue_certificates(const Layout& layout);

}  // namespace cloudshelf::twin
